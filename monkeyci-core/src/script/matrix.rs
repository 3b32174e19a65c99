//! One job for each combination of values.

use super::convert::job_key;
use super::diagnostic::shown;
use super::node::{Node, Span, Value, Weight};
use super::placeholder::{self, Values};
use super::problems::{Flaw, Problems};

/// The most jobs that one matrix makes.
const MAX_COMBINATIONS: usize = 1000;

/// The most names that one combination has.
const MAX_NAMES: usize = 50;

/// What is shown of a value in an id that is too long to be one.
const MAX_SUFFIX: usize = 2 * monkeyci_model::id::MAX_LEN;

/// A job of a matrix, or a job that has none.
pub(super) struct Variant {
    /// What is added to the job's id: `-1.95-linux`, or nothing.
    pub(super) suffix: String,
    pub(super) node: Node,
}

/// The jobs that `job` means. What is wrong with its matrix is reported, and it means none.
pub(super) fn expand(job: Node, spent: &mut Weight, problems: &mut Problems<'_>) -> Vec<Variant> {
    match variants(job, spent) {
        Ok(variants) => variants,
        Err(flaw) => {
            problems.add(flaw);
            Vec::new()
        }
    }
}

fn variants(mut job: Node, spent: &mut Weight) -> Result<Vec<Variant>, Flaw> {
    let span = job.span;
    let is_matrix = |(key, _): &(Node, Node)| job_key(key) == Some("matrix");
    let matrix = match &mut job.value {
        Value::Map(entries) => entries.iter().position(is_matrix).map(|at| entries.remove(at).1),
        _ => None,
    };
    let Some(matrix) = matrix else {
        return match placeholder::first(&job) {
            Some(span) => Err(Flaw::new(span, "`${{ matrix.… }}` stands in a job that has no matrix")),
            None => Ok(vec![Variant { suffix: String::new(), node: job }]),
        };
    };
    let id = job.as_map().unwrap_or_default().iter().find(|(key, _)| job_key(key) == Some("id"));
    if let Some(span) = id.and_then(|(_, id)| placeholder::first(id)) {
        let flaw = Flaw::new(span, "the id of a job with a matrix is the same for all its combinations");
        return Err(flaw.help("leave the placeholder out: the values are added to the id, as in `test-1.95-linux`"));
    }
    let (axes, combinations) = combinations(&matrix)?;
    let mut variants = Vec::with_capacity(combinations.len());
    for values in combinations {
        // What will be copied counts before it is.
        placeholder::spend(spent, Weight { nodes: 1, bytes: 0 }, span)?;
        let mut node = job.clone();
        placeholder::fill(&mut node, &values, spent)?;
        variants.push(Variant { suffix: suffix(&axes, &values), node });
    }
    if variants.is_empty() {
        return Err(Flaw::new(matrix.span, "the matrix has no combination").help("every combination is excluded"));
    }
    Ok(variants)
}

/// The names of the axes, and the combinations after `exclude` and `include`.
fn combinations(matrix: &Node) -> Result<(Vec<&str>, Vec<Values<'_>>), Flaw> {
    let Some(entries) = matrix.as_map() else {
        let message = format!("expected a matrix (a map of lists), found {}", matrix.describe());
        return Err(Flaw::new(matrix.span, message).help("write `matrix: {rust: [1.94, 1.95], os: [debian, alpine]}`"));
    };
    let (mut axes, mut combinations, mut exclude, mut include) = (Vec::new(), vec![Values::new()], None, None);
    for (key, value) in entries {
        match key.as_text().unwrap_or_default() {
            "exclude" => exclude = Some(value),
            "include" => include = Some(value),
            axis => {
                check_axis(axis, key, value)?;
                if axes.len() == MAX_NAMES {
                    return Err(too_many_names(key.span));
                }
                if combinations.len().saturating_mul(value.items().len()) > MAX_COMBINATIONS {
                    let message = format!("the matrix has more than {MAX_COMBINATIONS} combinations");
                    return Err(Flaw::new(matrix.span, message));
                }
                let items = value.items();
                combinations = combinations
                    .iter()
                    .flat_map(|values| items.iter().map(move |item| with(values, axis, item)))
                    .collect();
                axes.push(axis);
            }
        }
    }
    if axes.is_empty() {
        combinations.clear();
    }
    for rule in entries_of(exclude)? {
        let rule = pairs(rule, "exclude")?;
        if let Some((name, value)) = rule.iter().find(|(name, _)| !axes.contains(name)) {
            return Err(Flaw::new(value.span, format!("the matrix has no `{}` to exclude by", shown(name))));
        }
        combinations.retain(|values| !agrees(values, &rule));
    }
    for extra in entries_of(include)? {
        take_in(&mut combinations, &axes, pairs(extra, "include")?);
        if combinations.iter().any(|values| values.len() > MAX_NAMES) {
            return Err(too_many_names(extra.span));
        }
        if combinations.len() > MAX_COMBINATIONS {
            return Err(Flaw::new(extra.span, format!("the matrix has more than {MAX_COMBINATIONS} combinations")));
        }
    }
    Ok((axes, combinations))
}

fn with<'m>(values: &[(&'m str, &'m Node)], axis: &'m str, item: &'m Node) -> Values<'m> {
    let mut values = values.to_vec();
    values.push((axis, item));
    values
}

/// The entries of `exclude` or `include`.
fn entries_of(node: Option<&Node>) -> Result<&[Node], Flaw> {
    let entries = node.map(Node::items).unwrap_or_default();
    match entries.get(MAX_COMBINATIONS) {
        Some(one_more) => {
            Err(Flaw::new(one_more.span, format!("a list of a matrix has more than {MAX_COMBINATIONS} entries")))
        }
        None => Ok(entries),
    }
}

fn too_many_names(span: Span) -> Flaw {
    Flaw::new(span, format!("a combination of a matrix has at most {MAX_NAMES} names"))
}

/// Adds what `extra` says beyond the axes to the combinations that it agrees with; agreeing with none, it is one more.
fn take_in<'m>(combinations: &mut Vec<Values<'m>>, axes: &[&str], extra: Values<'m>) {
    let (on_axes, beyond): (Values<'m>, Values<'m>) = extra.iter().copied().partition(|(name, _)| axes.contains(name));
    let mut found = false;
    for values in combinations.iter_mut().filter(|_| !axes.is_empty()).filter(|values| agrees(values, &on_axes)) {
        found = true;
        values.retain(|(name, _)| !beyond.iter().any(|(other, _)| other == name));
        values.extend(&beyond);
    }
    if !found {
        combinations.push(extra);
    }
}

fn agrees(values: &Values<'_>, rule: &Values<'_>) -> bool {
    rule.iter().all(|(name, wanted)| values.iter().any(|(known, v)| known == name && v.as_text() == wanted.as_text()))
}

fn check_axis(axis: &str, key: &Node, value: &Node) -> Result<(), Flaw> {
    check_name(axis, key)?;
    let Value::List(items) = &value.value else {
        return Err(Flaw::new(value.span, format!("expected a list of values, found {}", value.describe())));
    };
    match items.iter().find(|item| item.as_text().is_none()) {
        Some(item) => Err(Flaw::new(
            item.span,
            format!("a value of a matrix is text, a number, or true or false, found {}", item.describe()),
        )),
        None => Ok(()),
    }
}

fn check_name(name: &str, key: &Node) -> Result<(), Flaw> {
    if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte)) {
        let message = format!("`{}` cannot be a name in a matrix", shown(name));
        return Err(Flaw::new(key.span, message).help("letters, digits, `_` and `-` are allowed"));
    }
    Ok(())
}

fn pairs<'m>(node: &'m Node, what: &str) -> Result<Values<'m>, Flaw> {
    let Some(entries) = node.as_map() else {
        return Err(Flaw::new(node.span, format!("`{what}` is a list of maps, found {}", node.describe())));
    };
    if entries.len() > MAX_NAMES {
        return Err(too_many_names(node.span));
    }
    let pair = |(key, value): &'m (Node, Node)| {
        let name = key.as_text().unwrap_or_default();
        check_name(name, key)?;
        match value.as_text() {
            Some(_) => Ok((name, value)),
            None => Err(Flaw::new(
                value.span,
                format!("expected text, a number, or true or false, found {}", value.describe()),
            )),
        }
    };
    entries.iter().map(pair).collect()
}

/// The values on the axes, fit for an id: `-1.95-ubuntu-22.04`. A combination beyond all axes is named by all it has.
fn suffix(axes: &[&str], values: &Values<'_>) -> String {
    let on_axes = || values.iter().filter(|(name, _)| axes.contains(name));
    let named: Vec<&(&str, &Node)> =
        if on_axes().next().is_some() { on_axes().collect() } else { values.iter().collect() };
    let clean = |c: char| if c.is_ascii_alphanumeric() || "_.".contains(c) { c } else { '-' };
    named
        .iter()
        .flat_map(|(_, value)| std::iter::once('-').chain(value.as_text().unwrap_or_default().chars().map(clean)))
        .take(MAX_SUFFIX)
        .collect()
}
