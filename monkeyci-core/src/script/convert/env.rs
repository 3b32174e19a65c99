//! Environment variables.

use std::collections::BTreeMap;

use monkeyci_model::Text;
use monkeyci_model::text::Part;

use super::keys::VALUE;
use super::{Context, Fields, scalar};
use crate::script::diagnostic::shown;
use crate::script::nearest::did_you_mean;
use crate::script::node::{Node, Span, Weight};
use crate::script::placeholder;
use crate::script::problems::Flaw;

/// Variables by name, as written. A value is text, or `{param: NAME}`.
pub(super) fn env(node: &Node, cx: &mut Context<'_, '_>) -> BTreeMap<String, Text> {
    let Some(entries) = node.as_map() else {
        cx.problems.add(scalar::expected(node, "a map of variables").help("write `NAME: value`"));
        return BTreeMap::new();
    };
    let mut env = BTreeMap::new();
    for (key, value) in entries {
        let Some(name) = name(key, cx) else { continue };
        let value = match value.as_map() {
            Some(_) => from_param(value, cx),
            None => scalar::text(value, &format!("the value of `{}`", shown(name)), cx).map(Text::from),
        };
        if let Some(value) = value {
            env.insert(name.to_owned(), value);
        }
    }
    env
}

/// Adds the params that a job lists, each as the variable of its name; what `env` says wins.
pub(super) fn params(node: &Node, env: &mut BTreeMap<String, Text>, cx: &mut Context<'_, '_>) {
    for item in node.items() {
        let Some(name) = name(item, cx) else { continue };
        if !env.contains_key(name)
            && let Some(value) = param(name, item.span, cx)
        {
            env.insert(name.to_owned(), value);
        }
    }
}

fn from_param(node: &Node, cx: &mut Context<'_, '_>) -> Option<Text> {
    let fields = Fields::read(node, "a variable's value", &[VALUE], |_| false, cx)?;
    let node = fields.require("param", "a variable's value", cx)?;
    let name = scalar::text(node, "the name of a param", cx)?;
    param(name, node.span, cx)
}

/// The value of a param. In a job that is left out it need not be there: often that is why the job is left out.
fn param(name: &str, span: Span, cx: &mut Context<'_, '_>) -> Option<Text> {
    let known = &cx.trigger.params;
    if let Some(value) = known.get(name) {
        // A long value in many jobs would not fit into memory.
        let bytes = value.parts().iter().map(|part| if let Part::Plain(plain) = part { plain.len() } else { 0 }).sum();
        return match placeholder::spend(cx.spent, Weight { nodes: 0, bytes }, span) {
            Ok(()) => Some(value.clone()),
            Err(flaw) => {
                cx.problems.add(flaw);
                None
            }
        };
    }
    if !cx.left_out {
        let names = known.keys().take(20).map(|name| format!("`{}`", shown(name))).collect::<Vec<_>>().join(", ");
        let has = if names.is_empty() { "none" } else { names.as_str() };
        let name_shown = shown(name);
        let help = format!("`-p {name_shown}=VALUE` or `--secret {name_shown}` gives it to the build, which has {has}");
        let flaw = Flaw::new(span, format!("there is no param `{name_shown}`")).help(help);
        cx.problems.add(flaw.maybe(did_you_mean(name, known.keys().map(String::as_str))));
    }
    None
}

/// The name of a variable.
pub(super) fn name<'n>(node: &'n Node, cx: &mut Context<'_, '_>) -> Option<&'n str> {
    let name = scalar::text(node, "the name of a variable", cx)?;
    if name.is_empty() || name.contains(['=', '\0']) {
        let message = format!("`{}` cannot be the name of a variable: it is empty or holds `=`", shown(name));
        cx.problems.add(Flaw::new(node.span, message));
        return None;
    }
    Some(name)
}
