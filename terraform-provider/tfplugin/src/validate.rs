//! What is wrong with what the user wrote.

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::path::Path;
use crate::schema::{Attribute, Kind, Nesting, Schema};
use crate::ty::Type;
use crate::value::Value;
use crate::view::View;

/// Checks a configuration. `write_only` is whether this Terraform knows write-only attributes.
pub(crate) fn validate(schema: &Schema, config: &Value, write_only: bool) -> Diagnostics {
    let mut report = Diagnostics::new();
    object(schema, config, &Path::root(), write_only, &mut report);
    report
}

fn object(schema: &Schema, config: &Value, path: &Path, write_only: bool, report: &mut Diagnostics) {
    let Value::Map(_) = config else { return };
    for attribute in &schema.attributes {
        let value = config.get(&attribute.name);
        let path = path.attribute(&attribute.name);
        if attribute.write_only && !value.is_null() && !write_only {
            let detail = format!("`{path}` needs Terraform 1.11 or later, which keeps it out of plans and states.");
            report.push(Diagnostic::error("Write-only attribute", detail).at(path.clone()));
        }
        let mut found = Diagnostics::new();
        for check in &attribute.checks {
            check.judge(value, &path, &mut found);
        }
        nested(attribute, value, &path, write_only, &mut found);
        if is_set(attribute) {
            // What is said of an element of a set is said of the set: elements have no path.
            let whole = |found: Diagnostic| found.at(path.clone());
            report.extend(found.into_iter().map(whole));
        } else {
            report.extend(found);
        }
    }
    schema.judge(&View::new(config), path, report);
}

fn nested(attribute: &Attribute, value: &Value, path: &Path, write_only: bool, report: &mut Diagnostics) {
    let Kind::Nested(nesting, schema) = &attribute.kind else { return };
    match (nesting, value) {
        (Nesting::Single, one) => object(schema, one, path, write_only, report),
        (Nesting::List | Nesting::Set, Value::List(elements)) => {
            for (index, element) in elements.iter().enumerate() {
                object(schema, element, &path.index(index), write_only, report);
            }
        }
        (Nesting::Map, Value::Map(elements)) => {
            for (key, element) in elements {
                object(schema, element, &path.key(key), write_only, report);
            }
        }
        _ => {}
    }
}

fn is_set(attribute: &Attribute) -> bool {
    matches!(attribute.kind, Kind::Nested(Nesting::Set, _) | Kind::Plain(Type::Set(_)))
}
