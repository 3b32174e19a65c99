use axum::Json;
use axum::extract::State as Shared;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use monkeyci_rest::{Me, SignIn, Token};

use super::Routes;
use crate::extract::Body;
use crate::identity::{self, COOKIE, Who};
use crate::openapi::Operation;
use crate::problem::{Answer, Refusal};
use crate::random;
use crate::state::{State, now};
use crate::table::token::{self, Held, Kind};

/// Seconds that a session lasts: 30 days.
const LASTS: i64 = 30 * 24 * 60 * 60;

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .add(Operation::get("/v1/me", "Who asks").answers::<Me>(StatusCode::OK), show_me)
        .add(Operation::post("/v1/session", "Sign in: answers with a cookie").answers::<Me>(StatusCode::OK), sign_in)
        .add(Operation::delete("/v1/session", "Sign out"), sign_out)
}

async fn show_me(who: Who) -> Answer<Json<Me>> {
    who.me().map(Json)
}

async fn sign_in(Shared(state): Shared<State>, body: Body<SignIn>) -> Answer<Response> {
    let body = body.read()?;
    let secret = random::word();
    let (hash, session, now) = (random::hash(&body.token), random::hash(&secret), now());
    let begun = state.tables.write(move |sql| {
        let Some(held) = token::find(sql, &hash, Kind::Api, now)? else { return Ok(false) };
        let token = Token {
            id: ulid::Ulid::new().to_string(),
            description: format!("signed in with {}", held.token.id),
            created: now,
            expires: Some(held.token.expires.unwrap_or(i64::MAX).min(now + LASTS * 1000)),
            used: None,
            scope: held.token.scope,
        };
        token::add(sql, &Held { token, person: held.person }, &session, Kind::Session)?;
        Ok(true)
    });
    if !begun.await? {
        return Err(Refusal::field("/token", "this token is not known, or has expired"));
    }
    let secure = if state.url.starts_with("https://") { "; Secure" } else { "" };
    let cookie = format!("{COOKIE}={secret}; Path=/; HttpOnly; SameSite=Lax; Max-Age={LASTS}{secure}");
    let me = identity::holder(&state, &secret, Kind::Session).await?.me()?;
    Ok(([(header::SET_COOKIE, cookie_value(&cookie))], Json(me)).into_response())
}

async fn sign_out(Shared(state): Shared<State>, who: Who) -> Answer<Response> {
    let known = who.known()?.clone();
    state.tables.write(move |sql| token::remove(sql, &known.name, &known.token)).await?;
    let cookie = format!("{COOKIE}=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0");
    Ok(([(header::SET_COOKIE, cookie_value(&cookie))], StatusCode::NO_CONTENT).into_response())
}

fn cookie_value(cookie: &str) -> HeaderValue {
    HeaderValue::from_str(cookie).expect("a cookie of letters and digits")
}
