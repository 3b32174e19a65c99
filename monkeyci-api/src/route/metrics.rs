use axum::extract::State as At;
use http::header;

use super::Routes;
use crate::metrics::Text;
use crate::openapi::Operation;
use crate::problem::{Answer, Refusal};
use crate::state::State;
use crate::table::{build, delivery};

pub(super) fn routes(routes: Routes) -> Routes {
    routes.add(Operation::get("/metrics", "What Prometheus gathers").sends("text/plain"), metrics)
}

async fn metrics(At(state): At<State>) -> Answer<([(header::HeaderName, &'static str); 1], String)> {
    if !state.shows_metrics {
        return Err(Refusal::not_found("path"));
    }
    let stored = state.tables.read(|sql| Ok((build::jobs(sql)?, build::position(sql)?, delivery::waiting(sql)?)));
    let (jobs, position, waiting) = stored.await?;
    let mut text = Text::default();
    state.metrics.write(&mut text);
    text.family("monkeyci_deliveries_waiting", "gauge", "Deliveries that are safe, and not looked at yet.");
    text.sample("", &[], waiting);
    text.family("monkeyci_jobs", "gauge", "Jobs of open builds, by how they stand.");
    for status in ["blocked", "queued", "initializing", "running"] {
        text.sample("", &[("status", status)], jobs.get(status).copied().unwrap_or_default());
    }
    text.family("monkeyci_database_position", "counter", "The position of the newest event.");
    text.sample("", &[], position);
    if let Some(bytes) = memory() {
        text.family("process_resident_memory_bytes", "gauge", "Memory of the server's process.");
        text.sample("", &[], bytes);
    }
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text.finish()))
}

/// Bytes of memory that the process has, where the kernel tells (proc_pid_status(5)).
fn memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}
