//! The program that a script is: the verbs of the [protocol](monkeyci_model::script).

mod difference;

use std::env;
use std::ffi::OsString;
use std::fmt::Display;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::rc::Rc;

use monkeyci_model::JobResult;
use monkeyci_model::plan::PROTOCOL;
use monkeyci_model::script::{ANSWER, CHECKOUT, Prepared, QUESTION, Question};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::action::Act;
use crate::api::Remote;
use crate::context::Ctx;
use crate::job::Job;
use crate::plan::Plan;
use difference::difference;

const USAGE: &str = "\
This is a build script of MonkeyCI. It is run by `monkeyci build`, which asks it
    plan          for the jobs of a build
    act ID        to run the action of a job
    prepare ID    to change a job before it starts
    after ID      to look at the result of a job
See what it plans with `monkeyci plan`, and run its tests with `monkeyci test`.";

/// Answers one question of MonkeyCI with the plan that `plan` makes; [`main!`](crate::main) calls this.
pub fn run<P: Into<Plan>>(plan: impl Fn(&Ctx) -> P) -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let plan = |ctx: &Ctx| plan(ctx).into();
    let answered = match words.as_slice() {
        ["plan"] => answer_plan(plan),
        ["act", id] => act(&Asked::of(id, plan)),
        ["prepare", id] => prepare(&Asked::of(id, plan)),
        ["after", id] => after(&Asked::of(id, plan)),
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

fn answer_plan(plan: impl Fn(&Ctx) -> Plan) -> Result<ExitCode, String> {
    let question = question()?;
    answer(&plan(&question.context.into()).to_model())
}

/// Runs the action of a job. It ends with 1 when the action failed, and says why in the log.
fn act(asked: &Result<Asked, String>) -> Result<ExitCode, String> {
    let asked = asked.as_ref()?;
    let action = asked.job.action.as_ref().ok_or_else(|| format!("job `{}` is no action", asked.job.id()))?;
    let outcome = action(&asked.act(&asked.job)?);
    answer(outcome.answer())?;
    if let Some(why) = outcome.why() {
        tell(&format!("error: {why}"));
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

/// Changes a job before it starts.
fn prepare(asked: &Result<Asked, String>) -> Result<ExitCode, String> {
    let asked = asked.as_ref()?;
    // Asked once, so that nothing can go wrong in between.
    let act = asked.act(&asked.job)?;
    let job = asked.plan.hooks(&asked.job).prepared(|job| act.about(job), asked.job.clone())?;
    let prepared = monkeyci_model::Job { hooks: asked.planned.hooks.clone(), ..job.model().clone() };
    if prepared == asked.planned { Ok(ExitCode::SUCCESS) } else { answer(&Prepared { job: prepared }) }
}

/// Looks at the result of a job.
fn after(asked: &Result<Asked, String>) -> Result<ExitCode, String> {
    let asked = asked.as_ref()?;
    let result = asked.result.as_ref().ok_or("the question holds no result: `after` needs that of the job")?;
    answer(asked.plan.hooks(&asked.job).concluded(&asked.act(&asked.job)?, result).answer())
}

/// A question about a job.
struct Asked {
    ctx: Ctx,
    plan: Plan,
    planned: monkeyci_model::Job,
    job: Job,
    result: Option<JobResult>,
}

impl Asked {
    fn of(id: &str, plan: impl Fn(&Ctx) -> Plan) -> Result<Self, String> {
        let Question { context, job: planned, result, .. } = question()?;
        let planned = planned.ok_or("the question holds no job: it must hold the job as it was planned")?;
        let ctx = Ctx::from(context);
        let plan = in_checkout(|| plan(&ctx))?;
        let job = match plan.job(id) {
            Some(job) => {
                if let Some(difference) = difference(&planned, &plan.marked(job)) {
                    return Err(format!(
                        "job `{id}` was planned otherwise than the script plans it now; {SAME}\n{difference}"
                    ));
                }
                job.clone()
            }
            // One of a file beside the script.
            None if planned.id.as_str() == id && plan.extensions(&planned).next().is_some() => planned.clone().into(),
            None => {
                let ids = plan.ids().join("`, `");
                return Err(format!("job `{id}` was planned, and now the script plans only `{ids}`; {SAME}"));
            }
        };
        Ok(Self { ctx, plan, planned, job, result })
    }

    fn act(&self, job: &Job) -> Result<Act, String> {
        let dir = env::current_dir().map_err(|error| format!("the current folder: {error}"))?;
        Ok(Act::new(self.ctx.clone(), job.clone(), dir, Rc::new(Remote::from_env())))
    }
}

/// Plans in the root of the checkout, as the first time, wherever the job is now.
fn in_checkout<T>(plan: impl FnOnce() -> T) -> Result<T, String> {
    let Some(root) = env::var_os(CHECKOUT) else { return Ok(plan()) };
    let enter = |dir: &Path| env::set_current_dir(dir).map_err(|error| format!("`{}`: {error}", dir.display()));
    let here = env::current_dir().map_err(|error| format!("the current folder: {error}"))?;
    enter(Path::new(&root))?;
    let planned = plan();
    enter(&here)?;
    Ok(planned)
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

fn answer(answer: &impl Serialize) -> Result<ExitCode, String> {
    let path = path_of(ANSWER)?;
    let text = serde_json::to_vec(answer).map_err(|error| wrong(&path, error))?;
    fs::write(&path, text).map(|()| ExitCode::SUCCESS).map_err(|error| wrong(&path, error))
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
