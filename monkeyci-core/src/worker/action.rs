//! Jobs that run a function of the script's program: what they find, and what they answer.

use monkeyci_model::script::Answer;
use monkeyci_model::{Cause, Job, JobResult};
use serde_json::{Map, Value};

use super::halt::{Halt, Why};
use super::outcome::{Verdict, stopped};
use super::settings::Ports;
use crate::job_dir::JobDir;
use crate::job_dir::report::Reader;
use crate::lease::Lease;
use crate::program::{self, Action, Asked, ProgramError, Programs};
use crate::secret::Secrets;

/// What an action answered, or why that cannot be read.
pub(super) type Answered = Result<Option<Answer>, String>;

/// What runs the script's program, for a job that mentions it or that it is asked about; nothing for any other.
///
/// `job` is as it was planned, with its secrets filled in.
pub(super) fn programs(ports: &Ports, lease: &Lease, job: &Job) -> Option<Programs> {
    let acts = job.image.is_none() && program::is_action(&lease.job);
    let needed = (acts || !job.hooks.is_empty()) && !ports.executor.capabilities().plays;
    ports.programs.clone().filter(|_| needed && program::has_program(asked(lease)))
}

/// What the script is asked, and for which build.
pub(super) fn asked(lease: &Lease) -> Asked<'_> {
    Asked {
        checkout: &lease.checkout,
        script_dir: Some(&lease.script_dir),
        build: Some(&lease.attempt.build),
        trigger: &lease.trigger,
        in_place: false,
    }
}

/// How a job ends whose program cannot do what it should.
pub(super) fn refused(error: &ProgramError, halt: &Halt) -> Verdict {
    match error {
        ProgramError::Canceled => stopped(halt.why().unwrap_or(&Why::Canceled), ""),
        error if error.is_ours() => Verdict::new(Cause::Infrastructure, error.to_string()),
        ProgramError::Hook { .. } => Verdict::new(Cause::Failure, error.to_string()),
        error => Verdict::new(Cause::Invalid, error.to_string()),
    }
}

/// What the job in this directory answered, when it was asked.
pub(super) fn answered(dir: &JobDir, reader: &Reader) -> Option<Answered> {
    Action::was_asked(dir).then(|| Action::answer(reader))
}

/// Adds to the result of a job what it answered.
pub(super) fn conclude(answer: Answered, result: &mut JobResult) {
    match answer {
        Ok(None) => {}
        Ok(Some(answer)) => {
            // In its own words, and not in those for a line that ended with 1.
            if result.cause == Some(Cause::Failure) && answer.failure.is_some() {
                result.cause = None;
            }
            answer.add_to(result);
        }
        // Others may rely on it: that it is missing must not look like success.
        Err(why) if result.cause.is_none() => {
            (result.cause, result.message) = (Some(Cause::Failure), Some(why));
        }
        Err(_) => {}
    }
}

/// Hides secrets in fields of a result.
pub(super) fn mask(secrets: &Secrets, fields: &mut Answer) {
    if secrets.is_empty() {
        return;
    }
    let mut masker = secrets.masker::<()>();
    let mut hide_text = |text: &mut String| *text = masker.text(text);
    let texts = fields.failure.iter_mut().chain(&mut fields.message).chain(&mut fields.warnings);
    texts.for_each(&mut hide_text);
    hide(&mut fields.values, &mut hide_text);
}

/// Hides secrets in values, names included.
pub(super) fn hide(values: &mut Map<String, Value>, text: &mut dyn FnMut(&mut String)) {
    let hidden = std::mem::take(values).into_iter().map(|(mut name, mut value)| {
        text(&mut name);
        hide_in(&mut value, text);
        (name, value)
    });
    *values = hidden.collect();
}

fn hide_in(value: &mut Value, text: &mut dyn FnMut(&mut String)) {
    match value {
        Value::String(string) => text(string),
        Value::Array(values) => values.iter_mut().for_each(|value| hide_in(value, text)),
        Value::Object(values) => hide(values, text),
        Value::Number(number) => {
            let plain = number.to_string();
            let mut hidden = plain.clone();
            text(&mut hidden);
            if hidden != plain {
                *value = Value::String(hidden);
            }
        }
        Value::Null | Value::Bool(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_secret_is_hidden_wherever_it_stands_in_a_value() {
        let mut values = json!({"a": ["1234567", {"1234567": 1_234_567, "b": [null, true, 7]}]});
        let Value::Object(map) = &mut values else { unreachable!("it was just made") };
        hide(map, &mut |text| *text = text.replace("1234567", "***"));
        assert_eq!(values, json!({"a": ["***", {"***": "***", "b": [null, true, 7]}]}));
    }
}
