use axum::extract::State as Shared;
use http::StatusCode;
use monkeyci_rest::{NewToken, Page, Token, TokenSecret};
use serde::Deserialize;

use super::Routes;
use crate::audit::Change;
use crate::extract::{At, Body, Paging, Query};
use crate::identity::Who;
use crate::json::Json;
use crate::openapi::Operation;
use crate::problem::{Answer, Refusal};
use crate::random;
use crate::state::{State, now};
use crate::table::token::{self, Held, Kind};

/// Milliseconds that a token lasts when that is not said: 90 days.
const LASTS: i64 = 90 * 24 * 60 * 60 * 1000;

/// A token.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct TokenPath {
    /// Its id.
    id: String,
}

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .add(Operation::get("/v1/tokens", "Your tokens").answers::<Page<Token>>(StatusCode::OK), list_tokens)
        .add(
            Operation::post("/v1/tokens", "Make a token; its secret is told this once")
                .answers::<TokenSecret>(StatusCode::CREATED),
            create_token,
        )
        .add(Operation::delete("/v1/tokens/{id}", "Revoke a token"), delete_token)
}

async fn list_tokens(
    Shared(state): Shared<State>,
    who: Who,
    Query(paging): Query<Paging>,
) -> Answer<Json<Page<Token>>> {
    let (name, cursor, limit) = (who.must_be_a_person()?.name.clone(), paging.cursor.clone(), paging.limit() + 1);
    let found = state.tables.read(move |sql| token::list(sql, &name, cursor.as_deref(), limit)).await?;
    Ok(Json(paging.page(found, |token| token.id.clone())))
}

async fn create_token(
    Shared(state): Shared<State>,
    who: Who,
    body: Body<NewToken>,
) -> Answer<(StatusCode, Json<TokenSecret>)> {
    let known = who.must_be_a_person()?.clone();
    let body = body.read()?;
    check(&body)?;
    // What makes a token of a token can do no more than that one.
    if let Some(scope) = &body.scope {
        who.must_somewhere(&scope.org, scope.role)?;
    } else if who.is_scoped() {
        return Err(Refusal::field("/scope", "your own token has a scope: say one within it"));
    }
    let (secret, shown) = secret_of(&body);
    let token = fresh(body);
    let org = token.scope.as_ref().map(|scope| scope.org.to_string()).unwrap_or_default();
    let change = Change::by(&known, &org, "token/create", format!("/v1/tokens/{}", token.id));
    let (held, hash) = (Held { token: token.clone(), person: known.name }, random::hash(&secret));
    let made = state.tables.write(move |sql| {
        if token::is_taken(sql, &hash, held.token.created)? {
            return Ok(false);
        }
        change.write(sql)?;
        token::add(sql, &held, &hash, Kind::Api)?;
        Ok(true)
    });
    made.await?.then_some(()).ok_or_else(taken)?;
    Ok((StatusCode::CREATED, Json(TokenSecret { token, secret: shown })))
}

/// What a token is to be known by, and what is told of that: nothing to whoever has drawn it.
pub(super) fn secret_of(body: &NewToken) -> (String, String) {
    match &body.secret {
        Some(secret) => (secret.clone(), String::new()),
        None => {
            let secret = random::token();
            (secret.clone(), secret)
        }
    }
}

/// That a secret is that of another token.
pub(super) fn taken() -> Refusal {
    Refusal::field("/secret", "a token is known by this already: draw another by lot")
}

/// What is wrong with a wish for a token, whosever it is to be.
pub(super) fn check(body: &NewToken) -> Answer<()> {
    if body.description.is_empty() || body.description.len() > 200 {
        return Err(Refusal::field("/description", "say in 1 to 200 bytes what it is for"));
    }
    if body.secret.as_deref().is_some_and(|secret| !random::is_token(secret)) {
        let detail = "`mci_`, and 32 to 200 letters, digits, `-` and `_` that are drawn by lot";
        return Err(Refusal::field("/secret", detail));
    }
    if body.expires.is_some_and(|expires| expires <= now()) {
        return Err(Refusal::field("/expires", "this is in the past"));
    }
    Ok(())
}

/// A new token, as it is wanted.
pub(super) fn fresh(body: NewToken) -> Token {
    Token {
        id: random::id(),
        description: body.description,
        scope: body.scope,
        created: now(),
        expires: Some(body.expires.unwrap_or_else(|| now() + LASTS)),
        used: None,
    }
}

async fn delete_token(Shared(state): Shared<State>, who: Who, At(path): At<TokenPath>) -> Answer<StatusCode> {
    let known = who.must_be_a_person()?.clone();
    let change = Change::by(&known, "", "token/delete", format!("/v1/tokens/{}", path.id));
    let removed = state.tables.write(move |sql| {
        let removed = token::remove(sql, &known.name, &path.id)?;
        if removed {
            change.write(sql)?;
        }
        Ok(removed)
    });
    removed.await?.then_some(StatusCode::NO_CONTENT).ok_or_else(|| Refusal::not_found("token"))
}
