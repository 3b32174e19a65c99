use axum::body::Body;
use axum::extract::State as Shared;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, header};
use monkeyci_core::log::{self, Follow, LogId};
use monkeyci_rest::{Mark, MarkKind, Page};
use serde::Deserialize;

use super::Routes;
use crate::extract::{At, BuildPath, LogPath, Query};
use crate::identity::Who;
use crate::json::Json;
use crate::openapi::Operation;
use crate::problem::{Answer, Refusal};
use crate::standing::{Seen, while_seen};
use crate::state::State;
use crate::{range, sse};

/// Marks on a page when that is not said, and at the most.
const MARKS: usize = 1000;

/// Which part of a log is wanted.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Part {
    /// Bytes from its beginning.
    #[serde(default)]
    offset: u64,
    /// Whether to wait for more until the attempt has ended.
    #[serde(default)]
    follow: bool,
}

/// Which marks of a log are wanted.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Marks {
    /// From which on, counted from 0.
    #[serde(default)]
    first: u64,
    /// How many at the most.
    limit: Option<usize>,
}

pub(super) fn routes(routes: Routes) -> Routes {
    let log = "/v1/orgs/{org}/repos/{repo}/builds/{number}/jobs/{job}/attempts/{attempt}/log";
    let marks = "/v1/orgs/{org}/repos/{repo}/builds/{number}/jobs/{job}/attempts/{attempt}/marks";
    let script = "/v1/orgs/{org}/repos/{repo}/builds/{number}/script/log";
    routes
        .add(Operation::get(log, "What an attempt printed").sends("text/plain"), show_log)
        .add(Operation::get(marks, "Where its lines begin and end").answers::<Page<Mark>>(StatusCode::OK), list_marks)
        .add(Operation::get(script, "What the script's program printed").sends("text/plain"), show_script_log)
}

async fn show_log(
    Shared(state): Shared<State>,
    who: Who,
    At(path): At<LogPath>,
    Query(part): Query<Part>,
    headers: HeaderMap,
) -> Answer<Response> {
    let build = path.job().build();
    who.may_see(&state, &build.repo()).await?;
    let handle = state.engine.handle(&build.id()).await?;
    let offset = begin(&part, &headers)?;
    let follow = handle.log(&path.job, path.attempt, offset).await?;
    let id = LogId { build: build.id(), job: path.job, attempt: path.attempt };
    let answer = answer(&state, id, follow, &part, &headers).await?;
    Ok(if lasts(&part, &headers) { while_seen(&state, &who, Seen::Repo(build.repo()), answer) } else { answer })
}

async fn show_script_log(
    Shared(state): Shared<State>,
    who: Who,
    At(path): At<BuildPath>,
    Query(part): Query<Part>,
    headers: HeaderMap,
) -> Answer<Response> {
    who.may_see(&state, &path.repo()).await?;
    let handle = state.engine.handle(&path.id()).await?;
    let offset = begin(&part, &headers)?;
    let follow = handle.script_log(offset).await?;
    let answer = answer(&state, LogId::script(&path.id()), follow, &part, &headers).await?;
    Ok(if lasts(&part, &headers) { while_seen(&state, &who, Seen::Repo(path.repo()), answer) } else { answer })
}

/// Where the answer begins: a stream that broke says where it ended.
fn begin(part: &Part, headers: &HeaderMap) -> Answer<u64> {
    sse::last_id(headers).map(|last| last.unwrap_or(part.offset))
}

/// Whether the answer goes on for as long as its job does.
fn lasts(part: &Part, headers: &HeaderMap) -> bool {
    part.follow || sse::is_wanted(headers)
}

async fn answer(state: &State, id: LogId, follow: Follow, part: &Part, headers: &HeaderMap) -> Answer<Response> {
    if sse::is_wanted(headers) {
        return Ok(sse::log(follow));
    }
    let kind = [(header::CONTENT_TYPE, "text/plain; charset=utf-8"), (header::ACCEPT_RANGES, "bytes")];
    if part.follow {
        return Ok((kind, Body::from_stream(bytes_of(follow))).into_response());
    }
    let logs = state.logs.clone();
    let whole = id.clone();
    let length = tokio::task::spawn_blocking(move || logs.len(&whole)).await;
    let length =
        length.map_err(|_| Refusal::conflict("the server is going down"))?.map_err(|error| unreadable(&error))?;
    let range = range::of(headers, part.offset, length)?;
    let body = Body::from_stream(bytes_of(follow_from(state, id, range.first).to_end()).take_bytes(range.length()));
    Ok((range.status(), kind, range.headers(length), body).into_response())
}

fn follow_from(state: &State, id: LogId, offset: u64) -> Follow {
    state.logs.follow(&id, offset)
}

fn unreadable(error: &log::LogError) -> Refusal {
    tracing::error!(%error, "a log cannot be read");
    Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "the log cannot be read; try again later")
}

/// The bytes of a log as a stream.
fn bytes_of(follow: Follow) -> range::Bytes {
    range::Bytes::new(follow)
}

async fn list_marks(
    Shared(state): Shared<State>,
    who: Who,
    At(path): At<LogPath>,
    Query(wanted): Query<Marks>,
) -> Answer<Json<Page<Mark>>> {
    let build = path.job().build();
    who.may_see(&state, &build.repo()).await?;
    let handle = state.engine.handle(&build.id()).await?;
    let limit = wanted.limit.unwrap_or(MARKS).clamp(1, MARKS);
    let found = handle.marks(&path.job, path.attempt, wanted.first, limit).await.map_err(|error| unreadable(&error))?;
    let next = (found.len() == limit).then(|| (wanted.first + limit as u64).to_string());
    Ok(Json(Page { items: found.into_iter().map(mark).collect(), next }))
}

fn mark(mark: log::Mark) -> Mark {
    let kind = match mark.kind {
        log::MarkKind::Stderr => MarkKind::Stderr,
        log::MarkKind::Mixed => MarkKind::Mixed,
        log::MarkKind::LineStart(index) => MarkKind::LineStart { index },
        log::MarkKind::LineEnd(index, exit) => MarkKind::LineEnd { index, exit },
        _ => MarkKind::Stdout,
    };
    Mark { offset: mark.offset, millis: mark.millis, kind }
}
