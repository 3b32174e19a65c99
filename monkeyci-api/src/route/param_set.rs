use axum::extract::State as Shared;
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use monkeyci_rest::{Page, ParamSet, ParamSetBody, Role};

use super::Routes;
use crate::audit::Change;
use crate::extract::{At, Body, OrgPath, Paging, Query, SetPath, check_filters, check_name};
use crate::identity::Who;
use crate::json::Json;
use crate::openapi::Operation;
use crate::problem::{Answer, Refusal};
use crate::revision::{already, remove, tagged};
use crate::state::{State, now};
use crate::table::{org, param_set, report};

pub(super) fn routes(routes: Routes) -> Routes {
    let (all, one) = ("/v1/orgs/{org}/param-sets", "/v1/orgs/{org}/param-sets/{set}");
    routes
        .add(
            Operation::get(all, "Sets of params for repositories with certain labels")
                .answers::<Page<ParamSet>>(StatusCode::OK),
            list_sets,
        )
        .add(Operation::get(one, "A set of params").answers::<ParamSet>(StatusCode::OK), show_set)
        .add(Operation::put(one, "Make or change a set of params").keeps::<ParamSet>(), put_set)
        .add(Operation::delete(one, "Remove a set with its params"), delete_set)
}

async fn list_sets(
    Shared(state): Shared<State>,
    who: Who,
    At(path): At<OrgPath>,
    Query(paging): Query<Paging>,
) -> Answer<Json<Page<ParamSet>>> {
    who.must(&path.org, Role::Viewer)?;
    let (cursor, limit) = (paging.cursor.clone(), paging.limit() + 1);
    let found = state.tables.read(move |sql| param_set::list(sql, &path.org, cursor.as_deref(), limit)).await?;
    Ok(Json(paging.page(found, |set| set.name.clone())))
}

async fn show_set(Shared(state): Shared<State>, who: Who, At(path): At<SetPath>) -> Answer<Response> {
    who.must(&path.org, Role::Viewer)?;
    let found = state.tables.read(move |sql| param_set::find(sql, &path.org, &path.set)).await?;
    let set = found.ok_or_else(|| Refusal::not_found("param set"))?;
    Ok(tagged(StatusCode::OK, set.revision, set))
}

async fn put_set(
    Shared(state): Shared<State>,
    who: Who,
    At(path): At<SetPath>,
    headers: HeaderMap,
    body: Body<ParamSetBody>,
) -> Answer<Response> {
    let known = who.must(&path.org, Role::Maintainer)?;
    let body = body.read()?;
    check_name(&path.set)?;
    check_filters(&body.label_filters)?;
    let change = Change::by(known, path.org.as_str(), "param-set/put", url(&path));
    let put = state.tables.write(move |sql| {
        if org::find(sql, &path.org)?.is_none() {
            return Ok(Err(Refusal::not_found("organisation")));
        }
        let there = param_set::find(sql, &path.org, &path.set)?;
        match already(&headers, there, |set| set.revision, |set| set.body == body) {
            Ok(None) => {}
            Ok(Some(set)) => return Ok(Ok((false, set))),
            Err(refusal) => return Ok(Err(refusal)),
        }
        let is_new = param_set::put(sql, &path.org, &path.set, &body, now())?;
        change.write(sql)?;
        // It may hold the token of a forge, which other repositories now get.
        report::again(sql, &path.org, None, now())?;
        let set = param_set::find(sql, &path.org, &path.set)?;
        Ok(set.map(|set| (is_new, set)).ok_or_else(|| Refusal::not_found("param set")))
    });
    let (is_new, set) = put.await??;
    state.mended.notify_one();
    Ok(tagged(if is_new { StatusCode::CREATED } else { StatusCode::OK }, set.revision, set))
}

async fn delete_set(
    Shared(state): Shared<State>,
    who: Who,
    At(path): At<SetPath>,
    headers: HeaderMap,
) -> Answer<StatusCode> {
    let known = who.must(&path.org, Role::Maintainer)?;
    let change = Change::by(known, path.org.as_str(), "param-set/delete", url(&path));
    let removed = state.tables.write(move |sql| {
        let found = param_set::find(sql, &path.org, &path.set)?.map(|found| found.revision);
        remove(&headers, found, "param set", || {
            param_set::remove(sql, &path.org, &path.set)?;
            change.write(sql)
        })
    });
    removed.await?
}

fn url(path: &SetPath) -> String {
    format!("/v1/orgs/{}/param-sets/{}", path.org, path.set)
}
