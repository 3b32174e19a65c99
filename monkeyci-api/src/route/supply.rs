//! What workers elsewhere are given for a job, and what they keep of it: files, mostly.

use std::io;
use std::path::PathBuf;

use axum::body::Body as Stream;
use axum::extract::State as Shared;
use axum::response::{IntoResponse, Response};
use futures::{StreamExt as _, TryStreamExt as _};
use http::{StatusCode, header};
use monkeyci_core::blob::BlobError;
use monkeyci_core::blob::portion::PortionError;
use monkeyci_core::blob::store::Object;
use monkeyci_core::executor::RegistryAuth;
use monkeyci_rest::lease::{Blob, Blobs, RegistryLogin, SecretValue, Supply};
use serde::Deserialize;
use tokio::io::AsyncReadExt as _;

use super::Routes;
use super::lease::AttemptPath;
use crate::extract::{At, Query};
use crate::json::Json;
use crate::openapi::Operation;
use crate::problem::{Answer, Refusal};
use crate::state::State;
use crate::working::Working;

/// Bytes that go out at once.
const PIECE: usize = 256 * 1024;

/// A blob.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Keyed {
    /// Its key.
    key: String,
}

/// Which blobs.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Which {
    /// The one with this key.
    key: Option<String>,
    /// Those beneath this one.
    above: Option<String>,
}

pub(super) fn routes(routes: Routes) -> Routes {
    let attempt = |what: &str| format!("/v1/worker/attempts/{{fence}}/{what}");
    let (blob, archive) = (attempt("blob"), "application/octet-stream");
    routes
        .add(
            Operation::get(&attempt("supply"), "What a job needs beside its files").answers::<Supply>(StatusCode::OK),
            show_supply,
        )
        .add(Operation::get(&attempt("checkout"), "The checkout, as tar in zstd").sends("application/zstd"), checkout)
        .add(Operation::get(&attempt("program"), "The script's compiled program").sends(archive), program)
        .add(
            Operation::get(&attempt("blobs"), "Artifacts and caches that it may see").answers::<Blobs>(StatusCode::OK),
            list_blobs,
        )
        .add(Operation::get(&blob, "One of them, as it is stored").sends(archive), show_blob)
        .add(Operation::put(&blob, "Keep one").says(StatusCode::NO_CONTENT), keep_blob)
        .add(Operation::delete(&blob, "Remove one"), delete_blob)
}

async fn show_supply(
    Shared(state): Shared<State>,
    working: Working,
    At(path): At<AttemptPath>,
) -> Answer<Json<Supply>> {
    let held = working.must_hold(&state, path.fence)?;
    let secrets = state.engine.secrets_for(&held).await.map_err(Refusal::conflict)?;
    let value = |secret: &monkeyci_core::model::SecretRef| {
        Some(SecretValue { secret: secret.clone(), value: secrets.value(secret)?.to_owned() })
    };
    let program = match state.engine.program_for(&held).await.map_err(Refusal::conflict)? {
        Some(program) => Some(digest(program).await?),
        None => None,
    };
    let registries = state.engine.registries_for(&held).await.map_err(Refusal::conflict)?;
    let login = |RegistryAuth { host, username, password }| RegistryLogin { host, username, password };
    let registries = registries.into_iter().map(login).collect();
    Ok(Json(Supply { secrets: secrets.references().filter_map(value).collect(), registries, program }))
}

async fn digest(file: PathBuf) -> Answer<String> {
    let hashed = tokio::task::spawn_blocking(move || {
        let mut hasher = blake3::Hasher::new();
        hasher.update_reader(std::fs::File::open(file)?)?;
        Ok::<_, io::Error>(hasher.finalize().to_hex().to_string())
    });
    hashed.await.unwrap_or_else(|error| Err(io::Error::other(error))).map_err(|error| unreadable(&error))
}

async fn checkout(Shared(state): Shared<State>, working: Working, At(path): At<AttemptPath>) -> Answer<Response> {
    let held = working.must_hold(&state, path.fence)?;
    let file = state.engine.packed(&held).await.map_err(Refusal::conflict)?;
    sent(file, "application/zstd").await
}

async fn program(Shared(state): Shared<State>, working: Working, At(path): At<AttemptPath>) -> Answer<Response> {
    let held = working.must_hold(&state, path.fence)?;
    let file = state.engine.program_for(&held).await.map_err(Refusal::conflict)?;
    sent(file.ok_or_else(|| Refusal::not_found("program"))?, "application/octet-stream").await
}

/// A file as an answer.
pub(super) async fn sent(file: PathBuf, kind: &'static str) -> Answer<Response> {
    let opened = async {
        let file = tokio::fs::File::open(&file).await?;
        let length = file.metadata().await?.len();
        Ok::<_, io::Error>((file, length))
    };
    let (file, length) = opened.await.map_err(|error| unreadable(&error))?;
    let pieces = futures::stream::try_unfold(file, |mut file| async move {
        let mut piece = bytes::BytesMut::with_capacity(PIECE);
        let read = file.read_buf(&mut piece).await?;
        Ok::<_, io::Error>((read > 0).then(|| (piece.freeze(), file)))
    });
    let headers = [(header::CONTENT_TYPE, kind.to_owned()), (header::CONTENT_LENGTH, length.to_string())];
    Ok((headers, Stream::from_stream(pieces)).into_response())
}

async fn list_blobs(
    Shared(state): Shared<State>,
    working: Working,
    At(path): At<AttemptPath>,
    Query(which): Query<Which>,
) -> Answer<Json<Blobs>> {
    let portion = state.kept.portion(&working.must_hold(&state, path.fence)?);
    let found = match (which.key, which.above) {
        (Some(key), None) => match portion.find(&key).await {
            Err(PortionError::Store(BlobError::NotThere { .. })) => Vec::new(),
            found => vec![found.map_err(refused)?],
        },
        (None, Some(above)) => portion.list(&above).await.map_err(refused)?,
        _ => return Err(Refusal::bad("say either `key` or `above`")),
    };
    let blob = |Object { key, size, time }| Blob { key, size, time };
    Ok(Json(Blobs { blobs: found.into_iter().map(blob).collect() }))
}

async fn show_blob(
    Shared(state): Shared<State>,
    working: Working,
    At(path): At<AttemptPath>,
    Query(Keyed { key }): Query<Keyed>,
) -> Answer<Response> {
    let portion = state.kept.portion(&working.must_hold(&state, path.fence)?);
    let (object, bytes) = portion.read(&key).await.map_err(refused)?;
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (header::CONTENT_LENGTH, object.size.to_string()),
    ];
    Ok((headers, Stream::from_stream(bytes)).into_response())
}

async fn keep_blob(
    Shared(state): Shared<State>,
    working: Working,
    At(path): At<AttemptPath>,
    Query(Keyed { key }): Query<Keyed>,
    body: Stream,
) -> Answer<StatusCode> {
    let portion = state.kept.portion(&working.must_hold(&state, path.fence)?);
    let bytes = body.into_data_stream().map_err(io::Error::other).boxed();
    portion.write(&key, bytes).await.map_err(refused)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn delete_blob(
    Shared(state): Shared<State>,
    working: Working,
    At(path): At<AttemptPath>,
    Query(Keyed { key }): Query<Keyed>,
) -> Answer<StatusCode> {
    let portion = state.kept.portion(&working.must_hold(&state, path.fence)?);
    portion.delete(&key).await.map_err(refused)?;
    Ok(StatusCode::NO_CONTENT)
}

fn refused(error: PortionError) -> Refusal {
    match error {
        PortionError::NotYours(_) => Refusal::new(StatusCode::FORBIDDEN, error.to_string()),
        PortionError::Store(BlobError::NotThere { .. }) => Refusal::not_found("blob"),
        PortionError::Store(BlobError::Read { source, .. }) if source.kind() == io::ErrorKind::FileTooLarge => {
            Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, source.to_string())
        }
        error => unreadable(&error),
    }
}

fn unreadable(error: &dyn std::error::Error) -> Refusal {
    tracing::error!(%error, "a file of a job cannot be read or written");
    Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "the server's files cannot be read or written now; try again")
}
