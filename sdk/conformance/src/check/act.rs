use monkeyci_sdk::model::Job;
use monkeyci_sdk::model::script::Answer;
use serde_json::json;

use super::plan::{MAIN, context};
use super::same;
use crate::program::{Program, question};

pub fn greet(program: &Program) -> Result<(), String> {
    let context = context(MAIN, Some("Zoë"), None);
    let asked =
        program.ask(&["act", "greet"], &question(&context, Some(&program.job(&context, "greet")?), None), None)?;
    asked.well()?;
    if !asked.output.contains("hello Zoë") {
        return Err(format!("it should print `hello Zoë`, and printed\n{}", asked.output));
    }
    let answer: Answer = asked.read()?;
    same("the message", &answer.message.as_deref(), &Some("greeted Zoë"))?;
    same("the values", &json!(answer.values), &json!({ "letters": 3 }))
}

pub fn fails(program: &Program) -> Result<(), String> {
    let context = context(MAIN, Some("nobody"), None);
    let asked =
        program.ask(&["act", "greet"], &question(&context, Some(&program.job(&context, "greet")?), None), None)?;
    if asked.status.success() {
        return Err("it should end with another code than 0".into());
    }
    same("the failure", &asked.read::<Answer>()?.failure.as_deref(), &Some("there is nobody to greet"))
}

pub fn otherwise(program: &Program) -> Result<(), String> {
    let mut planned = program.job(&context(MAIN, Some("ann"), None), "greet")?;
    let refused = |job: &Job| {
        let asked =
            program.ask(&["act", "greet"], &question(&context(MAIN, Some("bob"), None), Some(job), None), None)?;
        match (asked.status.success(), asked.output.contains("hello"), asked.answer) {
            (false, false, None) => Ok(asked.output),
            _ => Err(format!("it should refuse, and did not\n{}", asked.output)),
        }
    };
    let said = refused(&planned)?;
    if !(said.contains("WHO") && said.contains("ann") && said.contains("bob")) {
        return Err(format!("it should show that `WHO` was `ann` and is now `bob`, and printed\n{said}"));
    }
    planned.env.insert("WHO".into(), "bob".into());
    planned.allow_failure = true;
    refused(&planned).map(drop)
}

pub fn gone(program: &Program) -> Result<(), String> {
    let deploy = program.job(&context("refs/tags/v1", None, None), "deploy")?;
    let asked = program.ask(&["act", "deploy"], &question(&context(MAIN, None, None), Some(&deploy), None), None)?;
    match asked.status.success() {
        true => Err("it should refuse an action that it does not plan".into()),
        false => Ok(()),
    }
}
