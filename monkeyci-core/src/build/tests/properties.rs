//! What holds in whatever order events come.

use std::collections::{BTreeMap, BTreeSet};

use monkeyci_model::JobStatus;
use proptest::prelude::*;

use super::*;

/// Jobs that depend only on jobs before them, in an order that hides it.
fn jobs() -> impl Strategy<Value = Vec<Job>> {
    let when = prop_oneof![5 => Just(When::Success), 1 => Just(When::Failure), 1 => Just(When::Always)];
    let one = (prop::collection::vec(any::<prop::sample::Index>(), 0..4), when, 0..10u8, 0..10u8, 0..3u32);
    prop::collection::vec(one, 0..12).prop_map(|drawn| {
        let mut jobs: Vec<Job> = Vec::new();
        for (place, (before, when, blocked, allow, retry)) in drawn.into_iter().enumerate() {
            let mut job = Job::new(id(&format!("j{place}")));
            if place > 0 {
                let before: BTreeSet<usize> = before.iter().map(|index| index.index(place)).collect();
                job.dependencies = before.into_iter().map(|before| id(&format!("j{before}"))).collect();
            }
            job.when = when;
            job.blocked = blocked == 0;
            job.allow_failure = allow == 0;
            job.retry = if retry == 2 { Retry::never() } else { Retry::times(retry) };
            jobs.push(job);
        }
        jobs.reverse();
        jobs
    })
}

/// Something that may happen: which of `told`, to which job, to which attempt from the newest, and how it ends.
type Happening = (u8, prop::sample::Index, u32, Option<Cause>);

/// What happens to jobs mostly, and now and then to the build.
fn cause() -> impl Strategy<Value = Happening> {
    let cause = prop_oneof![
        4 => Just(None),
        2 => Just(FAILED),
        1 => Just(Some(Cause::Lost)),
        1 => Just(Some(Cause::Canceled)),
    ];
    let what = prop_oneof![60 => 12..50_u8, 1 => 0..12_u8];
    (what, any::<prop::sample::Index>(), 0..2u32, cause)
}

/// Anything, in any order.
fn anything() -> impl Strategy<Value = Happening> {
    (prop_oneof![0..7_u8, 0..50_u8], any::<prop::sample::Index>(), 0..2u32, Just(None))
}

fn told((what, which, attempt, cause): Happening, fence: u64, build: &Build, jobs: &[Job]) -> EventKind {
    let job_id = jobs.get(which.index(jobs.len().max(1))).map_or_else(|| id("none"), |job| job.id.clone());
    let attempt = build.job(job_id.as_str()).map_or(0, JobState::attempt) + attempt;
    match what {
        0 => EventKind::BuildTriggered { trigger: Box::default() },
        1 => EventKind::BuildInitializing {},
        2 => EventKind::BuildStart { trigger: None },
        3 => EventKind::ScriptInitializing { script_dir: ".monkeyci".into() },
        4 => EventKind::ScriptStart { jobs: jobs.to_vec(), warnings: vec![], tests: None, pipeline: None },
        5 => EventKind::BuildEnd { status: BuildStatus::Error, message: None },
        6 => EventKind::ScriptEnd { status: BuildStatus::Success, message: None },
        7 => EventKind::ScriptEnd { status: BuildStatus::Error, message: None },
        8 | 9 => EventKind::BuildCanceled { actor: None, via: None, reason: None },
        10 => EventKind::JobQueued { job_id, attempt },
        11 => EventKind::JobEnd { job_id, status: JobStatus::Success, cause: None },
        12 | 13 => EventKind::JobCanceled { job_id, actor: None, via: None, reason: None },
        14..20 => EventKind::JobUnblocked { job_id, actor: None, via: None },
        20..32 => EventKind::JobInitializing { job_id, attempt, fence, worker: "w".into() },
        32..40 => EventKind::JobStart { job_id, attempt, guarantee: None, job: None, addresses: Vec::new() },
        _ => {
            let result = Box::new(JobResult { cause, ..JobResult::default() });
            EventKind::JobExecuted { job_id, attempt, result }
        }
    }
}

/// Whether it is known for good what a job came to: one may be skipped while some before it still run.
fn is_settled(build: &Build, job: &JobState) -> bool {
    let before = |id: &JobId| is_settled(build, build.job(id.as_str()).expect("a job"));
    match job.status() {
        JobStatus::Skipped => job.job().dependencies.iter().all(before),
        status => status.is_terminal(),
    }
}

/// Tells the build something. What cannot happen leaves no trace, and what can leaves nothing to decide.
fn feed(build: &mut Build, cause: EventKind, facts: &mut Vec<EventKind>) {
    let before = format!("{build:?}");
    match build.apply(cause) {
        Ok(more) => facts.extend(more),
        Err(_) => assert_eq!(before, format!("{build:?}"), "an illegal event left a trace"),
    }
    for job in build.jobs().iter().filter(|job| job.status() == JobStatus::Pending) {
        let before = |id: &JobId| build.job(id.as_str()).expect("a job");
        let mut before = job.job().dependencies.iter().map(before);
        let waits = match job.job().when {
            When::Success => before.clone().all(|job| !job.status().is_terminal() || job.ended_well()),
            _ => true,
        };
        assert!(waits && before.any(|job| !is_settled(build, job)), "{} is forgotten", job.job().id);
    }
}

/// Feeds causes, then lets every open job run to its end; returns all facts.
fn play(jobs: &[Job], causes: Vec<Happening>) -> (Build, Vec<EventKind>) {
    let mut build = Build::default();
    let mut facts = Vec::new();
    for cause in [
        EventKind::BuildTriggered { trigger: Box::default() },
        EventKind::BuildInitializing {},
        EventKind::BuildStart { trigger: None },
        EventKind::ScriptInitializing { script_dir: ".monkeyci".into() },
        EventKind::ScriptStart { jobs: jobs.to_vec(), warnings: vec![], tests: None, pipeline: None },
    ] {
        feed(&mut build, cause, &mut facts);
    }
    let mut fence = 0;
    for cause in causes {
        fence += 1;
        let cause = told(cause, fence, &build, jobs);
        feed(&mut build, cause, &mut facts);
    }
    for _ in 0..jobs.len() * 20 {
        for job in jobs {
            let state = build.job(job.id.as_str()).expect("a job");
            let (job_id, attempt) = (job.id.clone(), state.attempt());
            fence += 1;
            match state.status() {
                JobStatus::Blocked => {
                    feed(&mut build, EventKind::JobUnblocked { job_id, actor: None, via: None }, &mut facts);
                }
                JobStatus::Queued => {
                    let worker = "w".to_owned();
                    let leased = EventKind::JobInitializing { job_id, attempt, fence, worker };
                    feed(&mut build, leased, &mut facts);
                }
                JobStatus::Initializing | JobStatus::Running => {
                    let executed = EventKind::JobExecuted { job_id, attempt, result: Box::default() };
                    feed(&mut build, executed, &mut facts);
                }
                _ => {}
            }
        }
    }
    (build, facts)
}

/// The build that its facts tell of is the same, and nothing more follows from them.
fn is_what_its_facts_say(build: &Build, facts: &[EventKind]) {
    let mut again = Build::replay(facts).expect("facts can be replayed");
    assert_eq!((again.status(), again.phase()), (build.status(), build.phase()));
    assert_eq!((again.is_canceled(), again.message()), (build.is_canceled(), build.message()));
    assert_eq!(again.jobs(), build.jobs());
    let mut more = Vec::new();
    again.settle(&mut more);
    assert!(more.is_empty(), "something was left to decide: {more:?}");
}

/// Jobs by their ids, and how those that have ended did, by the facts so far.
struct Told<'a> {
    jobs: BTreeMap<&'a JobId, &'a Job>,
    ended: BTreeMap<&'a JobId, JobStatus>,
}

impl Told<'_> {
    fn well(&self, id: &JobId) -> Option<bool> {
        let status = self.ended.get(id)?;
        let failed = matches!(status, JobStatus::Failure | JobStatus::Error);
        Some(*status == JobStatus::Success || (failed && self.jobs[id].allow_failure))
    }

    /// Whether it failed, or was skipped after something that did; nothing while that is open.
    fn failed(&self, id: &JobId) -> Option<bool> {
        match self.ended.get(id)? {
            JobStatus::Failure | JobStatus::Error => Some(self.well(id) == Some(false)),
            JobStatus::Skipped => self.some_failed(self.jobs[id]),
            _ => Some(false),
        }
    }

    fn some_failed(&self, job: &Job) -> Option<bool> {
        job.dependencies.iter().try_fold(false, |failed, id| Some(failed | self.failed(id)?))
    }

    /// Whether a job may start, and whether it may be skipped.
    fn may(&self, job: &Job) -> (bool, bool) {
        let well = || job.dependencies.iter().map(|id| self.well(id));
        let failed = self.some_failed(job);
        match job.when {
            When::Success => (well().all(|well| well == Some(true)), well().any(|well| well == Some(false))),
            When::Failure => (failed == Some(true), failed == Some(false)),
            When::Always => (failed.is_some(), false),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn every_build_ends_and_is_what_its_events_say(jobs in jobs(), causes in prop::collection::vec(cause(), 0..80)) {
        let (build, facts) = play(&jobs, causes);
        prop_assert!(build.status().is_terminal(), "{:?}", build.status());
        prop_assert!(build.jobs().iter().all(|job| job.status().is_terminal()));
        is_what_its_facts_say(&build, &facts);
    }

    #[test]
    fn whatever_is_told_in_whatever_order_a_build_is_what_its_events_say(
        jobs in jobs(),
        causes in prop::collection::vec(anything(), 0..80),
    ) {
        let (mut build, mut facts) = (Build::default(), Vec::new());
        for (cause, fence) in causes.into_iter().zip(1..) {
            let cause = told(cause, fence, &build, &jobs);
            feed(&mut build, cause, &mut facts);
        }
        is_what_its_facts_say(&build, &facts);
    }

    #[test]
    fn nothing_starts_twice_or_too_early_and_nothing_is_skipped_that_could_run(
        jobs in jobs(),
        causes in prop::collection::vec(cause(), 0..80),
    ) {
        let (_, facts) = play(&jobs, causes);
        let mut told = Told { jobs: jobs.iter().map(|job| (&job.id, job)).collect(), ended: BTreeMap::new() };
        let mut once: BTreeSet<(&str, &JobId, u32)> = BTreeSet::new();
        let mut stopped = false;
        for fact in &facts {
            match fact {
                EventKind::BuildCanceled { .. } | EventKind::ScriptEnd { status: BuildStatus::Error, .. } => stopped = true,
                EventKind::ScriptEnd { .. } => prop_assert_eq!(told.ended.len(), jobs.len(), "it ended too early"),
                EventKind::JobQueued { attempt, .. }
                | EventKind::JobInitializing { attempt, .. }
                | EventKind::JobStart { attempt, .. }
                | EventKind::JobExecuted { attempt, .. } => {
                    let job_id = fact.job_id().expect("a job's");
                    prop_assert!(once.insert((fact.name(), job_id, *attempt)), "{} {job_id} twice", fact.name());
                    prop_assert!(!told.ended.contains_key(job_id), "{} {job_id} after its end", fact.name());
                }
                _ => {}
            }
            match fact {
                EventKind::JobBlocked { job_id } | EventKind::JobQueued { job_id, .. } => {
                    let job = told.jobs[job_id];
                    prop_assert!(!stopped, "{job_id} started in a build that was stopped");
                    prop_assert!(told.may(job).0, "{job_id} started too early");
                    if let EventKind::JobQueued { attempt, .. } = fact {
                        prop_assert!(*attempt <= job.retry.max + 1);
                    }
                }
                EventKind::JobSkipped { job_id, .. } => {
                    prop_assert!(stopped || told.may(told.jobs[job_id]).1, "{job_id} could run, or may yet");
                    let before = told.ended.insert(job_id, JobStatus::Skipped);
                    prop_assert!(before.is_none(), "{job_id} ended twice");
                }
                EventKind::JobEnd { job_id, status, .. } => {
                    prop_assert!(told.ended.insert(job_id, *status).is_none(), "{job_id} ended twice");
                }
                _ => {}
            }
        }
    }
}
