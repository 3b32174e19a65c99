//! Builds as the API shows them.

use monkeyci_core::build::{Build as Machine, JobState};
use monkeyci_core::model::{BuildId, EventKind};
use monkeyci_rest::{BuildDetail, JobView, Reported, TakenFrom};

use crate::extract::BuildPath;
use crate::problem::{Answer, Refusal};
use crate::state::State;
use crate::table::{build, report};

/// Where a build is found in the API.
pub fn url(path: &BuildPath) -> String {
    format!("{}/builds/{}", path.repo().url(), path.number)
}

/// A build with its jobs, as far as it has come.
///
/// # Errors
/// When there is no such build, or it cannot be read.
pub async fn build(state: &State, path: &BuildPath) -> Answer<BuildDetail> {
    let (org, repo, number) = (path.org.clone(), path.repo.clone(), path.number);
    let found = state.tables.read(move |sql| {
        let Some(build) = build::find(sql, &org, &repo, number)? else { return Ok(None) };
        let report = report::find(sql, &BuildId::new(org.clone(), repo.clone(), number))?;
        Ok(Some((build, report)))
    });
    let (mut build, report) = found.await?.ok_or_else(|| Refusal::not_found("build"))?;
    let id = path.id();
    let machine = state.engine.snapshot(&id).await?;
    // After the jobs: whatever has ended has the time of its end.
    let (org, repo) = (path.org.clone(), path.repo.clone());
    let times = state.tables.read(move |sql| build::job_times(sql, &org, &repo, number)).await?;
    build.status = machine.status();
    build.message = machine.message().map(str::to_owned);
    // Lists leave out the changed files.
    if let Some(trigger) = machine.trigger() {
        build.trigger = Box::new((**trigger).clone());
    }
    let mut jobs = Vec::with_capacity(machine.jobs().len());
    for job in machine.jobs() {
        let waits = !job.status().is_terminal() && !job.status().is_active();
        let waiting = if waits { state.engine.waiting(&id, &job.job().id).await? } else { None };
        let (started, ended) = times.get(job.job().id.as_str()).copied().unwrap_or_default();
        jobs.push(JobView { waiting, started, ended, ..view(job) });
    }
    let (warnings, pipeline) = if jobs.is_empty() { Default::default() } else { loaded(state, path).await? };
    let report = report.map(|row| Reported { told: row.sent, next: row.next, note: row.note });
    Ok(BuildDetail { build, jobs, warnings, pipeline, report })
}

fn view(job: &JobState) -> JobView {
    let seen = job.view();
    JobView {
        job: seen.job,
        status: seen.status,
        attempt: seen.attempt,
        waiting: job.reason().map(str::to_owned),
        started: None,
        ended: None,
        worker: job.worker().map(str::to_owned),
        result: seen.result,
        held: job.held(),
        shell: job.visitor().map(str::to_owned),
        addresses: seen.addresses,
        taken: job.taken().map(|(build, attempt)| TakenFrom { build: build.clone(), attempt }),
    }
}

/// What the author of the script should know, and the pipeline that stood in for it: both stand among the first events.
async fn loaded(state: &State, path: &BuildPath) -> Answer<(Vec<String>, Option<String>)> {
    let events = state.store.events(&path.id(), 0, 8).await?;
    let found = events.iter().find_map(|event| match &event.kind {
        EventKind::ScriptStart { warnings, pipeline, .. } => Some((warnings.clone(), pipeline.clone())),
        _ => None,
    });
    Ok(found.unwrap_or_default())
}

/// Whether a build has jobs that did not end well.
pub fn is_not_well(build: &Machine) -> bool {
    build.jobs().iter().any(|job| !job.ended_well())
}
