//! Text in which secrets stand as references.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A secret by name and version, written `NAME@3`. Its value never crosses a process boundary in a plan or an event.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SecretRef {
    /// The name under which the secret is known.
    pub name: String,
    /// The version of its value, from 1.
    pub version: u64,
}

impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.name, self.version)
    }
}

impl TryFrom<String> for SecretRef {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        match text.rsplit_once('@').map(|(name, version)| (name, version.parse())) {
            Some((name, Ok(version))) if !name.is_empty() => Ok(Self { name: name.to_owned(), version }),
            _ => Err(format!("secret reference `{text}` is not of the form `NAME@1`")),
        }
    }
}

impl From<SecretRef> for String {
    fn from(secret: SecretRef) -> String {
        secret.to_string()
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for SecretRef {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "SecretRef".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^.+@[0-9]+$", "description": "A secret by name and version" })
    }
}

/// One piece of a [`Text`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum Part {
    /// Characters as they are.
    Plain(String),
    /// The value of a secret, filled in on the job's host as the job starts.
    Secret {
        /// Which secret.
        secret: SecretRef,
    },
}

/// A line of a script or the value of a variable.
///
/// In JSON it is a string, or, where secrets are part of it, a list of strings and `{"secret": "NAME@1"}`.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text(Vec<Part>);

impl Text {
    /// A text that is one secret.
    #[must_use]
    pub fn secret(secret: SecretRef) -> Self {
        Self(vec![Part::Secret { secret }])
    }

    /// A text of several parts, in order.
    #[must_use]
    pub fn from_parts(parts: Vec<Part>) -> Self {
        Self(parts)
    }

    /// The parts, in order.
    #[must_use]
    pub fn parts(&self) -> &[Part] {
        &self.0
    }

    /// The secrets that the text refers to, in order.
    pub fn secrets(&self) -> impl Iterator<Item = &SecretRef> {
        self.0.iter().filter_map(|part| match part {
            Part::Secret { secret } => Some(secret),
            Part::Plain(_) => None,
        })
    }

    /// The text as it is, when it refers to no secret.
    #[must_use]
    pub fn as_plain(&self) -> Option<&str> {
        match self.0.as_slice() {
            [] => Some(""),
            [Part::Plain(text)] => Some(text),
            _ => None,
        }
    }

    /// The text with every secret filled in by `value`; the first secret without a value is the error.
    ///
    /// # Errors
    /// The reference that `value` does not know.
    pub fn resolve<'a>(&self, value: impl Fn(&SecretRef) -> Option<&'a str>) -> Result<String, SecretRef> {
        let mut text = String::new();
        for part in &self.0 {
            match part {
                Part::Plain(plain) => text.push_str(plain),
                Part::Secret { secret } => text.push_str(value(secret).ok_or_else(|| secret.clone())?),
            }
        }
        Ok(text)
    }
}

/// Shows secrets as `«NAME@1»`; for people, never for a shell.
impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|part| match part {
            Part::Plain(text) => f.write_str(text),
            Part::Secret { secret } => write!(f, "«{secret}»"),
        })
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self(vec![Part::Plain(text)])
    }
}

#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
enum Wire {
    Plain(String),
    Parts(Vec<Part>),
}

impl Serialize for Text {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.as_plain() {
            Some(plain) => serializer.serialize_str(plain),
            None => self.0.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match Wire::deserialize(deserializer)? {
            Wire::Plain(text) => text.into(),
            Wire::Parts(parts) => Self(parts),
        })
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Text {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Text".into()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        Wire::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_is_a_string_and_secrets_are_references() {
        let token = SecretRef { name: "TOKEN".into(), version: 2 };
        let text = Text::from_parts(vec![Part::Plain("curl -H ".into()), Part::Secret { secret: token }]);
        let json = serde_json::to_string(&text).expect("serializes");
        assert_eq!(json, r#"["curl -H ",{"secret":"TOKEN@2"}]"#);
        assert_eq!(serde_json::from_str::<Text>(&json).expect("reads back"), text);
        assert_eq!(serde_json::to_string(&Text::from("make")).expect("serializes"), r#""make""#);
        assert_eq!(text.to_string(), "curl -H «TOKEN@2»");
        assert_eq!(text.resolve(|_| Some("s3cr3t")).expect("known"), "curl -H s3cr3t");
        assert_eq!(text.resolve(|_| None).expect_err("unknown").to_string(), "TOKEN@2");
    }
}
