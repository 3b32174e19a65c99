//! What MonkeyCI and a script program say to each other.
//!
//! A script program is run with a verb, in the root of a checkout:
//!
//! | call | question | answer |
//! |---|---|---|
//! | `PROGRAM plan` | [`Question`] without a job | [`Plan`](crate::Plan) |
//! | `PROGRAM act ID` | [`Question`] with the job as it was planned | [`Answer`], or none |
//!
//! The question lies in the file that the variable [`QUESTION`] names, and the answer is written to the file that
//! [`ANSWER`] names; both are JSON. A plan counts only when the program ends with 0, and what an action answers is
//! added to the result of its job only when the job ends well. What the program prints is its log and nothing else, so
//! that no stray line of output can spoil an answer.
//!
//! An action is an ordinary job without an image, one of whose lines is [`act_line`]. `act` plans again from the
//! recorded context, and refuses when the job came out different from the one in its question.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::job::Arch;
use crate::{BuildId, Job, JobId, Trigger};

/// The variable that holds the path of the script program, in every line of a job that mentions it.
pub const PROGRAM: &str = "MONKEYCI_SCRIPT";

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
    /// The job whose action is to be run, as it was planned. Absent for `plan`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<Job>,
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

/// What an action adds to the result of its job.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct Answer {
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
