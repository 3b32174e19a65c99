//! Stories of the engine, told with a scripted worker.

mod begin;
mod faults;
mod gate;
#[cfg(feature = "docker")]
mod image;
mod logs;
mod programs;
mod properties;
mod restart;
mod speed;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use monkeyci_model::job::Retry;
use monkeyci_model::{BuildStatus, Cause, Job, JobId, JobResult, JobStatus};
use tokio::task::JoinHandle;

use super::*;
use crate::lease::{Ask, Claim, Lease, Started};

fn id(text: &str) -> JobId {
    text.trim().parse().expect("an id")
}

/// `"b: a"` is job `b` that depends on job `a`.
fn job(line: &str) -> Job {
    let (name, dependencies) = line.split_once(':').unwrap_or((line, ""));
    Job { dependencies: dependencies.split_whitespace().map(id).collect(), ..Job::new(id(name)) }
}

fn jobs(lines: &[&str]) -> BuildRequest {
    BuildRequest::jobs(lines.iter().map(|line| job(line)).collect())
}

/// A worker that answers for every job with what `run` says, and that leaves when the engine ends.
fn worker(engine: &Engine, room: usize, run: impl Fn(&Lease) -> JobResult + Send + Sync + 'static) -> JoinHandle<()> {
    let (leases, run) = (engine.leases(), Arc::new(run));
    let busy = Arc::new(tokio::sync::Semaphore::new(room));
    tokio::spawn(async move {
        loop {
            let first = Arc::clone(&busy).acquire_owned().await.expect("never closed");
            let free = 1 + busy.available_permits();
            let taken = leases.lease(Ask::new("test", free)).await;
            if taken.is_empty() {
                return;
            }
            let mut permit = Some(first);
            for lease in taken {
                let permit = permit.take().or_else(|| Arc::clone(&busy).try_acquire_owned().ok());
                let (leases, run) = (Arc::clone(&leases), Arc::clone(&run));
                tokio::spawn(async move {
                    let _claim = leases.started(&lease.attempt, Started::default()).await;
                    let _claim = leases.result(&lease.attempt, run(&lease)).await;
                    drop(permit);
                });
            }
        }
    })
}

fn well(_: &Lease) -> JobResult {
    JobResult::default()
}

/// What happened, in brief.
async fn story(build: &mut BuildHandle) -> Vec<String> {
    let mut story = Vec::new();
    while let Some(event) = build.try_next().await.expect("its events can be told") {
        story.push(match (&event.kind, event.kind.job_id()) {
            (EventKind::JobEnd { job_id, status, .. }, _) => format!("{job_id} {status}"),
            (EventKind::BuildEnd { status, message: Some(message) }, _) => format!("build {status}: {message}"),
            (EventKind::BuildEnd { status, message: None }, _) => format!("build {status}"),
            (kind, Some(job)) => format!("{job} {}", &kind.name()[4..]),
            (kind, None) => kind.name().to_owned(),
        });
    }
    story
}

/// Returns once the build has an event that `is` is true of.
async fn until(build: &mut BuildHandle, is: impl Fn(&EventKind) -> bool) {
    while !is(&build.try_next().await.expect("its events can be told").expect("it has not ended").kind) {}
}
