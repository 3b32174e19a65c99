//! Blocks of Slack's Block Kit, as JSON.

use serde_json::{Value, json};

use super::text;

/// A button.
#[derive(Debug, Clone, Default)]
pub struct Button<'a> {
    /// What stands on it.
    pub label: &'a str,
    /// What it does.
    pub action: &'a str,
    /// What it does it to.
    pub value: Option<String>,
    /// Where it leads, when it leads somewhere.
    pub url: Option<String>,
    /// `primary` or `danger`.
    pub style: Option<&'a str>,
    /// What is asked before it is done: title, question, yes.
    pub confirm: Option<(&'a str, String, &'a str)>,
}

impl Button<'_> {
    /// The element.
    #[must_use]
    pub fn json(self) -> Value {
        let mut button = json!({ "type": "button", "text": plain(self.label, 75), "action_id": self.action });
        let mut set = |name: &str, value: Value| button[name] = value;
        if let Some(value) = self.value {
            set("value", value.into());
        }
        if let Some(url) = self.url {
            set("url", url.into());
        }
        if let Some(style) = self.style {
            set("style", style.into());
        }
        if let Some((title, question, yes)) = self.confirm {
            let confirm = json!({ "title": plain(title, 100), "text": mrkdwn(&text::clip(&question, 300)),
                                  "confirm": plain(yes, 30), "deny": plain("Keep", 30) });
            set("confirm", confirm);
        }
        button
    }
}

/// Text that is no markup.
#[must_use]
pub fn plain(words: &str, most: usize) -> Value {
    json!({ "type": "plain_text", "text": text::clip(words, most), "emoji": true })
}

/// Text in Slack's markup, which is written by us.
#[must_use]
pub fn mrkdwn(words: &str) -> Value {
    json!({ "type": "mrkdwn", "text": words })
}

/// A paragraph.
#[must_use]
pub fn section(words: &str) -> Value {
    json!({ "type": "section", "text": mrkdwn(&text::clip(words, 3000)) })
}

/// A paragraph with a button beside it.
#[must_use]
pub fn section_with(words: &str, button: Button<'_>) -> Value {
    json!({ "type": "section", "text": mrkdwn(&text::clip(words, 3000)), "accessory": button.json() })
}

/// Short pieces beside each other.
#[must_use]
pub fn fields(pieces: &[String]) -> Value {
    let pieces: Vec<Value> = pieces.iter().take(10).map(|piece| mrkdwn(&text::clip(piece, 2000))).collect();
    json!({ "type": "section", "fields": pieces })
}

/// Small print.
#[must_use]
pub fn context(pieces: &[String]) -> Value {
    let pieces: Vec<Value> = pieces.iter().take(10).map(|piece| mrkdwn(&text::clip(piece, 2000))).collect();
    json!({ "type": "context", "elements": pieces })
}

/// A title.
#[must_use]
pub fn header(words: &str) -> Value {
    json!({ "type": "header", "text": plain(words, 150) })
}

/// A line across.
#[must_use]
pub fn divider() -> Value {
    json!({ "type": "divider" })
}

/// Buttons in a row.
#[must_use]
pub fn actions(id: &str, elements: Vec<Value>) -> Value {
    json!({ "type": "actions", "block_id": text::clip(id, 255), "elements": elements })
}

/// A button with more behind it: what is chosen is `action value`.
#[must_use]
pub fn overflow(action: &str, options: &[(&str, String)]) -> Value {
    let options: Vec<Value> = options
        .iter()
        .take(5)
        .map(|(label, value)| json!({ "text": plain(label, 75), "value": text::clip(value, 150) }))
        .collect();
    json!({ "type": "overflow", "action_id": action, "options": options })
}

/// Lines in letters of one width, as they are: no markup is read in them.
#[must_use]
pub fn preformatted(lines: &str) -> Value {
    json!({ "type": "rich_text",
            "elements": [{ "type": "rich_text_preformatted", "elements": [{ "type": "text", "text": lines }] }] })
}

/// Steps, with how each stands: `pending`, `in_progress`, `complete` or `error`.
#[must_use]
pub fn plan(title: &str, tasks: &[(String, String, &str)]) -> Value {
    let tasks: Vec<Value> = tasks
        .iter()
        .take(50)
        .map(|(id, title, status)| json!({ "type": "task_card", "task_id": id, "title": title, "status": status }))
        .collect();
    json!({ "type": "plan", "title": title, "tasks": tasks })
}
