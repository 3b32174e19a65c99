use axum::extract::State as Shared;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use serde_json::Value;

use super::Routes;
use crate::json::Json;
use crate::openapi::Operation;
use crate::problem::Answer;
use crate::state::State;

/// How long others may keep what is said here: far less than a key is shown before it signs.
const KEEP: &str = "public, max-age=600";

pub(super) fn routes(routes: Routes) -> Routes {
    let discovery = Operation::get("/.well-known/openid-configuration", "The issuer of the ID tokens of jobs");
    let keys = Operation::get("/.well-known/jwks.json", "The keys that sign ID tokens of jobs");
    routes
        .add(discovery.answers::<Value>(StatusCode::OK), show_discovery)
        .add(keys.answers::<Value>(StatusCode::OK), show_keys)
}

async fn show_discovery(Shared(state): Shared<State>) -> Response {
    ([(header::CACHE_CONTROL, KEEP)], Json(state.issuer.discovery())).into_response()
}

async fn show_keys(Shared(state): Shared<State>) -> Answer<Response> {
    Ok(([(header::CACHE_CONTROL, KEEP)], Json(state.issuer.public().await?)).into_response())
}
