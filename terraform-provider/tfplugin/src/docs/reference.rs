//! Schemas and signatures as Markdown, in the words and with the anchors of the registry's own tool.

use std::fmt::Write as _;

use crate::handler::{argument_type, parameters};
use crate::schema::{Attribute, Kind, Nesting, Presence, Schema};
use crate::ty::Type;
use crate::value::Value;

const WRITE_ONLY: &str = "https://developer.hashicorp.com/terraform/language/resources/ephemeral#write-only-arguments";

/// Whom a group of attributes is set by, and its heading.
const GROUPS: [(&str, &[Presence]); 3] = [
    ("Required", &[Presence::Required]),
    ("Optional", &[Presence::Optional, Presence::OptionalComputed]),
    ("Read-Only", &[Presence::Computed]),
];

/// All attributes, and those of nested objects below them.
pub(super) fn schema(schema: &Schema) -> String {
    let mut text = String::from("\n## Schema\n");
    if has_write_only(schema) {
        let _ = write!(
            text,
            "\n> **NOTE**: [Write-only arguments]({WRITE_ONLY}) are supported in Terraform 1.11 and later.\n"
        );
    }
    if !schema.attributes.is_empty() {
        let _ = write!(text, "\n{}", groups("### ", "", schema));
    }
    nested("", schema, &mut text);
    text
}

/// The attributes of one object, by who sets them.
pub(super) fn groups(heading: &str, place: &str, schema: &Schema) -> String {
    let colon = if heading.is_empty() { ":" } else { "" };
    let mut groups = Vec::new();
    for (title, presences) in GROUPS {
        let mut all: Vec<_> = schema.attributes.iter().filter(|one| presences.contains(&one.presence)).collect();
        all.sort_by(|left, right| left.name.cmp(&right.name));
        if !all.is_empty() {
            let lines: String = all.into_iter().map(|attribute| line(place, attribute)).collect();
            groups.push(format!("{heading}{title}{colon}\n\n{lines}"));
        }
    }
    groups.join("\n")
}

/// A section for each object that nests in another.
fn nested(place: &str, schema: &Schema, text: &mut String) {
    for attribute in &schema.attributes {
        let Kind::Nested(_, schema) = &attribute.kind else { continue };
        let path = format!("{place}{}", attribute.name);
        let (anchor, groups) = (anchor(&path), groups("", &format!("{path}."), schema));
        let _ = write!(text, "\n<a id=\"{anchor}\"></a>\n### Nested Schema for `{path}`\n\n{groups}");
        nested(&format!("{path}."), schema, text);
    }
}

fn anchor(path: &str) -> String {
    format!("nestedatt--{}", path.replace('.', "--"))
}

fn line(place: &str, attribute: &Attribute) -> String {
    let mut marks = vec![kind(&attribute.kind)];
    marks.extend((attribute.sensitive && !attribute.write_only).then(|| "Sensitive".to_owned()));
    marks.extend(attribute.deprecated.is_some().then(|| "Deprecated".to_owned()));
    marks.extend(attribute.write_only.then(|| format!("[Write-only]({WRITE_ONLY})")));
    let mut text = format!("- `{}` ({}) {}", attribute.name, marks.join(", "), told(attribute));
    if let Kind::Nested(..) = attribute.kind {
        let path = format!("{place}{}", attribute.name);
        let _ = write!(text, " (see [below for nested schema](#{}))", anchor(&path));
    }
    text.push('\n');
    text
}

/// The description, and what is known beyond it.
fn told(attribute: &Attribute) -> String {
    let mut sentences = vec![attribute.description.split_whitespace().collect::<Vec<_>>().join(" ")];
    if let Some(instead) = &attribute.deprecated {
        sentences.push(format!("**Deprecated** {instead}"));
    }
    for note in attribute.checks.iter().filter_map(|check| check.note()) {
        // Words that the author explains are not listed once more.
        let mut words = note.split('`').skip(1).step_by(2).peekable();
        let has_words = words.peek().is_some();
        if !(has_words && words.all(|word| attribute.description.contains(&format!("`{word}`")))) {
            sentences.push(format!("{note}."));
        }
    }
    if let Some(default) = attribute.default.as_ref().and_then(shown) {
        sentences.push(format!("Default: `{default}`."));
    }
    if attribute.replaces.is_some() {
        sentences.push("A change replaces it.".to_owned());
    }
    sentences.join(" ")
}

/// A default as a configuration has it; objects are left to words.
fn shown(value: &Value) -> Option<String> {
    match value {
        Value::Bool(value) => Some(value.to_string()),
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) => Some(format!("{text:?}")),
        Value::List(elements) => {
            let elements: Option<Vec<_>> = elements.iter().map(shown).collect();
            Some(format!("[{}]", elements?.join(", ")))
        }
        _ => None,
    }
}

fn has_write_only(schema: &Schema) -> bool {
    schema.attributes.iter().any(|attribute| match &attribute.kind {
        Kind::Nested(_, schema) => attribute.write_only || has_write_only(schema),
        Kind::Plain(_) => attribute.write_only,
    })
}

fn kind(kind: &Kind) -> String {
    match kind {
        Kind::Plain(ty) => words(ty),
        Kind::Nested(Nesting::Single, _) => "Attributes".to_owned(),
        Kind::Nested(Nesting::List, _) => "Attributes List".to_owned(),
        Kind::Nested(Nesting::Set, _) => "Attributes Set".to_owned(),
        Kind::Nested(Nesting::Map, _) => "Attributes Map".to_owned(),
    }
}

fn words(ty: &Type) -> String {
    match ty {
        Type::Bool => "Boolean".to_owned(),
        Type::Number => "Number".to_owned(),
        Type::String => "String".to_owned(),
        Type::Dynamic => "Dynamic".to_owned(),
        Type::List(element) => format!("List of {}", words(element)),
        Type::Set(element) => format!("Set of {}", words(element)),
        Type::Map(element) => format!("Map of {}", words(element)),
        Type::Object(_) => "Object".to_owned(),
        Type::Tuple(_) => "Tuple".to_owned(),
    }
}

/// How a function is called, and with what.
pub(super) fn signature(name: &str, schema: &Schema, output: &Type) -> String {
    let (fixed, variadic) = parameters(schema);
    let mut taken: Vec<_> = fixed.iter().map(|one| format!("{} {}", one.name, argument_type(one))).collect();
    taken.extend(variadic.map(|one| format!("{} {}...", one.name, argument_type(one))));
    let mut text = format!("\n## Signature\n\n```text\n{name}({}) {output}\n```\n", taken.join(", "));
    if !schema.attributes.is_empty() {
        text.push_str("\n## Arguments\n\n");
    }
    for (index, parameter) in fixed.iter().chain(variadic).enumerate() {
        let mut marks = vec![words(&argument_type(parameter))];
        marks.extend((parameter.presence == Presence::Optional).then(|| "Nullable".to_owned()));
        if parameter.variadic {
            marks.insert(0, "Variadic".to_owned());
        }
        let _ = writeln!(text, "{}. `{}` ({}) {}", index + 1, parameter.name, marks.join(", "), told(parameter));
    }
    text
}
