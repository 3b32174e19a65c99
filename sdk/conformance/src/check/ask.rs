use monkeyci_sdk::model::script::Answer;
use serde_json::{Map, json};

use super::plan::{MAIN, context};
use super::same;
use crate::build::Build;
use crate::program::{Program, question};

pub fn socket(program: &Program) -> Result<(), String> {
    asked(program, &Build::on_socket()?)
}

pub fn port(program: &Program) -> Result<(), String> {
    asked(program, &Build::on_port()?)
}

fn asked(program: &Program, build: &Build) -> Result<(), String> {
    let context = context(MAIN, None, None);
    let job = program.job(&context, "ask")?;
    let asked = program.ask(&["act", "ask"], &question(&context, Some(&job), None), Some(build))?;
    let told = build.told();
    asked.well().map_err(|why| format!("{why}\nrefused: {:?}", told.refused))?;
    let answer: Answer = asked.read()?;
    let values = json!({ "who": "ann", "status": "failure", "exit": 3, "none": false });
    same("the values", &json!(answer.values), &values)?;
    same("what was saved", &told.saved, &vec![("out".to_owned(), "ONE TWO".to_owned())])?;
    let fields: Map<_, _> = told.fields.into_iter().flat_map(|fields| fields.values).collect();
    same("what was told at once", &json!(fields), &json!({ "asked": true }))
}

pub fn stranger(program: &Program) -> Result<(), String> {
    let context = context(MAIN, None, None);
    let job = program.job(&context, "ask")?;
    let build = Build::of_another_token()?;
    let asked = program.ask(&["act", "ask"], &question(&context, Some(&job), None), Some(&build))?;
    match (asked.status.success(), build.told().refused.is_empty()) {
        (true, _) => Err("it should fail when its build refuses it".into()),
        (false, true) => Err("it did not ask its build at all".into()),
        (false, false) => Ok(()),
    }
}
