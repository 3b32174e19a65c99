//! Sends what a job left.

use std::io::{self, Read, Write};

use monkeyci_model::job::limits;
use monkeyci_model::script::ANSWER_BYTES;

use super::depot::Depot;
use super::end::Collected;
use super::error::SidecarError;
use super::place::Place;
use super::{ANSWER, series};
use crate::blob::archive::{self, ArchiveError, Limits};
use crate::job_dir::report::Reader;

/// How much of one path is sent.
pub(super) const LIMITS: Limits = Limits { bytes: limits::ARTIFACT_BYTES, ..Limits::of_checkouts() };

/// The series of the path with this number.
pub(super) fn name(number: usize) -> String {
    format!("collected/{number}")
}

/// Sends files and folders of the workspace; what became of each.
pub(super) async fn paths(depot: &dyn Depot, place: &Place, paths: &[String]) -> Vec<Collected> {
    let mut collected = Vec::with_capacity(paths.len());
    for (number, path) in paths.iter().enumerate() {
        collected.push(match one(depot, place, number, path.clone()).await {
            Ok(()) => Collected::Sent,
            Err(SidecarError::Archive { source: ArchiveError::NotThere { .. }, .. }) => Collected::Missing,
            Err(error) => {
                tracing::warn!(path, %error, "it cannot be collected");
                Collected::Failed(error.to_string())
            }
        });
    }
    collected
}

async fn one(depot: &dyn Depot, place: &Place, number: usize, path: String) -> Result<(), SidecarError> {
    // Of the folder that was opened: another one may have its name by now.
    let work = place.work.descend([]).map_err(SidecarError::io("collecting the job's files"))?;
    let of = path.clone();
    let pack = move |out: &mut dyn Write| {
        let packed = archive::pack_in(&work, &path, &LIMITS, out);
        packed.map_err(|source| SidecarError::Archive { what: "collecting the job's files", source })
    };
    let packed = series::send(depot, &name(number), pack).await?;
    for left in &packed.left_out {
        tracing::warn!(path = of, file = left.path, why = %left.why, "it is left out");
    }
    tracing::info!(path = of, files = packed.entries, bytes = packed.bytes, "it is collected");
    Ok(())
}

/// Sends the file that a script answered in; whether there is one.
pub(super) async fn answer(depot: &dyn Depot, reader: &Reader) -> Result<bool, SidecarError> {
    let file = match reader.open_left(ANSWER) {
        Ok(Some(file)) => file,
        Ok(None) => return Ok(false),
        Err(error) => {
            // It is the job's own, and who wants it will miss it.
            tracing::warn!(%error, "its answer is not taken");
            return Ok(false);
        }
    };
    // One byte more than anybody takes: who reads it says so.
    let copy = move |out: &mut dyn Write| {
        let copied = io::copy(&mut file.take(ANSWER_BYTES + 1), out);
        copied.map(drop).map_err(SidecarError::io("sending the job's answer"))
    };
    series::send(depot, "answer", copy).await.map(|()| true)
}
