use std::collections::HashSet;

use monkeyci_model::{BuildId, EventKind, JobId, Millis, Trigger};
use tokio_util::sync::CancellationToken;

use super::BuildRequest;
use crate::build::{Build, IllegalEvent, JobState};
use crate::store::{BuildRow, Commit, JobRow};

/// A build in memory, with the facts that are not durable yet.
pub(super) struct OpenBuild {
    pub(super) id: BuildId,
    pub(super) build: Build,
    /// How many of its events are durable.
    pub(super) events: u64,
    /// What it was asked for with; absent after a restart when nobody could say.
    pub(super) request: Option<BuildRequest>,
    /// Stops what is fetched for it.
    pub(super) cancel: CancellationToken,
    /// What its source warned of, until its script starts.
    pub(super) warnings: Vec<String>,
    facts: Vec<EventKind>,
}

impl OpenBuild {
    pub(super) fn new(id: BuildId, build: Build, events: u64, request: Option<BuildRequest>) -> Self {
        let cancel = CancellationToken::new();
        Self { id, build, events, request, cancel, warnings: Vec::new(), facts: Vec::new() }
    }

    /// Applies a cause; returns how many facts stood before it.
    ///
    /// Jobs that block and were approved beforehand go on at once.
    pub(super) fn apply(&mut self, cause: EventKind) -> Result<usize, IllegalEvent> {
        let before = self.facts.len();
        self.facts.extend(self.build.apply(cause)?);
        self.approve(before);
        Ok(before)
    }

    /// Takes in what the rules of today demand of a build that was replayed; returns how many facts stood before.
    pub(super) fn settle(&mut self) -> usize {
        let before = self.facts.len();
        self.build.settle(&mut self.facts);
        self.approve(before);
        before
    }

    fn approve(&mut self, mut next: usize) {
        let Some(request) = &self.request else { return };
        while let Some(fact) = self.facts.get(next) {
            next += 1;
            if let EventKind::JobBlocked { job_id } = fact
                && request.approve.is_match(job_id.as_str())
            {
                let cause = EventKind::JobUnblocked {
                    job_id: job_id.clone(),
                    actor: Some("approved beforehand".into()),
                    via: None,
                };
                let facts = self.build.apply(cause).expect("a job that just blocked can be let go on");
                self.facts.extend(facts);
            }
        }
    }

    pub(super) fn facts(&self) -> &[EventKind] {
        &self.facts
    }

    pub(super) fn is_dirty(&self) -> bool {
        !self.facts.is_empty()
    }

    /// Hands over the facts that are not durable yet, with the rows that follow from them.
    pub(super) fn commit(&mut self, time: Millis) -> Commit {
        let facts = std::mem::take(&mut self.facts);
        let status = self.build.status();
        let is_new = self.events == 0;
        let build = BuildRow {
            build: self.id.clone(),
            status,
            message: self.build.message().map(str::to_owned),
            trigger: facts.iter().rev().find_map(trigger),
            request: self.request.as_ref().filter(|_| is_new).and_then(|request| request.memo.clone()),
            created: is_new.then_some(time),
            ended: status.is_terminal().then_some(time),
            events: self.events,
        };
        let jobs = self.rows(&facts, time);
        Commit { after: self.events, facts, time, build, jobs }
    }

    /// The rows of the jobs that the facts are about.
    fn rows(&self, facts: &[EventKind], time: Millis) -> Vec<JobRow> {
        let is_start = |fact: &EventKind| matches!(fact, EventKind::ScriptStart { .. });
        let started: HashSet<&JobId> = facts.iter().filter_map(started).collect();
        let row = |job: &JobState| JobRow {
            job: job.job().id.clone(),
            status: job.status(),
            attempt: job.attempt(),
            fence: job.fence(),
            started: started.contains(&job.job().id).then_some(time),
            ended: job.status().is_terminal().then_some(time),
        };
        if facts.iter().any(is_start) {
            return self.build.jobs().iter().map(row).collect();
        }
        let mut seen = HashSet::new();
        let touched = facts.iter().filter_map(EventKind::job_id).filter(|job| seen.insert(*job));
        touched.filter_map(|job| self.build.job(job.as_str())).map(row).collect()
    }
}

fn started(fact: &EventKind) -> Option<&JobId> {
    match fact {
        EventKind::JobStart { job_id, .. } => Some(job_id),
        _ => None,
    }
}

/// What a fact says of why the build runs, without the changed files: lists show it.
fn trigger(fact: &EventKind) -> Option<Box<Trigger>> {
    let trigger = match fact {
        EventKind::BuildTriggered { trigger } => trigger,
        EventKind::BuildStart { trigger } => trigger.as_ref()?,
        _ => return None,
    };
    Some(Box::new(Trigger { changes: None, ..(**trigger).clone() }))
}
