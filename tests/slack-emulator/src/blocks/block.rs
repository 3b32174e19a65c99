//! The blocks, and where each may stand.
//!
//! Limits: <https://docs.slack.dev/reference/block-kit/blocks>, `@slack/types` 3.2 and `slackblocks` 3.

use serde_json::{Map, Value};

use super::element::{BESIDE, BUTTON, FEEDBACK_BUTTONS, ICON_BUTTON, IMAGE, IN_ACTIONS, IN_INPUT};
use super::object::{FILE, ID, URL, one_source};
use super::rich::RICH_TEXT;
use crate::shape::Forms::{Either, Markup, Plain};
use crate::shape::{Field, Kind, Shape, free, may, must};

const BLOCK_ID: Field = may("block_id", Kind::Line(0, ID));

macro_rules! blocks {
    ($($shape:ident $name:literal $rule:ident [$($field:expr),* $(,)?])*) => {
        $(static $shape: Shape = Shape { name: $name, fields: &[BLOCK_ID, $($field),*], rule: $rule };)*
    };
}

blocks! {
    SECTION "section" text_or_fields [
        may("text", Kind::Text(Either, 3000)), may("fields", Kind::List(&Kind::Text(Either, 2000), 1, 10)),
        may("accessory", Kind::Among(BESIDE)), may("expand", Kind::Flag),
    ]
    HEADER "header" free [must("text", Kind::Text(Plain, 150))]
    DIVIDER "divider" free []
    CONTEXT "context" free [must("elements", Kind::List(&CONTEXTUAL, 1, 10))]
    ACTIONS "actions" free [must("elements", Kind::List(&Kind::Among(IN_ACTIONS), 1, 25))]
    CONTEXT_ACTIONS "context_actions" free [
        must("elements", Kind::List(&Kind::Among(&[&FEEDBACK_BUTTONS, &ICON_BUTTON]), 1, 5)),
    ]
    INPUT "input" free [
        must("label", Kind::Text(Plain, 2000)), must("element", Kind::Among(IN_INPUT)),
        may("hint", Kind::Text(Plain, 2000)), may("optional", Kind::Flag), may("dispatch_action", Kind::Flag),
    ]
    PICTURE "image" one_source [
        must("alt_text", Kind::Line(1, 2000)), may("title", Kind::Text(Plain, 2000)),
        may("image_url", Kind::Line(1, URL)), may("slack_file", FILE),
    ]
    MARKDOWN "markdown" free [must("text", Kind::Line(1, 12_000))]
    PLAN "plan" free [
        must("title", Kind::Line(1, 3000)), may("tasks", Kind::List(&Kind::Object(&TASK_CARD), 1, 50)),
    ]
    TASK_CARD "task_card" free [
        must("task_id", Kind::Line(1, ID)), must("title", Kind::Line(1, 3000)),
        must("status", Kind::Word(&["pending", "in_progress", "complete", "error"])),
        may("details", Kind::Object(&RICH_TEXT)), may("output", Kind::Object(&RICH_TEXT)),
        may("sources", Kind::List(&Kind::Object(&SOURCE), 1, 100)),
    ]
    ALERT "alert" free [
        must("text", Kind::Text(Either, 200)),
        may("level", Kind::Word(&["default", "info", "warning", "error", "success"])),
    ]
    CARD "card" free [
        may("hero_image", Kind::Object(&IMAGE)), may("icon", Kind::Object(&IMAGE)),
        may("title", Kind::Text(Markup, 150)), may("subtitle", Kind::Text(Markup, 150)),
        may("body", Kind::Text(Markup, 200)), may("actions", Kind::List(&Kind::Object(&BUTTON), 1, 3)),
    ]
    CAROUSEL "carousel" free [must("elements", Kind::List(&Kind::Object(&CARD), 1, 10))]
    CONTAINER "container" free [
        may("title", Kind::Text(Plain, 150)), may("rich_text_title", Kind::Object(&RICH_TEXT)),
        may("subtitle", Kind::Text(Either, 150)), must("child_blocks", Kind::List(&Kind::Among(IN_CONTAINER), 1, 10)),
        may("width", Kind::Word(&["narrow", "standard", "wide", "full"])), may("icon", Kind::Object(&IMAGE)),
        may("is_collapsible", Kind::Flag), may("default_collapsed", Kind::Flag), may("has_header_divider", Kind::Flag),
    ]
    TABLE "table" level [
        must("rows", Kind::List(&Kind::List(&CELL, 1, 20), 1, 100)), may("column_settings", Kind::List(&COLUMN, 1, 20)),
    ]
    DATA_TABLE "data_table" level [
        must("caption", Kind::Line(1, 3000)), must("rows", Kind::List(&Kind::List(&CELL, 1, 20), 2, 201)),
        may("page_size", Kind::Whole(1, 100)), may("row_header_column_index", Kind::Whole(0, 19)),
    ]
    VIDEO "video" free [
        must("alt_text", Kind::Line(1, 2000)), must("title", Kind::Text(Plain, 200)),
        must("thumbnail_url", Kind::Line(1, URL)), must("video_url", Kind::Line(1, URL)),
        may("title_url", Kind::Line(1, 2000)), may("author_name", Kind::Line(1, 50)),
        may("provider_name", Kind::Line(1, 50)), may("provider_icon_url", Kind::Line(1, 2000)),
        may("description", Kind::Text(Plain, 200)),
    ]
}

static SOURCE: Shape =
    Shape { name: "url", fields: &[must("url", Kind::Line(1, URL)), must("text", Kind::Line(1, 3000))], rule: free };

/// What a line of context holds: texts and small pictures.
const CONTEXTUAL: Kind = Kind::Among(&[
    &IMAGE,
    &Shape { name: "plain_text", fields: &[must("text", Kind::Line(1, 3000)), may("emoji", Kind::Flag)], rule: free },
    &Shape { name: "mrkdwn", fields: &[must("text", Kind::Line(1, 3000)), may("verbatim", Kind::Flag)], rule: free },
]);

const CELL: Kind = Kind::Among(&[
    &RICH_TEXT,
    &Shape { name: "raw_text", fields: &[must("text", Kind::Line(1, 3000))], rule: free },
    &Shape {
        name: "raw_number",
        fields: &[must("value", Kind::Number), must("text", Kind::Line(1, 3000))],
        rule: free,
    },
]);

const COLUMN: Kind = Kind::Object(&Shape {
    name: "",
    fields: &[may("align", Kind::Word(&["left", "center", "right"])), may("is_wrapped", Kind::Flag)],
    rule: free,
});

static IN_CONTAINER: &[&Shape] =
    &[&ACTIONS, &CONTEXT, &DIVIDER, &HEADER, &PICTURE, &INPUT, &RICH_TEXT, &SECTION, &TABLE, &VIDEO];

fn text_or_fields(block: &Map<String, Value>) -> Option<(&'static str, &'static str)> {
    let is_empty = !block.contains_key("text") && !block.contains_key("fields");
    is_empty.then_some(("type", "must define either `text` or `fields`"))
}

/// Every row of a table has the same number of cells.
fn level(block: &Map<String, Value>) -> Option<(&'static str, &'static str)> {
    let rows = block.get("rows")?.as_array()?;
    let widths: Vec<_> = rows.iter().filter_map(Value::as_array).map(Vec::len).collect();
    let is_level = widths.windows(2).all(|pair| pair[0] == pair[1]);
    (!is_level).then_some(("rows", "must have the same number of cells in every row"))
}

/// What may stand in a message.
pub(super) static IN_MESSAGE: &[&Shape] = &[
    &SECTION,
    &HEADER,
    &DIVIDER,
    &CONTEXT,
    &ACTIONS,
    &CONTEXT_ACTIONS,
    &PICTURE,
    &MARKDOWN,
    &PLAN,
    &TASK_CARD,
    &ALERT,
    &CARD,
    &CAROUSEL,
    &CONTAINER,
    &TABLE,
    &DATA_TABLE,
    &VIDEO,
    &RICH_TEXT,
];

/// What may stand in a modal.
pub(super) static IN_MODAL: &[&Shape] =
    &[&SECTION, &HEADER, &DIVIDER, &CONTEXT, &ACTIONS, &INPUT, &PICTURE, &ALERT, &VIDEO, &RICH_TEXT];

/// What may stand in a home tab.
pub(super) static IN_HOME: &[&Shape] =
    &[&SECTION, &HEADER, &DIVIDER, &CONTEXT, &ACTIONS, &INPUT, &PICTURE, &VIDEO, &RICH_TEXT];
