use axum::extract::State as Shared;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, header};
use monkeyci_rest::{Org, OrgBody, Page, Role};

use super::Routes;
use crate::audit::Change;
use crate::extract::{At, Body, OrgPath, Paging, Query};
use crate::identity::Who;
use crate::json::Json;
use crate::openapi::Operation;
use crate::problem::{Answer, Refusal};
use crate::revision::{already, remove, tagged};
use crate::state::{State, now};
use crate::table::{member, org, service_account};

/// Words that a path of the page or the API begins with.
const TAKEN: &[&str] = &["new", "settings"];

pub(super) fn routes(routes: Routes) -> Routes {
    let one = "/v1/orgs/{org}";
    routes
        .add(Operation::get("/v1/orgs", "Organisations that you see").answers::<Page<Org>>(StatusCode::OK), list_orgs)
        .add(Operation::get(one, "An organisation").answers::<Org>(StatusCode::OK), show_org)
        .add(Operation::put(one, "Make or change an organisation").keeps::<Org>(), put_org)
        .add(Operation::delete(one, "Remove an organisation and all that it has"), delete_org)
}

async fn list_orgs(Shared(state): Shared<State>, who: Who, Query(paging): Query<Paging>) -> Answer<Json<Page<Org>>> {
    let name = who.known()?.name.clone();
    let member = (!who.is_admin()).then_some(name);
    let (cursor, limit) = (paging.cursor.clone(), paging.limit() + 1);
    let found = state.tables.read(move |sql| org::list(sql, member.as_deref(), cursor.as_deref(), limit)).await?;
    let seen = found.into_iter().filter(|org| who.role(&org.id).is_some()).collect();
    Ok(Json(paging.page(seen, |org| org.id.to_string())))
}

async fn find(state: &State, path: &OrgPath) -> Answer<Org> {
    let id = path.org.clone();
    let found = state.tables.read(move |sql| org::find(sql, &id)).await?;
    found.ok_or_else(|| Refusal::not_found("organisation"))
}

async fn show_org(Shared(state): Shared<State>, who: Who, At(path): At<OrgPath>) -> Answer<Response> {
    who.must(&path.org, Role::Viewer)?;
    let found = find(&state, &path).await?;
    Ok(tagged(StatusCode::OK, found.revision, found))
}

async fn put_org(
    Shared(state): Shared<State>,
    who: Who,
    At(path): At<OrgPath>,
    headers: HeaderMap,
    body: Body<OrgBody>,
) -> Answer<Response> {
    let known = who.known()?.clone();
    let id = path.org.clone();
    let there = state.tables.read(move |sql| org::find(sql, &id)).await?;
    match &there {
        Some(_) => drop(who.must(&path.org, Role::Owner)?),
        None => drop(who.must_be_admin()?),
    }
    let body = body.read()?;
    if TAKEN.contains(&path.org.as_str()) {
        return Err(Refusal::bad(format!("`{}` is a word of the page; choose another id", path.org)));
    }
    check(&body)?;
    let name = body.name.unwrap_or_else(|| path.org.to_string());
    let (id, is_new) = (path.org.clone(), there.is_none());
    let is_so = |org: &Org| org.name == name && org.no_shells == body.no_shells;
    if let Some(org) = already(&headers, there, |org| org.revision, is_so)? {
        return Ok(tagged(StatusCode::OK, org.revision, org));
    }
    let action = if is_new { "org/create" } else { "org/update" };
    let change = Change::by(&known, id.as_str(), action, format!("/v1/orgs/{id}"));
    let put = state.tables.write(move |sql| {
        if org::add(sql, &id, &name, now())? {
            member::put(sql, &id, &known.name, Role::Owner, now())?;
        }
        org::change(sql, &id, &name, body.no_shells, now())?;
        change.write(sql)?;
        org::find(sql, &id)
    });
    let org = put.await?.ok_or_else(|| Refusal::not_found("organisation"))?;
    Ok(tagged(if is_new { StatusCode::CREATED } else { StatusCode::OK }, org.revision, org))
}

/// What is wrong with an organisation before anything is looked up.
pub(super) fn check(body: &OrgBody) -> Answer<()> {
    match &body.name {
        Some(name) if name.is_empty() || name.len() > 200 => Err(Refusal::field("/name", "a name has 1 to 200 bytes")),
        _ => Ok(()),
    }
}

async fn delete_org(
    Shared(state): Shared<State>,
    who: Who,
    At(path): At<OrgPath>,
    headers: HeaderMap,
) -> Answer<Response> {
    let known = who.must(&path.org, Role::Owner)?;
    let change = Change::by(known, path.org.as_str(), "org/delete", format!("/v1/orgs/{}", path.org));
    let removed = state.tables.write(move |sql| {
        let found = org::find(sql, &path.org)?.map(|found| found.revision);
        remove(&headers, found, "organisation", || {
            change.write(sql)?;
            service_account::remove_all(sql, &path.org)?;
            org::remove(sql, &path.org)
        })
    });
    let status = removed.await??;
    state.hooks.forget();
    Ok(([(header::CACHE_CONTROL, "no-store")], status).into_response())
}
