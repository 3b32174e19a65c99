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

/// Something that happens to one of the jobs, possible or not.
fn cause() -> impl Strategy<Value = (u8, prop::sample::Index, u32, Option<Cause>)> {
    let cause = prop_oneof![
        4 => Just(None),
        2 => Just(FAILED),
        1 => Just(Some(Cause::Lost)),
        1 => Just(Some(Cause::Canceled)),
    ];
    (0..40u8, any::<prop::sample::Index>(), 0..2u32, cause)
}

/// Feeds causes, then lets every open job run to its end; returns all facts.
fn play(jobs: &[Job], causes: Vec<(u8, prop::sample::Index, u32, Option<Cause>)>) -> (Build, Vec<EventKind>) {
    let mut build = Build::default();
    let mut facts = Vec::new();
    let mut fence = 0;
    let mut feed = |build: &mut Build, cause: EventKind| {
        let before = format!("{build:?}");
        match build.apply(cause) {
            Ok(more) => facts.extend(more),
            Err(_) => assert_eq!(before, format!("{build:?}"), "an illegal event left a trace"),
        }
    };
    feed(&mut build, EventKind::BuildTriggered { trigger: Box::default() });
    feed(&mut build, EventKind::BuildInitializing {});
    feed(&mut build, EventKind::BuildStart { trigger: None });
    feed(&mut build, EventKind::ScriptInitializing { script_dir: ".monkeyci".into() });
    feed(&mut build, EventKind::ScriptStart { jobs: jobs.to_vec(), warnings: vec![] });
    for (what, which, attempt, cause) in causes {
        if jobs.is_empty() {
            break;
        }
        let job_id = jobs[which.index(jobs.len())].id.clone();
        let attempt = build.job(job_id.as_str()).expect("a job").attempt() + attempt;
        fence += 1;
        let result = Box::new(JobResult { cause, ..JobResult::default() });
        feed(
            &mut build,
            match what {
                0 => EventKind::BuildCanceled { actor: None, reason: None },
                1 => EventKind::JobCanceled { job_id, actor: None, reason: None },
                2..8 => EventKind::JobUnblocked { job_id, actor: None },
                8..20 => EventKind::JobInitializing { job_id, attempt, fence, worker: "w".into() },
                20..28 => EventKind::JobStart { job_id, attempt, guarantee: None },
                28..38 => EventKind::JobExecuted { job_id, attempt, result },
                38 => EventKind::JobQueued { job_id, attempt },
                _ => EventKind::JobEnd { job_id, status: JobStatus::Success, cause: None },
            },
        );
    }
    for _ in 0..jobs.len() * 20 {
        for job in jobs {
            let state = build.job(job.id.as_str()).expect("a job");
            let (job_id, attempt) = (job.id.clone(), state.attempt());
            fence += 1;
            match state.status() {
                JobStatus::Blocked => feed(&mut build, EventKind::JobUnblocked { job_id, actor: None }),
                JobStatus::Queued => {
                    feed(&mut build, EventKind::JobInitializing { job_id, attempt, fence, worker: "w".into() });
                }
                JobStatus::Initializing | JobStatus::Running => {
                    feed(&mut build, EventKind::JobExecuted { job_id, attempt, result: Box::default() });
                }
                _ => {}
            }
        }
    }
    (build, facts)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(600) })]

    #[test]
    fn every_build_ends_and_is_what_its_events_say(jobs in jobs(), causes in prop::collection::vec(cause(), 0..80)) {
        let (build, facts) = play(&jobs, causes);
        prop_assert!(build.status().is_terminal(), "{:?}", build.status());
        prop_assert!(build.jobs().iter().all(|job| job.status().is_terminal()));

        let again = Build::replay(&facts).expect("facts can be replayed");
        prop_assert_eq!(again.status(), build.status());
        prop_assert_eq!(again.jobs(), build.jobs());
        let mut more = Vec::new();
        let mut again = again;
        again.settle(&mut more);
        prop_assert!(more.is_empty(), "something was left to decide: {more:?}");
    }

    #[test]
    fn nothing_starts_twice_or_too_early_and_nothing_is_skipped_that_could_run(
        jobs in jobs(),
        causes in prop::collection::vec(cause(), 0..80),
    ) {
        let (_, facts) = play(&jobs, causes);
        let by_id: BTreeMap<&JobId, &Job> = jobs.iter().map(|job| (&job.id, job)).collect();
        let mut ended: BTreeMap<&JobId, JobStatus> = BTreeMap::new();
        let mut attempts: BTreeSet<(&JobId, u32)> = BTreeSet::new();
        let mut build_canceled = false;
        for fact in &facts {
            let well = |id: &JobId| match ended.get(id) {
                Some(JobStatus::Success) => Some(true),
                Some(JobStatus::Failure | JobStatus::Error) => Some(by_id[id].allow_failure),
                Some(_) => Some(false),
                None => None,
            };
            match fact {
                EventKind::BuildCanceled { .. } => build_canceled = true,
                EventKind::JobQueued { job_id, attempt } => {
                    prop_assert!(attempts.insert((job_id, *attempt)), "{job_id} started twice");
                    prop_assert!(!build_canceled, "{job_id} started in a canceled build");
                    let job = by_id[job_id];
                    prop_assert!(*attempt <= job.retry.max + 1);
                    let mut all = job.dependencies.iter().map(well);
                    let may = match job.when {
                        When::Success => all.all(|well| well == Some(true)),
                        _ => all.all(|well| well.is_some()),
                    };
                    prop_assert!(may, "{job_id} started too early");
                }
                EventKind::JobSkipped { job_id, .. } => {
                    let job = by_id[job_id];
                    let all_well = job.dependencies.iter().all(|id| well(id) == Some(true));
                    let needless = job.when == When::Failure;
                    let could = job.when == When::Always || (all_well && !needless);
                    prop_assert!(build_canceled || !could, "{job_id} could run");
                    prop_assert!(ended.insert(job_id, JobStatus::Skipped).is_none());
                }
                EventKind::JobEnd { job_id, status, .. } => {
                    prop_assert!(ended.insert(job_id, *status).is_none(), "{job_id} ended twice");
                }
                _ => {}
            }
        }
    }
}
