use serde_json::json;

use super::plan::{MAIN, context};
use crate::program::{Program, question};

pub fn protocol(program: &Program) -> Result<(), String> {
    let asked = program.ask(&["plan"], &json!({ "protocol": 9, "new": [1, 2] }), None)?;
    match (asked.status.success(), asked.answer, asked.output.contains('9')) {
        (false, None, true) => Ok(()),
        _ => Err(format!("it should fail and name protocol 9, with no answer; it printed\n{}", asked.output)),
    }
}

pub fn alone(program: &Program) -> Result<(), String> {
    let question = question(&context(MAIN, None, None), None, None);
    for (verb, id) in [("act", "greet"), ("prepare", "loud"), ("after", "loud")] {
        if program.ask(&[verb, id], &question, None)?.status.success() {
            return Err(format!("it should refuse to `{verb} {id}` without a job in its question"));
        }
    }
    Ok(())
}

pub fn words(program: &Program) -> Result<(), String> {
    if program.start(&["plan"])? == Some(0) {
        return Err("it should fail without the variable `MONKEYCI_SCRIPT_QUESTION`".into());
    }
    for words in [&[][..], &["build"], &["plan", "more"], &["act"]] {
        if program.start(words)? == Some(0) {
            return Err(format!("it should fail when it is run with `{}`", words.join(" ")));
        }
    }
    Ok(())
}
