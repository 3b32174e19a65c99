//! How often a job is started again.

use std::collections::BTreeSet;

use monkeyci_model::Cause;
use monkeyci_model::job::Retry;

use super::keys::RETRY;
use super::{Context, Fields, scalar};
use crate::script::node::{Node, Value};

/// More would hide a job that never works.
const MAX: u64 = 20;

const CAUSES: &[(&str, Cause)] = &[
    ("failure", Cause::Failure),
    ("timeout", Cause::Timeout),
    ("out-of-memory", Cause::OutOfMemory),
    ("image", Cause::Image),
    ("service", Cause::Service),
    ("lost", Cause::Lost),
    ("infrastructure", Cause::Infrastructure),
];

/// A number of attempts whatever the cause, `never`, or `{max, on}`.
pub(super) fn retry(node: &Node, cx: &mut Context<'_, '_>) -> Retry {
    if let Value::Map(_) = node.value {
        return by_cause(node, cx).unwrap_or_default();
    }
    if node.as_text() == Some("never") {
        return Retry::never();
    }
    match times(node, cx) {
        Some(0) => Retry::never(),
        Some(max) => Retry::times(max),
        None => Retry::default(),
    }
}

fn by_cause(node: &Node, cx: &mut Context<'_, '_>) -> Option<Retry> {
    let fields = Fields::read(node, "`retry`", &[RETRY], |_| false, cx)?;
    let max = fields.require("max", "`retry`", cx).and_then(|node| times(node, cx));
    let on: BTreeSet<Cause> = match fields.get("on") {
        None => Cause::RETRIABLE.into(),
        Some(node) => node.items().iter().filter_map(|item| scalar::choice(item, "a cause", CAUSES, cx)).collect(),
    };
    match max? {
        0 => Some(Retry::never()),
        max => Some(Retry { max, on }),
    }
}

fn times(node: &Node, cx: &mut Context<'_, '_>) -> Option<u32> {
    let times = scalar::whole(node, "how often to try again", 0, MAX, cx)?;
    u32::try_from(times).ok()
}
