//! How the configuration is told, when tests run: read off [`Config`] itself, its comments and its default.

use std::fmt::Write as _;

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value};

use crate::Config;

/// Columns of a comment.
const WIDTH: usize = 96;

/// Every key with what it means and its default, as TOML. A key that has none is a comment with an example.
pub fn config() -> String {
    let settings = SchemaSettings::default().with(|settings| settings.inline_subschemas = true);
    let schema = settings.into_generator().into_root_schema_for::<Config>();
    let defaults = serde_json::to_value(Config::default()).expect("a configuration is JSON");
    let mut text = String::new();
    write(&mut text, "", schema.as_value(), &defaults);
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

/// Writes the keys of the table of this name, those of the tables in it last, as TOML wants it.
fn write(text: &mut String, name: &str, schema: &Value, defaults: &Value) {
    let none = Map::new();
    let properties = schema["properties"].as_object().unwrap_or(&none);
    let is_table = |key: &str, schema: &Value| defaults[key].is_object() || is_list_of_tables(schema);
    let (tables, keys): (Vec<_>, Vec<_>) = properties.iter().partition(|(key, schema)| is_table(key, schema));
    for (key, schema) in keys {
        comment(text, schema);
        let default = &defaults[key];
        let (mark, value) = if default.is_null() { ("# ", &schema["examples"][0]) } else { ("", default) };
        let value = toml::Value::try_from(value).expect("a value of TOML");
        line(text, format_args!("{mark}{key} = {value}\n"));
    }
    for (key, schema) in tables {
        comment(text, schema);
        if is_list_of_tables(schema) {
            line(text, format_args!("# [[{key}]]\n"));
            write(text, key, &schema["items"], &Value::Null);
            continue;
        }
        let path = if name.is_empty() { key.clone() } else { format!("{name}.{key}") };
        line(text, format_args!("[{path}]\n"));
        write(text, &path, schema, &defaults[key]);
    }
}

/// Whether a key is a list of tables, which is empty when nothing is said.
fn is_list_of_tables(schema: &Value) -> bool {
    schema["items"]["properties"].is_object()
}

/// Writes what a key means, in lines that are not too long.
fn comment(text: &mut String, schema: &Value) {
    let mut rest = String::from("#");
    for word in schema["description"].as_str().unwrap_or_default().split_whitespace() {
        if rest.len() + word.len() >= WIDTH {
            line(text, format_args!("{rest}"));
            rest = "#".into();
        }
        rest.push(' ');
        rest.push_str(word);
    }
    line(text, format_args!("{rest}"));
}

fn line(text: &mut String, line: std::fmt::Arguments<'_>) {
    writeln!(text, "{line}").expect("text takes in text");
}
