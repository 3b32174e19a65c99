//! `${{ matrix.NAME }}` in the texts of a job.
//!
//! No shell takes `${{` for a variable, so this never stands in the way of a script's own `$NAME` and `${NAME}`. Other
//! `${{ … }}` stay as they are: a script may write a workflow of GitHub.

use super::diagnostic::shown;
use super::nearest::did_you_mean;
use super::node::{Node, Scalar, Span, Value, Weight};
use super::problems::Flaw;

/// The values of one combination, by name, in the order of the matrix.
///
/// Borrowed from the matrix: a thousand combinations hold no copies of a long value.
pub(super) type Values<'m> = Vec<(&'m str, &'m Node)>;

/// Fills in every placeholder below `node`; `spent` grows by what the filled tree holds.
///
/// A text that is nothing but a placeholder becomes the value itself, so that numbers and truths stay what they are.
pub(super) fn fill(node: &mut Node, values: &Values<'_>, spent: &mut Weight) -> Result<(), Flaw> {
    let span = node.span;
    match &mut node.value {
        Value::Scalar(kind, text) => {
            if let Some((filled_kind, filled)) = filled(*kind, text, values, span, spent)? {
                *kind = filled_kind;
                *text = filled;
            }
            spend(spent, Weight { nodes: 1, bytes: text.len() }, span)
        }
        Value::List(items) => items.iter_mut().try_for_each(|item| fill(item, values, spent)),
        Value::Map(entries) => entries.iter_mut().try_for_each(|(key, value)| {
            spend(spent, key.weight(), span)?;
            fill(value, values, spent)
        }),
    }
}

/// The first placeholder below `node`; for jobs that have no matrix.
pub(super) fn first(node: &Node) -> Option<Span> {
    match &node.value {
        Value::Scalar(_, text) => next(text).map(|_| node.span),
        Value::List(items) => items.iter().find_map(first),
        Value::Map(entries) => entries.iter().find_map(|(_, value)| first(value)),
    }
}

fn filled(
    kind: Scalar,
    text: &str,
    values: &Values<'_>,
    span: Span,
    spent: &mut Weight,
) -> Result<Option<(Scalar, String)>, Flaw> {
    if kind != Scalar::Text || next(text).is_none() {
        return Ok(None);
    }
    let mut result = String::new();
    let mut rest = text;
    while let Some((start, end, name)) = next(rest) {
        let Some((_, value)) = values.iter().find(|(known, _)| *known == name) else {
            let names = values.iter().map(|(name, _)| format!("`{}`", shown(name))).collect::<Vec<_>>().join(", ");
            let flaw = Flaw::new(span, format!("the matrix has no `{}` for this job", shown(name)));
            let near = did_you_mean(name, values.iter().map(|(name, _)| *name));
            return Err(flaw.help(format!("it has {names}")).maybe(near));
        };
        if let Value::Scalar(kind, value) = &value.value {
            if start == 0 && end == text.len() {
                return Ok(Some((*kind, value.clone())));
            }
            result.push_str(&rest[..start]);
            // Text counts before it is made: a long value in many places would not fit into memory.
            spend(spent, Weight { nodes: 0, bytes: value.len() }, span)?;
            result.push_str(value);
        }
        rest = &rest[end..];
    }
    result.push_str(rest);
    Ok(Some((Scalar::Text, result)))
}

/// Where the next placeholder begins and ends, and its name.
fn next(text: &str) -> Option<(usize, usize, &str)> {
    let mut from = 0;
    while let Some(start) = text[from..].find("${{").map(|at| from + at) {
        let inner = &text[start + 3..];
        let name = inner.trim_start().strip_prefix("matrix.");
        // The name ends where the placeholder must; nothing further is searched, so that this stays linear.
        if let Some(name) = name {
            let length = name.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(byte)).count();
            let after = name[length..].trim_start_matches(' ');
            if length > 0 && after.starts_with("}}") {
                return Some((start, text.len() - after.len() + 2, &name[..length]));
            }
        }
        from = start + 3;
    }
    None
}

pub(super) fn spend(spent: &mut Weight, weight: Weight, span: Span) -> Result<(), Flaw> {
    *spent = spent.plus(weight);
    if spent.is_too_much() {
        let flaw = Flaw::new(span, "with matrices and defaults filled in, the script is too big");
        return Err(
            flaw.help("fewer combinations, or shorter texts: a long script belongs into a file of the repository")
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill_in(text: &str) -> Result<(Scalar, String), String> {
        let value = |kind, text: &str| Node::scalar(kind, text, Span::default());
        let (rust, n) = (value(Scalar::Text, "1.90"), value(Scalar::Number, "2"));
        let values = vec![("rust", &rust), ("n", &n)];
        let mut node = value(Scalar::Text, text);
        fill(&mut node, &values, &mut Weight::default()).map_err(|flaw| flaw.message)?;
        match node.value {
            Value::Scalar(kind, text) => Ok((kind, text)),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn placeholders_are_filled_in_and_shell_variables_are_left_alone() {
        let text = |text: &str| Ok((Scalar::Text, text.to_owned()));
        assert_eq!(fill_in("rust:${{ matrix.rust }}-${{matrix.n}}"), text("rust:1.90-2"));
        assert_eq!(fill_in("${{ matrix.n }}"), Ok((Scalar::Number, "2".into())));
        assert_eq!(
            fill_in("${matrix} $n ${{ github.sha }} {{ hash }}"),
            text("${matrix} $n ${{ github.sha }} {{ hash }}")
        );
        assert_eq!(fill_in("${{ matrix.rust"), text("${{ matrix.rust"));
        assert_eq!(fill_in("${{ matrix.rsut }}"), Err("the matrix has no `rsut` for this job".into()));
    }
}
