//! What is wrong with a configuration before there is a server to ask: `terraform validate` knows none.
//!
//! Only what the server would refuse for certain is refused here. It looks at all of it when a change is planned.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use tfplugin::check::{Check, text};
use tfplugin::{Diagnostic, Diagnostics, Path, Value, View};

const WORDS: [&str; 7] = ["@hourly", "@daily", "@midnight", "@weekly", "@monthly", "@yearly", "@annually"];

/// The fields of a cron expression, and what numbers they have.
const FIELDS: [(&str, RangeInclusive<u32>); 5] =
    [("minute", 0..=59), ("hour", 0..=23), ("day of the month", 1..=31), ("month", 1..=12), ("day of the week", 0..=7)];

/// A cron expression.
pub(crate) fn cron() -> Check {
    text(expression)
}

fn expression(given: &str) -> Result<(), String> {
    let words: Vec<&str> = given.split_whitespace().collect();
    if let [word] = words[..]
        && word.starts_with('@')
    {
        let is_known = WORDS.iter().any(|known| known.eq_ignore_ascii_case(word));
        return if is_known { Ok(()) } else { Err(format!("is {word:?}; {} are possible", WORDS.join(", "))) };
    }
    if words.len() != FIELDS.len() {
        return Err(format!(
            "has {} fields, and a cron expression has five: minute, hour, day of the month, month, day of the week",
            words.len()
        ));
    }
    for (word, (field, range)) in words.iter().zip(FIELDS) {
        // A step stands behind a slash, and may be any number.
        let ranges = word.split(',').map(|item| item.split('/').next().unwrap_or_default());
        let numbers = ranges.flat_map(|range| range.split('-')).filter_map(|part| part.parse::<u32>().ok());
        if let Some(wrong) = numbers.into_iter().find(|number| !range.contains(number)) {
            return Err(format!("has the {field} {wrong}; {} to {} are possible", range.start(), range.end()));
        }
    }
    Ok(())
}

/// The name of a branch.
pub(crate) fn branch() -> Check {
    text(|name| {
        let is_odd = |letter: char| letter.is_control() || letter.is_whitespace() || "~^:?*[\\".contains(letter);
        let is_wrong = name.chars().any(is_odd)
            || name.contains("..")
            || name.contains("@{")
            || name == "@"
            || name.ends_with('.')
            || name.split('/').any(|part| part.is_empty() || part.starts_with(['-', '.']) || part.ends_with(".lock"));
        if is_wrong { Err(format!("is {name:?}, and git could not have a branch of that name")) } else { Ok(()) }
    })
}

/// The attribute `jobs`: each depends on others that there are, and in the end on none.
pub(crate) fn jobs(object: &View<'_>, report: &mut Diagnostics) {
    let Value::Map(jobs) = object.value("jobs") else { return };
    let dependencies = |job: &Value| match job.get("dependencies") {
        Value::List(ids) => ids.iter().filter_map(known_text).collect(),
        _ => Vec::new(),
    };
    let graph: BTreeMap<&str, Vec<String>> = jobs.iter().map(|(id, job)| (id.as_str(), dependencies(job))).collect();
    // Each combination of a matrix is a job of its own, whose id begins with the id that stands there.
    let is_of_matrix =
        |needed: &str| jobs.iter().any(|(id, job)| needed.starts_with(id) && !job.get("matrix").is_null());
    let mut wrong = |id: &str, detail: String| {
        let place = Path::from("jobs").key(id);
        report.push(Diagnostic::error("Invalid dependencies", detail).at(place));
    };
    for (id, needed) in &graph {
        for needed in needed.iter().filter(|needed| !graph.contains_key(needed.as_str()) && !is_of_matrix(needed)) {
            let known: Vec<_> = graph.keys().filter(|known| *known != id).copied().collect();
            let known = if known.is_empty() { "no other".to_owned() } else { known.join(", ") };
            wrong(id, format!("The job {id:?} depends on {needed:?}, and there is no such job; there is {known}."));
        }
    }
    // Whatever depends on nothing that is left can be taken away; what stays at the end goes round.
    let mut left: BTreeSet<&str> = graph.keys().copied().collect();
    while let Some(free) =
        left.iter().copied().find(|id| graph[id].iter().all(|needed| !left.contains(needed.as_str())))
    {
        left.remove(free);
    }
    if let Some(first) = left.first() {
        let round: Vec<_> = left.iter().copied().collect();
        wrong(first, format!("Jobs depend on each other in a circle, or on one: {}.", round.join(", ")));
    }
}

fn known_text(value: &Value) -> Option<String> {
    if let Value::String(text) = value { Some(text.clone()) } else { None }
}

#[cfg(test)]
mod tests {
    use super::expression;

    #[test]
    fn what_may_be_a_cron_expression_is_left_to_the_server() {
        for good in ["0 3 * * *", "*/5 0-6,12 1,15 JAN-MAR MON#2", "@daily", "0 0 L * ?", "0/90 * * * 7", "H 3 * * *"] {
            assert_eq!(expression(good), Ok(()), "{good}");
        }
        for wrong in ["", "0 3 * *", "* * * * * *", "61 * * * *", "0 24 * * *", "0 0 0 * *", "0 0 1 1-13 *", "@noon"] {
            assert!(expression(wrong).is_err(), "{wrong}");
        }
    }
}
