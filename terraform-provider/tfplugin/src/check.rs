//! What a value must be, beyond its type.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::path::Path;
use crate::value::Value;

/// What a value must be. It sees values that are known and not null.
#[derive(Clone)]
pub struct Check {
    judge: Arc<Judge>,
    note: Option<String>,
}

type Judge = dyn Fn(&Value, &Path, &mut Diagnostics) + Send + Sync;

impl Check {
    /// Judges a value; the error says what is wrong with it and what would be right.
    pub fn new(judge: impl Fn(&Value) -> Result<(), String> + Send + Sync + 'static) -> Self {
        let judge = move |value: &Value, path: &Path, report: &mut Diagnostics| {
            if let Err(problem) = judge(value) {
                report.push(Diagnostic::error("Invalid value", format!("`{path}` {problem}.")).at(path.clone()));
            }
        };
        Self { judge: Arc::new(judge), note: None }
    }

    /// Says in the documentation what is possible, as `1 to 9`.
    #[must_use]
    pub fn noted(self, note: impl Into<String>) -> Self {
        Self { note: Some(note.into()), ..self }
    }

    pub(crate) fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }

    pub(crate) fn judge(&self, value: &Value, path: &Path, report: &mut Diagnostics) {
        if !value.is_null() && !value.is_unknown() {
            (self.judge)(value, path, report);
        }
    }
}

/// Judges text.
pub fn text(judge: impl Fn(&str) -> Result<(), String> + Send + Sync + 'static) -> Check {
    Check::new(move |value| if let Value::String(text) = value { judge(text) } else { Ok(()) })
}

/// So many characters of a text, or elements of a list, set or map.
pub fn length(range: RangeInclusive<usize>) -> Check {
    Check::new(move |value| {
        let (length, unit) = match value {
            Value::String(text) => (text.chars().count(), "characters"),
            Value::List(elements) => (elements.len(), "elements"),
            Value::Map(elements) => (elements.len(), "elements"),
            _ => return Ok(()),
        };
        if range.contains(&length) {
            Ok(())
        } else {
            Err(format!("has {length} {unit}, {} are possible", span(&range)))
        }
    })
}

/// A whole number within these.
pub fn between(range: RangeInclusive<i128>) -> Check {
    let note = span(&range);
    fits(range).noted(note)
}

/// The same where that is what the type holds, and not worth a word.
pub(crate) fn fits(range: RangeInclusive<i128>) -> Check {
    Check::new(move |value| match value {
        Value::Number(number) => match number.as_int() {
            Some(int) if range.contains(&int) => Ok(()),
            Some(int) => Err(format!("is {int}, {} are possible", span(&range))),
            None => Err(format!("is {number}, a whole number is needed")),
        },
        _ => Ok(()),
    })
}

/// One of these texts.
pub fn one_of<const N: usize>(texts: [&'static str; N]) -> Check {
    let listed = texts.map(|text| format!("`{text}`")).join(", ");
    let note = format!("One of {listed}");
    let judge = move |given: &str| match texts.contains(&given) {
        true => Ok(()),
        false => Err(format!("is {given:?}, one of {listed} is possible")),
    };
    text(judge).noted(note)
}

/// Each element of a list, set or map.
pub fn each(check: Check) -> Check {
    let note = check.note.as_ref().map(|note| format!("Each: {note}"));
    let judge = move |value: &Value, path: &Path, report: &mut Diagnostics| match value {
        Value::List(elements) => {
            elements.iter().enumerate().for_each(|(index, value)| check.judge(value, &path.index(index), report));
        }
        Value::Map(elements) => {
            elements.iter().for_each(|(key, value)| check.judge(value, &path.key(key), report));
        }
        _ => {}
    };
    Check { judge: Arc::new(judge), note }
}

/// Each key of a map.
pub fn keys(check: Check) -> Check {
    let note = check.note.as_ref().map(|note| format!("Each key: {note}"));
    let judge = move |value: &Value, path: &Path, report: &mut Diagnostics| {
        if let Value::Map(elements) = value {
            elements.keys().for_each(|key| check.judge(&Value::from(key.as_str()), &path.key(key), report));
        }
    };
    Check { judge: Arc::new(judge), note }
}

fn span<T: Display>(range: &RangeInclusive<T>) -> String {
    format!("{} to {}", range.start(), range.end())
}
