//! Shapes of JSON, and where a value departs from one.
//!
//! What is wrong is said in Slack's words, so that who knows the one knows the other.

use std::fmt;

use serde_json::{Map, Value};

/// Something that Slack refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Where: a JSON pointer, as `/blocks/0/text/text`.
    pub pointer: String,
    /// What must be otherwise.
    pub rule: String,
}

impl Violation {
    pub(crate) fn new(pointer: &str, rule: impl Into<String>) -> Self {
        Self { pointer: pointer.to_owned(), rule: rule.into() }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [json-pointer:{}]", self.rule, self.pointer)
    }
}

/// What a value may be.
pub(crate) enum Kind {
    /// `true` or `false`.
    Flag,
    /// A whole number within bounds.
    Whole(i64, i64),
    /// Any number.
    Number,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A string of so many characters, counted as Slack counts them.
    Line(usize, usize),
    /// A text object of at most so many characters: `plain_text`, `mrkdwn`, or either.
    Text(Forms, usize),
    /// An object.
    Object(&'static Shape),
    /// One of several kinds of objects, told apart by their `type`.
    Among(&'static [&'static Shape]),
    /// So many values of a kind.
    List(&'static Kind, usize, usize),
    /// Whatever it is, somebody else looks at it.
    Any,
}

/// The forms that a text object may have.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Forms {
    Plain,
    Markup,
    Either,
}

/// What is wrong between the fields of an object: in which of them, and what.
pub(crate) type Rule = fn(&Map<String, Value>) -> Option<(&'static str, &'static str)>;

/// An object: its fields, and what holds between them.
pub(crate) struct Shape {
    /// Its `type`; empty where it has none.
    pub name: &'static str,
    pub fields: &'static [Field],
    /// What is wrong between fields, and in which of them; empty for the object itself.
    pub rule: Rule,
}

pub(crate) struct Field {
    name: &'static str,
    is_needed: bool,
    kind: Kind,
}

/// A field that must be there.
pub(crate) const fn must(name: &'static str, kind: Kind) -> Field {
    Field { name, is_needed: true, kind }
}

/// A field that may be there.
pub(crate) const fn may(name: &'static str, kind: Kind) -> Field {
    Field { name, is_needed: false, kind }
}

/// No rule between fields.
pub(crate) fn free(_: &Map<String, Value>) -> Option<(&'static str, &'static str)> {
    None
}

/// The length of a text as Slack counts it: in characters.
pub(crate) fn length(text: &str) -> usize {
    text.chars().count()
}

/// Finds what is wrong with a value.
pub(crate) struct Check {
    pub found: Vec<Violation>,
}

impl Check {
    pub(crate) fn new() -> Self {
        Self { found: Vec::new() }
    }

    pub(crate) fn wrong(&mut self, pointer: &str, rule: impl Into<String>) {
        self.found.push(Violation::new(pointer, rule));
    }

    pub(crate) fn value(&mut self, kind: &Kind, value: &Value, at: &str) {
        match kind {
            Kind::Any => {}
            Kind::Flag if value.is_boolean() => {}
            Kind::Flag => self.wrong(at, "must provide a boolean"),
            Kind::Number if value.is_number() => {}
            Kind::Number => self.wrong(at, "must provide a number"),
            Kind::Whole(least, most) => match value.as_i64() {
                None => self.wrong(at, "must provide an integer"),
                Some(number) if number < *least => self.wrong(at, format!("must be greater than {}", least - 1)),
                Some(number) if number > *most => self.wrong(at, format!("must be less than {}", most + 1)),
                Some(_) => {}
            },
            Kind::Word(words) => match value.as_str() {
                None => self.wrong(at, "must provide a string"),
                Some(word) if !words.contains(&word) => self.wrong(at, "must be a valid enum value"),
                Some(_) => {}
            },
            Kind::Line(least, most) => self.line(value, *least, *most, at),
            Kind::Text(forms, most) => self.text(*forms, *most, value, at),
            Kind::Object(shape) if shape.name.is_empty() => self.object(shape, value, at),
            Kind::Object(shape) => self.among(&[shape], value, at),
            Kind::Among(shapes) => self.among(shapes, value, at),
            Kind::List(kind, least, most) => self.list(kind, *least, *most, value, at),
        }
    }

    fn line(&mut self, value: &Value, least: usize, most: usize, at: &str) {
        let Some(text) = value.as_str() else { return self.wrong(at, "must provide a string") };
        let length = length(text);
        if length > most {
            self.wrong(at, format!("must be less than {} characters", most + 1));
        } else if length < least {
            self.wrong(at, format!("must be more than {} characters", least - 1));
        }
    }

    fn text(&mut self, forms: Forms, most: usize, value: &Value, at: &str) {
        let Some(object) = value.as_object() else { return self.wrong(at, "must provide an object") };
        let kind = object.get("type").and_then(Value::as_str);
        let extra = match (kind, forms) {
            (Some("plain_text"), Forms::Plain | Forms::Either) => "emoji",
            (Some("mrkdwn"), Forms::Markup | Forms::Either) => "verbatim",
            (None, _) => return self.wrong(at, "missing required field: type"),
            (Some(other), _) => return self.wrong(&format!("{at}/type"), format!("unsupported type: {other}")),
        };
        match object.get("text") {
            None => self.wrong(at, "missing required field: text"),
            Some(text) => self.line(text, 1, most, &format!("{at}/text")),
        }
        if let Some(value) = object.get(extra) {
            self.value(&Kind::Flag, value, &format!("{at}/{extra}"));
        }
        for name in object.keys().filter(|name| !["type", "text", extra].contains(&name.as_str())) {
            self.wrong(at, format!("invalid additional property: {name}"));
        }
    }

    pub(crate) fn object(&mut self, shape: &Shape, value: &Value, at: &str) {
        let Some(object) = value.as_object() else { return self.wrong(at, "must provide an object") };
        for field in shape.fields {
            match object.get(field.name) {
                Some(value) => self.value(&field.kind, value, &format!("{at}/{}", field.name)),
                None if field.is_needed => self.wrong(at, format!("missing required field: {}", field.name)),
                None => {}
            }
        }
        let is_known = |name: &str| {
            (!shape.name.is_empty() && name == "type") || shape.fields.iter().any(|field| field.name == name)
        };
        for name in object.keys().filter(|name| !is_known(name)) {
            self.wrong(at, format!("invalid additional property: {name}"));
        }
        if let Some((field, rule)) = (shape.rule)(object) {
            let at = if field.is_empty() { at.to_owned() } else { format!("{at}/{field}") };
            self.wrong(&at, rule);
        }
    }

    fn among(&mut self, shapes: &[&Shape], value: &Value, at: &str) {
        if !value.is_object() {
            return self.wrong(at, "must provide an object");
        }
        let Some(name) = value.get("type") else { return self.wrong(at, "missing required field: type") };
        match shapes.iter().find(|shape| name == shape.name) {
            Some(shape) => self.object(shape, value, at),
            None => {
                let name = name.as_str().map_or_else(|| name.to_string(), str::to_owned);
                self.wrong(&format!("{at}/type"), format!("unsupported type: {name}"));
            }
        }
    }

    fn list(&mut self, kind: &Kind, least: usize, most: usize, value: &Value, at: &str) {
        let Some(items) = value.as_array() else { return self.wrong(at, "must provide an array") };
        if items.len() > most {
            self.wrong(at, format!("no more than {most} items allowed"));
        } else if items.len() < least {
            self.wrong(at, format!("must provide at least {least} items"));
        }
        for (index, item) in items.iter().enumerate() {
            self.value(kind, item, &format!("{at}/{index}"));
        }
    }
}
