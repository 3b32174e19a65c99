use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use monkeyci_sdk::model::script::api::{TOKEN, URL};
use monkeyci_sdk::model::script::{ANSWER, Context, QUESTION, Question};
use monkeyci_sdk::model::{Job, JobResult, Plan};
use serde_json::{Value, json};

use crate::build::Build;

/// How long one answer may take; a language may need seconds to start.
const LIMIT: Duration = Duration::from_secs(120);

/// The program that is checked.
pub struct Program {
    words: Vec<String>,
}

/// What came of one question.
pub struct Asked {
    /// How the program ended.
    pub status: ExitStatus,
    /// What it printed, on both streams.
    pub output: String,
    /// What it left as its answer.
    pub answer: Option<Vec<u8>>,
}

impl Program {
    /// One that is started by these words.
    pub fn new(words: Vec<String>) -> Self {
        Self { words }
    }

    /// Asks it, in a new folder.
    pub fn ask(&self, verb: &[&str], question: &Value, build: Option<&Build>) -> Result<Asked, String> {
        let home = tempfile::tempdir().map_err(|error| format!("a folder: {error}"))?;
        let dir = build.map_or_else(|| home.path().join("work"), Build::work);
        fs::create_dir_all(&dir).map_err(|error| format!("a folder: {error}"))?;
        let (asked, answer) = (home.path().join("question.json"), home.path().join("answer.json"));
        fs::write(&asked, question.to_string()).map_err(|error| format!("the question: {error}"))?;
        let log = home.path().join("log");
        let status = self.run(verb, &dir, &log, |command| {
            command.env(QUESTION, &asked).env(ANSWER, &answer).env_remove(URL).env_remove(TOKEN);
            if let Some(build) = build {
                command.env(URL, build.url()).env(TOKEN, &build.token);
            }
        })?;
        let output = fs::read(log).unwrap_or_default();
        Ok(Asked { status, output: String::from_utf8_lossy(&output).into_owned(), answer: fs::read(answer).ok() })
    }

    /// Starts it without a question.
    pub fn start(&self, verb: &[&str]) -> Result<Option<i32>, String> {
        let home = tempfile::tempdir().map_err(|error| format!("a folder: {error}"))?;
        let status = self.run(verb, home.path(), &home.path().join("log"), |command| {
            command.env_remove(QUESTION).env_remove(ANSWER);
        })?;
        Ok(status.code())
    }

    fn run(&self, verb: &[&str], dir: &Path, log: &Path, env: impl Fn(&mut Command)) -> Result<ExitStatus, String> {
        let (program, arguments) = self.words.split_first().ok_or("there is no program")?;
        // A path is from here, and the program runs elsewhere.
        let program = fs::canonicalize(program).map_or_else(|_| program.into(), PathBuf::into_os_string);
        let arguments = arguments.iter().map(|word| fs::canonicalize(word).map_or_else(|_| word.into(), Into::into));
        let arguments: Vec<std::ffi::OsString> = arguments.collect();
        let log = File::create(log).map_err(|error| format!("a log: {error}"))?;
        let both = log.try_clone().map_err(|error| format!("a log: {error}"))?;
        let mut command = Command::new(&program);
        command.args(arguments).args(verb).current_dir(dir).stdin(Stdio::null()).stdout(log).stderr(both);
        env(&mut command);
        let started = command.spawn();
        let mut child = started.map_err(|error| format!("`{}` cannot be started: {error}", program.display()))?;
        let until = Instant::now() + LIMIT;
        loop {
            match child.try_wait() {
                Ok(Some(status)) => return Ok(status),
                Ok(None) if Instant::now() < until => thread::sleep(Duration::from_millis(5)),
                _ => {
                    drop(child.kill());
                    drop(child.wait());
                    return Err(format!("it did not answer to `{}` within {LIMIT:?}", verb.join(" ")));
                }
            }
        }
    }

    /// The jobs that it plans.
    pub fn plan(&self, context: &Context) -> Result<Plan, String> {
        let asked = self.ask(&["plan"], &question(context, None, None), None)?;
        asked.well()?;
        asked.read()
    }

    /// One of them.
    pub fn job(&self, context: &Context, id: &str) -> Result<Job, String> {
        let plan = self.plan(context)?;
        plan.jobs.into_iter().find(|job| job.id.as_str() == id).ok_or_else(|| format!("it plans no job `{id}`"))
    }
}

impl Asked {
    /// That it ended with 0.
    pub fn well(&self) -> Result<(), String> {
        if self.status.success() { Ok(()) } else { Err(format!("it ended with {}\n{}", self.status, self.output)) }
    }

    /// Its answer.
    pub fn read<T: serde::de::DeserializeOwned>(&self) -> Result<T, String> {
        let answer = self.answer.as_ref().ok_or("it left no answer in the file that `MONKEYCI_SCRIPT_ANSWER` names")?;
        serde_json::from_slice(answer)
            .map_err(|error| format!("its answer cannot be read: {error}\n{}", String::from_utf8_lossy(answer)))
    }
}

/// A question, as MonkeyCI asks it.
pub fn question(context: &Context, job: Option<&Job>, result: Option<JobResult>) -> Value {
    json!(Question { protocol: 1, context: context.clone(), job: job.cloned(), result })
}
