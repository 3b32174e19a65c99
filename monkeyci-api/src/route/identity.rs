use axum::extract::State as Shared;
use axum::response::Response;
use http::StatusCode;
use monkeyci_core::model::Millis;
use monkeyci_rest::{Begin, Begun, Exchange, Grant, Granted, Identity, Page, Scope, Token, TokenSecret};
use serde::{Deserialize, Serialize};

use super::Routes;
use super::sign_in::{self, ProviderPath};
use crate::address::Client;
use crate::audit::Change;
use crate::extract::{At, Body};
use crate::identity::Who;
use crate::json::Json;
use crate::openapi::Operation;
use crate::problem::{Answer, Refusal};
use crate::random;
use crate::sign_in::provider::challenge;
use crate::state::{State, now};
use crate::table::code::{self, Purpose};
use crate::table::token::{self, Held, Kind};
use crate::table::{identity, person};
use crate::throttle::Kind as Attempts;

/// Milliseconds that a program has to exchange a code: 5 minutes.
const CODE: Millis = 5 * 60 * 1000;

/// Milliseconds that its token lasts: 90 days.
const LASTS: Millis = 90 * 24 * 60 * 60 * 1000;

/// An identity of whoever asks.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct IdentityPath {
    /// The provider's id.
    provider: String,
    /// What it is there.
    subject: String,
}

/// What a code for a program is good for.
#[derive(Serialize, Deserialize)]
struct Promise {
    person: String,
    challenge: String,
    description: String,
    #[serde(default)]
    scope: Option<Scope>,
}

pub(super) fn routes(routes: Routes) -> Routes {
    let all = Operation::get("/v1/me/identities", "By which accounts elsewhere you sign in");
    let link = "/v1/me/identities/{provider}";
    let one = "/v1/me/identities/{provider}/{subject}";
    let grant = Operation::post("/v1/me/grants", "Let a program have a token of yours: answers with a code for it");
    let exchange = Operation::post("/v1/tokens/exchange", "Exchange a code for a token");
    routes
        .add(all.answers::<Page<Identity>>(StatusCode::OK), list)
        .add(Operation::post(link, "Begin to link one more").answers::<Begun>(StatusCode::OK), link_one)
        .add(Operation::delete(one, "Sign in by it no more"), unlink)
        .add(grant.answers::<Granted>(StatusCode::CREATED), grant_code)
        .add(exchange.answers::<TokenSecret>(StatusCode::CREATED), exchange_code)
}

async fn list(Shared(state): Shared<State>, who: Who) -> Answer<Json<Page<Identity>>> {
    let name = who.must_be_whole()?.name.clone();
    let items = state.tables.read(move |sql| identity::list(sql, &name)).await?;
    Ok(Json(Page { items, next: None }))
}

async fn link_one(
    Shared(state): Shared<State>,
    client: Client,
    who: Who,
    At(path): At<ProviderPath>,
    body: Body<Begin>,
) -> Answer<Response> {
    let known = who.must_be_whole()?;
    let link = Some((known.name.clone(), known.token.clone()));
    sign_in::begin(&state, client, &path.provider, body.read()?, link).await
}

async fn unlink(Shared(state): Shared<State>, who: Who, At(path): At<IdentityPath>) -> Answer<StatusCode> {
    let known = who.must_be_whole()?.clone();
    let object = format!("/v1/me/identities/{}/{}", path.provider, path.subject);
    let change = Change::by(&known, "", "identity/unlink", object);
    let removed = state.tables.write(move |sql| {
        let removed = identity::remove(sql, &known.name, &path.provider, &path.subject)?;
        if removed {
            change.write(sql)?;
        }
        Ok(removed)
    });
    removed.await?.then_some(StatusCode::NO_CONTENT).ok_or_else(|| Refusal::not_found("identity"))
}

async fn grant_code(Shared(state): Shared<State>, who: Who, body: Body<Grant>) -> Answer<(StatusCode, Json<Granted>)> {
    let known = who.must_be_whole()?.clone();
    let body = body.read()?;
    let is_digest = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    if body.challenge.len() != 43 || !body.challenge.chars().all(is_digest) {
        return Err(Refusal::field("/challenge", "a SHA-256 in base64url, without padding, is expected"));
    }
    if body.description.is_empty() || body.description.len() > 200 {
        return Err(Refusal::field("/description", "say in 1 to 200 bytes what it is for"));
    }
    if let Some(scope) = &body.scope {
        who.must_somewhere(&scope.org, scope.role)?;
    }
    let secret = random::word();
    let (hash, change) = (random::hash(&secret), Change::by(&known, "", "grant/create", "/v1/me/grants"));
    let Grant { challenge, description, scope } = body;
    let promise = Promise { person: known.name, challenge, description, scope };
    let kept = state.tables.write(move |sql| {
        change.with("for", &promise.description).write(sql)?;
        code::add(sql, &hash, Purpose::Login, &promise, now(), now() + CODE)
    });
    kept.await?;
    Ok((StatusCode::CREATED, Json(Granted { code: secret })))
}

async fn exchange_code(
    Shared(state): Shared<State>,
    client: Client,
    body: Body<Exchange>,
) -> Answer<(StatusCode, Json<TokenSecret>)> {
    let body = body.read()?;
    let attempt = state.throttle.begin(Attempts::Code, [client.into()])?;
    let (hash, proved) = (random::hash(&body.code), challenge(&body.verifier));
    let (secret, now) = (random::token(), now());
    let kept = random::hash(&secret);
    let made = state.tables.write(move |sql| {
        let Some(promise) = code::find::<Promise>(sql, &hash, Purpose::Login, now)? else { return Ok(None) };
        // Whoever tries it without the word had it from elsewhere: it is good for nobody then.
        code::remove(sql, &hash)?;
        let is_let_in = person::find(sql, &promise.person)?.is_some_and(|person| !person.disabled);
        if promise.challenge != proved || !is_let_in {
            return Ok(None);
        }
        let token = Token {
            id: random::id(),
            description: promise.description,
            scope: promise.scope,
            created: now,
            expires: Some(now + LASTS),
            used: None,
        };
        let object = format!("/v1/tokens/{}", token.id);
        Change::of(&promise.person, None, "", "token/create", object).write(sql)?;
        token::add(sql, &Held { token: token.clone(), person: promise.person }, &kept, Kind::Api)?;
        Ok(Some(token))
    });
    let wrong = || Refusal::field("/code", "this code is not known, was used, or is over: log in once more");
    let token = made.await?.ok_or_else(wrong)?;
    attempt.succeeded();
    Ok((StatusCode::CREATED, Json(TokenSecret { token, secret })))
}
