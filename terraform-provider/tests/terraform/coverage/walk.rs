//! A JSON schema beside the schema of a resource.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use tfplugin::{Attribute, Kind, Schema, Type};

use super::known::{Instead, Known};

/// Goes through properties, and notes which no attribute stands for.
pub struct Walk<'a> {
    document: &'a Value,
    known: &'a [Known],
    has_aliases: bool,
    forgotten: BTreeSet<String>,
    used: BTreeSet<String>,
}

impl<'a> Walk<'a> {
    /// Through a document whose objects say each thing once.
    pub fn new(document: &'a Value, known: &'a [Known]) -> Self {
        Self { document, known, has_aliases: false, forgotten: BTreeSet::new(), used: BTreeSet::new() }
    }

    /// Through one whose properties may have other names, with the same description or none.
    pub fn with_aliases(document: &'a Value, known: &'a [Known]) -> Self {
        Self { has_aliases: true, ..Self::new(document, known) }
    }

    /// Looks for each property of a body in a resource.
    pub fn compare(&mut self, resource: &str, body: &Value, schema: &Schema) {
        self.object(resource, "", body, schema, schema);
    }

    /// Properties that no attribute stands for, and words that none takes.
    pub fn forgotten(&self) -> Vec<&str> {
        self.forgotten.iter().map(String::as_str).collect()
    }

    /// What is known of properties that are not there.
    pub fn stale(&self) -> Vec<String> {
        let all = self.known.iter().map(|(resource, path, _)| format!("{resource}: {path}"));
        all.filter(|one| !self.used.contains(one)).collect()
    }

    /// Nothing is forgotten, and nothing is known in vain.
    pub fn ends(&self) {
        assert_eq!(self.forgotten(), Vec::<&str>::new(), "make attributes of them, or say in known.rs why not");
        assert_eq!(self.stale(), Vec::<String>::new(), "known.rs tells of what is not there");
    }

    fn object(&mut self, resource: &str, base: &str, object: &Value, at: &Schema, whole: &Schema) {
        let properties = self.properties(object);
        let described = |property: &Value| property["description"].as_str().map(str::to_owned);
        let mut open = Vec::new();
        let mut found = BTreeSet::new();
        for (name, property) in &properties {
            if self.has_aliases && described(property).is_none() {
                continue;
            }
            // Of the spellings of a name one is known.
            let name = if self.has_aliases { snake(name).replace('_', "-") } else { name.clone() };
            let path = if base.is_empty() { name.clone() } else { format!("{base}.{name}") };
            let attribute = match self.instead(resource, &path) {
                Some(Instead::Not(reason)) => {
                    assert!(!reason.is_empty(), "{resource}: {path} is left out for no reason");
                    found.insert(described(property));
                    continue;
                }
                Some(Instead::Through) => {
                    found.insert(described(property));
                    self.object(resource, &path, property, whole, whole);
                    continue;
                }
                Some(Instead::Is(other)) => inside(whole, other),
                None => at.attribute(&snake(&name)).or_else(|| at.attribute(&format!("{}_wo", snake(&name)))),
            };
            match attribute {
                None => open.push((path, described(property))),
                Some(attribute) => {
                    found.insert(described(property));
                    self.value(resource, &path, property, attribute, whole);
                }
            }
        }
        let is_alias = |words: &Option<String>| self.has_aliases && found.contains(words);
        let missing = open.into_iter().filter(|(_, words)| !is_alias(words));
        self.forgotten.extend(missing.map(|(path, _)| format!("{resource}: {path}")));
    }

    fn value(&mut self, resource: &str, path: &str, property: &Value, attribute: &Attribute, whole: &Schema) {
        match &attribute.kind {
            Kind::Nested(_, schema) => self.object(resource, path, property, schema, whole),
            Kind::Plain(ty) => {
                self.object(resource, path, property, &Schema::new(Vec::new()), whole);
                for word in self.words(property) {
                    let text = tfplugin::Value::from(word.as_str());
                    let is_one = !matches!(ty, Type::List(_) | Type::Set(_));
                    let value = if is_one { text } else { tfplugin::Value::List(vec![text]) };
                    let place = format!("{path}={word}");
                    if !attribute.takes(&value) && self.instead(resource, &place).is_none() {
                        self.forgotten.insert(format!("{resource}: {place}"));
                    }
                }
            }
        }
    }

    /// What is known of a property, which is used then.
    fn instead(&mut self, resource: &str, path: &str) -> Option<&'a Instead> {
        let (_, _, instead) = self.known.iter().find(|(of, at, _)| *of == resource && *at == path)?;
        self.used.insert(format!("{resource}: {path}"));
        Some(instead)
    }

    /// The properties of whatever objects may stand there, be it in lists or maps.
    fn properties(&self, schema: &Value) -> BTreeMap<String, Value> {
        let mut all = BTreeMap::new();
        for branch in self.branches(schema) {
            for (name, property) in branch["properties"].as_object().into_iter().flatten() {
                all.insert(name.clone(), property.clone());
            }
        }
        all
    }

    /// The words that may stand there and no others.
    fn words(&self, schema: &Value) -> BTreeSet<String> {
        let all = self.branches(schema).into_iter().flat_map(|branch| {
            let several = branch["enum"].as_array().into_iter().flatten().cloned();
            several.chain([branch["const"].clone()]).collect::<Vec<_>>()
        });
        all.filter_map(|word| word.as_str().map(str::to_owned)).collect()
    }

    /// Everything that may stand there, without what is around it.
    fn branches(&self, schema: &Value) -> Vec<Value> {
        if let Some(reference) = schema["$ref"].as_str() {
            let target = self.document.pointer(reference.trim_start_matches('#'));
            return self.branches(target.unwrap_or_else(|| panic!("{reference} leads nowhere")));
        }
        let choices = ["anyOf", "oneOf", "allOf"].into_iter().filter_map(|word| schema[word].as_array()).flatten();
        let inner = [&schema["items"], &schema["additionalProperties"]].into_iter().filter(|inner| inner.is_object());
        let below = choices.chain(inner).flat_map(|choice| self.branches(choice));
        [schema.clone()].into_iter().chain(below).collect()
    }
}

/// The attribute at a path of names.
fn inside<'s>(schema: &'s Schema, path: &str) -> Option<&'s Attribute> {
    let Some((first, rest)) = path.split_once('.') else { return schema.attribute(path) };
    match &schema.attribute(first)?.kind {
        Kind::Nested(_, schema) => inside(schema, rest),
        Kind::Plain(_) => None,
    }
}

/// A name as Terraform has it.
fn snake(name: &str) -> String {
    let mut snake = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(if letter == '-' { '_' } else { letter.to_ascii_lowercase() });
    }
    snake
}
