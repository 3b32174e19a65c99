use std::collections::BTreeSet;

use monkeyci_sdk::model::job::{Hook, When};
use monkeyci_sdk::model::script::{Context, act_line};
use monkeyci_sdk::model::trigger::{Changes, Git, Trigger};
use monkeyci_sdk::model::{Job, JobId};
use serde_json::json;

use super::same;
use crate::program::Program;

/// A context of a ref, with a param `WHO` and changed files where they are given.
pub(super) fn context(reference: &str, who: Option<&str>, changed: Option<&[&str]>) -> Context {
    let git = Git { reference: Some(reference.to_owned()), main_branch: Some("main".into()), ..Git::default() };
    let modified = |paths: &[&str]| paths.iter().map(|&path| path.to_owned()).collect();
    Context {
        trigger: Trigger {
            git: Some(git),
            changes: changed.map(|paths| Changes { modified: modified(paths), ..Changes::default() }),
            params: who.map(|who| ("WHO".to_owned(), who.into())).into_iter().collect(),
            ..Trigger::default()
        },
        ..Context::default()
    }
}

pub(super) const MAIN: &str = "refs/heads/main";

fn id(text: &str) -> JobId {
    text.parse().unwrap_or_else(|error| panic!("{error}"))
}

fn of(name: &str, line: String) -> Job {
    Job { script: vec![line.into()], ..Job::new(id(name)) }
}

/// The jobs that should be planned.
fn expected(who: &str, docs: bool, tag: Option<&str>) -> Vec<Job> {
    let mut greet = of("greet", act_line(&id("greet")));
    greet.env.insert("WHO".into(), who.into());
    let ask = Job { dependencies: vec![id("test")], when: When::Always, ..of("ask", act_line(&id("ask"))) };
    let mut loud = of("loud", "echo hello".into());
    loud.extensions.insert("loud".into(), json!("!"));
    loud.hooks = moments();
    let deploy =
        |tag: &str| Job { dependencies: vec![id("test")], blocked: true, ..of("deploy", format!("./deploy {tag}")) };
    let mut jobs = vec![of("test", "true".into()), greet, ask];
    jobs.extend(docs.then(|| of("docs", "make docs".into())));
    jobs.push(loud);
    jobs.extend(tag.map(deploy));
    jobs
}

fn moments() -> BTreeSet<Hook> {
    [Hook::Prepare, Hook::After].into()
}

fn planned(program: &Program, context: &Context, expected: &[Job]) -> Result<(), String> {
    let plan = program.plan(context)?;
    let ids = |jobs: &[Job]| jobs.iter().map(|job| job.id.to_string()).collect::<Vec<_>>();
    same("the protocol", &plan.protocol, &1)?;
    same("the jobs", &ids(&plan.jobs), &ids(expected))?;
    let mut pairs = plan.jobs.iter().zip(expected);
    pairs.try_for_each(|(is, should)| same(&format!("job `{}`", should.id), &json!(is), &json!(should)))
}

pub fn branch(program: &Program) -> Result<(), String> {
    planned(program, &context(MAIN, None, None), &expected("world", true, None))
}

pub fn changes(program: &Program) -> Result<(), String> {
    let changed = |paths: &[&str]| context(MAIN, None, Some(paths));
    planned(program, &changed(&["docs/a/b.md"]), &expected("world", true, None))?;
    planned(program, &changed(&["src/docs/a", "docs.md"]), &expected("world", false, None))?;
    planned(program, &changed(&[]), &expected("world", false, None))
}

pub fn tag(program: &Program) -> Result<(), String> {
    planned(program, &context("refs/tags/v1", None, Some(&[])), &expected("world", false, Some("v1")))
}

pub fn params(program: &Program) -> Result<(), String> {
    let long = "x".repeat(1 << 20);
    for who in ["", "Zoë \u{1f435}", "a \"b\" \\ $HOME `x`\n\ttwo", &long] {
        planned(program, &context(MAIN, Some(who), Some(&[])), &expected(who, false, None))?;
    }
    Ok(())
}

pub fn same_plan(program: &Program) -> Result<(), String> {
    let context = context("refs/tags/v1", Some("ann"), None);
    let (one, two) = (program.plan(&context)?, program.plan(&context)?);
    same("the second plan", &json!(two), &json!(one))
}

pub fn extensions(program: &Program) -> Result<(), String> {
    let plan = program.plan(&context(MAIN, None, None))?;
    same("the properties", &plan.extensions, &[("loud".to_owned(), moments())].into())
}
