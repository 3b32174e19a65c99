//! A script program, asked as MonkeyCI asks it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use monkeyci_sdk::model::script::{ANSWER, Answer, Context, Prepared, QUESTION, Question};
use monkeyci_sdk::model::trigger::{Git, Trigger};
use monkeyci_sdk::model::{Job, JobResult, Plan};
use serde_json::{Value, json};

/// The example `greeter`, which cargo builds together with the tests.
fn greeter() -> PathBuf {
    let mut path = std::env::current_exe().expect("this program has a path");
    path.pop();
    path.pop();
    path.join("examples/greeter")
}

struct Asked {
    output: Output,
    answer: Option<Vec<u8>>,
}

fn ask(words: &[&str], question: &Value) -> Asked {
    let dir = tempfile::tempdir().expect("a folder");
    let (asked, answer) = (dir.path().join("question"), dir.path().join("answer"));
    std::fs::write(&asked, question.to_string()).expect("written");
    let mut command = Command::new(greeter());
    let output = command.args(words).env(QUESTION, &asked).env(ANSWER, &answer).output().expect("it starts");
    Asked { output, answer: std::fs::read(answer).ok() }
}

fn context(who: Option<&str>, tag: Option<&str>) -> Context {
    let git = tag.map(|tag| Git { reference: Some(format!("refs/tags/{tag}")), ..Git::default() });
    let params = who.map(|who| ("WHO".to_owned(), who.into())).into_iter().collect();
    Context { trigger: Trigger { git, params, ..Trigger::default() }, ..Context::default() }
}

fn question(context: Context, job: Option<Job>) -> Value {
    json!(Question { protocol: 1, context, job, result: None })
}

fn planned(context: &Context) -> Vec<Job> {
    let asked = ask(&["plan"], &question(context.clone(), None));
    assert!(asked.output.status.success(), "{asked:?}");
    let plan: Plan = serde_json::from_slice(&asked.answer.expect("an answer")).expect("a plan");
    plan.jobs
}

fn stderr(asked: &Asked) -> String {
    String::from_utf8_lossy(&asked.output.stderr).into_owned()
}

#[test]
fn jobs_follow_from_the_context() {
    let ids = |context: &Context| planned(context).iter().map(|job| job.id.to_string()).collect::<Vec<_>>();
    assert_eq!(ids(&context(None, None)), ["test", "greet", "loud"]);
    assert_eq!(ids(&context(None, Some("v1"))), ["test", "greet", "loud", "deploy"]);
}

#[test]
fn an_action_adds_to_the_result_and_its_output_is_log() {
    let context = context(Some("ann"), None);
    let greet = planned(&context).remove(1);
    let asked = ask(&["act", "greet"], &question(context, Some(greet)));
    assert!(asked.output.status.success(), "{asked:?}");
    assert_eq!(asked.output.stdout, b"hello ann\n");
    let answer: Answer = serde_json::from_slice(&asked.answer.expect("an answer")).expect("an answer");
    assert_eq!((answer.message.as_deref(), answer.values["letters"].as_u64()), (Some("greeted ann"), Some(3)));
}

#[test]
fn an_action_that_fails_says_why_and_ends_with_1() {
    let context = context(Some("nobody"), None);
    let greet = planned(&context).remove(1);
    let asked = ask(&["act", "greet"], &question(context, Some(greet)));
    assert_eq!(asked.output.status.code(), Some(1));
    assert_eq!(stderr(&asked), "error: there is nobody to greet\n");
    let answer: Answer = serde_json::from_slice(&asked.answer.expect("an answer")).expect("an answer");
    assert_eq!(answer.failure.as_deref(), Some("there is nobody to greet"));
}

#[test]
fn a_plugin_changes_a_job_before_and_looks_at_its_result_after() {
    let context = context(None, None);
    let loud = planned(&context).remove(2);
    assert_eq!(json!(loud.hooks), json!(["prepare", "after"]));
    let asked = ask(&["prepare", "loud"], &question(context.clone(), Some(loud.clone())));
    let prepared: Prepared = serde_json::from_slice(&asked.answer.expect("an answer")).expect("a job");
    assert_eq!(prepared.job.script, ["echo hello".into(), "echo !".into()]);
    assert_eq!(prepared.job.hooks, loud.hooks);

    let after = |job: &Job, exit| {
        let result = Some(JobResult { exit: Some(exit), ..JobResult::default() });
        let asked = ask(
            &["after", job.id.as_str()],
            &json!(Question { protocol: 1, context: context.clone(), job: Some(job.clone()), result }),
        );
        assert!(asked.output.status.success(), "{asked:?}");
        serde_json::from_slice::<Answer>(&asked.answer.expect("an answer")).expect("an answer")
    };
    assert_eq!(after(&loud, 0).values["loud"], true);
    assert_eq!(after(&loud, 3).failure.as_deref(), Some("it was not loud: Some(3)"));

    // A job of a file beside the script, which has the property.
    let mut other = Job::new("other".parse().expect("an id"));
    other.extensions = loud.extensions.clone();
    assert_eq!(after(&other, 0).values["loud"], true);
    let test = planned(&context).remove(0);
    let nothing = ask(&["prepare", "test"], &question(context.clone(), Some(test)));
    assert!(nothing.output.status.success() && nothing.answer.is_none(), "{nothing:?}");
    let alone = ask(&["after", "loud"], &question(context.clone(), Some(loud)));
    assert!(stderr(&alone).contains("the question holds no result"), "{alone:?}");
    other.extensions.clear();
    let gone = ask(&["prepare", "other"], &question(context, Some(other)));
    assert!(stderr(&gone).contains("job `other` was planned, and now"), "{gone:?}");
}

#[test]
fn a_job_that_would_be_planned_otherwise_is_refused_with_the_difference() {
    let greet = planned(&context(Some("ann"), None)).remove(1);
    let asked = ask(&["act", "greet"], &question(context(Some("bob"), None), Some(greet.clone())));
    assert_eq!(asked.output.status.code(), Some(1));
    assert!(stderr(&asked).contains("`env.WHO`: planned \"ann\", now \"bob\""), "{asked:?}");
    assert!(asked.output.stdout.is_empty() && asked.answer.is_none(), "the action did not run");

    let gone = ask(&["act", "deploy"], &question(context(None, None), Some(greet)));
    assert!(stderr(&gone).contains("now the script plans only `test`, `greet`, `loud`"), "{gone:?}");
}

#[test]
fn what_is_no_question_is_refused_in_words() {
    let newer = ask(&["plan"], &json!({ "protocol": 9, "new": true }));
    assert!(stderr(&newer).contains("asks by protocol 9, and this script answers by 1"), "{newer:?}");
    let broken = ask(&["plan"], &json!([]));
    assert!(stderr(&broken).contains("question`: invalid"), "{broken:?}");
    let alone = ask(&["act", "greet"], &question(context(None, None), None));
    assert!(stderr(&alone).contains("the question holds no job"), "{alone:?}");
    for words in [&[][..], &["build"], &["plan", "more"]] {
        let usage = ask(words, &json!({}));
        assert_eq!(usage.output.status.code(), Some(2), "{usage:?}");
        assert!(stderr(&usage).contains("This is a build script of MonkeyCI"), "{usage:?}");
    }
    let output = Command::new(greeter()).arg("plan").env_remove(QUESTION).output().expect("it starts");
    assert!(String::from_utf8_lossy(&output.stderr).contains("`MONKEYCI_SCRIPT_QUESTION` is not set"));
    assert!(Path::new(&greeter()).is_file());
}

impl std::fmt::Debug for Asked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}: {}", self.output.status, stderr(self))
    }
}
