//! `pipeline_parse`, `pipeline_render` and `pipeline_diff`.

mod edn;

use std::collections::BTreeSet;

use serde_json::Value as Json;
use tfplugin::{Computed, Dynamic, Function, FunctionError, Object};

/// A script in YAML or JSON as an object, for `jsonencode` and for looking into it. What is wrong with it stands with its line.
#[derive(Debug, Object)]
pub struct PipelineParse {
    /// A `build.yaml` or `build.json`, such as `file(".monkeyci/build.yaml")`.
    text: String,
}

/// An object as a script in `json`, `yaml` or `edn`. The same object has always the same text.
#[derive(Debug, Object)]
pub struct PipelineRender {
    /// A script.
    script: Dynamic,
    /// `json`, `yaml` or `edn`.
    format: String,
}

/// Where two scripts differ, in YAML or JSON each: by path, with what stands there in JSON.
#[derive(Debug, Object)]
pub struct PipelineDiff {
    /// One.
    before: String,
    /// The other.
    after: String,
}

/// Where two scripts differ.
#[derive(Clone, Debug, Object)]
pub struct Difference {
    /// The place: `jobs.test.script[0]`.
    path: Computed<String>,
    /// What stands there in the first, in JSON.
    before: Computed<Option<String>>,
    /// What stands there in the second, in JSON.
    after: Computed<Option<String>>,
}

impl Function for PipelineParse {
    type Output = Dynamic;
    const NAME: &'static str = "pipeline_parse";

    fn call(self) -> Result<Dynamic, FunctionError> {
        Ok(Dynamic::of_json(&parse("text", &self.text)?))
    }
}

impl Function for PipelineRender {
    type Output = String;
    const NAME: &'static str = "pipeline_render";

    fn call(self) -> Result<String, FunctionError> {
        let script = self.script.to_json();
        let unwritten = |error: String| FunctionError::new(error).at("script");
        match self.format.as_str() {
            "json" => serde_json::to_string_pretty(&script).map_err(|error| unwritten(error.to_string())),
            "yaml" => serde_saphyr::to_string(&script).map_err(|error| unwritten(error.to_string())),
            "edn" => Ok(edn::written(&script)),
            _ => Err(FunctionError::new("it is `json`, `yaml` or `edn`").at("format")),
        }
    }
}

impl Function for PipelineDiff {
    type Output = Vec<Difference>;
    const NAME: &'static str = "pipeline_diff";

    fn call(self) -> Result<Vec<Difference>, FunctionError> {
        let (before, after) = (parse("before", &self.before)?, parse("after", &self.after)?);
        let mut found = Vec::new();
        compare("", Some(&before), Some(&after), &mut found);
        Ok(found)
    }
}

fn parse(argument: &str, text: &str) -> Result<Json, FunctionError> {
    serde_saphyr::from_str(text).map_err(|error| FunctionError::new(format!("this is no YAML: {error}")).at(argument))
}

fn compare(path: &str, before: Option<&Json>, after: Option<&Json>, found: &mut Vec<Difference>) {
    match (before, after) {
        (Some(Json::Object(left)), Some(Json::Object(right))) => {
            let names: BTreeSet<&String> = left.keys().chain(right.keys()).collect();
            for name in names {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                compare(&path, left.get(name), right.get(name), found);
            }
        }
        (Some(Json::Array(left)), Some(Json::Array(right))) => {
            for index in 0..left.len().max(right.len()) {
                compare(&format!("{path}[{index}]"), left.get(index), right.get(index), found);
            }
        }
        (left, right) if left == right => {}
        (left, right) => found.push(Difference {
            path: path.to_owned().into(),
            before: left.map(Json::to_string).into(),
            after: right.map(Json::to_string).into(),
        }),
    }
}
