use axum::extract::State as Shared;
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use monkeyci_core::model::OrgId;
use monkeyci_core::store::{Sql, StoreError};
use monkeyci_rest::{Deployment, Environment, EnvironmentBody, Page, Role};

use super::Routes;
use crate::audit::Change;
use crate::chain;
use crate::extract::{At, Body, EnvironmentPath, Paging, Query, RepoPath, check_name};
use crate::identity::Who;
use crate::json::Json;
use crate::openapi::Operation;
use crate::problem::{Answer, Refusal};
use crate::revision::{already, remove, tagged};
use crate::state::{State, now};
use crate::table::{deployment, environment, member, person};

pub(super) fn routes(routes: Routes) -> Routes {
    let all = "/v1/orgs/{org}/repos/{repo}/environments";
    let one = "/v1/orgs/{org}/repos/{repo}/environments/{environment}";
    let deployments = "/v1/orgs/{org}/repos/{repo}/environments/{environment}/deployments";
    routes
        .add(
            Operation::get(all, "Environments that its jobs work on").answers::<Page<Environment>>(StatusCode::OK),
            list_environments,
        )
        .add(Operation::get(one, "An environment").answers::<Environment>(StatusCode::OK), show_environment)
        .add(Operation::put(one, "Make or change an environment").keeps::<Environment>(), put_environment)
        .add(Operation::delete(one, "Remove an environment with its params"), delete_environment)
        .add(
            Operation::get(deployments, "Jobs of an environment, those of the newest build first")
                .answers::<Page<Deployment>>(StatusCode::OK),
            list_deployments,
        )
}

async fn list_environments(
    Shared(state): Shared<State>,
    who: Who,
    At(path): At<RepoPath>,
    Query(paging): Query<Paging>,
) -> Answer<Json<Page<Environment>>> {
    who.must(&path.org, Role::Viewer)?;
    let (cursor, limit) = (paging.cursor.clone(), paging.limit() + 1);
    let found = state.tables.read(move |sql| environment::list(sql, &path.org, &path.repo, cursor.as_deref(), limit));
    Ok(Json(paging.page(found.await?, |environment| environment.name.clone())))
}

async fn show_environment(Shared(state): Shared<State>, who: Who, At(path): At<EnvironmentPath>) -> Answer<Response> {
    who.must(&path.org, Role::Viewer)?;
    let found = state.tables.read(move |sql| environment::find(sql, &path.org, &path.repo, &path.environment)).await?;
    let found = found.ok_or_else(|| Refusal::not_found("environment"))?;
    Ok(tagged(StatusCode::OK, found.revision, found))
}

async fn put_environment(
    Shared(state): Shared<State>,
    who: Who,
    At(path): At<EnvironmentPath>,
    headers: HeaderMap,
    body: Body<EnvironmentBody>,
) -> Answer<Response> {
    let (_, known) = who.must_in(&state, &path.repo(), Role::Maintainer).await?;
    let body = body.read()?;
    check_name(&path.environment)?;
    check(&body)?;
    let change = Change::by(known, path.org.as_str(), "environment/put", url(&path));
    let put = state.tables.write(move |sql| {
        if let Some(index) = stranger(sql, &path.org, &body.approvers)? {
            let detail = format!("`{}` does not belong to `{}`", body.approvers[index], path.org);
            return Ok(Err(Refusal::field(&format!("/approvers/{index}"), detail)));
        }
        let there = environment::find(sql, &path.org, &path.repo, &path.environment)?;
        match already(&headers, there, |there| there.revision, |there| there.body == body) {
            Ok(None) => {}
            Ok(Some(there)) => return Ok(Ok((false, there))),
            Err(refusal) => return Ok(Err(refusal)),
        }
        let is_new = environment::put(sql, &path.org, &path.repo, &path.environment, &body, now())?;
        change
            .with("approvers", body.approvers.join(", "))
            .with("preventSelf", body.prevent_self.to_string())
            .with("approverRole", body.approver_role.map_or("", Role::as_str))
            .with("refs", body.refs.join(", "))
            .with("exclusive", body.exclusive.to_string())
            .write(sql)?;
        let found = environment::find(sql, &path.org, &path.repo, &path.environment)?;
        Ok(found.map(|found| (is_new, found)).ok_or_else(|| Refusal::not_found("environment")))
    });
    let (is_new, found) = put.await??;
    Ok(tagged(if is_new { StatusCode::CREATED } else { StatusCode::OK }, found.revision, found))
}

/// What is wrong with an environment before anything is looked up.
pub(super) fn check(body: &EnvironmentBody) -> Answer<()> {
    if body.approver_role == Some(Role::Viewer) {
        return Err(Refusal::field("/approverRole", "who approves needs the role `developer` at least"));
    }
    if body.prevent_self && !body.needs_approval() {
        return Err(Refusal::field("/preventSelf", "its jobs wait for nobody: name `approvers` or an `approverRole`"));
    }
    if let Some(index) = body.refs.iter().position(|pattern| chain::matcher(pattern).is_none()) {
        return Err(Refusal::field(&format!("/refs/{index}"), format!("`{}` is no glob", body.refs[index])));
    }
    Ok(())
}

/// The first of these people who does not belong to the organisation.
fn stranger(sql: &mut dyn Sql, org: &OrgId, people: &[String]) -> Result<Option<usize>, StoreError> {
    for (index, name) in people.iter().enumerate() {
        let is_admin = person::find(sql, name)?.is_some_and(|person| person.admin);
        if !is_admin && !member::roles(sql, name)?.contains_key(org) {
            return Ok(Some(index));
        }
    }
    Ok(None)
}

async fn delete_environment(
    Shared(state): Shared<State>,
    who: Who,
    At(path): At<EnvironmentPath>,
    headers: HeaderMap,
) -> Answer<StatusCode> {
    let (_, known) = who.must_in(&state, &path.repo(), Role::Maintainer).await?;
    let change = Change::by(known, path.org.as_str(), "environment/delete", url(&path));
    let removed = state.tables.write(move |sql| {
        let found = environment::find(sql, &path.org, &path.repo, &path.environment)?.map(|found| found.revision);
        remove(&headers, found, "environment", || {
            environment::remove(sql, &path.org, &path.repo, &path.environment)?;
            change.write(sql)
        })
    });
    removed.await?
}

async fn list_deployments(
    Shared(state): Shared<State>,
    who: Who,
    At(path): At<EnvironmentPath>,
    Query(paging): Query<Paging>,
) -> Answer<Json<Page<Deployment>>> {
    who.must(&path.org, Role::Viewer)?;
    let (cursor, limit) = (paging.cursor.as_deref().map(place).transpose()?, paging.limit() + 1);
    let found = state.tables.read(move |sql| {
        let EnvironmentPath { org, repo, environment } = &path;
        if environment::find(sql, org, repo, environment)?.is_none() {
            return Ok(None);
        }
        deployment::list(sql, org, repo, environment, cursor, limit).map(Some)
    });
    let found = found.await?.ok_or_else(|| Refusal::not_found("environment"))?;
    Ok(Json(paging.page(found, |deployment| format!("{}:{}", deployment.number, deployment.job))))
}

/// The build and the job in a cursor.
fn place(cursor: &str) -> Answer<deployment::Cursor> {
    let read = cursor.split_once(':').and_then(|(number, job)| Some((number.parse().ok()?, job.to_owned())));
    let read = read.filter(|(number, _)| i64::try_from(*number).is_ok());
    read.ok_or_else(|| Refusal::bad("the cursor is none that a page gave"))
}

fn url(path: &EnvironmentPath) -> String {
    format!("{}/environments/{}", path.repo().url(), path.environment)
}
