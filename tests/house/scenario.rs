//! The scenarios of script tests decide as the build machine does.

use monkeyci_core::build::{Build, Phase};
use monkeyci_core::model::job::When;
use monkeyci_core::model::{Cause, EventKind, JobResult, JobStatus};
use monkeyci_sdk::job::{Job, process};
use monkeyci_sdk::scenario::Scenario;
use proptest::prelude::*;
use proptest::sample::Index;

/// Whether a job of a case fails, and whether somebody approves it.
type Fate = (bool, bool);

/// Jobs that wait for jobs before them, each with its fate.
fn cases() -> impl Strategy<Value = Vec<(Job, Fate)>> {
    let when = prop_oneof![3 => Just(When::Success), 1 => Just(When::Failure), 1 => Just(When::Always)];
    let one = (prop::collection::vec(any::<Index>(), 0..4), when, 0..4u8, 0..4u8, any::<Fate>());
    prop::collection::vec(one, 1..10).prop_map(|drawn| {
        let mut jobs: Vec<(Job, Fate)> = Vec::new();
        for (place, (before, when, blocked, allow, fate)) in drawn.into_iter().enumerate() {
            let mut job = process(&format!("j{place}")).when(when);
            for before in before.into_iter().filter(|_| place > 0) {
                job = job.after(&jobs[before.index(place)].0);
            }
            job = if blocked == 0 { job.blocked() } else { job };
            jobs.push((if allow == 0 { job.allow_failure() } else { job }, fate));
        }
        jobs.reverse();
        jobs
    })
}

/// The jobs as the machine leaves them once nothing more can happen.
fn by_the_machine(jobs: &[(Job, Fate)]) -> Build {
    let mut build = Build::default();
    let apply = |build: &mut Build, event| build.apply(event).map(drop).expect("it may happen");
    apply(&mut build, EventKind::BuildTriggered { trigger: Box::default() });
    apply(&mut build, EventKind::BuildInitializing {});
    apply(&mut build, EventKind::BuildStart { trigger: None });
    apply(&mut build, EventKind::ScriptInitializing { script_dir: ".monkeyci".into() });
    let models = jobs.iter().map(|(job, _)| job.model().clone()).collect();
    apply(&mut build, EventKind::ScriptStart { jobs: models, warnings: vec![], tests: None, pipeline: None });
    let mut fence = 0;
    let next = |build: &Build| {
        jobs.iter().find_map(|(job, (fails, approved))| {
            let status = build.job(job.id()).expect("a job").status();
            let moves = status == JobStatus::Queued || (status == JobStatus::Blocked && *approved);
            moves.then(|| (job.model().id.clone(), status, *fails))
        })
    };
    while let Some((job_id, status, fails)) = next(&build).filter(|_| build.phase() != Phase::Ended) {
        if status == JobStatus::Blocked {
            apply(&mut build, EventKind::JobUnblocked { job_id, actor: None, via: None });
            continue;
        }
        fence += 1;
        let worker = "w".to_owned();
        apply(&mut build, EventKind::JobInitializing { job_id: job_id.clone(), attempt: 1, fence, worker });
        let result = Box::new(JobResult { cause: fails.then_some(Cause::Failure), ..JobResult::default() });
        apply(&mut build, EventKind::JobExecuted { job_id, attempt: 1, result });
    }
    build
}

proptest! {
    #[test]
    fn a_scenario_ends_as_the_build_would(jobs in cases()) {
        let mut scenario = Scenario::of(jobs.iter().map(|(job, _)| job.clone()).collect::<Vec<_>>());
        for (job, (fails, approved)) in &jobs {
            scenario = if *fails { scenario.failing(job.id()) } else { scenario };
            scenario = if *approved { scenario.approving(job.id()) } else { scenario };
        }
        let run = scenario.run();
        let build = by_the_machine(&jobs);
        for (job, _) in &jobs {
            let status = build.job(job.id()).expect("a job").status();
            prop_assert_eq!(run.status(job.id()), status, "job {}", job.id());
        }
        let succeeded = build.status() == monkeyci_core::model::BuildStatus::Success;
        prop_assert_eq!(run.succeeded(), succeeded);
    }
}
