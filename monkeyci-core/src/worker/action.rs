//! Jobs that run a function of the script's program: what they find, and what they answer.

use std::path::PathBuf;

use monkeyci_model::{Cause, Job, JobResult};
use serde_json::{Map, Value};

use super::halt::{Halt, Why};
use super::outcome::{Verdict, stopped};
use super::settings::Ports;
use crate::job_dir::JobDir;
use crate::job_dir::report::Reader;
use crate::lease::Lease;
use crate::program::{self, Asked, ProgramError};

/// The variables of a job that mentions the script's program; none for any other.
///
/// `job` has its secrets filled in.
pub(super) async fn variables(
    ports: &Ports,
    lease: &Lease,
    job: &Job,
    dir: &JobDir,
    halt: &Halt,
) -> Result<Vec<(&'static str, PathBuf)>, Verdict> {
    let Some(programs) = ports.programs.as_ref().filter(|_| job.image.is_none() && program::is_action(&lease.job))
    else {
        return Ok(Vec::new());
    };
    let asked = Asked {
        checkout: &lease.checkout,
        script_dir: Some(&lease.script_dir),
        build: Some(&lease.attempt.build),
        trigger: &lease.trigger,
        in_place: false,
    };
    let prepared = programs.prepare_action(asked, job, dir, halt.token()).await;
    prepared.map_err(|error| match error {
        ProgramError::Canceled => stopped(halt.why().unwrap_or(&Why::Canceled), ""),
        error if error.is_ours() => Verdict::new(Cause::Infrastructure, error.to_string()),
        error => Verdict::new(Cause::Invalid, error.to_string()),
    })
}

/// Adds to the result of a job that ended well what it answered.
pub(super) fn conclude(dir: &JobDir, reader: &Reader, result: &mut JobResult) {
    if result.cause.is_some() || !program::was_asked(dir) {
        return;
    }
    match program::answer(reader) {
        Ok(None) => {}
        Ok(Some(answer)) => {
            result.message = answer.message;
            result.warnings.extend(answer.warnings);
            result.values = answer.values;
        }
        // Others may rely on it: that it is missing must not look like success.
        Err(why) => (result.cause, result.message) = (Some(Cause::Failure), Some(why)),
    }
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
