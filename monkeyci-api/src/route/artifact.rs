use std::io::Read as _;

use axum::Json;
use axum::body::Body;
use axum::extract::State as Shared;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{StatusCode, header};
use monkeyci_core::blob::BlobError;
use monkeyci_core::model::{OrgId, RepoId};
use monkeyci_rest::{Artifact, Page};
use serde::Deserialize;
use tokio::sync::mpsc;

use super::Routes;
use crate::extract::{At, BuildPath};
use crate::identity::Who;
use crate::openapi::Operation;
use crate::problem::{Answer, Refusal};
use crate::state::State;

/// Bytes of an archive that are read at once.
const PIECE: usize = 64 * 1024;

/// An artifact of a build.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct ArtifactPath {
    /// The organisation.
    org: OrgId,
    /// The repository.
    repo: RepoId,
    /// The build's number.
    number: u64,
    /// Its id.
    artifact: String,
}

pub(super) fn routes(routes: Routes) -> Routes {
    let all = "/v1/orgs/{org}/repos/{repo}/builds/{number}/artifacts";
    let one = "/v1/orgs/{org}/repos/{repo}/builds/{number}/artifacts/{artifact}";
    routes
        .add(Operation::get(all, "What its jobs kept").answers::<Page<Artifact>>(StatusCode::OK), list_artifacts)
        .add(Operation::get(one, "An artifact, as a tar archive in zstd").sends("application/zstd"), show_artifact)
}

async fn list_artifacts(
    Shared(state): Shared<State>,
    who: Who,
    At(path): At<BuildPath>,
) -> Answer<Json<Page<Artifact>>> {
    who.may_see(&state, &path.repo()).await?;
    let build = state.engine.snapshot(&path.id()).await?;
    let of_job = |job: &monkeyci_core::build::JobState| {
        let saved = job.result().map(|result| result.artifacts.clone()).unwrap_or_default();
        let id = job.job().id.clone();
        saved.into_iter().map(move |file| Artifact {
            id: file.id,
            job: id.clone(),
            path: file.path,
            size: file.size,
            digest: file.digest,
        })
    };
    Ok(Json(Page { items: build.jobs().iter().flat_map(of_job).collect(), next: None }))
}

async fn show_artifact(Shared(state): Shared<State>, who: Who, At(path): At<ArtifactPath>) -> Answer<Response> {
    let build = BuildPath { org: path.org, repo: path.repo, number: path.number };
    who.may_see(&state, &build.repo()).await?;
    let (artifacts, id, name) = (state.artifacts.clone(), build.id(), path.artifact);
    let found = artifacts.find(&id, &name).await.map_err(|error| unreadable(&error))?;
    let found = found.ok_or_else(|| Refusal::not_found("artifact"))?;
    let (pieces, arriving) = mpsc::channel::<Result<Bytes, std::io::Error>>(4);
    let file = file_name(&name);
    tokio::spawn(async move {
        let broken = pieces.clone();
        let sent = artifacts.read(&found, move |archive, _| -> Result<(), BlobError> {
            loop {
                let mut piece = Vec::with_capacity(PIECE);
                let read = archive.take(PIECE as u64).read_to_end(&mut piece);
                match read {
                    Ok(0) => return Ok(()),
                    Ok(_) => {
                        // Whoever asked went away.
                        if pieces.blocking_send(Ok(piece.into())).is_err() {
                            return Ok(());
                        }
                    }
                    Err(error) => {
                        let _gone = pieces.blocking_send(Err(error));
                        return Ok(());
                    }
                }
            }
        });
        if let Err(error) = sent.await {
            // The answer breaks off, so that nobody takes it for whole.
            let _gone = broken.send(Err(std::io::Error::other(error))).await;
        }
    });
    let stream = futures::stream::unfold(arriving, |mut arriving| async move {
        arriving.recv().await.map(|piece| (piece, arriving))
    });
    let headers = [
        (header::CONTENT_TYPE, "application/zstd".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{file}.tar.zst\"")),
    ];
    Ok((headers, Body::from_stream(stream)).into_response())
}

/// An id as a file's name, in letters that no header and no shell takes for something else.
fn file_name(id: &str) -> String {
    let fit = |c: char| if c.is_ascii_alphanumeric() || "_-.".contains(c) { c } else { '_' };
    id.chars().take(100).map(fit).collect()
}

fn unreadable(error: &dyn std::error::Error) -> Refusal {
    tracing::error!(%error, "an artifact cannot be read");
    Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "the artifact cannot be read; try again later")
}
