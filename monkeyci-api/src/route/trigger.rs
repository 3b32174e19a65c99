use axum::extract::State as Shared;
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use monkeyci_core::source::GitRef;
use monkeyci_rest::{Page, Role, Trigger, TriggerBody};

use super::Routes;
use crate::audit::Change;
use crate::chain;
use crate::extract::{At, Body, NamePath, Paging, Query, RepoPath, check_name};
use crate::identity::Who;
use crate::json::Json;
use crate::openapi::Operation;
use crate::problem::{Answer, Refusal};
use crate::revision::{already, remove, tagged};
use crate::state::State;
use crate::table::{repo, trigger};

pub(super) fn routes(routes: Routes) -> Routes {
    let all = "/v1/orgs/{org}/repos/{repo}/triggers";
    let one = "/v1/orgs/{org}/repos/{repo}/triggers/{name}";
    routes
        .add(
            Operation::get(all, "After which builds of other repositories it is built")
                .answers::<Page<Trigger>>(StatusCode::OK),
            list_triggers,
        )
        .add(Operation::get(one, "A trigger").answers::<Trigger>(StatusCode::OK), show_trigger)
        .add(Operation::put(one, "Make or change a trigger").keeps::<Trigger>(), put_trigger)
        .add(Operation::delete(one, "Remove a trigger"), delete_trigger)
}

async fn list_triggers(
    Shared(state): Shared<State>,
    who: Who,
    At(path): At<RepoPath>,
    Query(paging): Query<Paging>,
) -> Answer<Json<Page<Trigger>>> {
    who.must(&path.org, Role::Viewer)?;
    let (cursor, limit) = (paging.cursor.clone(), paging.limit() + 1);
    let found = state.tables.read(move |sql| trigger::list(sql, &path.org, &path.repo, cursor.as_deref(), limit));
    Ok(Json(paging.page(found.await?, |trigger| trigger.name.clone())))
}

async fn show_trigger(Shared(state): Shared<State>, who: Who, At(path): At<NamePath>) -> Answer<Response> {
    who.must(&path.org, Role::Viewer)?;
    let found = state.tables.read(move |sql| trigger::find(sql, &path.org, &path.repo, &path.name)).await?;
    let found = found.ok_or_else(|| Refusal::not_found("trigger"))?;
    Ok(tagged(StatusCode::OK, found.revision, found))
}

async fn put_trigger(
    Shared(state): Shared<State>,
    who: Who,
    At(path): At<NamePath>,
    headers: HeaderMap,
    body: Body<TriggerBody>,
) -> Answer<Response> {
    let (_, known) = who.must_in(&state, &path.repo(), Role::Maintainer).await?;
    let body = body.read()?;
    check_name(&path.name)?;
    check(&body)?;
    if body.repo == path.repo {
        return Err(Refusal::field("/repo", "a repository's builds cannot follow its own"));
    }
    let change = Change::by(known, path.org.as_str(), "trigger/put", url(&path)).with("repo", body.repo.as_str());
    let put = state.tables.write(move |sql| {
        if repo::find(sql, &path.org, &body.repo)?.is_none() {
            let detail = format!("there is no repository `{}` in `{}`", body.repo, path.org);
            return Ok(Err(Refusal::field("/repo", detail)));
        }
        let there = trigger::find(sql, &path.org, &path.repo, &path.name)?;
        let is_new = there.is_none();
        match already(&headers, there, |there| there.revision, |there| there.body == body) {
            Ok(None) => {}
            Ok(Some(there)) => return Ok(Ok((is_new, there))),
            Err(refusal) => return Ok(Err(refusal)),
        }
        trigger::put(sql, &path.org, &path.repo, &path.name, &body)?;
        change.write(sql)?;
        let found = trigger::find(sql, &path.org, &path.repo, &path.name)?;
        Ok(found.map(|found| (is_new, found)).ok_or_else(|| Refusal::not_found("trigger")))
    });
    let (is_new, found) = put.await??;
    Ok(tagged(if is_new { StatusCode::CREATED } else { StatusCode::OK }, found.revision, found))
}

/// What is wrong with a trigger before anything is looked up.
pub(super) fn check(body: &TriggerBody) -> Answer<()> {
    if let Some(Err(error)) = body.branch.as_deref().map(GitRef::branch) {
        return Err(Refusal::field("/branch", error.to_string()));
    }
    if body.statuses.is_empty() {
        return Err(Refusal::field("/statuses", "at least one is needed: `success`, `failure`, `error` or `canceled`"));
    }
    if let Some(index) = body.statuses.iter().position(|status| !status.is_terminal()) {
        let detail = "a build ends as `success`, `failure`, `error` or `canceled`";
        return Err(Refusal::field(&format!("/statuses/{index}"), detail));
    }
    if let Some(index) = body.refs.iter().position(|pattern| chain::matcher(pattern).is_none()) {
        return Err(Refusal::field(&format!("/refs/{index}"), format!("`{}` is no glob", body.refs[index])));
    }
    Ok(())
}

async fn delete_trigger(
    Shared(state): Shared<State>,
    who: Who,
    At(path): At<NamePath>,
    headers: HeaderMap,
) -> Answer<StatusCode> {
    let (_, known) = who.must_in(&state, &path.repo(), Role::Maintainer).await?;
    let change = Change::by(known, path.org.as_str(), "trigger/delete", url(&path));
    let removed = state.tables.write(move |sql| {
        let found = trigger::find(sql, &path.org, &path.repo, &path.name)?.map(|found| found.revision);
        remove(&headers, found, "trigger", || {
            trigger::remove(sql, &path.org, &path.repo, &path.name)?;
            change.write(sql)
        })
    });
    removed.await?
}

fn url(path: &NamePath) -> String {
    format!("{}/triggers/{}", path.repo().url(), path.name)
}
