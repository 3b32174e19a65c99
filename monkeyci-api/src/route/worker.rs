use axum::extract::State as Shared;
use http::StatusCode;
use monkeyci_core::attempt::Attempt;
use monkeyci_core::engine::LOCAL;
use monkeyci_rest::{NewWorker, Page, Running, Worker, WorkerSecret};
use serde::Deserialize;

use super::Routes;
use crate::audit::Change;
use crate::extract::{At, Body, Paging, Query};
use crate::identity::Who;
use crate::json::Json;
use crate::openapi::Operation;
use crate::problem::{Answer, Refusal};
use crate::random;
use crate::state::{State, now};
use crate::table::{org, worker};

/// A worker.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct WorkerPath {
    /// Its name.
    worker: String,
}

pub(super) fn routes(routes: Routes) -> Routes {
    let one = "/v1/workers/{worker}";
    routes
        .add(Operation::get("/v1/workers", "Workers elsewhere").answers::<Page<Worker>>(StatusCode::OK), list_workers)
        .add(
            Operation::post("/v1/workers", "Add a worker; its token is told this once")
                .answers::<WorkerSecret>(StatusCode::CREATED),
            create_worker,
        )
        .add(Operation::get(one, "A worker").answers::<Worker>(StatusCode::OK), show_worker)
        .add(Operation::delete(one, "Remove a worker; what it runs is lost"), delete_worker)
        .add(
            Operation::post(&format!("{one}/pause"), "Let a worker end what it has, and take no more")
                .answers::<Worker>(StatusCode::OK),
            pause_worker,
        )
        .add(
            Operation::post(&format!("{one}/resume"), "Let a worker take jobs again").answers::<Worker>(StatusCode::OK),
            resume_worker,
        )
}

async fn list_workers(
    Shared(state): Shared<State>,
    who: Who,
    Query(paging): Query<Paging>,
) -> Answer<Json<Page<Worker>>> {
    who.must_be_admin()?;
    let (cursor, limit) = (paging.cursor.clone(), paging.limit() + 1);
    let found = state.tables.read(move |sql| worker::list(sql, cursor.as_deref(), limit)).await?;
    let found = found.into_iter().map(|worker| with_jobs(&state, worker)).collect();
    Ok(Json(paging.page(found, |worker| worker.name.clone())))
}

async fn show_worker(Shared(state): Shared<State>, who: Who, At(path): At<WorkerPath>) -> Answer<Json<Worker>> {
    who.must_be_admin()?;
    let found = state.tables.read(move |sql| worker::find(sql, &path.worker)).await?;
    found.map(|worker| Json(with_jobs(&state, worker))).ok_or_else(|| Refusal::not_found("worker"))
}

/// The worker, with what it runs.
fn with_jobs(state: &State, worker: Worker) -> Worker {
    let running = |Attempt { build, job, number, .. }| Running { build, job, attempt: number };
    let running = state.engine.held_by(&worker.name).into_iter().map(running).collect();
    Worker { running, ..worker }
}

async fn create_worker(
    Shared(state): Shared<State>,
    who: Who,
    body: Body<NewWorker>,
) -> Answer<(StatusCode, Json<WorkerSecret>)> {
    let known = who.must_be_admin()?.clone();
    let NewWorker { name, org: only } = body.read()?;
    check_name(&name)?;
    let secret = random::worker_token();
    let made = Worker { name, org: only, paused: false, created: now(), seen: None, facts: None, running: Vec::new() };
    let mut change = Change::by(&known, "", "worker/create", format!("/v1/workers/{}", made.name));
    if let Some(only) = &made.org {
        change = change.with("org", only.as_str());
    }
    let (row, hash) = (made.clone(), random::hash(&secret));
    let added = state.tables.write(move |sql| {
        if let Some(only) = &row.org
            && org::find(sql, only)?.is_none()
        {
            return Ok(Err(Refusal::field("/org", "there is no such organisation")));
        }
        if !worker::add(sql, &row, &hash)? {
            return Ok(Err(Refusal::conflict(
                "there is a worker of this name: remove it first, or choose another name",
            )));
        }
        change.write(sql)?;
        Ok(Ok(()))
    });
    added.await??;
    Ok((StatusCode::CREATED, Json(WorkerSecret { worker: made, secret })))
}

/// Refuses what cannot be the name of a worker.
pub(super) fn check_name(name: &str) -> Answer<()> {
    let is_fit = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let begins_well = name.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
    if !begins_well || name.len() > 100 || !name.bytes().all(is_fit) {
        let detail = "a name has 1 to 100 letters, digits, `-`, `_` and `.`, and begins with a letter or digit";
        return Err(Refusal::field("/name", detail));
    }
    if name == LOCAL {
        return Err(Refusal::field("/name", "this is the name of the worker inside the server"));
    }
    Ok(())
}

async fn delete_worker(Shared(state): Shared<State>, who: Who, At(path): At<WorkerPath>) -> Answer<StatusCode> {
    let known = who.must_be_admin()?;
    let change = Change::by(known, "", "worker/delete", format!("/v1/workers/{}", path.worker));
    let name = path.worker.clone();
    let removed = state.tables.write(move |sql| {
        let removed = worker::remove(sql, &name)?;
        if removed {
            change.write(sql)?;
        }
        Ok(removed)
    });
    if !removed.await? {
        return Err(Refusal::not_found("worker"));
    }
    state.engine.gone(&path.worker, "its worker was removed").await?;
    state.workers.notify_waiters();
    Ok(StatusCode::NO_CONTENT)
}

async fn pause_worker(Shared(state): Shared<State>, who: Who, At(path): At<WorkerPath>) -> Answer<Json<Worker>> {
    pause(&state, &who, path, true).await
}

async fn resume_worker(Shared(state): Shared<State>, who: Who, At(path): At<WorkerPath>) -> Answer<Json<Worker>> {
    pause(&state, &who, path, false).await
}

async fn pause(state: &State, who: &Who, path: WorkerPath, paused: bool) -> Answer<Json<Worker>> {
    let known = who.must_be_admin()?;
    let action = if paused { "worker/pause" } else { "worker/resume" };
    let change = Change::by(known, "", action, format!("/v1/workers/{}", path.worker));
    let found = state.tables.write(move |sql| {
        if worker::pause(sql, &path.worker, paused)? {
            change.write(sql)?;
        }
        worker::find(sql, &path.worker)
    });
    let worker = found.await?.ok_or_else(|| Refusal::not_found("worker"))?;
    // Who waits for jobs asks again, as what it now is.
    state.workers.notify_waiters();
    Ok(Json(with_jobs(state, worker)))
}
