use axum::extract::State as At;
use http::StatusCode;
use monkeyci_core::store::Sql;
use rustix::fs::statvfs;
use serde::Serialize;

use super::Routes;
use crate::json::Json;
use crate::openapi::Operation;
use crate::problem::{Answer, Refusal};
use crate::state::State;

/// Bytes of room below which it takes in nothing for long.
const ROOM: u64 = 2 * 1024 * 1024;

/// What runs.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
    // Where it cannot be known, nothing speaks against it.
    let free = statvfs(&state.folder).map_or(u64::MAX, |disk| disk.f_bavail.saturating_mul(disk.f_frsize));
    if free < ROOM {
        let detail = format!("the disk of its state has {free} bytes left: make room, or shorten `[retention]`");
        return Err(Refusal::new(StatusCode::SERVICE_UNAVAILABLE, detail));
    }
    Ok("ok\n")
}

async fn version() -> Json<Version> {
    Json(Version { version: env!("CARGO_PKG_VERSION") })
}
