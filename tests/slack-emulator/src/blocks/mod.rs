//! Whether Slack takes blocks and views: every limit of Block Kit that is known, with what is wrong and where.
//!
//! ```
//! use serde_json::json;
//!
//! let blocks = [json!({ "type": "header", "text": { "type": "plain_text", "text": "a".repeat(151) } })];
//! let found = slack_emulator::blocks::check(&blocks);
//! assert_eq!(found[0].to_string(), "must be less than 151 characters [json-pointer:/blocks/0/text/text]");
//! ```
//!
//! Where the documentation is silent, this is as strict as what was seen of Slack: ids are unique, `plan` and `task_card`
//! exclude each other, and all texts of a message together have 13 200 characters at most (`msg_blocks_too_long`,
//! <https://github.com/slackapi/bolt-js/issues/2509>). An `input` belongs in a view: that it may stand in a message is
//! documented, and nobody's notification should ask for anything that way.

mod block;
mod element;
mod object;
mod rich;

use std::collections::BTreeSet;

use serde_json::Value;

use crate::shape::Forms::Plain;
use crate::shape::{Check, Kind, Shape, free, length, may, must};

pub use crate::shape::Violation;

/// Blocks of a message.
pub const MESSAGE: usize = 50;

/// Blocks of a view.
pub const VIEW: usize = 100;

/// Characters of all texts of a message together.
pub const TOTAL: usize = 13_200;

/// What Slack would refuse in the blocks of a message; nothing when it would take them.
#[must_use]
pub fn check(blocks: &[Value]) -> Vec<Violation> {
    let mut found = blocks_of(block::IN_MESSAGE, &Value::Array(blocks.to_vec()), MESSAGE, "/blocks");
    if total(blocks) > TOTAL {
        found.push(Violation::new("/blocks", format!("must be less than {} characters in all", TOTAL + 1)));
    }
    found
}

/// What Slack would refuse in a modal or a home tab, as it is given to `views.open`.
#[must_use]
pub fn check_view(view: &Value) -> Vec<Violation> {
    let mut check = Check::new();
    match view.get("type").and_then(Value::as_str) {
        Some("modal") => check.object(&MODAL, view, "/view"),
        Some("home") => check.object(&HOME, view, "/view"),
        Some(other) => check.wrong("/view/type", format!("unsupported type: {other}")),
        None => check.wrong("/view", "missing required field: type"),
    }
    let among = if view["type"] == "home" { block::IN_HOME } else { block::IN_MODAL };
    if let Some(blocks) = view.get("blocks") {
        check.found.extend(blocks_of(among, blocks, VIEW, "/view/blocks"));
        let inputs = blocks.as_array().into_iter().flatten().enumerate().filter(|(_, block)| block["type"] == "input");
        for (index, _) in inputs.filter(|_| view["type"] == "modal" && view.get("submit").is_none()) {
            check.wrong(
                &format!("/view/blocks/{index}/input"),
                "must define `submit` to use an `input` block in modals",
            );
        }
    }
    check.found
}

/// Characters of all texts in blocks.
#[must_use]
pub fn total(blocks: &[Value]) -> usize {
    fn of(value: &Value) -> usize {
        match value {
            Value::Array(items) => items.iter().map(of).sum(),
            Value::Object(fields) => {
                fields.iter().map(|(name, value)| if says(name) { said(value) } else { of(value) }).sum()
            }
            _ => 0,
        }
    }
    fn says(name: &str) -> bool {
        matches!(name, "text" | "title" | "alt_text" | "caption")
    }
    fn said(value: &Value) -> usize {
        value.as_str().map_or_else(|| of(value), length)
    }
    blocks.iter().map(of).sum()
}

static MODAL: Shape = Shape {
    name: "modal",
    fields: &[
        must("title", Kind::Text(Plain, 24)),
        must("blocks", Kind::Any),
        may("submit", Kind::Text(Plain, 24)),
        may("close", Kind::Text(Plain, 24)),
        may("private_metadata", Kind::Line(0, 3000)),
        may("callback_id", Kind::Line(0, 255)),
        may("external_id", Kind::Line(0, 255)),
        may("clear_on_close", Kind::Flag),
        may("notify_on_close", Kind::Flag),
        may("submit_disabled", Kind::Flag),
    ],
    rule: free,
};

static HOME: Shape = Shape {
    name: "home",
    fields: &[
        must("blocks", Kind::Any),
        may("private_metadata", Kind::Line(0, 3000)),
        may("callback_id", Kind::Line(0, 255)),
        may("external_id", Kind::Line(0, 255)),
    ],
    rule: free,
};

fn blocks_of(among: &'static [&'static Shape], blocks: &Value, most: usize, at: &str) -> Vec<Violation> {
    let mut check = Check::new();
    let Some(list) = blocks.as_array() else {
        check.wrong(at, "must provide an array");
        return check.found;
    };
    if list.len() > most {
        check.wrong(at, format!("no more than {most} items allowed"));
    }
    let mut ids = BTreeSet::new();
    for (index, block) in list.iter().enumerate() {
        let at = format!("{at}/{index}");
        check.value(&Kind::Among(among), block, &at);
        if let Some(id) = block.get("block_id").and_then(Value::as_str).filter(|id| !id.is_empty())
            && !ids.insert(id)
        {
            check.wrong(&format!("{at}/block_id"), format!("`block_id` already exists: {id}"));
        }
        actions(block, &at, &mut check);
    }
    let has = |name: &str| list.iter().any(|block| block["type"] == name);
    if has("plan") && has("task_card") {
        check.wrong(at, "must not define both `plan` and `task_card`");
    }
    let markdown = list.iter().filter(|block| block["type"] == "markdown").filter_map(|block| block["text"].as_str());
    if markdown.map(length).sum::<usize>() > 12_000 {
        check.wrong(at, "must be less than 12001 characters of markdown in all");
    }
    check.found
}

/// No two elements of a block have the same `action_id`.
fn actions(block: &Value, at: &str, check: &mut Check) {
    let mut ids = BTreeSet::new();
    for (index, element) in block["elements"].as_array().into_iter().flatten().enumerate() {
        if let Some(id) = element.get("action_id").and_then(Value::as_str)
            && !ids.insert(id)
        {
            let at = format!("{at}/elements/{index}/action_id");
            check.wrong(&at, format!("`action_id` already exists: {id}"));
        }
    }
}

/// The options that an app answers a menu with.
pub(crate) static OPTIONS: Shape = Shape {
    name: "",
    fields: &[
        may("options", Kind::List(&Kind::Object(&object::OPTION), 0, 100)),
        may("option_groups", Kind::List(&Kind::Object(&object::OPTION_GROUP), 0, 100)),
    ],
    rule: object::one_list,
};
