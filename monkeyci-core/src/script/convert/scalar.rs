//! Words: text, numbers, truth, choices, and paths.

use monkeyci_model::Text;

use super::Context;
use crate::script::diagnostic::shown;
use crate::script::nearest::did_you_mean;
use crate::script::node::{Node, Scalar, Value};
use crate::script::problems::Flaw;

/// Text as it was written: `1.10` stays `1.10`.
pub(in crate::script) fn text<'n>(node: &'n Node, what: &str, cx: &mut Context<'_, '_>) -> Option<&'n str> {
    let found = node.as_text();
    match found {
        None if matches!(node.value, Value::Map(_)) => {
            let flaw = expected(node, what);
            cx.problems.add(flaw.help("text that holds `: ` or begins with `{` must stand in quotes"));
        }
        None => cx.problems.add(expected(node, what)),
        Some(text) if text.contains('\0') => {
            cx.problems.add(Flaw::new(node.span, format!("{what} holds a zero byte, which no program takes")));
        }
        Some(_) => {}
    }
    found
}

/// Text that may not be empty.
pub(in crate::script) fn word(node: &Node, what: &str, cx: &mut Context<'_, '_>) -> Option<String> {
    let found = text(node, what, cx)?.trim();
    if found.is_empty() {
        cx.problems.add(Flaw::new(node.span, format!("{what} is empty")));
        return None;
    }
    Some(found.to_owned())
}

/// One text or a list of them.
pub(in crate::script) fn texts(node: &Node, what: &str, cx: &mut Context<'_, '_>) -> Vec<Text> {
    node.items().iter().filter_map(|item| text(item, what, cx)).map(Text::from).collect()
}

/// One text or a list of them, as plain strings.
pub(in crate::script) fn strings(node: &Node, what: &str, cx: &mut Context<'_, '_>) -> Vec<String> {
    node.items().iter().filter_map(|item| text(item, what, cx)).map(str::to_owned).collect()
}

/// True or false.
pub(in crate::script) fn truth(node: &Node, what: &str, cx: &mut Context<'_, '_>) -> bool {
    match &node.value {
        Value::Scalar(Scalar::Bool(value), _) => return *value,
        Value::Scalar(_, text) if text == "true" || text == "false" => return text == "true",
        Value::Scalar(_, text) if ["yes", "on", "y"].contains(&text.to_lowercase().as_str()) => {
            cx.problems.add(expected(node, what).help("write `true`"));
        }
        Value::Scalar(_, text) if ["no", "off", "n"].contains(&text.to_lowercase().as_str()) => {
            cx.problems.add(expected(node, what).help("write `false`"));
        }
        _ => cx.problems.add(expected(node, what)),
    }
    false
}

/// A number above 0 and up to `max`.
pub(in crate::script) fn number(node: &Node, what: &str, max: f64, cx: &mut Context<'_, '_>) -> Option<f64> {
    let found = digits(node, what, cx)?.parse::<f64>().ok().filter(|number| *number > 0.0 && *number <= max);
    if found.is_none() {
        cx.problems.add(expected(node, &format!("{what}: above 0, at most {max}")));
    }
    found
}

/// A whole number from `min` to `max`.
pub(in crate::script) fn whole(node: &Node, what: &str, min: u64, max: u64, cx: &mut Context<'_, '_>) -> Option<u64> {
    let found = digits(node, what, cx)?.parse::<u64>().ok().filter(|number| (min..=max).contains(number));
    if found.is_none() {
        cx.problems.add(expected(node, &format!("{what}: a whole number from {min} to {max}")));
    }
    found
}

/// What could be a number. `010` is refused: it is 8 to some readers and 10 to others.
fn digits<'n>(node: &'n Node, what: &str, cx: &mut Context<'_, '_>) -> Option<&'n str> {
    let Some(text) = node.as_text() else {
        cx.problems.add(expected(node, what));
        return None;
    };
    if text.len() > 1 && text.starts_with('0') && text.as_bytes()[1].is_ascii_digit() {
        let without = text.trim_start_matches('0');
        let flaw = Flaw::new(node.span, format!("{what} begins with 0, which some readers take for an octal number"));
        cx.problems.add(flaw.help(format!("write `{}`", shown(without))));
        return None;
    }
    Some(text)
}

/// A port.
pub(in crate::script) fn ports(node: &Node, cx: &mut Context<'_, '_>) -> Vec<u16> {
    let ports = node.items().iter().filter_map(|item| whole(item, "a port", 1, u64::from(u16::MAX), cx));
    ports.filter_map(|port| u16::try_from(port).ok()).collect()
}

/// One of a few words, by a table.
pub(in crate::script) fn choice<T: Copy>(
    node: &Node,
    what: &str,
    table: &[(&str, T)],
    cx: &mut Context<'_, '_>,
) -> Option<T> {
    let text = text(node, what, cx)?;
    if let Some((_, value)) = table.iter().find(|(word, _)| *word == text) {
        return Some(*value);
    }
    let known = table.iter().map(|(word, _)| format!("`{word}`")).collect::<Vec<_>>().join(", ");
    let flaw = Flaw::new(node.span, format!("`{}` is not {what}; known are {known}", shown(text)));
    cx.problems.add(flaw.maybe(did_you_mean(text, table.iter().map(|(word, _)| *word))));
    None
}

/// The most bytes of a path: a quarter of what Linux takes, so that what it stands below finds room.
const MAX_PATH: usize = 1024;

/// A path that stays within the checkout when it is taken from `folder`.
pub(in crate::script) fn path(node: &Node, folder: &str, what: &str, cx: &mut Context<'_, '_>) -> Option<String> {
    let path = word(node, what, cx)?;
    if path.len() > MAX_PATH {
        cx.problems.add(Flaw::new(node.span, format!("{what} has more than {MAX_PATH} bytes")));
        return None;
    }
    let mut depth = 0_i64;
    for part in folder.split('/').chain(path.split('/')) {
        depth += match part {
            "" | "." => 0,
            ".." => -1,
            _ => 1,
        };
        if depth < 0 {
            cx.problems.add(Flaw::new(node.span, format!("{what} leaves the checkout")));
            return None;
        }
    }
    if path.starts_with('/') {
        let flaw = Flaw::new(node.span, format!("{what} must be relative: `{}` is absolute", shown(&path)));
        cx.problems.add(flaw.help("paths begin at the job's work dir, which lies in its copy of the checkout"));
        return None;
    }
    Some(path)
}

/// `expected … , found …`
pub(in crate::script) fn expected(node: &Node, what: &str) -> Flaw {
    let found = match (&node.value, node.as_text()) {
        (Value::Scalar(..), Some(text)) => format!("`{}`", shown(text)),
        _ => node.describe().to_owned(),
    };
    let flaw = Flaw::new(node.span, format!("expected {what}, found {found}"));
    if matches!(node.value, Value::Scalar(Scalar::Null, _)) {
        return flaw.help("give it a value, or remove its key; empty text is `\"\"`");
    }
    flaw
}
