//! What stands beside `jobs` holds for every job that does not say otherwise.

use super::convert::keys::{DEFAULTS, TOP};
use super::convert::{job_key, name_of};
use super::diagnostic::shown;
use super::nearest::did_you_mean;
use super::node::{Node, Scalar, Value, Weight};
use super::placeholder;
use super::problems::{Flaw, Problems};

/// The jobs of one file, with its defaults filled in.
pub(super) fn jobs(script: Node, spent: &mut Weight, problems: &mut Problems<'_>) -> Vec<Node> {
    let span = script.span;
    match script.value {
        Value::List(jobs) => jobs,
        Value::Map(entries) if entries.iter().any(|(key, _)| top_name(key) == Some("jobs")) => {
            let (jobs, defaults) = split(entries, problems);
            with_defaults(jobs, &defaults, spent, problems)
        }
        Value::Map(entries) => vec![Node { value: Value::Map(entries), span }],
        Value::Scalar(Scalar::Null, _) => {
            problems.add(Flaw::new(span, "the file is empty").help("give it a list of jobs, or remove it"));
            Vec::new()
        }
        Value::Scalar(..) => {
            let flaw = Flaw::new(span, format!("expected a list of jobs, found {}", script_kind(&script.value)));
            problems.add(flaw.help("a script is a list of jobs, one job, or a map with `jobs`"));
            Vec::new()
        }
    }
}

fn script_kind(value: &Value) -> &'static str {
    if matches!(value, Value::Scalar(Scalar::Number, _)) { "a number" } else { "text" }
}

fn top_name(key: &Node) -> Option<&'static str> {
    key.as_text().and_then(|key| name_of(key, &[TOP]))
}

/// A job's key that is given for every job: its name, its key and its value.
type Default = (&'static str, Node, Node);

fn split(entries: Vec<(Node, Node)>, problems: &mut Problems<'_>) -> (Vec<Node>, Vec<Default>) {
    let (mut jobs, mut defaults) = (Vec::new(), Vec::new());
    for (key, value) in entries {
        let written = key.as_text().unwrap_or_default();
        match (top_name(&key), job_key(&key)) {
            (Some("jobs"), _) => jobs.extend(listed(value, problems)),
            (Some(_), _) => {}
            (None, Some(name)) if DEFAULTS.contains(&name) => defaults.push((name, key, value)),
            (None, Some(name)) => {
                let flaw = Flaw::new(key.span, format!("`{name}` belongs to one job and cannot stand beside `jobs`"));
                problems.add(flaw.help(format!("for all jobs can be said: {}", DEFAULTS.join(", "))));
            }
            (None, None) if written.starts_with("x-") => {}
            (None, None) => {
                let flaw = Flaw::new(key.span, format!("a script has no key `{}`", shown(written)));
                let known = TOP.iter().map(|key| key.name).chain(DEFAULTS.iter().copied());
                problems.add(flaw.help("names of your own begin with `x-`").maybe(did_you_mean(written, known)));
            }
        }
    }
    (jobs, defaults)
}

/// A list of jobs, or a map of them by id.
fn listed(jobs: Node, problems: &mut Problems<'_>) -> Vec<Node> {
    let span = jobs.span;
    let entries = match jobs.value {
        Value::List(jobs) => return jobs,
        Value::Map(entries) => entries,
        Value::Scalar(..) => {
            problems.add(Flaw::new(span, format!("expected a list or map of jobs, found {}", jobs.describe())));
            return Vec::new();
        }
    };
    let mut named = Vec::with_capacity(entries.len());
    for (id, mut job) in entries {
        match &mut job.value {
            Value::Map(fields) => {
                if let Some((inner, _)) = fields.iter().find(|(key, _)| job_key(key) == Some("id")) {
                    let flaw = Flaw::new(inner.span, "the job has its id already").also("here", id.span);
                    problems.add(flaw.help("in a map of jobs, the key is the id"));
                }
                fields.insert(0, (Node::scalar(Scalar::Text, "id", id.span), id));
                named.push(job);
            }
            _ => problems.add(Flaw::new(job.span, format!("expected a job (a map), found {}", job.describe()))),
        }
    }
    named
}

fn with_defaults(jobs: Vec<Node>, defaults: &[Default], spent: &mut Weight, problems: &mut Problems<'_>) -> Vec<Node> {
    if defaults.is_empty() {
        return jobs;
    }
    let each =
        defaults.iter().fold(Weight::default(), |sum, (_, key, value)| sum.plus(key.weight()).plus(value.weight()));
    if let Err(flaw) = placeholder::spend(spent, each.times(jobs.len()), defaults[0].1.span) {
        problems.add(flaw);
        return Vec::new();
    }
    let filled = jobs.into_iter().map(|mut job| {
        if let Value::Map(fields) = &mut job.value {
            let own: Vec<&str> = fields.iter().filter_map(|(key, _)| job_key(key)).collect();
            defaults.iter().for_each(|default| fill_in(fields, &own, default));
        }
        job
    });
    filled.collect()
}

/// Gives a job, whose `own` keys these are, one default.
fn fill_in(fields: &mut Vec<(Node, Node)>, own: &[&str], (name, key, value): &Default) {
    // What says the same in other words wins as well: a job with `cpus` has no use for a default `size`.
    let group: &[&str] = match *name {
        "size" | "cpus" | "memory" => &["size", "cpus", "memory"],
        "arch" | "platform" => &["arch", "platform"],
        other => &[other],
    };
    if !own.iter().any(|own| group.contains(own)) {
        fields.push((key.clone(), value.clone()));
    } else if ["env", "labels"].contains(name)
        && let Some((_, field)) = fields.iter_mut().find(|(key, _)| job_key(key) == Some(name))
        && let (Value::Map(own), Some(defaults)) = (&mut field.value, value.as_map())
    {
        let known: std::collections::HashSet<String> =
            own.iter().filter_map(|(key, _)| key.as_text().map(str::to_owned)).collect();
        own.extend(defaults.iter().filter(|(key, _)| !key.as_text().is_some_and(|key| known.contains(key))).cloned());
    }
}
