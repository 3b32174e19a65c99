//! The program that a script is: the verbs of the [protocol](monkeyci_model::script).

mod difference;

use std::env;
use std::ffi::OsString;
use std::fmt::Display;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use monkeyci_model::plan::PROTOCOL;
use monkeyci_model::script::{ANSWER, QUESTION, Question};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::action::Act;
use crate::context::Ctx;
use crate::plan::Plan;
use difference::difference;

const USAGE: &str = "\
This is a build script of MonkeyCI. It is run by `monkeyci build`, which asks it
    plan      for the jobs of a build
    act ID    to run the action of a job
See what it plans with `monkeyci plan`, and run its tests with `monkeyci test`.";

/// Answers one question of MonkeyCI with the plan that `plan` makes; [`main!`](crate::main) calls this.
pub fn run<P: Into<Plan>>(plan: impl Fn(&Ctx) -> P) -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let answered = match words.as_slice() {
        ["plan"] => answer_plan(|ctx| plan(ctx).into()).map(|()| ExitCode::SUCCESS),
        ["act", id] => act(id, |ctx| plan(ctx).into()),
        _ => {
            tell(USAGE);
            return ExitCode::from(2);
        }
    };
    answered.unwrap_or_else(|error| {
        tell(&format!("error: {error}"));
        ExitCode::FAILURE
    })
}

fn answer_plan(plan: impl Fn(&Ctx) -> Plan) -> Result<(), String> {
    let question = question()?;
    answer(&plan(&question.context.into()).to_model())
}

/// Runs the action of a job. It ends with 1 when the action failed, and says why in the log.
fn act(id: &str, plan: impl Fn(&Ctx) -> Plan) -> Result<ExitCode, String> {
    let question = question()?;
    let planned = question.job.ok_or("the question holds no job: `act` needs the job as it was planned")?;
    let ctx = Ctx::from(question.context);
    let plan = plan(&ctx);
    let Some(job) = plan.job(id) else {
        let ids = plan.ids().join("`, `");
        return Err(format!("job `{id}` was planned, and now the script plans only `{ids}`; {SAME}"));
    };
    if let Some(difference) = difference(&planned, job.model()) {
        return Err(format!("job `{id}` was planned otherwise than the script plans it now; {SAME}\n{difference}"));
    }
    let action = job.action.clone().ok_or_else(|| format!("job `{id}` is no action"))?;
    let dir = env::current_dir().map_err(|error| format!("the current folder: {error}"))?;
    let outcome = action(&Act::new(ctx, job.clone(), dir));
    answer(outcome.answer())?;
    let code = if outcome.is_failure() { ExitCode::FAILURE } else { ExitCode::SUCCESS };
    if outcome.is_failure() {
        tell(&format!("error: {}", outcome.answer().message.as_deref().unwrap_or("the action failed")));
    }
    Ok(code)
}

/// What an author can do about a plan that changes.
const SAME: &str = "the same context must always give the same jobs: keep time, chance and the network out of the plan";

fn question() -> Result<Question, String> {
    let path = path_of(QUESTION)?;
    let text = fs::read(&path).map_err(|error| wrong(&path, error))?;
    // Read by itself first, as nothing else need be readable in another version.
    let Protocol { protocol } = parse(&path, &text)?;
    if protocol != PROTOCOL {
        return Err(format!(
            "MonkeyCI asks by protocol {protocol}, and this script answers by {PROTOCOL}: \
             let its `monkeyci-sdk` be of the version of MonkeyCI"
        ));
    }
    parse(&path, &text)
}

#[derive(serde::Deserialize)]
struct Protocol {
    protocol: u32,
}

fn parse<T: DeserializeOwned>(path: &OsString, text: &[u8]) -> Result<T, String> {
    serde_json::from_slice(text).map_err(|error| wrong(path, error))
}

fn answer(answer: &impl Serialize) -> Result<(), String> {
    let path = path_of(ANSWER)?;
    let text = serde_json::to_vec(answer).map_err(|error| wrong(&path, error))?;
    fs::write(&path, text).map_err(|error| wrong(&path, error))
}

fn path_of(variable: &str) -> Result<OsString, String> {
    env::var_os(variable).ok_or_else(|| format!("`{variable}` is not set\n{USAGE}"))
}

fn wrong(path: &OsString, error: impl Display) -> String {
    format!("`{}`: {error}", Path::new(path).display())
}

fn tell(text: &str) {
    // There is nobody left to tell when this fails.
    drop(writeln!(std::io::stderr(), "{text}"));
}
