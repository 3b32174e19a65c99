use axum::extract::State as Shared;
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use monkeyci_core::model::OrgId;
use monkeyci_core::store::{Sql, StoreError};
use monkeyci_rest::{Page, Role, RoleBinding, RoleBindingBody};

use super::Routes;
use crate::audit::Change;
use crate::extract::{At, Body, OrgNamePath, OrgPath, Paging, Query, check_filters, check_name};
use crate::identity::Who;
use crate::json::Json;
use crate::openapi::Operation;
use crate::problem::{Answer, Refusal};
use crate::revision::{already, remove, tagged};
use crate::state::{State, now};
use crate::table::{member, org, repo, role_binding};

/// What a refusal calls one.
const NOUN: &str = "role binding";

/// Members of one, and repositories.
const MOST: usize = 500;

pub(super) fn routes(routes: Routes) -> Routes {
    let (all, one) = ("/v1/orgs/{org}/role-bindings", "/v1/orgs/{org}/role-bindings/{name}");
    let list = Operation::get(all, "Who may do more in some repositories than in the organisation");
    let put = Operation::put(one, "Let some members do more in some repositories");
    routes
        .add(list.answers::<Page<RoleBinding>>(StatusCode::OK), list_bindings)
        .add(Operation::get(one, "A role in some repositories").answers::<RoleBinding>(StatusCode::OK), show_binding)
        .add(put.keeps::<RoleBinding>(), put_binding)
        .add(Operation::delete(one, "Let them do there what they may in the organisation"), delete_binding)
}

async fn list_bindings(
    Shared(state): Shared<State>,
    who: Who,
    At(path): At<OrgPath>,
    Query(paging): Query<Paging>,
) -> Answer<Json<Page<RoleBinding>>> {
    who.must(&path.org, Role::Viewer)?;
    let (cursor, limit) = (paging.cursor.clone(), paging.limit() + 1);
    let found = state.tables.read(move |sql| role_binding::list(sql, &path.org, cursor.as_deref(), limit)).await?;
    Ok(Json(paging.page(found, |found| found.name.clone())))
}

async fn show_binding(Shared(state): Shared<State>, who: Who, At(path): At<OrgNamePath>) -> Answer<Response> {
    who.must(&path.org, Role::Viewer)?;
    let found = state.tables.read(move |sql| role_binding::find(sql, &path.org, &path.name)).await?;
    let found = found.ok_or_else(missing)?;
    Ok(tagged(StatusCode::OK, found.revision, found))
}

async fn put_binding(
    Shared(state): Shared<State>,
    who: Who,
    At(path): At<OrgNamePath>,
    headers: HeaderMap,
    body: Body<RoleBindingBody>,
) -> Answer<Response> {
    let known = who.must(&path.org, Role::Owner)?;
    let body = body.read()?;
    check_name(&path.name)?;
    check(&body)?;
    let change = Change::by(known, path.org.as_str(), "role-binding/put", url(&path)).with("role", body.role.as_str());
    let change = change.with("members", body.members.iter().map(String::as_str).collect::<Vec<_>>().join(" "));
    let put = state.tables.write(move |sql| {
        if org::find(sql, &path.org)?.is_none() {
            return Ok(Err(Refusal::not_found("organisation")));
        }
        if let Some(refusal) = unknown(sql, &path.org, &body)? {
            return Ok(Err(refusal));
        }
        let there = role_binding::find(sql, &path.org, &path.name)?;
        let is_new = there.is_none();
        match already(&headers, there, |found| found.revision, |found| found.body == body) {
            Ok(None) => {}
            Ok(Some(found)) => return Ok(Ok((false, found))),
            Err(refusal) => return Ok(Err(refusal)),
        }
        role_binding::put(sql, &path.org, &path.name, &body, now())?;
        change.write(sql)?;
        let found = role_binding::find(sql, &path.org, &path.name)?;
        Ok(found.map(|found| (is_new, found)).ok_or_else(missing))
    });
    let (is_new, found) = put.await??;
    Ok(tagged(if is_new { StatusCode::CREATED } else { StatusCode::OK }, found.revision, found))
}

/// What is wrong with a role in some repositories before anything is looked up.
pub(super) fn check(body: &RoleBindingBody) -> Answer<()> {
    if !matches!(body.role, Role::Developer | Role::Maintainer) {
        let detail =
            "`developer` or `maintainer`: every member is a viewer everywhere, and an owner is one of everything";
        return Err(Refusal::field("/role", detail));
    }
    if body.members.is_empty() || body.members.len() > MOST {
        return Err(Refusal::field("/members", format!("1 to {MOST} members of the organisation")));
    }
    if body.repos.len() > MOST {
        return Err(Refusal::field("/repos", format!("at most {MOST} repositories: for more, say by which labels")));
    }
    match (body.repos.is_empty(), body.label_filters.is_empty()) {
        (false, false) => {
            Err(Refusal::field("/labelFilters", "it is for named repositories, or for those with certain labels"))
        }
        (true, true) => {
            let detail = "name repositories, or say `labelFilters`: what somebody may do in all of them is their role \
                          in the organisation";
            Err(Refusal::field("/repos", detail))
        }
        _ => check_filters(&body.label_filters),
    }
}

/// Who or what of it there is not, if there is any.
fn unknown(sql: &mut dyn Sql, org: &OrgId, body: &RoleBindingBody) -> Result<Option<Refusal>, StoreError> {
    for name in &body.members {
        if !member::roles(sql, name)?.contains_key(org) {
            let detail = format!("`{name}` does not belong to `{org}`: give them a role in it first, `viewer` for one");
            return Ok(Some(Refusal::field("/members", detail)));
        }
    }
    for id in &body.repos {
        if repo::find(sql, org, id)?.is_none() {
            return Ok(Some(Refusal::field("/repos", format!("there is no repository `{id}` in `{org}`"))));
        }
    }
    Ok(None)
}

async fn delete_binding(
    Shared(state): Shared<State>,
    who: Who,
    At(path): At<OrgNamePath>,
    headers: HeaderMap,
) -> Answer<StatusCode> {
    let known = who.must(&path.org, Role::Owner)?;
    let change = Change::by(known, path.org.as_str(), "role-binding/delete", url(&path));
    let removed = state.tables.write(move |sql| {
        let found = role_binding::find(sql, &path.org, &path.name)?.map(|found| found.revision);
        remove(&headers, found, NOUN, || {
            role_binding::remove(sql, &path.org, &path.name)?;
            change.write(sql)
        })
    });
    removed.await?
}

fn missing() -> Refusal {
    Refusal::not_found(NOUN)
}

fn url(path: &OrgNamePath) -> String {
    format!("/v1/orgs/{}/role-bindings/{}", path.org, path.name)
}
