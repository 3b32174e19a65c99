use axum::extract::State as Shared;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, header};
use monkeyci_rest::{Me, Page, Session, SignIn};
use serde::Deserialize;

use super::Routes;
use crate::address::Client;
use crate::audit::Change;
use crate::extract::{At, Body};
use crate::identity::{self, Who};
use crate::json::Json;
use crate::openapi::Operation;
use crate::problem::{Answer, Refusal};
use crate::random;
use crate::session::{self, Beginning, Browser};
use crate::state::{State, now};
use crate::table::token::{self, Kind};
use crate::table::{person, service_account};
use crate::throttle::{Kind as Attempts, Whose};

/// A session.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct SessionPath {
    /// Its id.
    id: String,
}

pub(super) fn routes(routes: Routes) -> Routes {
    let all = "/v1/me/sessions";
    routes
        .add(Operation::get("/v1/me", "Who asks").answers::<Me>(StatusCode::OK), show_me)
        .add(Operation::post("/v1/session", "Sign in: answers with a cookie").answers::<Me>(StatusCode::OK), sign_in)
        .add(Operation::delete("/v1/session", "Sign out"), sign_out)
        .add(Operation::get(all, "Browsers that you are signed in with").answers::<Page<Session>>(StatusCode::OK), list)
        .add(Operation::delete(all, "Sign out everywhere"), end_all)
        .add(Operation::delete("/v1/me/sessions/{id}", "Sign out there"), end_one)
}

async fn show_me(Shared(state): Shared<State>, who: Who) -> Answer<Json<Me>> {
    who.me(&state).await.map(Json)
}

async fn sign_in(
    Shared(state): Shared<State>,
    client: Client,
    headers: HeaderMap,
    body: Body<SignIn>,
) -> Answer<Response> {
    let body = body.read()?;
    let attempt = state.throttle.begin(Attempts::SignIn, [client.into()])?;
    let (hash, now) = (random::hash(&body.token), now());
    let browser = Browser::of(&headers, &state.url);
    let shared = state.clone();
    let begun = state.tables.write(move |sql| {
        let Some(held) = token::find(sql, &hash, Kind::Api, now)? else { return Ok(Ok(None)) };
        let is_let_in = person::find(sql, &held.person)?.is_some_and(|person| !person.disabled);
        // A service account has no browser.
        if !is_let_in || service_account::is_one(&held.person) {
            return Ok(Ok(None));
        }
        // Each leaves a row: also those that succeed count for who it is.
        if let Err(refusal) = shared.throttle.begin(Attempts::SignIn, [Whose::Account(held.person.clone())]) {
            return Ok(Err(refusal));
        }
        let description = format!("the token {}", held.token.id);
        let (scope, expires) = (held.token.scope, held.token.expires);
        let beginning = Beginning { person: held.person, description, scope, expires };
        session::begin(sql, beginning, &browser, now).map(|secret| Ok(Some(secret)))
    });
    let unknown = || Refusal::field("/token", "this token is not known, or has expired");
    let secret = begun.await??.ok_or_else(unknown)?;
    attempt.succeeded();
    let me = identity::holder(&state, &secret, Kind::Session).await?.me(&state).await?;
    Ok(([(header::SET_COOKIE, session::keep(&secret, &state.url))], Json(me)).into_response())
}

async fn sign_out(Shared(state): Shared<State>, who: Who) -> Answer<Response> {
    let known = who.known()?.clone();
    state.tables.write(move |sql| token::remove(sql, &known.name, &known.token)).await?;
    Ok(([(header::SET_COOKIE, session::forget(&state.url))], StatusCode::NO_CONTENT).into_response())
}

async fn list(Shared(state): Shared<State>, who: Who) -> Answer<Json<Page<Session>>> {
    let known = who.must_be_whole()?.clone();
    let items = state.tables.read(move |sql| token::sessions(sql, &known.name, &known.token, now())).await?;
    Ok(Json(Page { items, next: None }))
}

async fn end_one(Shared(state): Shared<State>, who: Who, At(path): At<SessionPath>) -> Answer<StatusCode> {
    let known = who.must_be_whole()?.clone();
    let change = Change::by(&known, "", "session/delete", format!("/v1/me/sessions/{}", path.id));
    let ended = state.tables.write(move |sql| {
        let ended = token::end_of(sql, &known.name, Some(&path.id))? == 1;
        if ended {
            change.write(sql)?;
        }
        Ok(ended)
    });
    ended.await?.then_some(StatusCode::NO_CONTENT).ok_or_else(|| Refusal::not_found("session"))
}

async fn end_all(Shared(state): Shared<State>, who: Who) -> Answer<Response> {
    let known = who.must_be_whole()?.clone();
    let change = Change::by(&known, "", "session/delete", "/v1/me/sessions");
    let ended = state.tables.write(move |sql| {
        change.write(sql)?;
        token::end_of(sql, &known.name, None)
    });
    ended.await?;
    Ok(([(header::SET_COOKIE, session::forget(&state.url))], StatusCode::NO_CONTENT).into_response())
}
