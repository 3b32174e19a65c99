//! Builds of a store as a server would show them, so that they are drawn alike.

use std::collections::HashMap;

use monkeyci_client::rest::{Build, BuildDetail, JobView, TakenFrom};
use monkeyci_core::build::{Build as Machine, JobState};
use monkeyci_core::model::EventKind;
use monkeyci_core::store::{BuildRow, JobRow, Store as _};

use super::{Stored, Told, ours};
use crate::error::{CliError, chain};

/// A build in a list.
pub fn listed(row: BuildRow) -> Build {
    Build {
        org: row.build.org,
        repo: row.build.repo,
        number: row.build.number,
        status: row.status,
        message: row.message,
        trigger: row.trigger.unwrap_or_default(),
        created: row.created.unwrap_or_default(),
        ended: row.ended,
        events: row.events,
    }
}

/// A build with its jobs.
pub async fn detail(stored: &Stored, row: BuildRow) -> Result<BuildDetail, CliError> {
    let events = stored.objects.events(&row.build, 0, usize::MAX).await.map_err(ours)?;
    let times = stored.objects.jobs(&row.build).await.map_err(ours)?;
    let times: HashMap<_, _> = times.iter().map(|job| (job.job.as_str(), job)).collect();
    let machine = Machine::replay(events.iter().map(|event| &event.kind));
    let machine = machine.map_err(|error| CliError::ours(format!("build {}: {}", row.build, chain(&error))))?;
    let jobs = machine.jobs().iter().map(|job| view(job, times.get(job.job().id.as_str()).copied())).collect();
    let loaded = events.iter().find_map(|event| match &event.kind {
        EventKind::ScriptStart { warnings, pipeline, .. } => Some((warnings.clone(), pipeline.clone())),
        _ => None,
    });
    let (warnings, pipeline) = loaded.unwrap_or_default();
    let report = Told::of(stored.objects.bucket(), &row.build).await.map_err(ours)?.map(Told::shown);
    Ok(BuildDetail { build: listed(row), jobs, warnings, pipeline, report })
}

fn view(job: &JobState, row: Option<&JobRow>) -> JobView {
    let seen = job.view();
    JobView {
        job: seen.job,
        status: seen.status,
        attempt: seen.attempt,
        waiting: job.reason().map(str::to_owned),
        started: row.and_then(|row| row.started),
        ended: row.and_then(|row| row.ended),
        worker: job.worker().map(str::to_owned),
        result: seen.result,
        held: job.held(),
        shell: job.visitor().map(str::to_owned),
        addresses: seen.addresses,
        taken: job.taken().map(|(build, attempt)| TakenFrom { build: build.clone(), attempt }),
    }
}
