//! One job.

use std::collections::BTreeMap;

use monkeyci_model::job::{PullPolicy, When};
use monkeyci_model::{Job, JobId};
use serde_json::Map;

use super::files::Restored;
use super::keys::JOB;
use super::{Context, Fields, duration, env, extension, files, id_token, report, resources, retry, scalar, service};
use crate::script::condition;
use crate::script::node::{Node, Span};
use crate::script::problems::Flaw;

const WHEN: &[(&str, When)] = &[("success", When::Success), ("failure", When::Failure), ("always", When::Always)];

const PULL: &[(&str, PullPolicy)] =
    &[("if-missing", PullPolicy::IfMissing), ("always", PullPolicy::Always), ("never", PullPolicy::Never)];

/// A job, and what can only be said once all jobs are known.
pub(in crate::script) struct Converted {
    /// Complete but for its dependencies and the artifacts that it restores.
    pub(in crate::script) job: Job,
    /// Where its id stands, or the job itself.
    pub(in crate::script) id_span: Span,
    /// The ids that it depends on, as written.
    pub(in crate::script) needs: Vec<(String, Span)>,
    pub(in crate::script) restored: Vec<Restored>,
    /// Whether its condition does not hold.
    pub(in crate::script) left_out: bool,
}

/// Converts the job `node` with the id that it gets; `None` when it is not even a map.
pub(in crate::script) fn job(node: &Node, id: JobId, id_span: Span, cx: &mut Context<'_, '_>) -> Option<Converted> {
    let extensions = cx.extensions;
    let fields = Fields::read(node, "a job", &[JOB], |key| extension::is_known(key, extensions), cx)?;
    check_type(&fields, cx);
    cx.left_out = fields.get("if").is_some_and(|node| !condition::holds(node, cx));

    let mut job = Job::new(id);
    let folder = fields.get("work-dir").and_then(|node| scalar::path(node, "", "the work dir", cx));
    let base = folder.clone().unwrap_or_default();
    what_runs(&mut job, &fields, cx);
    when_it_runs(&mut job, &fields, cx);
    let restored = fields.get("restore-artifacts").map(|node| files::restored(node, &base, cx)).unwrap_or_default();
    job.save_artifacts = fields.get("save-artifacts").map(|node| files::artifacts(node, &base, cx)).unwrap_or_default();
    job.caches = fields.get("caches").map(|node| files::caches(node, &base, cx)).unwrap_or_default();
    job.reports = fields.get("reports").map(|node| report::reports(node, &base, cx)).unwrap_or_default();
    job.services = fields.get("services").map(|node| service::services(node, cx)).unwrap_or_default();
    job.work_dir = folder;
    container(&mut job, &fields, cx);
    job.labels = fields.get("labels").map(|node| pairs(node, "a label", cx)).unwrap_or_default();
    job.extensions =
        fields.extra.iter().map(|(key, node)| ((*key).to_owned(), extension::json(node))).collect::<Map<_, _>>();
    if let Some(node) = fields.get("junit") {
        job.reports.extend(report::junit(node, &job.save_artifacts, &base, cx));
        job.extensions.insert("junit".into(), extension::json(node));
    }

    let needs = fields.get("dependencies").map(|node| dependencies(node, cx)).unwrap_or_default();
    // A line that is wrong is reported already.
    let is_empty = |key| fields.get(key).is_none_or(|node| node.items().is_empty());
    if ["script", "command", "args"].into_iter().all(is_empty) && !job.blocked && needs.is_empty() {
        let flaw = Flaw::new(fields.span, format!("job `{}` has nothing to run", job.id));
        cx.problems.add(flaw.help("give it a `script`, a list of lines"));
    }
    Some(Converted { job, id_span, needs, restored, left_out: cx.left_out })
}

fn check_type(fields: &Fields<'_>, cx: &mut Context<'_, '_>) {
    let Some(node) = fields.get("type") else { return };
    match node.as_text() {
        Some("container") => {}
        Some("action") => {
            let flaw = Flaw::new(node.span, "actions need a script that is a program");
            cx.problems.add(flaw.help("in this format every job is of `type: container`; give it a `script`"));
        }
        _ => cx.problems.add(scalar::expected(node, "`container`")),
    }
}

fn what_runs(job: &mut Job, fields: &Fields<'_>, cx: &mut Context<'_, '_>) {
    job.image = fields.get("image").and_then(|node| scalar::word(node, "an image", cx));
    job.script = fields.get("script").map(|node| scalar::texts(node, "a line", cx)).unwrap_or_default();
    job.command = fields.get("command").map(|node| scalar::texts(node, "a program", cx)).unwrap_or_default();
    if let Some(node) = fields.get("args") {
        job.command.extend(scalar::texts(node, "an argument", cx));
    }
    if let (Some(_), Some(node)) = (fields.get("script"), fields.get("command").or(fields.get("args"))) {
        let flaw = Flaw::new(node.span, "a job has either a `script` or a `command`");
        cx.problems.add(flaw.help("lines of a script are run by a shell, a command is run without one"));
    }
    job.shell = fields.get("shell").and_then(|node| scalar::word(node, "a shell", cx));
    job.env = fields.get("env").map(|node| env::env(node, cx)).unwrap_or_default();
    if let Some(node) = fields.get("params") {
        env::params(node, &mut job.env, cx);
    }
    if let Some(node) = fields.get("id-tokens") {
        job.id_tokens = id_token::id_tokens(node, &job.env, cx);
    }
}

fn when_it_runs(job: &mut Job, fields: &Fields<'_>, cx: &mut Context<'_, '_>) {
    job.when = fields.get("when").and_then(|node| scalar::choice(node, "an outcome", WHEN, cx)).unwrap_or_default();
    job.blocked = fields.get("blocked").is_some_and(|node| scalar::truth(node, "true or false", cx));
    job.allow_failure = fields.get("allow-failure").is_some_and(|node| scalar::truth(node, "true or false", cx));
    job.retry = fields.get("retry").map(|node| retry::retry(node, cx)).unwrap_or_default();
    job.timeout = fields.get("timeout").and_then(|node| duration::duration(node, "a timeout", cx));
    job.concurrency_group = fields.get("concurrency-group").and_then(|node| scalar::word(node, "a group", cx));
    job.environment = fields.get("environment").and_then(|node| scalar::word(node, "an environment", cx));
}

fn container(job: &mut Job, fields: &Fields<'_>, cx: &mut Context<'_, '_>) {
    job.expose = fields.get("expose").map(|node| scalar::ports(node, cx)).unwrap_or_default();
    job.resources = resources::resources(fields, cx);
    job.pull = fields.get("pull").and_then(|node| scalar::choice(node, "a pull policy", PULL, cx)).unwrap_or_default();
    job.entrypoint = fields.get("entrypoint").map(|node| scalar::strings(node, "a program", cx));
    // Scripts say host to container, as MonkeyCI; a place in the container can have one folder only.
    let mounts = fields.get("mounts").map(|node| pairs(node, "a mount", cx)).unwrap_or_default();
    job.mounts = mounts.into_iter().map(|(host, container)| (container, host)).collect();
    job.privileged = fields.get("privileged").is_some_and(|node| scalar::truth(node, "true or false", cx));

    if job.entrypoint.is_some() && (job.image.is_none() || job.command.is_empty()) {
        let span = fields.get("entrypoint").map_or(fields.span, |node| node.span);
        let flaw = Flaw::new(span, "an `entrypoint` needs an `image` and a `command`");
        cx.problems.add(flaw.help("lines of a script have their `shell` in its place"));
    }
    for name in ["mounts", "privileged", "platform", "pull"] {
        if let (None, true, Some(node)) = (&job.image, job.services.is_empty(), fields.get(name)) {
            cx.problems.add(Flaw::new(node.span, format!("`{name}` needs an `image`")));
        }
    }
}

fn dependencies(node: &Node, cx: &mut Context<'_, '_>) -> Vec<(String, Span)> {
    let items = node.items().iter();
    items.filter_map(|item| Some((scalar::word(item, "the id of a job", cx)?, item.span))).collect()
}

fn pairs(node: &Node, what: &str, cx: &mut Context<'_, '_>) -> BTreeMap<String, String> {
    let Some(entries) = node.as_map() else {
        cx.problems.add(scalar::expected(node, "a map"));
        return BTreeMap::new();
    };
    let mut pairs = BTreeMap::new();
    for (key, value) in entries {
        if let (Some(key), Some(value)) = (scalar::word(key, what, cx), scalar::text(value, what, cx)) {
            pairs.insert(key, value.to_owned());
        }
    }
    pairs
}
