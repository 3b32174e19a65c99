//! The Web API: `/api/METHOD`.

mod answer;
mod apps;
mod arguments;
mod ask;
mod auth;
mod bookmarks;
pub(crate) mod chat;
mod conversations;
mod files;
mod history;
mod marks;
mod method;
pub(crate) mod oauth;
mod open;
mod people;
mod unfurl;
pub(crate) mod views;

use std::time::Duration;

use axum::extract::{ConnectInfo, Path, RawQuery, State};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::{Map, Value, json};

pub(crate) use answer::Refusal;
pub(crate) use arguments::pairs;
pub(crate) use ask::checked;
pub(crate) use auth::uninstalled;
pub(crate) use files::upload;

use crate::fault::{self, Fault, Flaw};
use crate::slack::Slack;
use crate::wire::Cord;
use crate::world::{Grant, Holder, World};
use answer::{Answer, refused};
use arguments::Arguments;
use ask::{Ask, missing_scope};
use method::Method;

/// A call of the Web API, as it was answered.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Call {
    /// When, by the emulator's clock: seconds since 1970.
    pub at: f64,
    /// The method.
    pub method: String,
    /// The app that called; empty where no token said so.
    pub app: String,
    /// The arguments, without tokens and secrets.
    pub arguments: Value,
    /// Whether it was done.
    pub ok: bool,
    /// Slack's word for why not: `ratelimited`. `fault` where a test wanted it to go wrong before.
    pub error: Option<String>,
}

/// Answers a call.
pub(crate) async fn call(
    State(slack): State<Slack>,
    ConnectInfo(cord): ConnectInfo<Cord>,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let now = slack.clock().now();
    let fault = slack.change(|world| {
        let fault = fault::next(&mut world.faults, &name);
        if let Some(fault) = &fault
            && !matches!(fault.kind, Flaw::Lost | Flaw::Slow)
        {
            note(world, now, &name, "", json!({}), Some("fault"));
        }
        fault
    });
    if let Some(answer) = fault.as_ref().and_then(|fault| before(fault, &cord)) {
        return answer;
    }
    let response = slack.change(|world| {
        let (accepted, grant, answer) = answered(world, now, &name, query.as_deref(), &headers, &body);
        let mut response = match answer {
            Ok(mut body) => {
                body["ok"] = json!(true);
                axum::Json(first_ok(body)).into_response()
            }
            Err(refusal) => refuse(&refusal),
        };
        let headers = response.headers_mut();
        let mut put = |name: &'static str, list: String| {
            if let Ok(value) = HeaderValue::from_str(&list) {
                headers.insert(name, value);
            }
        };
        if let Some(grant) = grant {
            put("x-oauth-scopes", grant.scopes.join(","));
            put("x-accepted-oauth-scopes", accepted.join(","));
        }
        response
    });
    after(fault.as_ref(), &cord, response).await
}

/// What a fault makes of a call before anything is done.
pub(crate) fn before(fault: &Fault, cord: &Cord) -> Option<Response> {
    match fault.kind {
        Flaw::Lost | Flaw::Slow => None,
        Flaw::Cut => {
            cord.cut();
            Some(StatusCode::OK.into_response())
        }
        Flaw::Broken => {
            let status = fault.status.and_then(|status| StatusCode::from_u16(status).ok());
            Some(
                (status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), "the emulator was told to break").into_response(),
            )
        }
        Flaw::Limited => Some(refuse(&Refusal::limited(fault.seconds.unwrap_or(1.0).max(1.0) as u64))),
        Flaw::Refused => Some(refuse(&refused(fault.error.as_deref().unwrap_or("internal_error")))),
    }
}

/// What a fault makes of the answer.
pub(crate) async fn after(fault: Option<&Fault>, cord: &Cord, response: Response) -> Response {
    match fault {
        Some(Fault { kind: Flaw::Lost, .. }) => cord.cut(),
        Some(Fault { kind: Flaw::Slow, seconds, .. }) => {
            let wait = Duration::try_from_secs_f64(seconds.unwrap_or(1.0)).unwrap_or_default();
            let never = std::future::pending::<()>();
            let _slowly = tokio::time::timeout(wait, never).await;
        }
        _ => {}
    }
    response
}

fn refuse(refusal: &Refusal) -> Response {
    let mut response = axum::Json(refusal.body()).into_response();
    if let Some(wait) = refusal.wait {
        *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait));
    }
    response
}

/// `ok` comes first, as Slack has it.
fn first_ok(body: Value) -> Value {
    let Value::Object(fields) = body else { return body };
    let mut ordered = Map::new();
    ordered.insert("ok".to_owned(), json!(true));
    ordered.extend(fields);
    Value::Object(ordered)
}

/// The scopes that would do, the token, and the answer.
fn answered(
    world: &mut World,
    now: Duration,
    name: &str,
    query: Option<&str>,
    headers: &HeaderMap,
    body: &Bytes,
) -> (&'static [&'static str], Option<Grant>, Answer) {
    let Some(method) = method::find(name) else {
        let refusal = refused("unknown_method").with("req_method", json!(name));
        note(world, now, name, "", json!({}), Some("unknown_method"));
        return (&[], None, Err(refusal));
    };
    let (mut shown, mut by) = (json!({}), None);
    let answer = match Arguments::read(query, headers, body) {
        Err(refusal) => Err(refusal),
        Ok(mut args) => {
            let token = bearer(headers).or_else(|| args.text("token").filter(|_| !args.is_json));
            basic(headers, &mut args);
            if args.is_json && !method.reads_json {
                args.map = query.map(|query| pairs(query.as_bytes())).unwrap_or_default();
            }
            shown = without_secrets(&args.map);
            allowed(world, method, token.as_deref(), now).and_then(|grant| {
                by.clone_from(&Some(grant.clone()));
                let missing = method.needs.iter().find(|name| !args.map.contains_key(**name));
                if let Some(name) = missing {
                    return Err(Refusal::argument(&format!("missing required field: {name}")));
                }
                (method.run)(&mut Ask { world, grant, args, now })
            })
        }
    };
    let app = by.as_ref().map_or(String::new(), |grant| grant.app.clone());
    note(world, now, name, &app, shown, answer.as_ref().err().map(|refusal| refusal.error.as_str()));
    (method.scopes, by.filter(|grant| !grant.token.is_empty()), answer)
}

fn note(world: &mut World, now: Duration, method: &str, app: &str, arguments: Value, error: Option<&str>) {
    world.calls.push(Call {
        at: now.as_secs_f64(),
        method: method.to_owned(),
        app: app.to_owned(),
        arguments,
        ok: error.is_none(),
        error: error.map(str::to_owned),
    });
}

fn without_secrets(map: &Map<String, Value>) -> Value {
    let is_secret = |name: &str| ["token", "client_secret", "code", "refresh_token"].contains(&name);
    Value::Object(
        map.iter().filter(|(name, _)| !is_secret(name)).map(|(name, one)| (name.clone(), one.clone())).collect(),
    )
}

fn bearer(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    value.strip_prefix("Bearer ").map(|token| token.trim().to_owned())
}

/// The id and the secret of an app may come as a user and a password.
fn basic(headers: &HeaderMap, args: &mut Arguments) {
    let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let Some(decoded) = value.and_then(|value| value.strip_prefix("Basic ")).and_then(oauth::decoded) else { return };
    if let Some((id, secret)) = decoded.split_once(':') {
        args.map.insert("client_id".to_owned(), json!(id));
        args.map.insert("client_secret".to_owned(), json!(secret));
    }
}

/// The token, where it may call the method and did not do so too often.
fn allowed(world: &mut World, method: &Method, token: Option<&str>, now: Duration) -> Result<Grant, Refusal> {
    let nobody = Grant {
        token: String::new(),
        holder: Holder::App,
        app: String::new(),
        team: String::new(),
        user: String::new(),
        scopes: Vec::new(),
        is_revoked: false,
    };
    if method.holders.is_empty() {
        return Ok(nobody);
    }
    let token = token.ok_or_else(|| refused("not_authed"))?;
    let grant = world.grants.get(token).cloned().ok_or_else(|| refused("invalid_auth"))?;
    if grant.is_revoked {
        return Err(refused("token_revoked"));
    }
    if !method.holders.contains(&grant.holder) {
        return Err(refused("not_allowed_token_type"));
    }
    if world.habits.limits && method.name != "chat.postMessage" {
        let is_cut = method.tier == crate::limit::Tier::Cut;
        let often = if is_cut && !world.habits.cut_history { 50 } else { method.tier.per_minute() };
        let key = format!("{} {} {}", method.name, grant.app, grant.team);
        world.limits.take(&key, often, f64::from(often) / 60.0, now).map_err(Refusal::limited)?;
    }
    if !method.scopes.is_empty() && !method.scopes.iter().any(|scope| grant.has(scope)) {
        return Err(missing_scope(method.scopes, &grant));
    }
    Ok(grant)
}
