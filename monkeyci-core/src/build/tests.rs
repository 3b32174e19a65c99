//! Stories of the machine: causes in, brief facts out.

mod properties;

use monkeyci_model::job::{Retry, When};
use monkeyci_model::{BuildStatus, Cause, EventKind, Job, JobId, JobResult, Trigger};

use super::*;

fn id(text: &str) -> JobId {
    text.trim().parse().expect("an id")
}

/// `"b: a"` is job `b` that depends on job `a`.
fn job(line: &str) -> Job {
    let (name, dependencies) = line.split_once(':').unwrap_or((line, ""));
    Job { dependencies: dependencies.split_whitespace().map(id).collect(), ..Job::new(id(name)) }
}

/// A build whose script was just loaded, and what followed from that.
fn script(jobs: Vec<Job>) -> (Build, Vec<String>) {
    let mut build = Build::default();
    for cause in [
        EventKind::BuildTriggered { trigger: Box::new(Trigger::default()) },
        EventKind::BuildInitializing {},
        EventKind::BuildStart { trigger: None },
        EventKind::ScriptInitializing { script_dir: ".monkeyci".into() },
    ] {
        build.apply(cause).expect("a build begins");
    }
    let facts =
        build.apply(EventKind::ScriptStart { jobs, warnings: vec![], tests: None, pipeline: None }).expect("a script");
    (build, brief(&facts[1..]))
}

fn brief(facts: &[EventKind]) -> Vec<String> {
    let brief = |fact: &EventKind| match fact {
        EventKind::JobQueued { job_id, attempt: 1 } => format!("{job_id} queued"),
        EventKind::JobQueued { job_id, attempt } => format!("{job_id} queued ({attempt})"),
        EventKind::JobSkipped { job_id, reason } => format!("{job_id} skipped: {reason}"),
        EventKind::JobEnd { job_id, status, .. } => format!("{job_id} {status}"),
        EventKind::BuildEnd { status, message: None } => format!("build {status}"),
        EventKind::BuildEnd { status, message: Some(message) } => format!("build {status}: {message}"),
        other => other.job_id().map_or(other.name().to_owned(), |job| format!("{job} {}", &other.name()[4..])),
    };
    facts.iter().filter(|fact| fact.name() != "script/end").map(brief).collect()
}

impl Build {
    /// A worker takes the job and runs it to its end; what follows from the end.
    fn run(&mut self, job: &str, cause: Option<Cause>) -> Vec<String> {
        self.lease(job);
        self.execute(job, cause)
    }

    fn lease(&mut self, job: &str) {
        let state = self.job(job).expect("a job");
        let (attempt, fence) = (state.attempt(), state.fence() + 1);
        let worker = "w1".to_owned();
        self.apply(EventKind::JobInitializing { job_id: id(job), attempt, fence, worker }).expect("it was queued");
        self.apply(EventKind::JobStart { job_id: id(job), attempt, guarantee: None, job: None, addresses: Vec::new() })
            .expect("it was leased");
    }

    fn execute(&mut self, job: &str, cause: Option<Cause>) -> Vec<String> {
        let attempt = self.job(job).expect("a job").attempt();
        let result = Box::new(JobResult { cause, ..JobResult::default() });
        brief(&self.apply(EventKind::JobExecuted { job_id: id(job), attempt, result }).expect("it ran")[1..])
    }
}

fn canceled(build: &mut Build) -> Vec<String> {
    brief(&build.apply(EventKind::BuildCanceled { actor: None, via: None, reason: None }).expect("it was open")[1..])
}

const OK: Option<Cause> = None;
const FAILED: Option<Cause> = Some(Cause::Failure);

#[test]
fn jobs_run_once_what_they_depend_on_has_ended_well() {
    let (mut build, facts) = script(vec![job("d: b c"), job("b: a"), job("c: a"), job("a")]);
    assert_eq!(facts, ["a queued"]);
    assert_eq!(build.run("a", OK), ["a success", "b queued", "c queued"]);
    assert_eq!(build.run("c", OK), ["c success"]);
    assert_eq!(build.run("b", OK), ["b success", "d queued"]);
    assert_eq!(build.run("d", OK), ["d success", "build success"]);
    assert_eq!(build.status(), BuildStatus::Success);
}

#[test]
fn a_failure_skips_its_dependents_at_once_and_nothing_else() {
    let (mut build, _) =
        script(vec![job("lint"), job("test"), job("pack: test"), job("deploy: pack lint"), job("docs")]);
    assert_eq!(build.run("lint", FAILED), ["lint failure", "deploy skipped: `lint` failed"]);
    assert_eq!(build.run("test", OK), ["test success", "pack queued"]);
    build.run("pack", OK);
    assert_eq!(build.run("docs", OK), ["docs success", "build failure: failed: `lint`"]);
}

#[test]
fn when_says_which_outcome_a_job_waits_for() {
    let tell = |when| Job { when, ..job("tell: b") };
    let table = [
        (When::Success, OK, "tell queued"),
        (When::Success, FAILED, "tell skipped: `b` was skipped"),
        (When::Failure, OK, "tell skipped: nothing before it failed"),
        // `b` is skipped, but because of a failure before it.
        (When::Failure, FAILED, "tell queued"),
        (When::Always, OK, "tell queued"),
        (When::Always, FAILED, "tell queued"),
    ];
    for (when, cause, expected) in table {
        let (mut build, _) = script(vec![job("a"), job("b: a"), tell(when)]);
        let mut facts = build.run("a", cause);
        if cause == OK {
            facts = build.run("b", OK);
        }
        assert!(facts.iter().any(|fact| fact == expected), "{when:?} after {cause:?}: {facts:?}");
    }
}

#[test]
fn an_allowed_failure_counts_as_a_success() {
    let (mut build, _) = script(vec![Job { allow_failure: true, ..job("flaky") }, job("deploy: flaky")]);
    assert_eq!(build.run("flaky", FAILED), ["flaky failure", "deploy queued"]);
    assert_eq!(build.run("deploy", OK), ["deploy success", "build success"]);
}

#[test]
fn what_is_ours_to_mend_outweighs_what_is_the_users() {
    let (mut build, _) = script(vec![Job { retry: Retry::never(), ..job("a") }, job("b")]);
    assert_eq!(build.run("a", Some(Cause::Infrastructure)), ["a error"]);
    assert_eq!(build.run("b", FAILED), ["b failure", "build error: broke: `a`"]);
}

#[test]
fn a_retry_is_a_new_attempt_by_cause() {
    let (mut build, _) = script(vec![Job { retry: Retry::times(2), ..job("a") }]);
    assert_eq!(build.run("a", FAILED), ["a queued (2)"]);
    assert_eq!(build.run("a", Some(Cause::Timeout)), ["a queued (3)"]);
    assert_eq!(build.run("a", FAILED), ["a failure", "build failure: failed: `a`"]);

    let (mut build, _) = script(vec![job("lost"), Job { retry: Retry::never(), ..job("deploy") }]);
    assert_eq!(build.run("lost", Some(Cause::Lost)), ["lost queued (2)"]);
    assert_eq!(build.run("deploy", Some(Cause::Lost)), ["deploy error"]);
}

#[test]
fn a_blocked_job_waits_for_a_person_and_holds_nothing() {
    let gate = Job { blocked: true, ..job("gate: a") };
    let (mut build, _) = script(vec![job("a"), gate.clone(), job("z: gate")]);
    assert_eq!(build.run("a", OK), ["a success", "gate blocked"]);
    assert_eq!(build.status(), BuildStatus::Blocked);
    let unblocked = EventKind::JobUnblocked { job_id: id("gate"), actor: Some("ann".into()), via: None };
    assert_eq!(brief(&build.apply(unblocked.clone()).expect("it was blocked")[1..]), ["gate queued"]);
    assert_eq!(build.status(), BuildStatus::Running);
    assert!(build.apply(unblocked).is_err(), "nobody unblocks twice");

    let (mut build, _) = script(vec![job("a"), gate, job("z: gate")]);
    build.run("a", OK);
    let rejected =
        EventKind::JobCanceled { job_id: id("gate"), actor: Some("bob".into()), via: None, reason: Some("no".into()) };
    let facts = brief(&build.apply(rejected).expect("it was blocked")[1..]);
    assert_eq!(facts, ["gate canceled", "z skipped: `gate` was canceled", "build canceled: canceled: `gate`"]);
}

#[test]
fn cancel_stops_what_runs_and_stays_the_last_word() {
    let (mut build, _) = script(vec![job("a"), job("b"), job("c: a"), Job { when: When::Always, ..job("d: a") }]);
    build.lease("a");
    let facts = canceled(&mut build);
    let reason = "skipped: the build was canceled";
    assert_eq!(facts, [format!("b {reason}"), format!("c {reason}"), format!("d {reason}")]);
    assert_eq!(build.execute("a", Some(Cause::Canceled)), ["a canceled", "build canceled"]);
    assert!(build.apply(EventKind::BuildCanceled { actor: None, via: None, reason: None }).is_err(), "it is over");
}

#[test]
fn what_is_canceled_stays_so_though_its_worker_is_lost_or_the_build_breaks() {
    let (mut build, _) = script(vec![job("a"), job("b")]);
    build.lease("a");
    build.lease("b");
    let alone = EventKind::JobCanceled { job_id: id("a"), actor: None, via: None, reason: None };
    build.apply(alone).expect("it runs");
    assert_eq!(build.execute("a", Some(Cause::Lost)), ["a canceled"]);
    assert_eq!(build.execute("b", OK), ["b success", "build canceled: canceled: `a`"]);

    let (mut build, _) = script(vec![job("a"), job("b")]);
    build.lease("a");
    build.lease("b");
    let because = |reason: &str| EventKind::BuildCanceled { actor: None, via: None, reason: Some(reason.into()) };
    build.apply(because("enough")).expect("it is open");
    build.apply(because("really")).expect("somebody else asks");
    assert_eq!(build.execute("a", Some(Cause::Lost)), ["a canceled"]);
    let broken = EventKind::ScriptEnd { status: BuildStatus::Error, message: Some("the disk is full".into()) };
    assert_eq!(brief(&build.apply(broken).expect("it is open")[1..]), ["b error", "build canceled: enough"]);
    assert_eq!((build.status(), build.message()), (BuildStatus::Canceled, Some("enough")));
}

#[test]
fn an_attempt_is_leased_and_started_once() {
    let (mut build, _) = script(vec![job("a")]);
    build.lease("a");
    let started =
        EventKind::JobStart { job_id: id("a"), attempt: 1, guarantee: None, job: None, addresses: Vec::new() };
    let error = build.apply(started).expect_err("it runs");
    assert_eq!(error.to_string(), "`job/start` cannot happen to job `a`, which is running");
    let leased = EventKind::JobInitializing { job_id: id("a"), attempt: 1, fence: 9, worker: "w2".into() };
    build.apply(leased).expect_err("it runs");

    let (mut build, _) = script(vec![job("a")]);
    let lease = |fence| EventKind::JobInitializing { job_id: id("a"), attempt: 1, fence, worker: "w1".into() };
    build.apply(lease(1)).expect("it is queued");
    build.apply(lease(2)).expect_err("it is leased");
}

#[test]
fn a_build_that_is_canceled_before_its_script_ends_at_once() {
    let mut build = Build::default();
    build.apply(EventKind::BuildTriggered { trigger: Box::default() }).expect("a build begins");
    build.apply(EventKind::BuildInitializing {}).expect("a build begins");
    assert_eq!(canceled(&mut build), ["build canceled"]);
    assert!(build.apply(EventKind::BuildStart { trigger: None }).is_err(), "a late checkout changes nothing");
    assert_eq!(build.status(), BuildStatus::Canceled);
}

#[test]
fn a_script_that_cannot_be_loaded_ends_the_build() {
    let mut build = Build::default();
    for cause in [
        EventKind::BuildTriggered { trigger: Box::default() },
        EventKind::BuildInitializing {},
        EventKind::BuildStart { trigger: None },
        EventKind::ScriptInitializing { script_dir: ".monkeyci".into() },
    ] {
        build.apply(cause).expect("a build begins");
    }
    let cycle =
        EventKind::ScriptStart { jobs: vec![job("a: b"), job("b: a")], warnings: vec![], tests: None, pipeline: None };
    let error = build.apply(cycle).expect_err("no build");
    assert_eq!(error.to_string(), "jobs wait for each other: `a` → `b` → `a`");
    let end = EventKind::ScriptEnd { status: BuildStatus::Failure, message: Some(error.to_string()) };
    let facts = brief(&build.apply(end).expect("it was loading")[1..]);
    assert_eq!(facts, ["build failure: jobs wait for each other: `a` → `b` → `a`"]);
}

#[test]
fn a_script_without_jobs_is_a_success() {
    let (build, facts) = script(vec![]);
    assert_eq!(facts, ["build success"]);
    assert_eq!(build.status(), BuildStatus::Success);
}

#[test]
fn an_answer_of_an_older_attempt_changes_nothing() {
    let (mut build, _) = script(vec![Job { retry: Retry::times(1), ..job("a") }]);
    build.run("a", FAILED);
    build.lease("a");
    let old = EventKind::JobExecuted { job_id: id("a"), attempt: 1, result: Box::default() };
    let error = build.apply(old).expect_err("an old answer");
    assert_eq!(error.to_string(), "`job/executed` speaks of attempt 1 of job `a`, the newest is 2");
    assert_eq!(build.execute("a", OK), ["a success", "build success"]);
}

#[test]
fn whether_something_failed_does_not_depend_on_which_job_ended_first() {
    let jobs = || {
        let at = |line: &str, when| Job { when, ..job(line) };
        vec![
            job("test"),
            at("never", When::Failure),
            job("deploy: never test"),
            at("tell: deploy", When::Failure),
            at("clean: deploy", When::Always),
        ]
    };
    let (mut build, facts) = script(jobs());
    // `deploy` is skipped at once, but what comes after it has to know how `test` ends.
    let certain = ["test queued", "never skipped: nothing before it failed", "deploy skipped: `never` was skipped"];
    assert_eq!(facts, certain);
    assert_eq!(build.run("test", FAILED), ["test failure", "tell queued", "clean queued"]);

    let (mut build, _) = script(jobs());
    assert_eq!(build.run("test", OK), ["test success", "tell skipped: `deploy` was skipped", "clean queued"]);
}

#[test]
fn what_is_taken_over_has_ended_well_and_what_comes_after_it_runs_at_once() {
    let taken = |name: &str| EventKind::JobTaken {
        job_id: id(name),
        from: "acme/web/build-1".parse().expect("a build"),
        attempt: 2,
        result: Box::new(JobResult { exit: Some(0), ..JobResult::default() }),
    };
    let mut build = Build::default();
    assert!(build.apply(taken("a")).is_err(), "nothing is taken over before the script is loaded");
    for cause in [
        EventKind::BuildTriggered { trigger: Box::new(Trigger::default()) },
        EventKind::BuildInitializing {},
        EventKind::BuildStart { trigger: None },
        EventKind::ScriptInitializing { script_dir: ".monkeyci".into() },
        taken("a"),
        taken("gone"),
    ] {
        build.apply(cause).expect("a build begins");
    }
    let jobs = vec![Job { blocked: true, ..job("a") }, job("b: a"), job("c")];
    let start = EventKind::ScriptStart { jobs, warnings: vec![], tests: None, pipeline: None };
    let facts = build.apply(start).expect("a script");
    let ended = |fact: &EventKind| matches!(fact, EventKind::JobEnd { job_id, status: JobStatus::Success, .. } if *job_id == id("a"));
    let queued = |name: &'static str| move |fact: &EventKind| matches!(fact, EventKind::JobQueued { job_id, .. } if *job_id == id(name));
    assert!(facts.iter().any(ended) && facts.iter().any(queued("b")) && facts.iter().any(queued("c")), "{facts:?}");
    let a = build.job("a").expect("a job");
    assert_eq!((a.attempt(), a.taken().map(|(_, attempt)| attempt)), (0, Some(2)));
    assert_eq!(a.result().and_then(|result| result.exit), Some(0));
    assert!(build.apply(taken("b")).is_err(), "nor once it runs");
    assert!(build.job("b").is_some_and(|b| b.taken().is_none()));
}

#[test]
fn a_failure_that_is_taken_over_is_one() {
    let result = JobResult { cause: Some(Cause::Failure), exit: Some(3), ..JobResult::default() };
    let from = "acme/web/build-1".parse().expect("a build");
    let mut build = Build::default();
    for cause in [
        EventKind::BuildTriggered { trigger: Box::new(Trigger::default()) },
        EventKind::BuildInitializing {},
        EventKind::BuildStart { trigger: None },
        EventKind::ScriptInitializing { script_dir: ".monkeyci".into() },
        EventKind::JobTaken { job_id: id("a"), from, attempt: 1, result: Box::new(result) },
    ] {
        build.apply(cause).expect("a build begins");
    }
    let jobs = vec![job("a"), job("b: a"), job("c")];
    build.apply(EventKind::ScriptStart { jobs, warnings: vec![], tests: None, pipeline: None }).expect("a script");
    let status = |name: &str| build.job(name).map(JobState::status);
    assert_eq!(status("a"), Some(JobStatus::Failure));
    assert_eq!(status("b"), Some(JobStatus::Skipped), "it comes after a failure");
    assert_eq!(status("c"), Some(JobStatus::Queued));
}
