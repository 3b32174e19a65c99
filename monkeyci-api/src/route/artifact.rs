use std::io::Read as _;

use axum::extract::State as Shared;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{StatusCode, header};
use monkeyci_core::blob::BlobError;
use monkeyci_core::model::{BuildId, OrgId, RepoId};
use monkeyci_rest::{Artifact, ArtifactLink, NewArtifactLink, Page, Role};
use serde::Deserialize;
use tokio::sync::mpsc;

use super::Routes;
use crate::audit::Change;
use crate::extract::{At, Body, BuildPath};
use crate::identity::Who;
use crate::json::Json;
use crate::link::Link;
use crate::openapi::Operation;
use crate::problem::{Answer, Refusal};
use crate::state::{State, now};

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

/// A link to an artifact.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct LinkPath {
    /// The word at its end.
    link: String,
}

impl ArtifactPath {
    fn build(&self) -> BuildPath {
        BuildPath { org: self.org.clone(), repo: self.repo.clone(), number: self.number }
    }
}

pub(super) fn routes(routes: Routes) -> Routes {
    let all = "/v1/orgs/{org}/repos/{repo}/builds/{number}/artifacts";
    let one = "/v1/orgs/{org}/repos/{repo}/builds/{number}/artifacts/{artifact}";
    let link = Operation::post(&format!("{one}/links"), "Make a link to an artifact that lasts for a while");
    let linked = Operation::get("/v1/artifacts/{link}", "What a link to an artifact leads to");
    routes
        .add(Operation::get(all, "What its jobs kept").answers::<Page<Artifact>>(StatusCode::OK), list_artifacts)
        .add(Operation::get(one, "An artifact, as a tar archive in zstd").sends("application/zstd"), show_artifact)
        .add(link.answers::<ArtifactLink>(StatusCode::CREATED), create_link)
        .add(linked.sends("application/zstd"), show_linked)
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
    who.may_see(&state, &path.build().repo()).await?;
    send(&state, path.build().id(), path.artifact).await
}

/// Whoever has a link needs to be nobody else.
async fn show_linked(Shared(state): Shared<State>, At(path): At<LinkPath>) -> Answer<Response> {
    let link = Link::of(&path.link, &state.vault, now());
    let Link { build, artifact, .. } = link.ok_or_else(|| {
        let detail = "this link leads nowhere, or not any more: whoever made it makes another";
        Refusal::new(StatusCode::NOT_FOUND, detail)
    })?;
    send(&state, build, artifact).await
}

async fn create_link(
    Shared(state): Shared<State>,
    who: Who,
    At(path): At<ArtifactPath>,
    body: Body<NewArtifactLink>,
) -> Answer<(StatusCode, Json<ArtifactLink>)> {
    let build = path.build();
    let (_, known) = who.must_in(&state, &build.repo(), Role::Viewer).await?;
    let NewArtifactLink { minutes } = body.read()?;
    if !(1..=1440).contains(&minutes) {
        return Err(Refusal::field("/minutes", "1 to 1440 are possible"));
    }
    let url = format!("{}/builds/{}/artifacts/{}", build.repo().url(), build.number, path.artifact);
    let change = Change::by(known, build.org.as_str(), "artifact/link", url).with("minutes", minutes.to_string());
    let (id, artifact) = (build.id(), path.artifact);
    let found = state.artifacts.find(&id, &artifact).await.map_err(|error| unreadable(&error))?;
    found.ok_or_else(|| Refusal::not_found("artifact"))?;
    state.tables.write(move |sql| change.write(sql)).await?;
    let expires = now() + i64::from(minutes) * 60_000;
    let word = Link { build: id, artifact, expires }.word(&state.vault);
    Ok((StatusCode::CREATED, Json(ArtifactLink { url: format!("{}/v1/artifacts/{word}", state.url), expires })))
}

/// Sends an artifact, a piece at a time.
async fn send(state: &State, build: BuildId, name: String) -> Answer<Response> {
    let artifacts = state.artifacts.clone();
    let found = artifacts.find(&build, &name).await.map_err(|error| unreadable(&error))?;
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
    Ok((headers, axum::body::Body::from_stream(stream)).into_response())
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
