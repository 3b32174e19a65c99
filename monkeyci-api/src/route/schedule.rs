use axum::extract::State as Shared;
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use monkeyci_core::model::RepoId;
use monkeyci_core::source::GitRef;
use monkeyci_core::trigger;
use monkeyci_rest::{Page, Role, Schedule, ScheduleBody};

use super::Routes;
use crate::audit::Change;
use crate::extract::{At, Body, NamePath, Paging, Query, RepoPath};
use crate::identity::Who;
use crate::json::Json;
use crate::openapi::Operation;
use crate::problem::{Answer, Refusal};
use crate::revision::{already, remove, tagged};
use crate::state::{State, now};
use crate::table::schedule;

pub(super) fn routes(routes: Routes) -> Routes {
    let all = "/v1/orgs/{org}/repos/{repo}/schedules";
    let one = "/v1/orgs/{org}/repos/{repo}/schedules/{name}";
    routes
        .add(
            Operation::get(all, "When it is built by the clock").answers::<Page<Schedule>>(StatusCode::OK),
            list_schedules,
        )
        .add(Operation::get(one, "A schedule").answers::<Schedule>(StatusCode::OK), show_schedule)
        .add(Operation::put(one, "Make or change a schedule").keeps::<Schedule>(), put_schedule)
        .add(Operation::delete(one, "Remove a schedule"), delete_schedule)
}

async fn list_schedules(
    Shared(state): Shared<State>,
    who: Who,
    At(path): At<RepoPath>,
    Query(paging): Query<Paging>,
) -> Answer<Json<Page<Schedule>>> {
    who.must(&path.org, Role::Viewer)?;
    let (cursor, limit) = (paging.cursor.clone(), paging.limit() + 1);
    let found = state.tables.read(move |sql| schedule::list(sql, &path.org, &path.repo, cursor.as_deref(), limit));
    Ok(Json(paging.page(found.await?, |schedule| schedule.name.clone())))
}

async fn show_schedule(Shared(state): Shared<State>, who: Who, At(path): At<NamePath>) -> Answer<Response> {
    who.must(&path.org, Role::Viewer)?;
    let found = state.tables.read(move |sql| schedule::find(sql, &path.org, &path.repo, &path.name)).await?;
    let found = found.ok_or_else(|| Refusal::not_found("schedule"))?;
    Ok(tagged(StatusCode::OK, found.revision, found))
}

async fn put_schedule(
    Shared(state): Shared<State>,
    who: Who,
    At(path): At<NamePath>,
    headers: HeaderMap,
    body: Body<ScheduleBody>,
) -> Answer<Response> {
    let (_, known) = who.must_in(&state, &path.repo(), Role::Maintainer).await?;
    let body = body.read()?;
    if RepoId::new(&path.name).is_err() {
        return Err(Refusal::bad("the path: a name has up to 100 letters, digits and `_.-`"));
    }
    let due = check(&body)?;
    let next = if body.enabled { due.next_after(now()) } else { None };
    let change = Change::by(known, path.org.as_str(), "schedule/put", url(&path)).with("cron", &body.cron);
    let put = state.tables.write(move |sql| {
        let there = schedule::find(sql, &path.org, &path.repo, &path.name)?;
        let is_new = there.is_none();
        match already(&headers, there, |there| there.revision, |there| there.body == body) {
            Ok(None) => {}
            Ok(Some(there)) => return Ok(Ok((is_new, there))),
            Err(refusal) => return Ok(Err(refusal)),
        }
        schedule::put(sql, &path.org, &path.repo, &path.name, &body, next)?;
        change.write(sql)?;
        let found = schedule::find(sql, &path.org, &path.repo, &path.name)?;
        Ok(found.map(|found| (is_new, found)).ok_or_else(|| Refusal::not_found("schedule")))
    });
    let (is_new, found) = put.await??;
    state.scheduled.notify_one();
    Ok(tagged(if is_new { StatusCode::CREATED } else { StatusCode::OK }, found.revision, found))
}

/// When a schedule fires, unless something is wrong with it.
pub(super) fn check(body: &ScheduleBody) -> Answer<trigger::Schedule> {
    if let Some(Err(error)) = body.branch.as_deref().map(GitRef::branch) {
        return Err(Refusal::field("/branch", error.to_string()));
    }
    trigger::Schedule::new(&body.cron, &body.timezone).map_err(|error| {
        let pointer = if matches!(error, trigger::InvalidSchedule::Cron(_)) { "/cron" } else { "/timezone" };
        Refusal::field(pointer, error.to_string())
    })
}

async fn delete_schedule(
    Shared(state): Shared<State>,
    who: Who,
    At(path): At<NamePath>,
    headers: HeaderMap,
) -> Answer<StatusCode> {
    let (_, known) = who.must_in(&state, &path.repo(), Role::Maintainer).await?;
    let change = Change::by(known, path.org.as_str(), "schedule/delete", url(&path));
    let removed = state.tables.write(move |sql| {
        let found = schedule::find(sql, &path.org, &path.repo, &path.name)?.map(|found| found.revision);
        remove(&headers, found, "schedule", || {
            schedule::remove(sql, &path.org, &path.repo, &path.name)?;
            change.write(sql)
        })
    });
    removed.await?
}

fn url(path: &NamePath) -> String {
    format!("{}/schedules/{}", path.repo().url(), path.name)
}
