//! What blocks and elements are composed of: texts, options, confirmations, pictures.

use serde_json::{Map, Value};

use crate::shape::Forms::{Either, Plain};
use crate::shape::{Field, Kind, Shape, free, may, must};

/// Characters of a `block_id` or an `action_id`.
pub(super) const ID: usize = 255;

/// Characters of a URL.
pub(super) const URL: usize = 3000;

/// Characters of what stands in an empty field.
pub(super) const PLACEHOLDER: usize = 150;

/// <https://docs.slack.dev/reference/block-kit/composition-objects/confirmation-dialog-object>
pub(super) static CONFIRM: Shape = Shape {
    name: "",
    fields: &[
        must("title", Kind::Text(Plain, 100)),
        must("text", Kind::Text(Either, 300)),
        must("confirm", Kind::Text(Plain, 30)),
        must("deny", Kind::Text(Plain, 30)),
        may("style", STYLE),
    ],
    rule: free,
};

pub(super) const STYLE: Kind = Kind::Word(&["primary", "danger"]);

/// <https://docs.slack.dev/reference/block-kit/composition-objects/option-object>
pub(super) static OPTION: Shape = Shape {
    name: "",
    fields: &[
        must("text", Kind::Text(Plain, 75)),
        must("value", Kind::Line(1, 150)),
        may("description", Kind::Text(Plain, 75)),
    ],
    rule: free,
};

/// An option of an overflow menu may lead elsewhere.
pub(super) static LINK_OPTION: Shape = Shape {
    name: "",
    fields: &[
        must("text", Kind::Text(Plain, 75)),
        must("value", Kind::Line(1, 150)),
        may("description", Kind::Text(Plain, 75)),
        may("url", Kind::Line(1, URL)),
    ],
    rule: free,
};

/// Options of radio buttons and checkboxes may be marked up.
pub(super) static MARKUP_OPTION: Shape = Shape {
    name: "",
    fields: &[
        must("text", Kind::Text(Either, 75)),
        must("value", Kind::Line(1, 150)),
        may("description", Kind::Text(Either, 75)),
    ],
    rule: free,
};

/// <https://docs.slack.dev/reference/block-kit/composition-objects/option-group-object>
pub(super) static OPTION_GROUP: Shape = Shape {
    name: "",
    fields: &[must("label", Kind::Text(Plain, 75)), must("options", Kind::List(&Kind::Object(&OPTION), 1, 100))],
    rule: free,
};

pub(super) const DISPATCH: Kind = Kind::Object(&Shape {
    name: "",
    fields: &[must("trigger_actions_on", Kind::List(&Kind::Word(&["on_enter_pressed", "on_character_entered"]), 1, 2))],
    rule: free,
});

pub(super) const FILTER: Kind = Kind::Object(&Shape {
    name: "",
    fields: &[
        may("include", Kind::List(&Kind::Word(&["im", "mpim", "private", "public"]), 1, 4)),
        may("exclude_external_shared_channels", Kind::Flag),
        may("exclude_bot_users", Kind::Flag),
    ],
    rule: free,
});

pub(super) const FILE: Kind = Kind::Object(&Shape {
    name: "",
    fields: &[may("id", Kind::Line(1, ID)), may("url", Kind::Line(1, URL))],
    rule: free,
});

/// A picture comes from somewhere, and from one place.
pub(super) fn one_source(object: &Map<String, Value>) -> Option<(&'static str, &'static str)> {
    let is_one = object.contains_key("image_url") != object.contains_key("slack_file");
    (!is_one).then_some(("", "must define either `image_url` or `slack_file`"))
}

/// Options stand in one list or in groups.
pub(super) fn one_list(object: &Map<String, Value>) -> Option<(&'static str, &'static str)> {
    let is_one = object.contains_key("options") != object.contains_key("option_groups");
    (!is_one).then_some(("", "must define either `options` or `option_groups`"))
}

/// Who may be asked about what is chosen is shown beside it.
pub(super) const ACTION: Field = may("action_id", Kind::Line(1, ID));
