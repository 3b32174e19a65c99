//! Shorter and shorter forms of a message, until it is one that Slack takes.

use serde_json::Value;

use super::{Message, block, text};

/// Characters of a whole message. Slack refuses somewhat more than these, and says nowhere how many.
pub const CHARACTERS: usize = 12_000;

/// Blocks of a message.
pub const BLOCKS: usize = 50;

/// Characters of a paragraph, and of a piece of small print.
const PARAGRAPH: usize = 3000;
const PIECE: usize = 2000;

/// How much is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Length {
    /// All of it.
    Full,
    /// Jobs are counted and not named.
    Counted,
    /// What others wrote is left out where it is long.
    Brief,
    /// One line.
    Line,
}

/// The longest form of a message that Slack takes.
#[must_use]
pub fn shortest(form: impl Fn(Length) -> Message) -> Message {
    let forms = [Length::Full, Length::Counted, Length::Brief, Length::Line];
    let mut last = None;
    for length in forms {
        let message = form(length);
        if fits(&message) {
            return message;
        }
        last = Some(message);
    }
    let text = last.map(|message| text::plain(&message.text, 300)).unwrap_or_default();
    Message { blocks: vec![block::section(&text::escape(&text))], text }
}

/// Whether Slack takes it.
#[must_use]
pub fn fits(message: &Message) -> bool {
    let size: usize = message.blocks.iter().map(characters).sum();
    message.blocks.len() <= BLOCKS
        && message.text.chars().count() <= PARAGRAPH
        && size <= CHARACTERS
        && message.blocks.iter().all(is_within)
}

/// Characters of a block that are counted: all its texts.
fn characters(value: &Value) -> usize {
    match value {
        Value::String(text) => text.chars().count(),
        Value::Array(values) => values.iter().map(characters).sum(),
        Value::Object(fields) => fields.values().map(characters).sum(),
        _ => 0,
    }
}

fn is_within(block: &Value) -> bool {
    let length = |value: &Value| value["text"].as_str().map_or(0, |text| text.chars().count());
    let list = |name: &str| block[name].as_array().map(Vec::as_slice).unwrap_or_default();
    match block["type"].as_str() {
        Some("section") => {
            length(&block["text"]) <= PARAGRAPH && list("fields").iter().all(|piece| length(piece) <= PIECE)
        }
        Some("context") => {
            (1..=10).contains(&list("elements").len()) && list("elements").iter().all(|piece| length(piece) <= PIECE)
        }
        Some("actions") => (1..=25).contains(&list("elements").len()),
        Some("plan") => (1..=50).contains(&list("tasks").len()),
        _ => true,
    }
}
