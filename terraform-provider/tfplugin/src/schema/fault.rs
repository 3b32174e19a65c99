//! What Terraform would refuse in a schema, or misunderstand.

use crate::schema::{Attribute, Kind, Nesting, Presence, Schema};
use crate::value::Value;

/// Names that mean something to Terraform itself at the top of a block.
const RESERVED: &[&str] = &["connection", "count", "depends_on", "for_each", "lifecycle", "provider", "provisioner"];

impl Schema {
    /// Mistakes of the provider's author, in words. There are none in a schema that Terraform takes.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        for attribute in &self.attributes {
            if RESERVED.contains(&attribute.name.as_str()) {
                faults.push(format!("`{}` is a name of Terraform's own", attribute.name));
            }
        }
        self.collect("", false, &mut faults);
        faults
    }

    fn collect(&self, place: &str, in_set: bool, faults: &mut Vec<String>) {
        for (index, attribute) in self.attributes.iter().enumerate() {
            let name = format!("{place}{}", attribute.name);
            if self.attributes[..index].iter().any(|other| other.name == attribute.name) {
                faults.push(format!("`{name}` is there twice"));
            }
            faults.extend(attribute.fault(in_set).map(|fault| format!("`{name}` {fault}")));
            if let Kind::Nested(nesting, schema) = &attribute.kind {
                schema.collect(&format!("{name}."), in_set || *nesting == Nesting::Set, faults);
            }
        }
    }
}

impl Attribute {
    fn fault(&self, in_set: bool) -> Option<&'static str> {
        let begins = self.name.starts_with(|letter: char| letter.is_ascii_lowercase() || letter == '_');
        let rest = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
        if !begins || !self.name.chars().all(rest) {
            return Some("is no name: lower case letters, digits and _ make one");
        }
        if self.write_only && self.presence != Presence::Optional {
            return Some("is write-only and must be an `Option`, without a default");
        }
        if self.write_only && in_set {
            return Some("is write-only and inside a set, whose elements have no place");
        }
        if self.default.is_some() && in_set {
            return Some("has a default inside a set, where it may make two elements one");
        }
        if self.write_only && (self.keeps || self.replaces.is_some() || self.identity) {
            return Some("is write-only, so nothing can be decided by it");
        }
        if self.keeps && !self.is_computed() {
            return Some("`keeps` what nobody computes");
        }
        if let Some(default) = &self.default {
            let ty = self.kind.ty();
            if !Value::from_msgpack(&default.to_msgpack(&ty), &ty).is_ok_and(|read| read == *default) {
                return Some("has a default of another type");
            }
        }
        None
    }
}
