use monkeyci_client::rest::Pipeline;
use serde_json::Value as Json;

use super::hcl::Value;
use super::{Configuration, filters, text};

/// Whether a value is what a field takes.
type Fit = fn(&Json) -> bool;

/// What a job may say in `jobs` of `monkeyci_pipeline`, and what it says it with.
const JOB: &[(&str, Fit)] = &[
    ("image", Json::is_string),
    ("script", is_texts),
    ("command", is_texts),
    ("args", is_texts),
    ("entrypoint", is_texts),
    ("shell", Json::is_string),
    ("env", is_map),
    ("params", is_texts),
    ("id_tokens", |json| json.as_object().is_some_and(|all| all.values().all(|one| has(one, ID_TOKEN)))),
    ("work_dir", Json::is_string),
    ("dependencies", is_texts),
    ("when", Json::is_string),
    ("if", |json| has(json, CONDITION)),
    ("blocked", Json::is_boolean),
    ("allow_failure", Json::is_boolean),
    ("retry", |json| has(json, RETRY)),
    ("timeout", Json::is_string),
    ("concurrency_group", Json::is_string),
    ("environment", Json::is_string),
    ("matrix", |json| json.as_object().is_some_and(|axes| axes.values().all(is_texts))),
    ("save_artifacts", |json| have(json, ARTIFACT)),
    ("restore_artifacts", is_texts),
    ("caches", |json| have(json, CACHE)),
    ("reports", is_texts),
    ("services", |json| json.as_object().is_some_and(|all| all.values().all(|one| has(one, SERVICE)))),
    ("expose", is_ports),
    ("size", Json::is_u64),
    ("cpus", Json::is_number),
    ("memory", Json::is_number),
    ("arch", Json::is_string),
    ("pull", Json::is_string),
    ("mounts", is_map),
    ("privileged", Json::is_boolean),
    ("labels", is_map),
];

const ID_TOKEN: &[(&str, Fit)] = &[("audience", is_texts)];

const CONDITION: &[(&str, Fit)] = &[
    ("branch", is_texts),
    ("main_branch", Json::is_boolean),
    ("tag", is_texts),
    ("target", is_texts),
    ("paths", is_texts),
    ("event", is_texts),
    ("fork", Json::is_boolean),
    ("not", is_exclusion),
];

const RETRY: &[(&str, Fit)] = &[("max", Json::is_u64), ("on", is_texts)];

const ARTIFACT: &[(&str, Fit)] = &[("id", Json::is_string), ("path", Json::is_string), ("save", Json::is_string)];

const CACHE: &[(&str, Fit)] = &[
    ("id", Json::is_string),
    ("path", Json::is_string),
    ("key", Json::is_string),
    ("fallbacks", is_texts),
    ("save", Json::is_string),
];

const SERVICE: &[(&str, Fit)] = &[
    ("image", Json::is_string),
    ("ports", is_ports),
    ("env", is_map),
    ("command", is_texts),
    ("health", Json::is_string),
];

impl Configuration {
    /// A pipeline: its jobs where Terraform has all of what they say, and else its script as it stands.
    pub(super) fn pipeline(&mut self, org: &str, pipeline: &Pipeline) {
        let id = format!("{org}/pipeline/{}", pipeline.name);
        let name = self.name("monkeyci_pipeline", &id, &[&pipeline.name]);
        self.add("monkeyci_pipeline", &name, &id, |names, block| {
            let body = &pipeline.body;
            let repo = body.repo.as_ref().map(|repo| names.refer(&format!("{org}/{repo}")));
            let block = block
                .with("org", names.refer(org))
                .with("name", Value::text(&pipeline.name))
                .maybe("repo", repo)
                .maybe("label_filters", filters(&body.label_filters))
                .maybe("description", text(body.description.as_ref()));
            match jobs(&body.script) {
                Some(jobs) => block.with("jobs", Value::of_json(jobs)),
                None => block.with("script", Value::Call("jsonencode", Box::new(Value::of_json(&body.script)))),
            }
        });
    }
}

/// The jobs of a script that has nothing else, where each says what `jobs` has.
fn jobs(script: &Json) -> Option<&Json> {
    let jobs = script.as_object().filter(|script| script.len() == 1)?.get("jobs")?;
    jobs.as_object()?.values().all(|job| has(job, JOB)).then_some(jobs)
}

/// Whether an object has these fields alone, each as it is to be.
fn has(json: &Json, fields: &[(&str, Fit)]) -> bool {
    let is_known = |(name, value): (&String, &Json)| fields.iter().any(|(known, fits)| known == name && fits(value));
    json.as_object().is_some_and(|object| object.iter().all(is_known))
}

/// The same of each in a list.
fn have(json: &Json, fields: &[(&str, Fit)]) -> bool {
    json.as_array().is_some_and(|all| all.iter().all(|one| has(one, fields)))
}

fn is_texts(json: &Json) -> bool {
    json.as_array().is_some_and(|elements| elements.iter().all(Json::is_string))
}

/// A condition that has none in itself.
fn is_exclusion(json: &Json) -> bool {
    json.get("not").is_none() && has(json, CONDITION)
}

fn is_ports(json: &Json) -> bool {
    json.as_array().is_some_and(|ports| ports.iter().all(Json::is_u64))
}

fn is_map(json: &Json) -> bool {
    json.as_object().is_some_and(|fields| fields.values().all(Json::is_string))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::jobs;

    #[test]
    fn only_jobs_that_terraform_has_all_of_are_written_as_such() {
        let known = json!({ "jobs": { "test": {
            "image": "rust", "script": ["cargo test"], "cpus": 1.5, "if": { "not": { "branch": ["main"] } }, "retry": { "max": 1 },
            "id_tokens": { "CLOUD_TOKEN": { "audience": ["sts.example.com"] } }, "expose": [8080], "privileged": false,
            "caches": [{ "id": "a", "path": "b" }], "services": { "db": { "image": "postgres", "ports": [5432] } },
        } } });
        assert!(jobs(&known).is_some());
        for other in [
            json!([{ "id": "test", "script": ["true"] }]),
            json!({ "jobs": {}, "x-more": 1 }),
            json!({ "jobs": { "test": { "script": "true" } } }),
            json!({ "jobs": { "test": { "work-dir": "a" } } }),
            json!({ "jobs": { "test": { "caches": [{ "id": "a", "path": "b", "more": true }] } } }),
            json!({ "jobs": [{ "id": "test" }] }),
            json!({ "jobs": { "test": { "if": { "not": { "not": { "branch": ["main"] } } } } } }),
            json!({ "jobs": { "test": { "id_tokens": { "TOKEN": { "audience": "one" } } } } }),
        ] {
            assert!(jobs(&other).is_none(), "{other}");
        }
    }
}
