use axum::extract::State as At;
use http::StatusCode;
use monkeyci_core::store::Sql;
use schemars::JsonSchema;
use serde::Serialize;

use super::Routes;
use crate::openapi::Operation;
use crate::problem::Answer;
use crate::state::State;

/// What runs.
#[derive(Debug, Serialize, JsonSchema)]
struct Version {
    /// Its version.
    version: &'static str,
}

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .add(Operation::get("/healthz", "Whether the process lives").sends("text/plain"), healthz)
        .add(Operation::get("/readyz", "Whether it can work").sends("text/plain"), readyz)
        .add(Operation::get("/v1/version", "Which version runs").answers::<Version>(StatusCode::OK), version)
}

async fn healthz() -> &'static str {
    "ok\n"
}

async fn readyz(At(state): At<State>) -> Answer<&'static str> {
    state.tables.read(|sql: &mut dyn Sql| sql.query("SELECT 1", &[]).map(drop)).await?;
    Ok("ok\n")
}

async fn version() -> axum::Json<Version> {
    axum::Json(Version { version: env!("CARGO_PKG_VERSION") })
}
