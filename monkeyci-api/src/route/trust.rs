use axum::extract::State as Shared;
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use monkeyci_core::model::OrgId;
use monkeyci_rest::{Page, Role, Trust, TrustBody};
use serde::Deserialize;

use super::{Routes, service_account as accounts};
use crate::audit::Change;
use crate::extract::{At, Body, OrgNamePath, Paging, Query, check_name};
use crate::federation;
use crate::identity::Who;
use crate::json::Json;
use crate::openapi::Operation;
use crate::problem::{Answer, Refusal};
use crate::revision::{already, remove, tagged};
use crate::state::{State, now};
use crate::table::service_account::person_of;
use crate::table::{service_account, token, trust};

/// A trust of a service account.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct TrustPath {
    /// The organisation.
    org: OrgId,
    /// The service account.
    name: String,
    /// Its name.
    trust: String,
}

pub(super) fn routes(routes: Routes) -> Routes {
    let all = "/v1/orgs/{org}/service-accounts/{name}/trusts";
    let one = "/v1/orgs/{org}/service-accounts/{name}/trusts/{trust}";
    let put = Operation::put(one, "Let programs elsewhere be a service account, or other ones");
    routes
        .add(Operation::get(all, "Whom a service account trusts").answers::<Page<Trust>>(StatusCode::OK), list_trusts)
        .add(Operation::get(one, "A trust of a service account").answers::<Trust>(StatusCode::OK), show_trust)
        .add(put.answers::<Trust>(StatusCode::OK), put_trust)
        .add(Operation::delete(one, "Trust no more; what was given out by it is good for nothing"), delete_trust)
}

async fn list_trusts(
    Shared(state): Shared<State>,
    who: Who,
    At(path): At<OrgNamePath>,
    Query(paging): Query<Paging>,
) -> Answer<Json<Page<Trust>>> {
    who.must(&path.org, Role::Maintainer)?;
    accounts::find(&state, &path).await?;
    let (cursor, limit) = (paging.cursor.clone(), paging.limit() + 1);
    let OrgNamePath { org, name } = path;
    let found = state.tables.read(move |sql| trust::list(sql, &org, &name, cursor.as_deref(), limit)).await?;
    Ok(Json(paging.page(found, |found| found.name.clone())))
}

async fn show_trust(Shared(state): Shared<State>, who: Who, At(path): At<TrustPath>) -> Answer<Response> {
    who.must(&path.org, Role::Maintainer)?;
    let found = state.tables.read(move |sql| trust::find(sql, &path.org, &path.name, &path.trust)).await?;
    let found = found.ok_or_else(missing)?;
    Ok(tagged(StatusCode::OK, found.revision, found))
}

async fn put_trust(
    Shared(state): Shared<State>,
    who: Who,
    At(path): At<TrustPath>,
    headers: HeaderMap,
    body: Body<TrustBody>,
) -> Answer<Response> {
    let known = who.must(&path.org, Role::Owner)?;
    let body = body.read()?;
    check_name(&path.trust)?;
    federation::check(&state, &body)?;
    let change = Change::by(known, path.org.as_str(), "trust/put", url(&path));
    let change = change.with("issuer", &body.issuer).with("subjects", body.subjects.join(" "));
    let put = state.tables.write(move |sql| {
        let TrustPath { org, name: account, trust: name } = &path;
        if service_account::find(sql, org, account)?.is_none() {
            return Ok(Err(Refusal::not_found("service account")));
        }
        let there = trust::find(sql, org, account, name)?;
        match already(&headers, there, |found| found.revision, |found| found.body == body) {
            Ok(None) => {}
            Ok(Some(found)) => return Ok(Ok((false, found))),
            Err(refusal) => return Ok(Err(refusal)),
        }
        let before = trust::find(sql, org, account, name)?;
        let is_new = trust::put(sql, org, account, name, &body, now())?;
        if before.is_none_or(|before| before.body != body) {
            // Who was let in as it was is not let in as it is.
            token::remove_trusted(sql, &person_of(org, account), name)?;
            change.write(sql)?;
        }
        let found = trust::find(sql, org, account, name)?;
        Ok(found.map(|found| (is_new, found)).ok_or_else(missing))
    });
    let (is_new, found) = put.await??;
    Ok(tagged(if is_new { StatusCode::CREATED } else { StatusCode::OK }, found.revision, found))
}

async fn delete_trust(
    Shared(state): Shared<State>,
    who: Who,
    At(path): At<TrustPath>,
    headers: HeaderMap,
) -> Answer<StatusCode> {
    let known = who.must(&path.org, Role::Owner)?;
    let change = Change::by(known, path.org.as_str(), "trust/delete", url(&path));
    let removed = state.tables.write(move |sql| {
        let TrustPath { org, name: account, trust: name } = &path;
        let found = trust::find(sql, org, account, name)?.map(|found| found.revision);
        remove(&headers, found, "trust", || {
            trust::remove(sql, org, account, name)?;
            token::remove_trusted(sql, &person_of(org, account), name)?;
            change.write(sql)
        })
    });
    removed.await?
}

fn missing() -> Refusal {
    Refusal::not_found("trust")
}

fn url(TrustPath { org, name, trust }: &TrustPath) -> String {
    format!("/v1/orgs/{org}/service-accounts/{name}/trusts/{trust}")
}
