//! Which versions Clojars has.
//!
//! A plan asks nobody, so that it is the same whenever it is made. The question is asked just before a job would publish,
//! so that a release whose later jobs failed can be built again.

use std::fs;
use std::path::Path;

use monkeyci_sdk::http;
use monkeyci_sdk::prelude::*;
use serde_json::Value;

use crate::part::Part;

const API: &str = "https://clojars.org/api";

/// Lets a job publish a version of a part only when it is not there yet.
pub fn once(job: Job, part: Part, version: &str) -> Job {
    let version = version.to_owned();
    job.prepared_by(move |act: &Act, job: Job| unless_published(act, job, API, part, &version))
}

/// The job, or one that only says that `api` has this version as the latest.
pub fn unless_published(act: &Act, mut job: Job, api: &str, part: Part, version: &str) -> Result<Job, String> {
    let deps = act.path(part.dir()).join("deps.edn");
    let (group, name) = library(&deps)?;
    if latest(api, &group, &name)?.as_deref() == Some(version) {
        job.model_mut().script = vec!["echo 'Version was already published'".into()];
    }
    Ok(job)
}

/// The latest version of a library, when there is one.
fn latest(api: &str, group: &str, name: &str) -> Result<Option<String>, String> {
    let url = format!("{api}/artifacts/{}/{}", http::encoded(group), http::encoded(name));
    match http::get(url).header("Accept", "application/json").retries(3).send() {
        Err(error) if error.status() == Some(404) => Ok(None),
        answered => {
            let answer: Value = answered.and_then(|answer| answer.json()).map_err(|error| error.to_string())?;
            Ok(answer["latest_version"].as_str().map(str::to_owned))
        }
    }
}

/// The library that a `deps.edn` says it makes: group and name, after the first `:lib`.
fn library(path: &Path) -> Result<(String, String), String> {
    let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let code = text.lines().map(|line| line.split(';').next().unwrap_or_default()).collect::<Vec<_>>().join(" ");
    let mut words =
        code.split(|mark: char| mark.is_whitespace() || ",{}[]()".contains(mark)).filter(|it| !it.is_empty());
    let name = words.find(|word| *word == ":lib").and_then(|_| words.next());
    let (group, name) =
        name.and_then(|name| name.split_once('/')).ok_or_else(|| format!("{}: it names no `:lib`", path.display()))?;
    Ok((group.to_owned(), name.to_owned()))
}
