//! What MonkeyCI and a script program say to each other.
//!
//! A script program is run with a verb:
//!
//! | call | in | question | answer |
//! |---|---|---|---|
//! | `PROGRAM plan` | the root of a checkout | [`Question`] without a job | [`Plan`](crate::Plan) |
//! | `PROGRAM act ID` | the job's work dir | [`Question`] with the job as it was planned | [`Answer`], or none |
//! | `PROGRAM prepare ID` | the job's work dir | the same | [`Prepared`], or none |
//! | `PROGRAM after ID` | the job's work dir | the same, with its result | [`Answer`], or none |
//!
//! The question lies in the file that the variable [`QUESTION`] names, and the answer is written to the file that
//! [`ANSWER`] names; both are JSON. What the program prints is its log and nothing else, so that no stray line of output
//! can spoil an answer. The answer to `plan`, `prepare` and `after` counts only when the program ends with 0. While it
//! runs a verb other than `plan`, a program may ask and tell its build by the [`api`].
//!
//! An action is an ordinary job without an image, one of whose lines is [`act_line`]. `act` plans again from the
//! recorded context, and refuses when the job came out different from the one in its question. A plan that is made from
//! files of the checkout finds them where the variable [`CHECKOUT`] says.
//!
//! `prepare` and `after` are asked of jobs whose [`hooks`](crate::Job::hooks) say so, those in files beside the program
//! too: a plan names the properties of jobs that the program acts on, and at which moments. Both are asked once the
//! workspace of the job is there: before caches and artifacts are restored, and after its lines have ended and its test
//! reports are read, before its artifacts are saved. What cannot be prepared does not run.

pub mod api;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::job::Arch;
use crate::{BuildId, Cause, Job, JobId, JobResult, Trigger};

/// The folder of a script, from the root of the checkout.
pub const SCRIPT_DIR: &str = ".monkeyci";

/// The variable that holds the path of the script program, in every line of a job that mentions it.
pub const PROGRAM: &str = "MONKEYCI_SCRIPT";

/// The variable that holds the root of the checkout, from which a script reads files to plan by.
pub const CHECKOUT: &str = "MONKEYCI_CHECKOUT";

/// The variable that holds the path of the question.
pub const QUESTION: &str = "MONKEYCI_SCRIPT_QUESTION";

/// The variable that holds the path of the answer.
pub const ANSWER: &str = "MONKEYCI_SCRIPT_ANSWER";

/// Bytes of the longest plan that is read. What an action answers is kept with the events of its build, and may have
/// 1 MiB.
pub const ANSWER_BYTES: u64 = 256 * 1024 * 1024;

/// The line by which a job runs the action of that id. No character of an id needs quoting.
#[must_use]
pub fn act_line(id: &JobId) -> String {
    format!("\"${PROGRAM}\" act {id}")
}

/// What a script program is asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Question {
    /// The protocol's version, [`PROTOCOL`](crate::plan::PROTOCOL).
    pub protocol: u32,
    /// What the jobs are computed from: the same for `plan` and for every `act` of a build.
    pub context: Context,
    /// The job that it is about, as it was planned, with secrets filled in. Absent for `plan`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<Job>,
    /// What came out of it, as far as that is known. Present for `after`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<JobResult>,
}

/// What a script computes its jobs from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Context {
    /// The build; absent where a plan is only looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub build: Option<BuildId>,
    /// Why it runs, and on what. Its params are here by their values, those that are secret too.
    #[serde(default)]
    pub trigger: Trigger,
    /// The architectures that jobs can run on.
    #[serde(default)]
    pub archs: Vec<Arch>,
}

/// What a job becomes just before it starts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Prepared {
    /// The whole job as it is to run. What decides when it runs must be as it was planned: [`changed_order`] tells.
    pub job: Job,
}

/// Which property of a job was changed though it decides when the job runs or what follows from that, or where it is
/// being prepared, if one was. Once a job is about to start it is too late to change these.
#[must_use]
pub fn changed_order(planned: &Job, prepared: &Job) -> Option<&'static str> {
    let changed = [
        ("id", planned.id != prepared.id),
        ("dependencies", planned.dependencies != prepared.dependencies),
        ("when", planned.when != prepared.when),
        ("blocked", planned.blocked != prepared.blocked),
        ("allowFailure", planned.allow_failure != prepared.allow_failure),
        ("retry", planned.retry != prepared.retry),
        ("concurrencyGroup", planned.concurrency_group != prepared.concurrency_group),
        ("environment", planned.environment != prepared.environment),
        ("idTokens", planned.id_tokens != prepared.id_tokens),
        ("workDir", planned.work_dir != prepared.work_dir),
        ("hooks", planned.hooks != prepared.hooks),
    ];
    changed.into_iter().find(|(_, is)| *is).map(|(name, _)| name)
}

/// What a program adds to the result of a job: an action to its own, `after` to the one in its question.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct Answer {
    /// Why the job fails, for people. An action that fails ends with another code than 0 as well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    /// For people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// What the author should know.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// Values for other jobs, plugins and people, by name.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub values: Map<String, Value>,
}

impl Answer {
    /// This, and then the other: the first failure stays and any other is a warning; of messages and of values with one
    /// name the last stay.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        let Self { failure, message, warnings, values } = other;
        self.warnings.extend(warnings);
        match &self.failure {
            Some(first) => self.warnings.extend(failure.filter(|why| why != first)),
            None => self.failure = failure,
        }
        self.message = message.or(self.message);
        self.values.extend(values);
        self
    }

    /// Adds it to the result of a job: a failure fails one that had ended well, and is a warning of one that had not.
    pub fn add_to(self, result: &mut JobResult) {
        let Self { failure, message, warnings, values } = self;
        result.warnings.extend(warnings);
        result.values.extend(values);
        match (result.cause, failure) {
            (None, Some(why)) => (result.cause, result.message) = (Some(Cause::Failure), Some(why)),
            (None, None) => result.message = message.or(result.message.take()),
            (Some(_), failure) => result.warnings.extend(failure),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(failure: Option<&str>, message: &str, value: u32) -> Answer {
        let values = [("n".to_owned(), Value::from(value))].into_iter().collect();
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Answer { failure: failure.and_then(text), message: text(message), warnings: Vec::new(), values }
    }

    #[test]
    fn the_first_failure_stays_and_the_last_of_all_else() {
        let all = told(None, "begun", 1).and(told(Some("bad"), "", 2)).and(told(Some("worse"), "over", 3));
        let all = all.and(told(Some("bad"), "", 4));
        assert_eq!((all.failure.as_deref(), all.message.as_deref()), (Some("bad"), Some("over")));
        assert_eq!((all.warnings.as_slice(), &all.values["n"]), (&["worse".to_owned()][..], &Value::from(4)));
        let mut result = JobResult::default();
        all.add_to(&mut result);
        assert_eq!((result.cause, result.message.as_deref()), (Some(Cause::Failure), Some("bad")));
        told(Some("late"), "nothing", 5).add_to(&mut result);
        assert_eq!(
            (result.message.as_deref(), result.warnings.as_slice()),
            (Some("bad"), &["worse".into(), "late".into()][..])
        );
        assert_eq!(result.values["n"], 5);
    }
}
