use monkeyci_sdk::model::script::{Answer, Prepared};
use monkeyci_sdk::model::{Job, JobResult};
use serde_json::json;

use super::plan::{MAIN, context};
use super::same;
use crate::program::{Asked, Program, question};

fn ask(program: &Program, verb: &str, job: &Job, exit: i32) -> Result<Asked, String> {
    let result = (verb == "after").then(|| JobResult { exit: Some(exit), ..JobResult::default() });
    program.ask(&[verb, job.id.as_str()], &question(&context(MAIN, None, None), Some(job), result), None)
}

fn prepared(program: &Program, job: &Job) -> Result<(), String> {
    let asked = ask(program, "prepare", job, 0)?;
    asked.well()?;
    let mut expected = job.clone();
    expected.script.push("echo !".into());
    same("the job", &json!(asked.read::<Prepared>()?.job), &json!(expected))
}

fn judged(program: &Program, job: &Job) -> Result<(), String> {
    let asked = ask(program, "after", job, 0)?;
    asked.well()?;
    same("the values", &json!(asked.read::<Answer>()?.values), &json!({ "loud": true }))?;
    let asked = ask(program, "after", job, 3)?;
    asked.well()?;
    same("the failure", &asked.read::<Answer>()?.failure.as_deref(), &Some("it was not loud: 3"))
}

pub fn prepare(program: &Program) -> Result<(), String> {
    let context = context(MAIN, None, None);
    prepared(program, &program.job(&context, "loud")?)?;
    let asked = ask(program, "prepare", &program.job(&context, "test")?, 0)?;
    asked.well()?;
    let changed = asked.answer.as_ref().map(|_| asked.read::<Prepared>()).transpose()?;
    let test = program.job(&context, "test")?;
    match changed {
        Some(Prepared { job }) if job != test => Err("it should leave `test` as it is".into()),
        _ => Ok(()),
    }
}

pub fn after(program: &Program) -> Result<(), String> {
    judged(program, &program.job(&context(MAIN, None, None), "loud")?)
}

pub fn other(program: &Program) -> Result<(), String> {
    let loud = program.job(&context(MAIN, None, None), "loud")?;
    let id = "of-a-file".parse().map_err(|error| format!("{error}"))?;
    let other = Job { id, work_dir: Some("sub".into()), ..loud };
    prepared(program, &other)?;
    judged(program, &other)
}

pub fn otherwise(program: &Program) -> Result<(), String> {
    let mut loud = program.job(&context(MAIN, None, None), "loud")?;
    loud.script.insert(0, "echo what was planned".into());
    for verb in ["prepare", "after"] {
        let asked = ask(program, verb, &loud, 0)?;
        if asked.status.success() {
            return Err(format!("it should refuse to `{verb}` a job that it would plan otherwise"));
        }
    }
    Ok(())
}
