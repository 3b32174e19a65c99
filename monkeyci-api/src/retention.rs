//! Removing what is older than it is to be kept.

use std::time::Duration;

use monkeyci_core::model::{BuildId, Millis};
use tokio_util::sync::CancellationToken;

use crate::config::Retention;
use crate::problem::Refusal;
use crate::state::{State, now};
use crate::table::{build, delivery, notice, store_entry};

/// How often is looked for what is too old.
const LOOK: Duration = Duration::from_secs(60 * 60);

/// Rows that are looked at, or removed, within one transaction.
const BATCH: u64 = 100;

const DAY: Millis = 24 * 60 * 60 * 1000;

/// Removes what is too old, now and every hour, until it is stopped.
pub async fn run(state: State, stop: CancellationToken) {
    let mut tick = tokio::time::interval(LOOK);
    while stop.run_until_cancelled(tick.tick()).await.is_some() {
        if let Some(Err(refusal)) = stop.run_until_cancelled(tidy(&state, now())).await {
            tracing::warn!(%refusal, "what is too old cannot be removed");
        }
    }
}

/// Removes what is too old at a moment.
///
/// # Errors
/// When something of it cannot be removed; the rest of it stays as well then, until the next time.
pub async fn tidy(state: &State, moment: Millis) -> Result<(), Refusal> {
    let Retention { builds, logs, artifacts, deliveries } = state.retention;
    let before = |days: u32| (days > 0).then(|| moment - Millis::from(days) * DAY);
    if let Some(before) = before(deliveries) {
        while state.tables.write(move |sql| delivery::forget(sql, before, BATCH)).await? == BATCH {}
        while state.tables.write(move |sql| notice::forget(sql, before, BATCH)).await? == BATCH {}
    }
    state.tables.write(move |sql| store_entry::forget(sql, moment)).await?;
    let (builds, logs, artifacts) = (before(builds), before(logs), before(artifacts));
    let Some(youngest) = [builds, logs, artifacts].into_iter().flatten().max() else { return Ok(()) };
    let mut cursor = 0;
    loop {
        let old = state.tables.read(move |sql| build::ended_before(sql, youngest, cursor, BATCH)).await?;
        let Some((last, ..)) = old.last() else { return Ok(()) };
        cursor = *last;
        for (row, build, is_newest) in old {
            let ended = build.ended.unwrap_or(moment);
            let is_due = |before: Option<Millis>| before.is_some_and(|before| ended < before);
            let id = BuildId::new(build.org, build.repo, build.number);
            let is_gone = is_due(builds) && !is_newest;
            if is_due(logs) || is_gone {
                remove_logs(state, &id).await;
            }
            if is_gone || (is_due(artifacts) && !is_newest) {
                state.artifacts.remove(&id).await.map_err(|error| Refusal::bad(error.to_string()))?;
            }
            // Last, since it is by the row that the others are found.
            if is_gone && state.tables.write(move |sql| build::remove(sql, row)).await? {
                tracing::info!(build = %id, "a build was removed, as it is older than builds are kept");
            }
        }
    }
}

async fn remove_logs(state: &State, build: &BuildId) {
    let (logs, of) = (state.logs.clone(), build.clone());
    if let Ok(Err(error)) = tokio::task::spawn_blocking(move || logs.remove(&of)).await {
        tracing::warn!(%build, %error, "the logs of a build cannot be removed");
    }
}
