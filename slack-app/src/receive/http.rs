//! Slack comes by HTTP: each request is checked, answered at once, and what it asks is done afterwards.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use http::{HeaderMap, StatusCode, header};
use serde::Deserialize;

use super::payload::Incoming;
use super::replay::Heard;
use super::signature;
use crate::app::{App, Reply};
use crate::house::now;
use crate::slack::Secret;

/// Bytes of a request, at most.
const MOST: usize = 1024 * 1024;

/// What the handlers share.
#[derive(Clone)]
struct Shared {
    app: Arc<App>,
    secret: Secret,
    heard: Arc<Heard>,
}

/// What Slack's page says as it sends somebody back.
#[derive(Debug, Default, Deserialize)]
struct Back {
    code: Option<String>,
    state: Option<String>,
    error: Option<String>,
}

/// The routes: Slack may be told any of the first four for everything.
pub fn router(app: Arc<App>, secret: Secret) -> Router {
    let shared = Shared { app, secret, heard: Arc::default() };
    Router::new()
        .route("/slack/commands", post(receive))
        .route("/slack/events", post(receive))
        .route("/slack/interactivity", post(receive))
        .route("/slack/options", post(receive))
        .route("/slack/install", get(install))
        .route("/slack/oauth", get(installed))
        .route("/healthz", get(|| async { "ok\n" }))
        .layer(DefaultBodyLimit::max(MOST))
        .with_state(shared)
}

async fn receive(State(shared): State<Shared>, headers: HeaderMap, body: Bytes) -> Response {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let (time, sign) = (text("x-slack-request-timestamp"), text("x-slack-signature"));
    if let Err(forged) = signature::check(&shared.secret, time, sign, &body, now() / 1000) {
        tracing::warn!(%forged, "a request is not believed");
        return (StatusCode::UNAUTHORIZED, format!("{forged}\n")).into_response();
    }
    let name = format!("{time:?} {sign:?}");
    if !shared.heard.is_new(&name) {
        return (StatusCode::UNAUTHORIZED, "the request was sent before\n").into_response();
    }
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    match shared.app.receive(Incoming::of_body(kind, &body)).await {
        Reply::Json(answer) => axum::Json(answer).into_response(),
        Reply::Heard => StatusCode::OK.into_response(),
        Reply::Unheard => {
            // Within the second, it is signed alike when it comes again.
            shared.heard.forget(&name);
            (StatusCode::SERVICE_UNAVAILABLE, "the server is away: send it again\n").into_response()
        }
    }
}

async fn install(State(shared): State<Shared>) -> Response {
    match shared.app.installer.begin().await {
        Ok(url) => Redirect::temporary(&url).into_response(),
        Err(why) => (StatusCode::NOT_FOUND, format!("{why}\n")).into_response(),
    }
}

async fn installed(State(shared): State<Shared>, Query(back): Query<Back>) -> Response {
    if let Some(error) = back.error {
        let error: String = error.chars().filter(char::is_ascii_graphic).take(60).collect();
        return (StatusCode::BAD_REQUEST, format!("Slack did not install the app: {error}\n")).into_response();
    }
    let (code, state) = (back.code.unwrap_or_default(), back.state.unwrap_or_default());
    match shared.app.installer.finish(&code, &state).await {
        Ok(team) => format!("The app is installed in {team}. Go on in Slack: `/build help`.\n").into_response(),
        Err(why) => (StatusCode::BAD_REQUEST, format!("{why}\n")).into_response(),
    }
}
