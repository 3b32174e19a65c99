//! All jobs of all files, put together: ids, matrices, conditions, dependencies, artifacts.

use monkeyci_model::job::limits;
use monkeyci_model::{Job, JobId, Trigger};

use super::artifacts;
use super::convert::{self, Context, Converted, job_key};
use super::defaults;
use super::dependencies::{self, Names};
use super::diagnostic::shown;
use super::extensions::Extensions;
use super::matrix;
use super::node::{Node, Span, Value, Weight};
use super::pattern::Patterns;
use super::problems::{Flaw, Problems};

/// The jobs of the build in the order of the script, and the ids of those that do not belong to it.
///
/// Where the build `has_others`, of a program, a dependency that is not among these may be one of them.
pub(super) fn assemble(
    scripts: Vec<Node>,
    trigger: &Trigger,
    extensions: &Extensions,
    has_others: bool,
    problems: &mut Problems<'_>,
) -> (Vec<Job>, Vec<JobId>) {
    let mut spent = Weight::default();
    let mut nodes = Vec::new();
    for script in scripts {
        nodes.extend(defaults::jobs(script, &mut spent, problems));
    }
    if let Some(one_more) = nodes.get(limits::JOBS) {
        problems.add(too_many(one_more.span));
        return (Vec::new(), Vec::new());
    }
    let mut names = Names::new(has_others);
    let mut all: Vec<Converted> = Vec::with_capacity(nodes.len());
    let mut patterns = Patterns::default();
    for (index, node) in nodes.into_iter().enumerate() {
        let (base, span) = written_id(&node, index);
        let variants = matrix::expand(node, &mut spent, problems);
        if spent.is_too_much() {
            // That is said, and each further matrix would be written out in vain.
            return (Vec::new(), Vec::new());
        }
        if all.len() + variants.len() > limits::JOBS {
            problems.add(too_many(span));
            return (Vec::new(), Vec::new());
        }
        names.begin(&base, span, all.len()..all.len() + variants.len(), problems);
        for variant in variants {
            let written = format!("{base}{}", variant.suffix);
            let id = id(&written, index, span, problems);
            let (problems, patterns, spent) = (&mut *problems, &mut patterns, &mut spent);
            let mut cx = Context { trigger, extensions, problems, patterns, spent, left_out: false };
            let Some(converted) = convert::job(&variant.node, id, span, &mut cx) else { continue };
            if !variant.suffix.is_empty() {
                names.add(&written, span, all.len(), problems);
            }
            all.push(converted);
        }
    }
    let graph = dependencies::resolve(&mut all, &names, problems);
    artifacts::restore(&mut all, &graph, has_others, &mut spent, problems);
    let left_out = all.iter().filter(|one| one.left_out).map(|one| one.job.id.clone()).collect();
    let jobs = all.into_iter().filter(|one| !one.left_out).map(|one| one.job).collect();
    (jobs, left_out)
}

fn too_many(span: Span) -> Flaw {
    Flaw::new(span, format!("a build has at most {} jobs, and this is one more", limits::JOBS))
}

/// The id of a job as written, else `job-N` by its place among all jobs, as MonkeyCI has it.
fn written_id(node: &Node, index: usize) -> (String, Span) {
    let id = match &node.value {
        Value::Map(entries) => entries.iter().find(|(key, _)| job_key(key) == Some("id")).map(|(_, id)| id),
        _ => None,
    };
    match id {
        Some(id) => (id.as_text().unwrap_or_default().to_owned(), id.span),
        None => (format!("job-{}", index + 1), node.span),
    }
}

/// A checked id. One that cannot be used is reported, and stands for itself as `job-N` so that reading goes on.
fn id(written: &str, index: usize, span: Span, problems: &mut Problems<'_>) -> JobId {
    let checked = JobId::new(written).or_else(|error| {
        let flaw = Flaw::new(span, error.to_string());
        problems.add(flaw.help(format!("use letters, digits, `_`, `-` and `.`: `{}`", suggestion(written))));
        JobId::new(format!("job-{}", index + 1))
    });
    checked.expect("`job-N` is an id")
}

fn suggestion(written: &str) -> String {
    let clean = |c: char| if c.is_ascii_alphanumeric() || "_.".contains(c) { c } else { '-' };
    let id: String = shown(written).chars().map(clean).collect();
    let id = id.trim_matches('-').trim_start_matches('.');
    if id.is_empty() { "my-job".into() } else { id.to_owned() }
}
