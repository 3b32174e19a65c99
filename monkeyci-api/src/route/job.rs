use axum::extract::State as Shared;
use http::StatusCode;
use monkeyci_core::model::BuildId;
use monkeyci_rest::{JobView, Reason, Role};

use super::Routes;
use crate::audit::Change;
use crate::cause::who_caused;
use crate::environment::{must_approve, must_be_another};
use crate::extract::{At, Body, JobPath};
use crate::identity::Who;
use crate::json::Json;
use crate::openapi::Operation;
use crate::problem::{Answer, Refusal};
use crate::state::{State, now};
use crate::table::{deployment, environment};
use crate::view;

pub(super) fn routes(routes: Routes) -> Routes {
    let one = "/v1/orgs/{org}/repos/{repo}/builds/{number}/jobs/{job}";
    let approve = "/v1/orgs/{org}/repos/{repo}/builds/{number}/jobs/{job}/approve";
    let reject = "/v1/orgs/{org}/repos/{repo}/builds/{number}/jobs/{job}/reject";
    routes
        .add(Operation::get(one, "A job").answers::<JobView>(StatusCode::OK), show_job)
        .add(Operation::post(approve, "Let a job go on").answers::<JobView>(StatusCode::ACCEPTED), approve_job)
        .add(Operation::post(reject, "Stop a job that waits").answers::<JobView>(StatusCode::ACCEPTED), reject_job)
}

async fn find(state: &State, path: &JobPath) -> Answer<JobView> {
    of(view::build(state, &path.build()).await?.jobs, path)
}

fn of(jobs: Vec<JobView>, path: &JobPath) -> Answer<JobView> {
    jobs.into_iter().find(|view| view.job.id == path.job).ok_or_else(|| Refusal::not_found("job"))
}

async fn show_job(Shared(state): Shared<State>, who: Who, At(path): At<JobPath>) -> Answer<Json<JobView>> {
    who.may_see(&state, &path.build().repo()).await?;
    find(&state, &path).await.map(Json)
}

async fn approve_job(
    Shared(state): Shared<State>,
    who: Who,
    At(path): At<JobPath>,
    body: Body<Reason>,
) -> Answer<(StatusCode, Json<JobView>)> {
    let (repo, known) = who.must_in(&state, &path.build().repo(), Role::Developer).await?;
    body.read()?;
    let build = path.build().id();
    let handle = state.engine.handle(&build).await?;
    let detail = view::build(&state, &path.build()).await?;
    let (trigger, environment) = (detail.build.trigger, of(detail.jobs, &path)?.job.environment);
    if let Some(name) = environment.clone() {
        let (shared, BuildId { org, repo: id, .. }) = (state.clone(), build.clone());
        let read = state.tables.read(move |sql| {
            let caused = who_caused(sql, &shared.providers, &trigger)?.or(trigger.actor);
            Ok((environment::find(sql, &org, &id, &name)?, caused))
        });
        let (found, caused) = read.await?;
        let gone = || Refusal::conflict("the environment of this job was removed meanwhile; build anew");
        let found = found.ok_or_else(gone)?;
        must_approve(&found, &who, known, &repo)?;
        must_be_another(&found, known, caused.as_deref())?;
    }
    handle.approve(&path.job, Some(known.actor())).await?;
    let mut change = Change::by(known, path.org.as_str(), "job/approve", url(&path));
    let (job, approver) = (path.job.clone(), known.name.clone());
    let written = state.tables.write(move |sql| {
        if let Some(name) = environment {
            deployment::approve(sql, &build, &name, &job, &approver, now())?;
            change = change.with("environment", name);
        }
        change.write(sql)
    });
    written.await?;
    Ok((StatusCode::ACCEPTED, Json(find(&state, &path).await?)))
}

async fn reject_job(
    Shared(state): Shared<State>,
    who: Who,
    At(path): At<JobPath>,
    body: Body<Reason>,
) -> Answer<(StatusCode, Json<JobView>)> {
    let (_, known) = who.must_in(&state, &path.build().repo(), Role::Developer).await?;
    let body = body.read()?;
    let handle = state.engine.handle(&path.build().id()).await?;
    handle.reject(&path.job, Some(known.actor()), body.reason.as_deref()).await?;
    let change = Change::by(known, path.org.as_str(), "job/reject", url(&path));
    state.tables.write(move |sql| change.write(sql)).await?;
    Ok((StatusCode::ACCEPTED, Json(find(&state, &path).await?)))
}

fn url(path: &JobPath) -> String {
    format!("{}/jobs/{}", view::url(&path.build()), path.job)
}
