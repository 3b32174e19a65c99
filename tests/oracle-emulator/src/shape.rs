//! What bodies must look like: which fields there are, which of them must be, and what they may be.
//!
//! A field that is not in the table is refused, so that `memoryInGbs` for `memoryInGBs` is seen at once.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::refusal::Refusal;
use crate::time;

/// A field of an object.
pub(crate) struct Field {
    name: &'static str,
    is_needed: bool,
    kind: Kind,
}

/// What a value may be.
pub(crate) enum Kind {
    /// A text of at most this many characters.
    Text(usize),
    /// An OCID of a resource of this kind.
    Id(&'static str),
    Whole(i64, i64),
    Number(f64, f64),
    Flag,
    OneOf(&'static [&'static str]),
    Base64,
    Time,
    /// An object whose values are texts.
    Texts,
    Any,
    List(&'static Kind, usize, usize),
    Object(&'static [Field]),
    /// An object whose other fields depend on one of them.
    Tagged(&'static str, &'static [(&'static str, &'static [Field])]),
}

/// A field that must be there.
pub(crate) const fn need(name: &'static str, kind: Kind) -> Field {
    Field { name, is_needed: true, kind }
}

/// A field that may be there.
pub(crate) const fn may(name: &'static str, kind: Kind) -> Field {
    Field { name, is_needed: false, kind }
}

/// Whether a body has these fields.
pub(crate) fn check(value: &Value, fields: &[Field]) -> Result<(), Refusal> {
    object(value, fields, "", None)
}

fn object(value: &Value, fields: &[Field], at: &str, tag: Option<&str>) -> Result<(), Refusal> {
    let Some(map) = value.as_object() else { return Err(wrong(at, "must be an object")) };
    let place = |name: &str| if at.is_empty() { name.to_owned() } else { format!("{at}.{name}") };
    for name in map.keys() {
        if tag != Some(name) && !fields.iter().any(|field| field.name == name) {
            return Err(Refusal::new(400, "CannotParseRequest", format!("Unrecognized field '{}'.", place(name))));
        }
    }
    for field in fields {
        match map.get(field.name).filter(|value| !value.is_null()) {
            Some(value) => one(value, &field.kind, &place(field.name))?,
            None if field.is_needed => {
                return Err(Refusal::new(400, "MissingParameter", format!("{} must not be null.", place(field.name))));
            }
            None => {}
        }
    }
    Ok(())
}

fn one(value: &Value, kind: &Kind, at: &str) -> Result<(), Refusal> {
    let text = || value.as_str().ok_or_else(|| wrong(at, "must be a string"));
    let fits = |is_right: bool, what: &str| if is_right { Ok(()) } else { Err(wrong(at, what)) };
    match kind {
        Kind::Text(most) => fits(text()?.chars().count() <= *most, &format!("size must be between 0 and {most}")),
        Kind::Id(of) => {
            let is_id = text()?.strip_prefix("ocid1.").and_then(|rest| rest.strip_prefix(*of));
            fits(is_id.is_some_and(|rest| rest.starts_with('.')), &format!("must be an OCID of a {of}"))
        }
        Kind::Whole(least, most) => {
            let number = value.as_i64().ok_or_else(|| wrong(at, "must be an integer"))?;
            fits((*least..=*most).contains(&number), &format!("must be from {least} to {most}"))
        }
        Kind::Number(least, most) => {
            let number = value.as_f64().ok_or_else(|| wrong(at, "must be a number"))?;
            fits((*least..=*most).contains(&number), &format!("must be from {least} to {most}"))
        }
        Kind::Flag => fits(value.is_boolean(), "must be a boolean"),
        Kind::OneOf(all) => fits(all.contains(&text()?), &format!("must be one of {all:?}")),
        Kind::Base64 => fits(STANDARD.decode(text()?).is_ok(), "must be base64"),
        Kind::Time => fits(time::read(text()?).is_some(), "must be a time by RFC 3339"),
        Kind::Texts => {
            let map = value.as_object().ok_or_else(|| wrong(at, "must be an object"))?;
            fits(map.values().all(Value::is_string), "must have strings as values")
        }
        Kind::Any => Ok(()),
        Kind::List(kind, least, most) => {
            let list = value.as_array().ok_or_else(|| wrong(at, "must be an array"))?;
            fits((*least..=*most).contains(&list.len()), &format!("size must be between {least} and {most}"))?;
            list.iter().enumerate().try_for_each(|(index, value)| one(value, kind, &format!("{at}[{index}]")))
        }
        Kind::Object(fields) => object(value, fields, at, None),
        Kind::Tagged(tag, all) => {
            let said = value.get(tag).and_then(Value::as_str);
            let known: Vec<_> = all.iter().map(|(name, _)| name).collect();
            let found = all.iter().find(|(name, _)| Some(*name) == said);
            let (_, fields) =
                found.ok_or_else(|| wrong(&format!("{at}.{tag}"), &format!("must be one of {known:?}")))?;
            object(value, fields, at, Some(tag))
        }
    }
}

fn wrong(at: &str, what: &str) -> Refusal {
    Refusal::invalid(format!("{} {what}.", if at.is_empty() { "The body" } else { at }))
}
