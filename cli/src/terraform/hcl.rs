//! HCL, laid out as `terraform fmt` lays it out.

use serde_json::Value as Json;

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A text.
    Text(String),
    /// An expression: a reference, a number, a word.
    Raw(String),
    /// Values in their order.
    List(Vec<Value>),
    /// Values by name, in their order.
    Object(Vec<(String, Value)>),
    /// A call of a function.
    Call(&'static str, Box<Value>),
}

impl Value {
    /// A text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// What JSON says.
    pub fn of_json(json: &Json) -> Self {
        match json {
            Json::Null | Json::Bool(_) | Json::Number(_) => Self::Raw(json.to_string()),
            Json::String(text) => Self::text(text),
            Json::Array(elements) => Self::List(elements.iter().map(Self::of_json).collect()),
            Json::Object(fields) => {
                Self::Object(fields.iter().map(|(name, value)| (name.clone(), Self::of_json(value))).collect())
            }
        }
    }

    /// It in one line, where it is a text, a word or an object of these.
    pub fn inline(&self) -> String {
        self.line()
    }

    fn write(&self, depth: usize) -> String {
        match self {
            Self::Text(text) => quoted(text),
            Self::Raw(expression) => expression.clone(),
            Self::Call(function, argument) => format!("{function}({})", argument.write(depth)),
            Self::List(elements) => {
                let short = elements.iter().all(Self::is_short);
                let written: Vec<String> = elements.iter().map(|element| element.write(depth + 1)).collect();
                let line = format!("[{}]", written.join(", "));
                if short && line.len() <= 80 {
                    return line;
                }
                let pad = "  ".repeat(depth + 1);
                let lines: String = written.iter().map(|element| format!("{pad}{element},\n")).collect();
                format!("[\n{lines}{}]", "  ".repeat(depth))
            }
            Self::Object(fields) if fields.is_empty() => "{}".to_owned(),
            Self::Object(fields) if fields.iter().all(|(_, value)| value.is_short()) && self.line().len() <= 60 => {
                self.line()
            }
            Self::Object(fields) => {
                let fields = fields.iter().map(|(name, value)| (key(name), value));
                format!("{{\n{}{}}}", body(fields, depth + 1), "  ".repeat(depth))
            }
        }
    }

    /// An object in one line.
    fn line(&self) -> String {
        let Self::Object(fields) = self else { return self.write(0) };
        let fields = fields.iter().map(|(name, value)| format!("{} = {}", key(name), value.write(0)));
        format!("{{ {} }}", fields.collect::<Vec<_>>().join(", "))
    }

    /// Whether it takes a part of a line.
    fn is_short(&self) -> bool {
        match self {
            Self::Text(_) | Self::Raw(_) => true,
            Self::List(elements) => elements.iter().all(|element| matches!(element, Self::Text(_) | Self::Raw(_))),
            Self::Object(fields) => fields.len() <= 2 && fields.iter().all(|(_, value)| matches!(value, Self::Text(_))),
            Self::Call(..) => false,
        }
    }
}

/// A block with labels, and its attributes.
#[derive(Debug)]
pub struct Block {
    head: String,
    attributes: Vec<(&'static str, Value)>,
}

impl Block {
    /// A block: `import`, or `resource` with its labels.
    pub fn new(kind: &str, labels: &[&str]) -> Self {
        let labels: String = labels.iter().map(|label| format!(" {}", quoted(label))).collect();
        Self { head: format!("{kind}{labels}"), attributes: Vec::new() }
    }

    /// With an attribute.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: Value) -> Self {
        self.attributes.push((name, value));
        self
    }

    /// With an attribute, where it is said.
    #[must_use]
    pub fn maybe(self, name: &'static str, value: Option<Value>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// The block as text, with a newline behind it.
    pub fn written(&self) -> String {
        let attributes = self.attributes.iter().map(|(name, value)| ((*name).to_owned(), value));
        format!("{} {{\n{}}}\n", self.head, body(attributes, 1))
    }
}

/// Attributes, a line each or more. Names of values in a row that take one line are as wide as the widest of them.
fn body<'a>(attributes: impl Iterator<Item = (String, &'a Value)>, depth: usize) -> String {
    let written: Vec<(String, String)> = attributes.map(|(name, value)| (name, value.write(depth))).collect();
    let pad = "  ".repeat(depth);
    let mut text = String::new();
    let mut at = 0;
    while at < written.len() {
        let is_long = |(_, value): &(String, String)| value.contains('\n');
        let end = written[at..].iter().position(is_long).map_or(written.len(), |length| at + length);
        let width = written[at..end].iter().map(|(name, _)| name.chars().count()).max().unwrap_or_default();
        for (name, value) in &written[at..end] {
            text.push_str(&format!("{pad}{name:width$} = {value}\n"));
        }
        if let Some((name, value)) = written.get(end) {
            text.push_str(&format!("{pad}{name} = {value}\n"));
        }
        at = end + 1;
    }
    text
}

/// A name as the key of an object.
fn key(name: &str) -> String {
    let is_inside = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == '-';
    let begins = name.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '_');
    if begins && name.chars().all(is_inside) { name.to_owned() } else { quoted(name) }
}

/// A text in quotes, in which nothing is a template.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '$' | '%' if letters.peek() == Some(&'{') => quoted.extend([letter, letter]),
            letter if letter.is_control() => quoted.push_str(&format!("\\u{:04x}", u32::from(letter))),
            letter => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_is_a_template_or_ends_it() {
        assert_eq!(quoted("a \"b\" ${c} %{d} $e \\ \n\u{7}"), r#""a \"b\" $${c} %%{d} $e \\ \n\u0007""#);
    }

    #[test]
    fn attributes_stand_beneath_each_other() {
        let jobs = serde_json::json!({ "unit test": { "image": "rust", "retry": { "max": 1 }, "script": ["cargo test", "echo ${x}"] } });
        let block = Block::new("resource", &["monkeyci_pipeline", "main"])
            .with("org", Value::Raw("monkeyci_org.acme.id".into()))
            .with("description", Value::text("Of all"))
            .with("jobs", Value::of_json(&jobs))
            .maybe("repo", None)
            .with("name", Value::text("main"));
        let expected = "resource \"monkeyci_pipeline\" \"main\" {\n  org         = monkeyci_org.acme.id\n  description = \"Of all\"\n  \
                        jobs = {\n    \"unit test\" = {\n      image  = \"rust\"\n      retry  = { max = 1 }\n      \
                        script = [\"cargo test\", \"echo $${x}\"]\n    }\n  }\n  name = \"main\"\n}\n";
        assert_eq!(block.written(), expected);
    }
}
