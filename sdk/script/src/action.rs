//! Jobs that are functions of the script.

use std::fmt::Display;
use std::io::Write;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use monkeyci_model::script::Answer;
use serde_json::Value;

use crate::api::Api;
use crate::context::Ctx;
use crate::job::Job;
use crate::shell::{Shell, sh};

/// What an action or a hook knows while it runs: the context of its build, and the job that it is about. What it can ask
/// its build is told in [`api`](crate::api).
///
/// The current folder of the program is the job's work dir; in a test it is not, and only what goes by [`Act::dir`]
/// and [`Act::sh`] finds the checkout of the test.
pub struct Act {
    ctx: Ctx,
    job: Job,
    dir: PathBuf,
    api: Rc<dyn Api>,
}

impl Act {
    pub(crate) fn new(ctx: Ctx, job: Job, dir: PathBuf, api: Rc<dyn Api>) -> Self {
        Self { ctx, job, dir, api }
    }

    /// The same about another job, or the same one changed.
    pub(crate) fn about(&self, job: &Job) -> Self {
        Self { ctx: self.ctx.clone(), job: job.clone(), dir: self.dir.clone(), api: Rc::clone(&self.api) }
    }

    pub(crate) fn api(&self) -> &dyn Api {
        &*self.api
    }

    /// The job that it is about.
    #[must_use]
    pub fn job(&self) -> &Job {
        &self.job
    }

    /// The job's work dir.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// A path from the job's work dir.
    #[must_use]
    pub fn path(&self, relative: impl AsRef<Path>) -> PathBuf {
        self.dir.join(relative)
    }

    /// A shell script in the job's work dir.
    pub fn sh(&self, script: impl Into<String>) -> Shell {
        sh(script).dir(&self.dir)
    }

    /// Writes a line to the job's log.
    pub fn say(&self, line: &str) {
        // Nobody reads the log any more when this fails, and the job is being stopped.
        drop(writeln!(std::io::stdout(), "{line}"));
    }
}

impl Deref for Act {
    type Target = Ctx;

    fn deref(&self) -> &Ctx {
        &self.ctx
    }
}

/// What came out of an action.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Outcome {
    answer: Answer,
}

impl Outcome {
    /// It did what it should.
    #[must_use]
    pub fn success() -> Self {
        Self::default()
    }

    /// It did not; `why` is for people.
    #[must_use]
    pub fn failure(why: impl Display) -> Self {
        Self { answer: Answer { failure: Some(why.to_string()), ..Answer::default() } }
    }

    /// Says what happened, for people.
    #[must_use]
    pub fn message(mut self, message: impl Display) -> Self {
        self.answer.message = Some(message.to_string());
        self
    }

    /// Adds what the author should know.
    #[must_use]
    pub fn warning(mut self, warning: impl Display) -> Self {
        self.answer.warnings.push(warning.to_string());
        self
    }

    /// Adds a value to the result of the job, for other jobs, plugins and people.
    #[must_use]
    pub fn value(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.answer.values.insert(name.to_owned(), value.into());
        self
    }

    /// Whether it did not do what it should.
    #[must_use]
    pub fn is_failure(&self) -> bool {
        self.answer.failure.is_some()
    }

    /// Why it did not do what it should.
    #[must_use]
    pub fn why(&self) -> Option<&str> {
        self.answer.failure.as_deref()
    }

    /// This, and then the other: the first failure stays and any other is a warning; of messages and of values with one
    /// name the last stay.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self { answer: self.answer.and(other.answer) }
    }

    /// What it adds to the result of the job.
    #[must_use]
    pub fn answer(&self) -> &Answer {
        &self.answer
    }
}

/// What is told of a job, as an outcome.
impl From<Answer> for Outcome {
    fn from(answer: Answer) -> Self {
        Self { answer }
    }
}

/// What a function may return to be an action: nothing, an [`Outcome`], or a `Result` of these, whose error is the
/// reason of the failure.
pub trait IntoOutcome {
    /// What came out.
    fn into_outcome(self) -> Outcome;
}

impl IntoOutcome for () {
    fn into_outcome(self) -> Outcome {
        Outcome::success()
    }
}

impl IntoOutcome for Outcome {
    fn into_outcome(self) -> Outcome {
        self
    }
}

impl<T: IntoOutcome, E: Display> IntoOutcome for Result<T, E> {
    fn into_outcome(self) -> Outcome {
        self.map_or_else(Outcome::failure, IntoOutcome::into_outcome)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_action_returns_is_an_outcome() {
        assert!(!().into_outcome().is_failure());
        let failed = Err::<(), _>("no such tag").into_outcome();
        assert!(failed.is_failure());
        assert_eq!(failed.why(), Some("no such tag"));
        let well = Ok::<_, String>(Outcome::success().value("files", 3).warning("one is large")).into_outcome();
        assert_eq!((well.answer().values["files"].as_u64(), well.answer().warnings.len()), (Some(3), 1));

        let both = well.message("counted").and(failed).and(Outcome::failure("later").value("files", 4));
        assert_eq!((both.why(), both.answer().message.as_deref()), (Some("no such tag"), Some("counted")));
        assert_eq!(
            (&both.answer().values["files"], both.answer().warnings.as_slice()),
            (&Value::from(4), &["one is large".to_owned(), "later".to_owned()][..])
        );
    }
}
