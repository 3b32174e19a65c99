use std::time::Duration;

use axum::extract::State as Shared;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use monkeyci_core::build::Build;
use monkeyci_core::engine::NoVisit;
use monkeyci_core::model::JobStatus;
use monkeyci_core::model::shell::{Frame, Wish, Word};
use monkeyci_rest::WishQuery;
use monkeyci_rest::lease::{Claimed, Held};

use super::Routes;
use super::lease::{AttemptPath, LONGEST, Wait, stale, told};
use crate::extract::{At, Body, JobPath, Query, Upgrade};
use crate::identity::Who;
use crate::json::Json;
use crate::openapi::Operation;
use crate::problem::{Answer, Refusal};
use crate::shell::{self, Passed, Session, Side};
use crate::state::State;
use crate::working::Working;

/// Bytes of the longest path of a shell, and of the name of a kind of screen.
const SHELL: usize = 1000;
const TERM: usize = 64;

/// Bytes of the longest message of a worker that holds a job.
const MESSAGE: usize = 4000;

/// A job that begins is waited for so long.
const BEGINS: Duration = Duration::from_secs(10);

pub(super) fn routes(routes: Routes) -> Routes {
    let switches = StatusCode::SWITCHING_PROTOCOLS;
    routes
        .add(
            Operation::get(
                "/v1/orgs/{org}/repos/{repo}/builds/{number}/jobs/{job}/shell",
                "Open a shell in the place of a job, over a WebSocket",
            )
            .says(switches),
            open_shell,
        )
        .add(
            Operation::get("/v1/worker/attempts/{fence}/visit", "A worker waits for somebody who wants a shell")
                .says(switches),
            visit,
        )
        .add(
            Operation::post("/v1/worker/attempts/{fence}/held", "A worker holds the place of a job")
                .answers::<Claimed>(StatusCode::OK),
            hold,
        )
}

async fn open_shell(
    Shared(state): Shared<State>,
    who: Who,
    At(path): At<JobPath>,
    Query(wish): Query<WishQuery>,
    upgrade: Upgrade,
) -> Answer<Response> {
    shell::must_be_let_in(&state, &who, &path.build().repo()).await?;
    let machine = state.engine.snapshot(&path.build().id()).await?;
    shell::must_be_ours(&machine)?;
    let job = machine.job(path.job.as_str()).ok_or_else(|| Refusal::not_found("job"))?;
    let of = job.job().environment.clone();
    let known = shell::must_enter(&state, &who, &path, of.as_deref()).await?;
    let wish = checked(wish)?;
    let machine = begun(&state, &path, machine).await?;
    let job = machine.job(path.job.as_str()).ok_or_else(|| Refusal::not_found("job"))?;
    if job.status() != JobStatus::Running {
        return Err(runs_not(&path, job.status()));
    }
    let headers = upgrade.headers.clone();
    let socket = upgrade.socket()?;
    let visit = |path: &JobPath| {
        let taken = |error| match (error, job.visitor()) {
            (NoVisit::Taken, Some(person)) => {
                Refusal::conflict(format!("`{person}` has a shell open in job `{}`", path.job))
            }
            (NoVisit::Taken, None) => Refusal::conflict(format!("somebody has a shell open in job `{}`", path.job)),
            _ => runs_not(path, job.status()),
        };
        state.engine.visit(&path.build().id(), &path.job, wish).map_err(taken)
    };
    let session = Session::new(&state, path, known, headers, of, visit)?;
    Ok(socket.on_upgrade(|socket| session.run(socket)))
}

/// The build, once the job has begun that a worker has; no longer than [`BEGINS`].
///
/// Its first line may run a moment before that is noted.
async fn begun(state: &State, path: &JobPath, mut machine: Build) -> Answer<Build> {
    let mut newest = state.newest.clone();
    let end = tokio::time::Instant::now() + BEGINS;
    while machine.job(path.job.as_str()).is_some_and(|job| job.status() == JobStatus::Initializing) {
        newest.borrow_and_update();
        machine = state.engine.snapshot(&path.build().id()).await?;
        let begins = machine.job(path.job.as_str()).is_some_and(|job| job.status() == JobStatus::Initializing);
        if begins && !matches!(tokio::time::timeout_at(end, newest.changed()).await, Ok(Ok(()))) {
            break;
        }
    }
    Ok(machine)
}

fn runs_not(path: &JobPath, status: JobStatus) -> Refusal {
    let JobPath { org, repo, number, job } = path;
    let detail = if status.is_terminal() {
        format!(
            "job `{job}` has ended; `monkeyci debug {org}/{repo}/{number} {job} --hold 30` runs it once more, and holds its \
             place should it fail"
        )
    } else {
        format!("job `{job}` does not run, it is {status}; a shell is opened once its first line runs")
    };
    Refusal::conflict(detail)
}

/// The wish, if nothing in it can do harm.
fn checked(query: WishQuery) -> Answer<Wish> {
    let is_shell = |shell: &String| (1..=SHELL).contains(&shell.len()) && !shell.chars().any(char::is_control);
    if !query.shell.as_ref().is_none_or(is_shell) {
        return Err(Refusal::bad(format!("`shell` is the path of one, as `/bin/bash`, of up to {SHELL} bytes")));
    }
    let is_term = |term: &String| {
        (1..=TERM).contains(&term.len())
            && term.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.+".contains(&byte))
    };
    if !query.term.as_ref().is_none_or(is_term) {
        return Err(Refusal::bad("`term` is the name of a kind of screen, as `xterm-256color`"));
    }
    Ok(query.into())
}

async fn visit(
    Shared(state): Shared<State>,
    working: Working,
    At(path): At<AttemptPath>,
    Query(Wait { wait }): Query<Wait>,
    upgrade: Upgrade,
) -> Answer<Response> {
    let held = working.must_hold(&state, path.fence)?;
    let socket = upgrade.socket()?;
    let visit = tokio::select! {
        visit = state.leases.visit(&held.attempt) => visit,
        () = tokio::time::sleep(Duration::from_millis(wait).min(LONGEST)) => None,
    };
    let Some(visit) = visit else { return Ok(StatusCode::NO_CONTENT.into_response()) };
    let wish = Frame::Word(Word::Wish(visit.wish));
    Ok(socket.on_upgrade(async move |mut socket| {
        if socket.send(wish.encode().into()).await.is_ok() {
            // Who has it open ends it, or the worker does.
            shell::relay(socket, visit.line, Side::Worker, &Passed::default(), std::future::pending()).await;
        }
    }))
}

async fn hold(
    Shared(state): Shared<State>,
    working: Working,
    At(path): At<AttemptPath>,
    body: Body<Held>,
) -> Answer<Json<Claimed>> {
    let Some(held) = working.holds(&state, path.fence)? else { return stale() };
    let Held { until, message } = body.read()?;
    let message = message.map(|message| message.chars().take(MESSAGE).collect());
    told(&state, state.leases.held(&held.attempt, until, message).await).map(Json)
}
