use axum::extract::State as Shared;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use monkeyci_rest::{Begin, Begun, Page, Provider};
use serde::Deserialize;

use super::Routes;
use crate::address::Client;
use crate::extract::{At, Body, Query};
use crate::identity::Who;
use crate::json::Json;
use crate::openapi::Operation;
use crate::problem::{Answer, Refusal};
use crate::session::{self, Beginning, Browser};
use crate::sign_in::account::{self, Refused};
use crate::sign_in::flow::{Flow, LASTS};
use crate::state::{State, now};
use crate::throttle::{Kind, Whose};

/// The cookie of a sign-in that has begun, where the page is reached in clear text, and where it is not.
const COOKIES: [&str; 2] = ["monkeyci-sign-in", "__Host-monkeyci-sign-in"];

/// A provider.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(super) struct ProviderPath {
    /// Its id.
    pub(super) provider: String,
}

/// What a browser brings back.
#[derive(Deserialize)]
struct Back {
    code: Option<String>,
    state: Option<String>,
    error: Option<String>,
    iss: Option<String>,
}

pub(super) fn routes(routes: Routes) -> Routes {
    let all = Operation::get("/v1/sign-in", "Where people sign in by").answers::<Page<Provider>>(StatusCode::OK);
    let begin = Operation::post("/v1/sign-in/{provider}", "Begin to sign in: answers with where the browser goes");
    // A browser is sent there by the provider; nobody else asks for it.
    let back = axum::Router::new().route("/v1/sign-in/{provider}/callback", get(end));
    routes.add(all, list).add(begin.answers::<Begun>(StatusCode::OK), begin_sign_in).beside(back)
}

async fn list(Shared(state): Shared<State>) -> Json<Page<Provider>> {
    let told = state.providers.all().map(|provider| Provider {
        id: provider.id.clone(),
        name: provider.label(),
        kind: provider.kind.as_str().to_owned(),
    });
    Json(Page { items: told.collect(), next: None })
}

async fn begin_sign_in(
    Shared(state): Shared<State>,
    client: Client,
    At(path): At<ProviderPath>,
    body: Body<Begin>,
) -> Answer<Response> {
    begin(&state, client, &path.provider, body.read()?, None).await
}

/// Begins to sign in, or to link an identity to somebody who is signed in.
pub(super) async fn begin(
    state: &State,
    client: Client,
    id: &str,
    body: Begin,
    link: Option<(String, String)>,
) -> Answer<Response> {
    // What comes of it is known to the provider alone: it counts as it is begun.
    let _counts = state.throttle.begin(Kind::SignIn, [client.into()])?;
    let provider = state.providers.find(id).ok_or_else(|| Refusal::not_found("provider"))?;
    let flow = Flow::new(id, body.next.as_deref(), link, now());
    let url = provider.address(&redirect(state, id), &flow).await.map_err(|why| {
        tracing::warn!(provider = id, why, "nobody can sign in");
        let name = provider.settings().label();
        Refusal::new(StatusCode::BAD_GATEWAY, format!("{name} does not answer as it should; try again later"))
    })?;
    let kept = session::set(cookie(state), &flow.sealed(&state.vault), LASTS / 1000, &state.url);
    let headers = [(header::SET_COOKIE, kept), (header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    Ok((headers, Json(Begun { url })).into_response())
}

async fn end(
    Shared(state): Shared<State>,
    client: Client,
    who: Who,
    At(path): At<ProviderPath>,
    Query(back): Query<Back>,
    headers: HeaderMap,
) -> Response {
    let ended = match state.throttle.begin(Kind::SignIn, [client.into()]) {
        Ok(attempt) => {
            let ended = finish(&state, &who, &path.provider, back, &headers).await;
            if ended.is_ok() {
                attempt.succeeded();
            }
            ended
        }
        Err(_) => Err("often"),
    };
    let (to, kept) = match ended {
        Ok((next, session)) => (next, session.map(|secret| session::keep(&secret, &state.url))),
        // A word of ours, which the page has a sentence for: what stands in an address may be anybody's.
        Err(word) if who.known().is_ok() => (format!("/account?refused={word}"), None),
        Err(word) => (format!("/login?refused={word}"), None),
    };
    let to = HeaderValue::try_from(to).unwrap_or(HeaderValue::from_static("/"));
    let mut response = StatusCode::SEE_OTHER.into_response();
    let answer = response.headers_mut();
    answer.insert(header::LOCATION, to);
    answer.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // The code stands in this address, and is nobody else's.
    answer.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    answer.append(header::SET_COOKIE, session::set(cookie(&state), "", 0, &state.url));
    if let Some(kept) = kept {
        answer.append(header::SET_COOKIE, kept);
    }
    response
}

/// Where the browser goes then, and the secret of a session that it has from then on; or a word for what went wrong.
async fn finish(
    state: &State,
    who: &Who,
    id: &str,
    back: Back,
    headers: &HeaderMap,
) -> Result<(String, Option<String>), &'static str> {
    let provider = state.providers.find(id).ok_or("provider")?;
    let kept = session::cookie(headers, cookie(state)).ok_or("over")?;
    let flow = Flow::opened(&state.vault, kept, id, now()).ok_or("over")?;
    if back.state.as_deref() != Some(&flow.state) {
        return Err("over");
    }
    if back.error.is_some() {
        return Err("denied");
    }
    let code = back.code.filter(|code| !code.is_empty() && code.len() <= 4096).ok_or("provider")?;
    // Whoever began to link an identity must still be there as the browser comes back.
    if let Some((name, session)) = &flow.link
        && !who.known().is_ok_and(|known| known.name == *name && known.token == *session)
    {
        return Err("over");
    }
    let found = provider.person(&redirect(state, id), &flow, &code, back.iss.as_deref()).await;
    let person = found.map_err(|why| {
        tracing::warn!(provider = id, why, "somebody could not sign in");
        "provider"
    })?;
    if !account::allows(provider.settings(), &person) {
        return Err("rules");
    }
    let (settings, link) = (provider.settings().clone(), flow.link.map(|(name, _)| name));
    let browser = Browser::of(headers, &state.url);
    let shared = state.clone();
    let settled = state.tables.write(move |sql| {
        let name = match account::settle(sql, &settings, &person, link.as_deref(), now())? {
            Ok(name) => name,
            Err(refused) => return Ok(Err(refused)),
        };
        if link.is_some() {
            return Ok(Ok(None));
        }
        // Each leaves a row: also those that succeed count for who it is.
        if shared.throttle.begin(Kind::SignIn, [Whose::Account(name.clone())]).is_err() {
            return Ok(Err(Refused::Often));
        }
        let beginning = Beginning { person: name, description: settings.label(), scope: None, expires: None };
        session::begin(sql, beginning, &browser, now()).map(|secret| Ok(Some(secret)))
    });
    let settled = settled.await.map_err(|error| {
        tracing::error!(%error, "the database refused");
        "server"
    })?;
    let secret = settled.map_err(|refused| match refused {
        Refused::Unknown => "unknown",
        Refused::Disabled => "disabled",
        Refused::Taken => "taken",
        Refused::Often => "often",
    })?;
    Ok((flow.next, secret))
}

/// Where a provider sends browsers back: each its own address, so that none answers for another.
fn redirect(state: &State, id: &str) -> String {
    format!("{}/v1/sign-in/{id}/callback", state.url)
}

fn cookie(state: &State) -> &'static str {
    COOKIES[usize::from(session::is_safe(&state.url))]
}
