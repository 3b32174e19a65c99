//! Artifacts of a build in a store.

use std::io;

use monkeyci_client::rest::Artifact;
use monkeyci_core::blob::BlobError;
use monkeyci_core::build::Build as Machine;
use monkeyci_core::model::BuildId;
use monkeyci_core::store::Store as _;

use super::{Stored, ours};
use crate::error::{CliError, chain};

/// Why an artifact does not come.
#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error(transparent)]
    Blob(#[from] BlobError),
    #[error("it cannot be written: {0}")]
    Write(#[from] io::Error),
}

/// What the jobs of a build have saved.
pub async fn artifacts(stored: &Stored, build: &BuildId) -> Result<Vec<Artifact>, CliError> {
    let events = stored.objects.events(build, 0, usize::MAX).await.map_err(ours)?;
    let machine = Machine::replay(events.iter().map(|event| &event.kind));
    let machine = machine.map_err(|error| CliError::ours(format!("build {build}: {}", chain(&error))))?;
    let of_job = |job: &monkeyci_core::build::JobState| {
        let id = job.job().id.clone();
        let saved = job.result().map(|result| result.artifacts.clone()).unwrap_or_default();
        saved.into_iter().map(move |file| Artifact {
            id: file.id,
            job: id.clone(),
            path: file.path,
            size: file.size,
            digest: file.digest,
        })
    };
    Ok(machine.jobs().iter().flat_map(of_job).collect())
}

/// Writes an artifact, as it is stored, and tells how many bytes that were.
pub async fn download(stored: &Stored, build: &BuildId, id: &str, file: tokio::fs::File) -> Result<u64, CliError> {
    let failed = |why: &dyn std::error::Error| CliError::ours(format!("artifact `{id}`: {}", chain(why)));
    let found = stored.artifacts().find(build, id).await.map_err(|error| failed(&error))?;
    let found = found.ok_or_else(|| CliError::ours(format!("artifact `{id}` was removed")))?;
    let mut file = file.into_std().await;
    let copied =
        stored.artifacts().read(&found, move |archive, _| Ok::<_, Failed>(io::copy(archive, &mut file)?)).await;
    copied.map_err(|error: Failed| failed(&error))
}
