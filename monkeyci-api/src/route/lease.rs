//! What workers elsewhere ask: the interface [`Leases`](monkeyci_core::lease::Leases), over HTTP.

use std::time::Duration;

use axum::body::Body as Stream;
use axum::extract::State as Shared;
use http::StatusCode;
use monkeyci_core::lease;
use monkeyci_core::log::{CHUNK_BYTES, Chunk, LogError, Mark as LogMark, MarkKind as Kind};
use monkeyci_core::model::script::api::JobView;
use monkeyci_core::model::{JobId, JobResult, Millis};
use monkeyci_rest::lease::{
    Ask, CHUNK_HEAD, ChunkHead, Claim, Claimed, Claims, Executed, Hello, Lease, Leases, PROTOCOL, RESULT_BYTES, Renew,
    Started, Welcome,
};
use monkeyci_rest::{Mark, MarkKind, Page};
use serde::Deserialize;

use super::Routes;
use crate::extract::{At, Body, Query};
use crate::json::Json;
use crate::openapi::Operation;
use crate::problem::{Answer, Refusal};
use crate::state::{State, now};
use crate::table::worker;
use crate::working::{Working, going_down};

/// How long a worker may wait for one answer.
pub(super) const LONGEST: Duration = Duration::from_secs(20);

/// An attempt.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(super) struct AttemptPath {
    /// Its fence.
    pub(super) fence: u64,
}

/// A job of the build of an attempt.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct JobPath {
    /// The fence of the attempt that asks.
    fence: u64,
    /// The job.
    job: JobId,
}

/// How long to wait.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(super) struct Wait {
    /// Milliseconds that an answer may take when there is no news.
    #[serde(default)]
    pub(super) wait: u64,
}

/// Which jobs.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Only {
    /// This one alone.
    job: Option<JobId>,
}

/// Which part of a log.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Part {
    /// Bytes from its beginning.
    #[serde(default)]
    offset: u64,
}

pub(super) fn routes(routes: Routes) -> Routes {
    let attempt = |verb: &str| format!("/v1/worker/attempts/{{fence}}/{verb}");
    let post = |verb: &str, summary| Operation::post(&attempt(verb), summary).answers::<Claimed>(StatusCode::OK);
    routes
        .add(Operation::post("/v1/worker/hello", "A worker begins").answers::<Welcome>(StatusCode::OK), hello)
        .add(Operation::post("/v1/worker/lease", "A worker asks for jobs").answers::<Leases>(StatusCode::OK), lease)
        .add(Operation::post("/v1/worker/renew", "A worker lives").answers::<Claims>(StatusCode::OK), renew)
        .add(
            Operation::get(&attempt("claim"), "Whether an attempt is still its worker's")
                .answers::<Claimed>(StatusCode::OK),
            show_claim,
        )
        .add(post("started", "The first line of a job is about to run"), started)
        .add(post("log", "A piece of a job's log: a line of JSON, and then the bytes"), append_log)
        .add(post("result", "What came out of a job"), end)
        .add(
            Operation::get(&attempt("jobs"), "The jobs of an attempt's build").answers::<Page<JobView>>(StatusCode::OK),
            list_jobs,
        )
        .add(
            Operation::get(&attempt("jobs/{job}/log"), "Some bytes of what a job printed").sends("text/plain"),
            show_log,
        )
}

async fn hello(Shared(state): Shared<State>, working: Working, body: Body<Hello>) -> Answer<Json<Welcome>> {
    let Hello { protocol, facts } = body.read()?;
    if protocol != PROTOCOL {
        let detail = format!(
            "the worker speaks version {protocol} and this server {PROTOCOL}: run both in the same version of MonkeyCI, \
             which is {} here",
            env!("CARGO_PKG_VERSION")
        );
        return Err(Refusal::field("/protocol", detail));
    }
    let lease = state.engine.lease_time();
    // One that lives is heard of at the end of each question.
    let silence = lease.max(LONGEST + Duration::from_secs(10));
    working.may_begin(Millis::try_from(silence.as_millis()).unwrap_or(Millis::MAX))?;
    let (name, home) = (working.name().to_owned(), working.home().to_owned());
    state.tables.write(move |sql| worker::begins(sql, &name, &home, &facts, now())).await?;
    Ok(Json(Welcome {
        name: working.name().to_owned(),
        instance: state.engine.instance().to_owned(),
        log_limit: state.engine.log_limit(),
        lease: u64::try_from(lease.as_millis()).unwrap_or(u64::MAX),
    }))
}

async fn lease(Shared(state): Shared<State>, working: Working, body: Body<Ask>) -> Answer<Json<Leases>> {
    working.must_be_home()?;
    let Ask { room, holds, wait, begins } = body.read()?;
    // Before it is looked at how the worker is: what changes from here on is heard of.
    let changed = state.workers.notified();
    let working = working.now(&state).await?;
    let (worker, offer) = (working.name().to_owned(), working.offer());
    let ask = lease::Ask { worker, room: room as usize, holds, offer, begins };
    let over = async {
        if begins {
            // It believes what it is told, and is not told before that is known.
            return std::future::pending().await;
        }
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(wait).min(LONGEST)) => {}
            () = changed => {}
        }
    };
    let leased = tokio::select! {
        leased = state.leases.lease(ask) => leased,
        // What is leased in this very moment, it is leased again when it asks again.
        () = over => Vec::new(),
    };
    if leased.is_empty() && state.engine.is_ending() {
        return Err(going_down());
    }
    let leases = leased.into_iter().map(|lease| Lease {
        fence: lease.attempt.fence,
        build: lease.attempt.build,
        attempt: lease.attempt.number,
        job: (*lease.job).clone(),
        trigger: (*lease.trigger).clone(),
        script_dir: lease.script_dir,
    });
    Ok(Json(Leases { leases: leases.collect() }))
}

async fn renew(Shared(state): Shared<State>, working: Working, body: Body<Renew>) -> Answer<Json<Claims>> {
    let Renew { holds } = body.read()?;
    let mut claims = Vec::with_capacity(holds.len());
    for fence in holds {
        let claim = match working.holds(&state, fence)? {
            Some(held) => state.leases.renew(&[held.attempt]).await.into_iter().next(),
            None => None,
        };
        claims.push(told(&state, claim.unwrap_or(lease::Claim::Stale))?.claim);
    }
    Ok(Json(Claims { claims }))
}

async fn show_claim(
    Shared(state): Shared<State>,
    working: Working,
    At(path): At<AttemptPath>,
    Query(Wait { wait }): Query<Wait>,
) -> Answer<Json<Claimed>> {
    let Some(held) = working.holds(&state, path.fence)? else { return stale() };
    let claim = tokio::select! {
        claim = state.leases.revoked(&held.attempt) => claim,
        () = tokio::time::sleep(Duration::from_millis(wait).min(LONGEST)) => lease::Claim::Holds,
    };
    told(&state, claim).map(Json)
}

async fn started(
    Shared(state): Shared<State>,
    working: Working,
    At(path): At<AttemptPath>,
    body: Body<Started>,
) -> Answer<Json<Claimed>> {
    let Some(held) = working.holds(&state, path.fence)? else { return stale() };
    let Started { guarantee, job, addresses } = body.read()?;
    if job.as_ref().is_some_and(|job| job.id != held.attempt.job) {
        return Err(Refusal::field("/job/id", "this is another job"));
    }
    let started = lease::Started { guarantee, job, addresses };
    told(&state, state.leases.started(&held.attempt, started).await).map(Json)
}

async fn append_log(
    Shared(state): Shared<State>,
    working: Working,
    At(path): At<AttemptPath>,
    body: Stream,
) -> Answer<Json<Claimed>> {
    let Some(held) = working.holds(&state, path.fence)? else { return stale() };
    let body = whole(body, CHUNK_HEAD + CHUNK_BYTES).await?;
    let wrong = |what: &str| Refusal::bad(format!("the body is a line of JSON and then bytes of a log: {what}"));
    let end = body.iter().position(|byte| *byte == b'\n').ok_or_else(|| wrong("there is no end of the line"))?;
    let head: ChunkHead = serde_json::from_slice(&body[..end]).map_err(|error| wrong(&error.to_string()))?;
    let bytes = body.slice(end + 1..);
    if bytes.len() > CHUNK_BYTES {
        return Err(wrong("these are too many"));
    }
    let end = head.offset.saturating_add(bytes.len() as u64);
    let is_in = |mark: &Mark| (head.offset..=end).contains(&mark.offset);
    if !head.marks.is_sorted_by_key(|mark| mark.offset) || !head.marks.iter().all(is_in) {
        return Err(wrong("its marks are not in order, or not in it"));
    }
    let chunk = Chunk { offset: head.offset, bytes, marks: head.marks.into_iter().map(mark).collect() };
    match state.leases.log(&held.attempt, chunk).await {
        Ok(claim) => told(&state, claim).map(Json),
        Err(error @ (LogError::Gap { .. } | LogError::Excess { .. })) => Err(Refusal::conflict(error.to_string())),
        Err(error) => {
            tracing::error!(%error, "a log cannot be written");
            Err(Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "the log cannot be written now; try again"))
        }
    }
}

async fn end(
    Shared(state): Shared<State>,
    working: Working,
    At(path): At<AttemptPath>,
    body: Stream,
) -> Answer<Json<Claimed>> {
    let Some(held) = working.holds(&state, path.fence)? else { return stale() };
    let body = whole(body, RESULT_BYTES).await?;
    let Executed { result } =
        serde_json::from_slice::<Executed>(&body).map_err(|error| Refusal::bad(error.to_string()))?;
    let result: JobResult = result;
    told(&state, state.leases.result(&held.attempt, result).await).map(Json)
}

async fn list_jobs(
    Shared(state): Shared<State>,
    working: Working,
    At(path): At<AttemptPath>,
    Query(Only { job }): Query<Only>,
) -> Answer<Json<Page<JobView>>> {
    let held = working.must_hold(&state, path.fence)?;
    let jobs = state.leases.jobs(&held.attempt, job.as_ref()).await;
    let items = jobs.ok_or_else(|| Refusal::new(StatusCode::GONE, "this attempt is over"))?;
    Ok(Json(Page { items, next: None }))
}

async fn show_log(
    Shared(state): Shared<State>,
    working: Working,
    At(path): At<JobPath>,
    Query(Part { offset }): Query<Part>,
) -> Answer<bytes::Bytes> {
    let held = working.must_hold(&state, path.fence)?;
    match state.leases.read_log(&held.attempt, &path.job, offset, CHUNK_BYTES).await {
        Ok(Some(bytes)) => Ok(bytes),
        Ok(None) => Err(Refusal::not_found("job")),
        Err(error) => {
            tracing::error!(%error, "a log cannot be read");
            Err(Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "the log cannot be read now; try again"))
        }
    }
}

/// A body that may be longer than others.
async fn whole(body: Stream, most: usize) -> Answer<bytes::Bytes> {
    let read = axum::body::to_bytes(body, most).await;
    read.map_err(|_| {
        Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, format!("the body breaks off, or has more than {most} bytes"))
    })
}

pub(super) fn stale() -> Answer<Json<Claimed>> {
    Ok(Json(Claimed { claim: Claim::Stale }))
}

/// What became of a claim; nothing is said where only this server's end makes it stale.
pub(super) fn told(state: &State, claim: lease::Claim) -> Answer<Claimed> {
    let claim = match claim {
        lease::Claim::Holds => Claim::Holds,
        lease::Claim::Canceled => Claim::Canceled,
        _ if state.engine.is_ending() => return Err(going_down()),
        _ => Claim::Stale,
    };
    Ok(Claimed { claim })
}

fn mark(mark: Mark) -> LogMark {
    let kind = match mark.kind {
        MarkKind::Stdout => Kind::Stdout,
        MarkKind::Stderr => Kind::Stderr,
        MarkKind::Mixed => Kind::Mixed,
        MarkKind::LineStart { index } => Kind::LineStart(index),
        MarkKind::LineEnd { index, exit } => Kind::LineEnd(index, exit),
    };
    LogMark { offset: mark.offset, millis: mark.millis, kind }
}
