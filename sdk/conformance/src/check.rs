//! What is checked. Each check is a story of one question, or of a few that belong together.

mod act;
mod ask;
mod hook;
mod plan;
mod refuse;

use crate::program::Program;

/// One check: what holds, and what looks whether it does.
pub type Check = (&'static str, fn(&Program) -> Result<(), String>);

/// All of them, in the order in which an implementation grows.
pub const CHECKS: &[Check] = &[
    ("it plans the jobs of a branch of which nobody knows what changed", plan::branch),
    ("it plans by what changed", plan::changes),
    ("it plans more for a tag", plan::tag),
    ("params of any text reach its jobs", plan::params),
    ("the same context gives the same plan", plan::same_plan),
    ("it names the properties that it acts on, and marks its own jobs that have them", plan::extensions),
    ("an action prints to its log and adds to its result", act::greet),
    ("an action that fails ends with another code than 0 and says why", act::fails),
    ("an action does not run when its job would be planned otherwise", act::otherwise),
    ("an action does not run when its job would not be planned any more", act::gone),
    ("an action asks its build over a socket", ask::socket),
    ("an action asks its build over a port", ask::port),
    ("an action that its build does not know fails", ask::stranger),
    ("it changes a job just before it starts", hook::prepare),
    ("it looks at the result of a job just after it has run", hook::after),
    ("it does both for jobs of files that have the property", hook::other),
    ("it does neither for a job that would be planned otherwise", hook::otherwise),
    ("it refuses a protocol that it does not know", refuse::protocol),
    ("it refuses to act, prepare and judge without a job", refuse::alone),
    ("it refuses to be run without a question, and what is no verb", refuse::words),
];

/// That two things are the same.
fn same<T: PartialEq + std::fmt::Debug>(what: &str, is: &T, should: &T) -> Result<(), String> {
    if is == should { Ok(()) } else { Err(format!("{what}\nis     {is:?}\nshould {should:?}")) }
}
