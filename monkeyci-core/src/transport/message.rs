//! What travels: messages in the form of CloudEvents 1.0, as JSON.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A message.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// The same for the same message of its source, however often it is published: the position of an event, the key of a
    /// trigger.
    pub id: String,
    /// Who tells.
    pub source: String,
    /// What kind of message it is: `build/end`.
    pub kind: String,
    /// What it is about: `acme/web/build-1`. Messages of one subject stay in order where the transport keeps any.
    pub subject: String,
    /// What it says.
    pub data: Value,
}

/// A text that is no message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("what came is no CloudEvent of version 1.0 in JSON: {0}")]
pub struct NoMessage(String);

/// A message as it is written.
#[derive(Serialize)]
struct CloudEvent<'a, D> {
    specversion: &'a str,
    id: &'a str,
    source: &'a str,
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    subject: &'a str,
    datacontenttype: &'a str,
    data: D,
}

/// The same, from somebody who may escape letters, or leave out what may be left out.
#[derive(Deserialize)]
struct Read {
    specversion: String,
    id: String,
    source: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    subject: String,
    #[serde(default)]
    data: Value,
}

impl Message {
    /// The kind of a message that says why another is of no use, with that one.
    pub const PARKED: &str = "message/parked";

    /// The message as a CloudEvent.
    #[must_use]
    pub fn text(&self) -> String {
        let Self { id, source, kind, subject, data } = self;
        let (specversion, datacontenttype) = ("1.0", "application/json");
        let event = CloudEvent { specversion, id, source, kind, subject, datacontenttype, data };
        serde_json::to_string(&event).expect("texts and JSON are JSON")
    }

    /// Reads a CloudEvent.
    ///
    /// # Errors
    /// When the text is none of version 1.0.
    pub fn read(text: &str) -> Result<Self, NoMessage> {
        let Read { specversion, id, source, kind, subject, data } =
            serde_json::from_str(text).map_err(|error| NoMessage(error.to_string()))?;
        if specversion != "1.0" {
            let version: String = specversion.chars().take(20).collect();
            return Err(NoMessage(format!("its version is `{}`", version.escape_debug())));
        }
        Ok(Self { id, source, kind, subject, data })
    }
}

/// A message that was received, and is not dealt with yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parcel {
    /// What came, which may be no message: others may publish too.
    pub text: String,
    /// By what the transport knows it.
    pub receipt: String,
    /// How often it was received by now, from 1, as far as that is counted.
    pub deliveries: u32,
}

impl Parcel {
    /// The message in it.
    ///
    /// # Errors
    /// When it is none.
    pub fn message(&self) -> Result<Message, NoMessage> {
        Message::read(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_message_is_a_cloud_event() {
        let message = Message {
            id: "17".into(),
            source: "https://ci.example.com".into(),
            kind: "build/end".into(),
            subject: "acme/web/build-1".into(),
            data: json!({ "status": "success" }),
        };
        let text = message.text();
        insta::assert_snapshot!(text, @r#"{"specversion":"1.0","id":"17","source":"https://ci.example.com","type":"build/end","subject":"acme/web/build-1","datacontenttype":"application/json","data":{"status":"success"}}"#);
        assert_eq!(Message::read(&text), Ok(message));
    }

    #[test]
    fn what_is_none_is_told() {
        for wrong in ["", "{}", "[1]", "null", r#"{"specversion":"0.3","id":"1","source":"s","type":"t"}"#] {
            let error = Message::read(wrong).expect_err("is none").to_string();
            assert!(error.contains("CloudEvent"), "{error}");
        }
        let bare = Message::read(r#"{"specversion":"1.0","id":"\u0031","source":"s","type":"t","extra":1}"#);
        assert_eq!(bare.expect("reads").id, "1");
    }
}
