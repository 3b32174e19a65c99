//! Artifacts and caches.

use monkeyci_model::JobId;
use monkeyci_model::job::{Artifact, Cache, SaveWhen};

use super::keys::{ARTIFACT, CACHE};
use super::{Context, Fields, scalar};
use crate::script::node::{Node, Span, Value};
use crate::script::problems::Flaw;

/// After which outcome files are saved, by the word for it.
const SAVE: &[(&str, SaveWhen)] =
    &[("success", SaveWhen::Success), ("failure", SaveWhen::Failure), ("always", SaveWhen::Always)];

/// An artifact that a job restores; one that is named by its id alone has no path yet.
pub(in crate::script) struct Restored {
    pub(in crate::script) id: String,
    pub(in crate::script) path: Option<String>,
    pub(in crate::script) span: Span,
}

/// What a job saves.
pub(super) fn artifacts(node: &Node, folder: &str, cx: &mut Context<'_, '_>) -> Vec<Artifact> {
    node.items().iter().filter_map(|item| artifact(item, folder, cx)).collect()
}

fn artifact(node: &Node, folder: &str, cx: &mut Context<'_, '_>) -> Option<Artifact> {
    if node.as_text().is_some() {
        let flaw = scalar::expected(node, "an artifact (a map)");
        cx.problems.add(flaw.help("write `{id: NAME, path: FILE_OR_FOLDER}`"));
        return None;
    }
    let fields = Fields::read(node, "an artifact", &[ARTIFACT], |_| false, cx)?;
    let (id, path) = (id_of(&fields, "an artifact", cx), path_of(&fields, "an artifact", folder, cx));
    let save = save_of(&fields, cx);
    Some(Artifact { id: id?, path: path?, save })
}

/// What a job restores: `{id, path}`, or the id alone, which puts it where it was saved.
pub(super) fn restored(node: &Node, folder: &str, cx: &mut Context<'_, '_>) -> Vec<Restored> {
    let items = node.items().iter();
    let one = |item: &Node| {
        let span = item.span;
        if !matches!(item.value, Value::Map(_)) {
            return Some(Restored { id: id(item, "an artifact", cx)?, path: None, span });
        }
        let fields = Fields::read(item, "an artifact", &[&ARTIFACT[..2]], |_| false, cx)?;
        let path = match fields.get("path") {
            Some(path) => Some(scalar::path(path, folder, "the path of an artifact", cx)?),
            None => None,
        };
        Some(Restored { id: id_of(&fields, "an artifact", cx)?, path, span })
    };
    items.filter_map(one).collect()
}

/// What a job keeps from build to build.
pub(super) fn caches(node: &Node, folder: &str, cx: &mut Context<'_, '_>) -> Vec<Cache> {
    node.items().iter().filter_map(|item| cache(item, folder, cx)).collect()
}

fn cache(node: &Node, folder: &str, cx: &mut Context<'_, '_>) -> Option<Cache> {
    let fields = Fields::read(node, "a cache", &[CACHE], |_| false, cx)?;
    let (id, path) = (id_of(&fields, "a cache", cx), path_of(&fields, "a cache", folder, cx));
    let key = fields.get("key").and_then(|node| scalar::word(node, "the key of a cache", cx));
    let fallbacks = fields.get("fallbacks").map(|node| scalar::strings(node, "a fallback", cx)).unwrap_or_default();
    let save = save_of(&fields, cx);
    Some(Cache { id: id?, path: path?, key, fallbacks, save })
}

fn id_of(fields: &Fields<'_>, what: &str, cx: &mut Context<'_, '_>) -> Option<String> {
    let node = fields.require("id", what, cx)?;
    id(node, what, cx)
}

/// Ids of artifacts and caches become names of files, so they follow the rules for ids of jobs.
fn id(node: &Node, what: &str, cx: &mut Context<'_, '_>) -> Option<String> {
    let id = scalar::word(node, &format!("the id of {what}"), cx)?;
    match JobId::new(&id) {
        Ok(_) => Some(id),
        Err(error) => {
            cx.problems.add(Flaw::new(node.span, error.to_string().replacen("job id", &format!("{what}'s id"), 1)));
            None
        }
    }
}

fn path_of(fields: &Fields<'_>, what: &str, folder: &str, cx: &mut Context<'_, '_>) -> Option<String> {
    let node = fields.require("path", what, cx)?;
    scalar::path(node, folder, &format!("the path of {what}"), cx)
}

fn save_of(fields: &Fields<'_>, cx: &mut Context<'_, '_>) -> SaveWhen {
    fields.get("save").and_then(|node| scalar::choice(node, "an outcome", SAVE, cx)).unwrap_or_default()
}
