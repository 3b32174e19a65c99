//! The JSON of everything that crosses a process boundary, frozen.
//!
//! A change here is a change of the wire: old events must still be read.

use monkeyci_model::job::{Artifact, Cache, Health, Hook, IdToken, Report, Retry, SaveWhen, Service, When};
use monkeyci_model::result::{Guarantee, LineResult, SavedFile, TestCase, TestProblem, TestSuite};
use monkeyci_model::script::api::{Address, Build, JobView, Place, Restored};
use monkeyci_model::script::{Answer, Context, Prepared, Question, changed_order};
use monkeyci_model::text::Part;
use monkeyci_model::trigger::{Changes, Git, PullRequest, Retry as RetryOf, ScriptOf, Source};
use monkeyci_model::{
    BuildStatus, Cause, Event, EventKind, Job, JobId, JobResult, JobStatus, Plan, SecretRef, Text, Trigger,
};
use serde_json::json;

fn id(text: &str) -> JobId {
    text.parse().expect("an id")
}

fn trigger() -> Trigger {
    let token = Text::secret(SecretRef { name: "TOKEN".into(), version: 3 });
    Trigger {
        source: Source::GithubWebhook,
        actor: Some("ann".into()),
        via: None,
        git: Some(Git {
            url: Some("https://git.example.com/acme/web.git".into()),
            reference: Some("refs/heads/main".into()),
            commit_id: Some("0123456789abcdef0123456789abcdef01234567".into()),
            main_branch: Some("main".into()),
            message: Some("mend the fence".into()),
            author: Some("Ann".into()),
            author_email: Some("ann@example.com".into()),
        }),
        pull_request: None,
        changes: Some(Changes { modified: ["src/lib.rs".to_owned()].into(), ..Changes::default() }),
        params: [("STAGE".to_owned(), Text::from("prod")), ("TOKEN".to_owned(), token)].into(),
        upstream: vec!["acme/lib/build-7".parse().expect("an id")],
        fork: true,
        hold: Some(1_800_000),
        retry: Some(RetryOf { of: "acme/web/build-11".parse().expect("an id"), failed: true, job: None }),
        script: Some(ScriptOf::Base { branch: "main".into(), commit_id: "f".repeat(40) }),
    }
}

fn job() -> Job {
    let token = Part::Secret { secret: SecretRef { name: "TOKEN".into(), version: 3 } };
    let artifact = |save| Artifact { id: "jar".into(), path: "target/app.jar".into(), save };
    let mut job = Job::new(id("deploy"));
    job.image = Some("docker.io/alpine:3".into());
    job.script = vec!["make".into(), Text::from_parts(vec![Part::Plain("curl -H ".into()), token])];
    job.env = [("STAGE".to_owned(), Text::from("prod"))].into();
    job.id_tokens = [("AWS_TOKEN".to_owned(), IdToken::new("sts.amazonaws.com"))].into();
    job.work_dir = Some("app".into());
    job.dependencies = vec![id("test")];
    job.when = When::Always;
    job.blocked = true;
    job.allow_failure = true;
    job.retry = Retry { max: 1, on: [Cause::Timeout, Cause::Lost].into() };
    job.timeout = Some(60_000);
    job.concurrency_group = Some("prod".into());
    job.environment = Some("production".into());
    job.save_artifacts = vec![artifact(SaveWhen::Always)];
    job.restore_artifacts = vec![artifact(SaveWhen::Success)];
    job.caches = vec![Cache {
        id: "m2".into(),
        path: ".m2".into(),
        key: Some("{{ hash \"pom.xml\" }}".into()),
        fallbacks: vec!["main".into()],
        save: SaveWhen::Success,
    }];
    job.reports = vec![Report { format: Default::default(), path: "target/*.xml".into() }];
    job.services = vec![Service {
        id: id("db"),
        image: "postgres:17".into(),
        ports: vec![5432],
        env: Default::default(),
        command: vec![],
        health: Some(Health { command: "pg_isready".into(), timeout: 5_000 }),
    }];
    job.expose = vec![8080];
    job.resources.cpus = Some(2.0);
    job.labels = [("team".to_owned(), "web".to_owned())].into();
    job.extensions.insert("x-note".into(), json!({"by": "ann"}));
    job.hooks = [Hook::After, Hook::Prepare].into();
    job
}

fn result() -> JobResult {
    JobResult {
        cause: Some(Cause::Failure),
        message: Some("line 2 ended with 7".into()),
        exit: Some(7),
        lines: vec![LineResult { index: 0, exit: Some(0), duration: 12, log_offset: 0 }],
        log_bytes: Some(4096),
        guarantee: Some(Guarantee::PidNamespace),
        artifacts: vec![SavedFile { id: "jar".into(), path: "target/app.jar".into(), size: 10, digest: "ab".into() }],
        warnings: vec!["artifact `docs` was not there".into()],
        tests: vec![TestSuite {
            name: "unit".into(),
            tests: 1,
            failures: 1,
            time: 0.5,
            test_cases: vec![TestCase {
                test_case: "adds".into(),
                class_name: "math".into(),
                failures: vec![TestProblem { message: "1 != 2".into(), ..TestProblem::default() }],
                ..TestCase::default()
            }],
            ..TestSuite::default()
        }],
        values: serde_json::Map::from_iter([("coverage".to_owned(), json!(81.5))]),
    }
}

fn address() -> Address {
    Address { exposed: 8080, host: "127.0.0.1".into(), port: 20_000 }
}

fn events() -> Vec<EventKind> {
    let job_id = || id("deploy");
    let (actor, reason) = (|| Some("ann".to_owned()), || Some("superseded".to_owned()));
    let via = || Some("acme/slack".to_owned());
    vec![
        EventKind::BuildTriggered { trigger: Box::new(trigger()) },
        EventKind::BuildInitializing {},
        EventKind::BuildStart { trigger: None },
        EventKind::BuildCanceled { actor: actor(), via: via(), reason: reason() },
        EventKind::BuildEnd { status: BuildStatus::Failure, message: Some("failed: `test`".into()) },
        EventKind::ScriptInitializing { script_dir: ".monkeyci".into() },
        EventKind::JobTaken {
            job_id: job_id(),
            from: "acme/web/build-11".parse().expect("an id"),
            attempt: 1,
            result: Box::new(JobResult { cause: None, ..result() }),
        },
        EventKind::ScriptStart {
            jobs: vec![Job::new(id("test"))],
            warnings: vec!["careful".into()],
            tests: Some(3),
            pipeline: None,
        },
        EventKind::ScriptEnd { status: BuildStatus::Success, message: None },
        EventKind::JobQueued { job_id: job_id(), attempt: 1 },
        EventKind::JobBlocked { job_id: job_id() },
        EventKind::JobUnblocked { job_id: job_id(), actor: actor(), via: via() },
        EventKind::JobCanceled { job_id: job_id(), actor: actor(), via: via(), reason: reason() },
        EventKind::JobSkipped { job_id: job_id(), reason: "`test` failed".into() },
        EventKind::JobInitializing { job_id: job_id(), attempt: 2, fence: 41, worker: "w1".into() },
        EventKind::JobStart {
            job_id: job_id(),
            attempt: 2,
            guarantee: Some(Guarantee::Subreaper),
            job: Some(Box::new(Job::new(job_id()))),
            addresses: vec![address()],
        },
        EventKind::JobHeld {
            job_id: job_id(),
            attempt: 2,
            until: 1_750_001_800_000,
            message: Some("line 1 of 2 (`make`) ended with code 2".into()),
        },
        EventKind::ShellStart { job_id: job_id(), attempt: 2, actor: "ann".into() },
        EventKind::ShellEnd { job_id: job_id(), attempt: 2, actor: "ann".into() },
        EventKind::JobExecuted { job_id: job_id(), attempt: 2, result: Box::new(JobResult::default()) },
        EventKind::JobEnd { job_id: job_id(), status: JobStatus::Error, cause: Some(Cause::Lost) },
        EventKind::CommandStart { job_id: job_id(), attempt: 2, index: 0 },
        EventKind::CommandEnd { job_id: job_id(), attempt: 2, index: 0, exit: 7 },
    ]
}

#[test]
fn every_event_keeps_its_json() {
    let mut frozen = String::new();
    for (place, kind) in (1u64..).zip(events()) {
        let name = kind.name();
        let subject = "acme/web/build-12".parse().expect("a build id");
        let event = Event { position: 100 + place, subject, seq: place, time: 1_750_000_000_000, kind };
        let json = serde_json::to_string(&event).expect("serializes");
        assert!(json.contains(&format!(r#""type":"{name}""#)), "{json}");
        assert_eq!(serde_json::from_str::<Event>(&json).expect("reads back"), event);
        frozen.push_str(&json);
        frozen.push('\n');
    }
    insta::assert_snapshot!("events", frozen);
}

#[test]
fn a_job_keeps_its_json_and_says_nothing_that_is_default() {
    insta::assert_json_snapshot!("job", job());
    let json = serde_json::to_value(job()).expect("serializes");
    assert_eq!(serde_json::from_value::<Job>(json).expect("reads back"), job());
    assert_eq!(serde_json::to_string(&Job::new(id("test"))).expect("serializes"), r#"{"id":"test"}"#);
    assert_eq!(serde_json::from_str::<Job>(r#"{"id":"test"}"#).expect("reads back"), Job::new(id("test")));
}

#[test]
fn a_pull_request_keeps_its_json_and_is_on_no_branch() {
    let request = PullRequest {
        number: 7,
        title: Some("Mend the fence".into()),
        source_branch: "main".into(),
        target_branch: "main".into(),
        author: Some("ann".into()),
        url: Some("https://git.example.com/acme/web/pull/7".into()),
        labels: ["urgent".to_owned()].into(),
        draft: true,
    };
    let trigger = Trigger { pull_request: Some(request), ..trigger() };
    insta::assert_json_snapshot!("pull-request", trigger.pull_request);
    let json = serde_json::to_value(&trigger).expect("serializes");
    assert_eq!(serde_json::from_value::<Trigger>(json).expect("reads back"), trigger);
    assert_eq!(trigger.branch(), None);
    let least = json!({"number": 7, "sourceBranch": "a", "targetBranch": "b"});
    let read: PullRequest = serde_json::from_value(least.clone()).expect("reads");
    assert_eq!(serde_json::to_value(read).expect("serializes"), least);
}

#[test]
fn a_result_keeps_its_json() {
    insta::assert_json_snapshot!("result", result());
    let json = serde_json::to_value(result()).expect("serializes");
    assert_eq!(serde_json::from_value::<JobResult>(json).expect("reads back"), result());
}

#[test]
fn a_plan_says_its_protocol() {
    let json = serde_json::to_string(&Plan::from(vec![Job::new(id("test"))])).expect("serializes");
    assert_eq!(json, r#"{"protocol":1,"jobs":[{"id":"test"}]}"#);
}

/// Whoever writes a client reads these; a change must be seen in review.
#[cfg(feature = "schema")]
#[test]
fn the_schemas_are_as_published() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas");
    for (name, schema) in monkeyci_model::schema::schemas() {
        let path = folder.join(format!("{name}.json"));
        let made = serde_json::to_string_pretty(&schema).expect("JSON") + "\n";
        if std::env::var_os("MONKEYCI_UPDATE").is_some() {
            std::fs::write(&path, &made).expect("written");
        }
        let published = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(published == made, "{} is not true; MONKEYCI_UPDATE=1 writes it anew:\n{made}", path.display());
    }
    let known = monkeyci_model::schema::schemas().len();
    assert_eq!(std::fs::read_dir(folder).expect("a folder").count(), known, "a schema of something that is gone");
}

#[test]
fn what_a_script_program_is_asked_and_answers() {
    let context = Context {
        build: Some("acme/web/build-12".parse().expect("a build")),
        trigger: trigger(),
        archs: vec![monkeyci_model::job::Arch::Amd],
    };
    let act = Question { protocol: 1, context, job: Some(job()), result: None };
    let plan = Question { job: None, context: Context::default(), ..act.clone() };
    let after = Question { result: Some(result()), ..act.clone() };
    let answer = Answer {
        failure: Some("too many files".into()),
        message: Some("3 files".into()),
        warnings: vec!["one is large".into()],
        values: [("files".to_owned(), json!(3))].into_iter().collect(),
    };
    insta::assert_json_snapshot!(
        "script",
        json!({
            "act": act,
            "plan": plan,
            "after": after,
            "prepared": Prepared { job: Job::new(id("test")) },
            "answer": answer,
            "none": Answer::default(),
        })
    );
    let back: Question = serde_json::from_value(json!(act)).expect("reads back");
    assert_eq!(back, act);
}

#[test]
fn what_an_action_and_its_build_say_to_each_other() {
    let build = "acme/web/build-12".parse().expect("a build");
    let view = JobView {
        job: job(),
        status: JobStatus::Running,
        attempt: 2,
        result: Some(result()),
        addresses: vec![address()],
    };
    insta::assert_json_snapshot!(
        "api",
        json!({
            "build": Build { id: build, job: id("deploy"), attempt: 1, trigger: trigger() },
            "job": view,
            "artifact": Place { path: "target".into(), ..Place::default() },
            "cache": Place { path: ".m2".into(), key: Some("m2".into()), fallbacks: vec!["m".into()] },
            "restored": Restored { found: true, exact: false },
        })
    );
}

#[test]
fn what_decides_when_a_job_runs_is_fixed_once_it_is_about_to() {
    let planned = job();
    let mut prepared = planned.clone();
    prepared.image = None;
    prepared.script.push("make more".into());
    prepared.env.clear();
    assert_eq!(changed_order(&planned, &prepared), None);
    prepared.retry = Retry::default();
    assert_eq!(changed_order(&planned, &prepared), Some("retry"));
    prepared.dependencies.clear();
    assert_eq!(changed_order(&planned, &prepared), Some("dependencies"));
}
