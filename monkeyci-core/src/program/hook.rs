//! Asks a program about a job just before it starts, and just after it has run.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use monkeyci_model::script::{self, Answer, Prepared, Question, changed_order};
use monkeyci_model::{Job, JobResult};
use serde::de::DeserializeOwned;
use tokio_util::sync::CancellationToken;

use super::action::{self, Action};
use super::output::Output;
use super::plan::{json, take_in};
use super::run::{ANSWER, Errand, QUESTION, lend, put, value};
use super::{ProgramError, Programs};
use crate::executor::Inner;
use crate::job_dir::{JobDir, Program};

/// How long a program may take over a job.
const LIMIT: Duration = Duration::from_secs(10 * 60);

/// Bytes that it may print.
const LOG_BYTES: u64 = 16 * 1024 * 1024;

/// The name of the socket of a build's API in the control half.
pub(crate) const SOCKET: &str = "api";

/// Bytes of the longest answer.
const ANSWER_BYTES: u64 = 4 * 1024 * 1024;

/// The place of a job that a program is asked about.
pub(crate) struct Site<'a> {
    /// The program, and its question.
    pub(crate) action: &'a Action,
    /// The job's workspace on this host, which must be there.
    pub(crate) work: PathBuf,
    /// The image that it runs in, if it runs in one.
    pub(crate) image: Option<String>,
    /// The socket of the API of its build, where it is to be in the job directory.
    pub(crate) api: Option<PathBuf>,
    /// The variables of the job, and those of the API of its build.
    pub(crate) env: BTreeMap<String, String>,
    /// Stops it.
    pub(crate) cancel: &'a CancellationToken,
}

impl Programs {
    /// The job as it is to run, when the program changes it, with references in the place of secrets; and what it
    /// printed, masked.
    ///
    /// # Errors
    /// When the program does not end well, or answers with what cannot be.
    pub(crate) async fn prepare(&self, site: Site<'_>) -> Result<(Option<Job>, String), ProgramError> {
        let question = site.action.question().clone();
        let planned = question.job.clone();
        let (prepared, output) = self.ask::<Prepared>("prepare", site, question).await?;
        let (Some(Prepared { mut job }), Some(planned)) = (prepared, planned) else { return Ok((None, output)) };
        let secrets = &self.secrets;
        let refusal = match changed_order(&planned, &job) {
            Some(field) => Some(format!(
                "it changed `{field}`, and once a job is about to start it is too late for that: plan it so"
            )),
            None => action::refusal(std::slice::from_ref(&job)),
        };
        let refusal = refusal.or_else(|| take_in(&mut job, secrets, &mut secrets.masker()).err());
        match refusal {
            Some(how) => Err(ProgramError::Hook { verb: "prepare", job: job.id, how, output }),
            None => Ok((Some(job), output)),
        }
    }

    /// What the program adds to the result of a job; and what it printed, masked.
    ///
    /// # Errors
    /// When the program does not end well, or answers with what cannot be.
    pub(crate) async fn after(
        &self,
        site: Site<'_>,
        result: &JobResult,
    ) -> Result<(Option<Answer>, String), ProgramError> {
        let question = Question { result: Some(result.clone()), ..site.action.question().clone() };
        self.ask("after", site, question).await
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        verb: &'static str,
        site: Site<'_>,
        question: Question,
    ) -> Result<(Option<T>, String), ProgramError> {
        let Site { action, work, image, api, mut env, cancel } = site;
        let inside = image.is_some();
        let job = question.job.clone().expect("an action's question holds its job");
        let (program, question) = (action.program().to_owned(), json(&question));
        let (id, work_dir) = (job.id.to_string(), PathBuf::from(job.work_dir.unwrap_or_default()));
        let prepare = move |dir: &JobDir| {
            let Inner { control, report, work: root } = Inner::of(dir, inside);
            put(dir, QUESTION, &question)?;
            if let Some(api) = api {
                // A second name of it, by which it answers as well.
                let to = dir.control().join(SOCKET);
                fs::hard_link(api, &to).map_err(ProgramError::io("cannot put the API into", &to))?;
            }
            let program = lend(dir, &program, inside)?;
            env.insert(script::PROGRAM.to_owned(), program.display().to_string());
            let mut env: Vec<_> = env.into_iter().map(|(name, value)| (name, value.into_bytes())).collect();
            env.push((script::QUESTION.to_owned(), value(&control.join(QUESTION))));
            env.push((script::ANSWER.to_owned(), value(&report.join(ANSWER))));
            let command = vec![value(&program), verb.into(), id.into_bytes()];
            Ok(Program { command, env, root, work_dir, ..Program::default() })
        };
        let mut output = Output::new(&self.secrets);
        let errand = Errand {
            image,
            work: Some(work),
            collect: vec![".".to_owned()],
            ..Errand::new(verb, LIMIT, LOG_BYTES, Some(ANSWER_BYTES))
        };
        let ran = self.shared.run(&errand, prepare, &mut output, cancel).await?;
        let output = output.finish();
        let read = |answer: Option<Vec<u8>>| {
            let read = answer.map(|answer| serde_json::from_slice(&answer)).transpose();
            read.map_err(|error| format!("its answer is not one to `{verb}`: {error}"))
        };
        let own = ran.how.is_some();
        match ran.how.map_or_else(|| ran.answer.and_then(read), Err) {
            Ok(answer) => Ok((answer, output)),
            Err(how) => {
                let (how, output) = if own { in_own_words(how, output) } else { (how, output) };
                Err(ProgramError::Hook { verb, job: job.id, how: self.secrets.masked(&how), output })
            }
        }
    }
}

/// Why it did not end well, and what else it printed: in its own words where the last of them are an error in one line.
fn in_own_words(how: String, output: String) -> (String, String) {
    let printed = output.trim_end();
    let (before, last) = printed.rsplit_once('\n').unwrap_or(("", printed));
    match last.strip_prefix("error: ") {
        Some(why) => (why.to_owned(), before.to_owned()),
        None => (how, output),
    }
}

#[cfg(test)]
mod tests {
    use super::in_own_words;

    #[test]
    fn a_program_that_fails_is_understood_by_its_last_words() {
        for (output, why, rest) in [
            ("error: no such version\n", "no such version", ""),
            ("looking\nerror: no such version\n\n", "no such version", "looking"),
            (
                "error: a plan that changed\n- one\n+ other\n",
                "it ended with 1",
                "error: a plan that changed\n- one\n+ other\n",
            ),
            ("", "it ended with 1", ""),
        ] {
            let said = in_own_words("it ended with 1".into(), output.into());
            assert_eq!(said, (why.to_owned(), rest.to_owned()));
        }
    }
}
