use axum::extract::State as Shared;
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use monkeyci_core::model::OrgId;
use monkeyci_rest::{NewToken, Page, Role, Scope, ServiceAccount, ServiceAccountBody, Token, TokenSecret};
use serde::Deserialize;

use super::{Routes, token as tokens};
use crate::audit::Change;
use crate::extract::{At, Body, OrgNamePath, OrgPath, Paging, Query, check_name};
use crate::identity::Who;
use crate::json::Json;
use crate::openapi::Operation;
use crate::problem::{Answer, Refusal};
use crate::random;
use crate::revision::{already, remove, tagged};
use crate::state::{State, now};
use crate::table::service_account::person_of;
use crate::table::token::{Held, Kind};
use crate::table::{org, service_account, token};

/// A token of a service account.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct TokenPath {
    /// The organisation.
    org: OrgId,
    /// The service account.
    name: String,
    /// Its id.
    id: String,
}

pub(super) fn routes(routes: Routes) -> Routes {
    let (all, one) = ("/v1/orgs/{org}/service-accounts", "/v1/orgs/{org}/service-accounts/{name}");
    let tokens = "/v1/orgs/{org}/service-accounts/{name}/tokens";
    let make = Operation::post(tokens, "Make a token for a service account; its secret is told this once");
    let revoke = Operation::delete("/v1/orgs/{org}/service-accounts/{name}/tokens/{id}", "Revoke a token of it");
    routes
        .add(Operation::get(all, "Accounts of programs").answers::<Page<ServiceAccount>>(StatusCode::OK), list_accounts)
        .add(Operation::get(one, "A service account").answers::<ServiceAccount>(StatusCode::OK), show_account)
        .add(Operation::put(one, "Make or change a service account").keeps::<ServiceAccount>(), put_account)
        .add(Operation::delete(one, "Remove a service account with its tokens and store"), delete_account)
        .add(Operation::get(tokens, "Tokens of a service account").answers::<Page<Token>>(StatusCode::OK), list_tokens)
        .add(make.answers::<TokenSecret>(StatusCode::CREATED), create_token)
        .add(revoke, delete_token)
}

async fn list_accounts(
    Shared(state): Shared<State>,
    who: Who,
    At(path): At<OrgPath>,
    Query(paging): Query<Paging>,
) -> Answer<Json<Page<ServiceAccount>>> {
    who.must(&path.org, Role::Viewer)?;
    let (cursor, limit) = (paging.cursor.clone(), paging.limit() + 1);
    let found = state.tables.read(move |sql| service_account::list(sql, &path.org, cursor.as_deref(), limit)).await?;
    Ok(Json(paging.page(found, |found| found.name.clone())))
}

/// The service account, if there is one.
pub(super) async fn find(state: &State, path: &OrgNamePath) -> Answer<ServiceAccount> {
    let OrgNamePath { org, name } = path.clone();
    let found = state.tables.read(move |sql| service_account::find(sql, &org, &name)).await?;
    found.ok_or_else(|| Refusal::not_found("service account"))
}

async fn show_account(Shared(state): Shared<State>, who: Who, At(path): At<OrgNamePath>) -> Answer<Response> {
    who.must(&path.org, Role::Viewer)?;
    let found = find(&state, &path).await?;
    Ok(tagged(StatusCode::OK, found.revision, found))
}

async fn put_account(
    Shared(state): Shared<State>,
    who: Who,
    At(path): At<OrgNamePath>,
    headers: HeaderMap,
    body: Body<ServiceAccountBody>,
) -> Answer<Response> {
    let known = who.must(&path.org, Role::Owner)?;
    let body = body.read()?;
    check_name(&path.name)?;
    check(&body)?;
    let mut change = Change::by(known, path.org.as_str(), "service-account/put", url(&path));
    change = change.with("role", body.role.as_str());
    for (word, is_so) in [("integration", body.integration), ("disabled", body.disabled)] {
        if is_so {
            change = change.with(word, "yes");
        }
    }
    let put = state.tables.write(move |sql| {
        if org::find(sql, &path.org)?.is_none() {
            return Ok(Err(Refusal::not_found("organisation")));
        }
        let there = service_account::find(sql, &path.org, &path.name)?;
        match already(&headers, there, |found| found.revision, |found| found.body == body) {
            Ok(None) => {}
            Ok(Some(found)) => return Ok(Ok((false, found))),
            Err(refusal) => return Ok(Err(refusal)),
        }
        let is_new = service_account::put(sql, &path.org, &path.name, &body, now())?;
        change.write(sql)?;
        let found = service_account::find(sql, &path.org, &path.name)?;
        Ok(found.map(|found| (is_new, found)).ok_or_else(|| Refusal::not_found("service account")))
    });
    let (is_new, found) = put.await??;
    Ok(tagged(if is_new { StatusCode::CREATED } else { StatusCode::OK }, found.revision, found))
}

/// What is wrong with a service account before anything is looked up.
pub(super) fn check(body: &ServiceAccountBody) -> Answer<()> {
    match &body.description {
        Some(text) if text.len() > 200 => Err(Refusal::field("/description", "say in up to 200 bytes what it is for")),
        _ => Ok(()),
    }
}

async fn delete_account(
    Shared(state): Shared<State>,
    who: Who,
    At(path): At<OrgNamePath>,
    headers: HeaderMap,
) -> Answer<StatusCode> {
    let known = who.must(&path.org, Role::Owner)?;
    let change = Change::by(known, path.org.as_str(), "service-account/delete", url(&path));
    let removed = state.tables.write(move |sql| {
        let found = service_account::find(sql, &path.org, &path.name)?.map(|found| found.revision);
        remove(&headers, found, "service account", || {
            service_account::remove(sql, &path.org, &path.name)?;
            change.write(sql)
        })
    });
    removed.await?
}

async fn list_tokens(
    Shared(state): Shared<State>,
    who: Who,
    At(path): At<OrgNamePath>,
    Query(paging): Query<Paging>,
) -> Answer<Json<Page<Token>>> {
    who.must(&path.org, Role::Owner)?;
    find(&state, &path).await?;
    let (cursor, limit) = (paging.cursor.clone(), paging.limit() + 1);
    let person = person_of(&path.org, &path.name);
    let found = state.tables.read(move |sql| token::list(sql, &person, cursor.as_deref(), limit)).await?;
    Ok(Json(paging.page(found, |token| token.id.clone())))
}

async fn create_token(
    Shared(state): Shared<State>,
    who: Who,
    At(path): At<OrgNamePath>,
    body: Body<NewToken>,
) -> Answer<(StatusCode, Json<TokenSecret>)> {
    let known = who.must(&path.org, Role::Owner)?.clone();
    let body = body.read()?;
    tokens::check(&body)?;
    if body.scope.as_ref().is_some_and(|scope| scope.org != path.org) {
        let detail = format!("a service account is of one organisation: `{}`", path.org);
        return Err(Refusal::field("/scope/org", detail));
    }
    let (secret, shown) = tokens::secret_of(&body);
    let hash = random::hash(&secret);
    let made = state.tables.write(move |sql| {
        let Some(account) = service_account::find(sql, &path.org, &path.name)? else {
            return Ok(Err(Refusal::not_found("service account")));
        };
        // Every token of it says what it may do: none of them is as good as somebody who signed in.
        let role = service_account::most(sql, &path.org, &account)?;
        let scope = body.scope.clone().unwrap_or(Scope { org: path.org.clone(), role });
        let token = tokens::fresh(NewToken { scope: Some(scope), ..body });
        if token::is_taken(sql, &hash, token.created)? {
            return Ok(Err(tokens::taken()));
        }
        let object = format!("{}/tokens/{}", url(&path), token.id);
        Change::by(&known, path.org.as_str(), "token/create", object).write(sql)?;
        let held = Held { token: token.clone(), person: person_of(&path.org, &path.name) };
        token::add(sql, &held, &hash, Kind::Api)?;
        Ok(Ok(token))
    });
    let token = made.await??;
    Ok((StatusCode::CREATED, Json(TokenSecret { token, secret: shown })))
}

async fn delete_token(Shared(state): Shared<State>, who: Who, At(path): At<TokenPath>) -> Answer<StatusCode> {
    let known = who.must(&path.org, Role::Owner)?;
    let TokenPath { org, name, id } = path;
    let of = OrgNamePath { org, name };
    let change = Change::by(known, of.org.as_str(), "token/delete", format!("{}/tokens/{id}", url(&of)));
    let removed = state.tables.write(move |sql| {
        let removed = token::remove(sql, &person_of(&of.org, &of.name), &id)?;
        if removed {
            change.write(sql)?;
        }
        Ok(removed)
    });
    removed.await?.then_some(StatusCode::NO_CONTENT).ok_or_else(|| Refusal::not_found("token"))
}

fn url(path: &OrgNamePath) -> String {
    format!("/v1/orgs/{}/service-accounts/{}", path.org, path.name)
}
