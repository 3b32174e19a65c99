//! What people press, choose and fill in.
//!
//! Limits: <https://docs.slack.dev/reference/block-kit/block-elements>, and the tables of the packages `@slack/types` and
//! `slackblocks`, which agree with it.

use super::object::{
    ACTION, CONFIRM, DISPATCH, FILE, FILTER, LINK_OPTION, MARKUP_OPTION, OPTION, OPTION_GROUP, PLACEHOLDER, STYLE, URL,
    one_list, one_source,
};
use super::rich::RICH_TEXT;
use crate::shape::Forms::Plain;
use crate::shape::{Field, Kind, Shape, free, may, must};

const CONFIRMED: Field = may("confirm", Kind::Object(&CONFIRM));
const FOCUS: Field = may("focus_on_load", Kind::Flag);
const HELD: Field = may("placeholder", Kind::Text(Plain, PLACEHOLDER));
const MOST: Field = may("max_selected_items", Kind::Whole(1, i64::MAX - 1));
const DISPATCHED: Field = may("dispatch_action_config", DISPATCH);
const LABEL: Field = may("accessibility_label", Kind::Line(1, 75));
const OPTIONS: Kind = Kind::List(&Kind::Object(&OPTION), 1, 100);
const GROUPS: Kind = Kind::List(&Kind::Object(&OPTION_GROUP), 1, 100);
const NAME: Kind = Kind::Line(1, 255);
const NAMES: Kind = Kind::List(&NAME, 1, 100);
/// What is filled in beforehand is bound by the field, not by this.
const FILLED: Kind = Kind::Line(0, 3000);

macro_rules! shapes {
    ($($shape:ident $name:literal $rule:ident [$($field:expr),* $(,)?])*) => {
        $(pub(super) static $shape: Shape = Shape { name: $name, fields: &[ACTION, $($field),*], rule: $rule };)*
    };
}

shapes! {
    BUTTON "button" free [
        must("text", Kind::Text(Plain, 75)), may("url", Kind::Line(1, URL)), may("value", Kind::Line(1, 2000)),
        may("style", STYLE), CONFIRMED, LABEL,
    ]
    WORKFLOW_BUTTON "workflow_button" free [
        must("text", Kind::Text(Plain, 75)), must("workflow", Kind::Any), may("style", STYLE), LABEL, CONFIRMED,
    ]
    OVERFLOW "overflow" free [must("options", Kind::List(&Kind::Object(&LINK_OPTION), 1, 5)), CONFIRMED]
    CHECKBOXES "checkboxes" free [
        must("options", Kind::List(&Kind::Object(&MARKUP_OPTION), 1, 10)),
        may("initial_options", Kind::List(&Kind::Object(&MARKUP_OPTION), 1, 10)), CONFIRMED, FOCUS,
    ]
    RADIO_BUTTONS "radio_buttons" free [
        must("options", Kind::List(&Kind::Object(&MARKUP_OPTION), 1, 10)),
        may("initial_option", Kind::Object(&MARKUP_OPTION)), CONFIRMED, FOCUS,
    ]
    STATIC_SELECT "static_select" one_list [
        may("options", OPTIONS), may("option_groups", GROUPS), may("initial_option", Kind::Object(&OPTION)),
        CONFIRMED, FOCUS, HELD,
    ]
    MULTI_STATIC_SELECT "multi_static_select" one_list [
        may("options", OPTIONS), may("option_groups", GROUPS), may("initial_options", OPTIONS), MOST, CONFIRMED, FOCUS,
        HELD,
    ]
    EXTERNAL_SELECT "external_select" free [
        may("initial_option", Kind::Object(&OPTION)), may("min_query_length", Kind::Whole(0, i64::MAX - 1)), CONFIRMED,
        FOCUS, HELD,
    ]
    MULTI_EXTERNAL_SELECT "multi_external_select" free [
        may("initial_options", OPTIONS), may("min_query_length", Kind::Whole(0, i64::MAX - 1)), MOST, CONFIRMED, FOCUS,
        HELD,
    ]
    USERS_SELECT "users_select" free [may("initial_user", NAME), CONFIRMED, FOCUS, HELD]
    MULTI_USERS_SELECT "multi_users_select" free [may("initial_users", NAMES), MOST, CONFIRMED, FOCUS, HELD]
    CHANNELS_SELECT "channels_select" free [
        may("initial_channel", NAME), may("response_url_enabled", Kind::Flag), CONFIRMED, FOCUS, HELD,
    ]
    MULTI_CHANNELS_SELECT "multi_channels_select" free [may("initial_channels", NAMES), MOST, CONFIRMED, FOCUS, HELD]
    CONVERSATIONS_SELECT "conversations_select" free [
        may("initial_conversation", NAME), may("default_to_current_conversation", Kind::Flag),
        may("response_url_enabled", Kind::Flag), may("filter", FILTER), CONFIRMED, FOCUS, HELD,
    ]
    MULTI_CONVERSATIONS_SELECT "multi_conversations_select" free [
        may("initial_conversations", NAMES), may("default_to_current_conversation", Kind::Flag), may("filter", FILTER),
        MOST, CONFIRMED, FOCUS, HELD,
    ]
    DATEPICKER "datepicker" free [may("initial_date", Kind::Line(10, 10)), CONFIRMED, FOCUS, HELD]
    DATETIMEPICKER "datetimepicker" free [may("initial_date_time", Kind::Whole(0, 9_999_999_999)), CONFIRMED, FOCUS]
    TIMEPICKER "timepicker" free [
        may("initial_time", Kind::Line(5, 5)), may("timezone", Kind::Line(1, 64)), CONFIRMED, FOCUS, HELD,
    ]
    PLAIN_TEXT_INPUT "plain_text_input" free [
        may("initial_value", FILLED), may("multiline", Kind::Flag), may("min_length", Kind::Whole(0, 3000)),
        may("max_length", Kind::Whole(1, 3000)), DISPATCHED, FOCUS, HELD,
    ]
    RICH_TEXT_INPUT "rich_text_input" free [
        may("initial_value", Kind::Object(&RICH_TEXT)), may("min_lines", Kind::Whole(1, 100)),
        may("max_lines", Kind::Whole(1, 100)), DISPATCHED, FOCUS, HELD,
    ]
    EMAIL_INPUT "email_text_input" free [may("initial_value", FILLED), DISPATCHED, FOCUS, HELD]
    URL_INPUT "url_text_input" free [may("initial_value", FILLED), DISPATCHED, FOCUS, HELD]
    NUMBER_INPUT "number_input" free [
        must("is_decimal_allowed", Kind::Flag), may("initial_value", FILLED), may("min_value", FILLED),
        may("max_value", FILLED), DISPATCHED, FOCUS, HELD,
    ]
    FILE_INPUT "file_input" free [may("filetypes", NAMES), may("max_files", Kind::Whole(1, 10))]
    FEEDBACK_BUTTONS "feedback_buttons" free [
        must("positive_button", Kind::Object(&FEEDBACK)), must("negative_button", Kind::Object(&FEEDBACK)),
    ]
    ICON_BUTTON "icon_button" free [
        must("icon", Kind::Word(&["trash"])), must("text", Kind::Text(Plain, 75)), may("value", Kind::Line(1, 2000)),
        may("visible_to_user_ids", Kind::List(&NAME, 1, 10)), LABEL, CONFIRMED,
    ]
}

static FEEDBACK: Shape = Shape {
    name: "",
    fields: &[must("text", Kind::Text(Plain, 75)), must("value", Kind::Line(1, 2000)), LABEL],
    rule: free,
};

/// A picture in a context or beside a section.
pub(super) static IMAGE: Shape = Shape {
    name: "image",
    fields: &[must("alt_text", Kind::Line(1, 2000)), may("image_url", Kind::Line(1, URL)), may("slack_file", FILE)],
    rule: one_source,
};

/// What people choose with, which has its place everywhere, and these.
macro_rules! choices_and {
    ($($shape:ident),* $(,)?) => {
        &[
            $(&$shape,)*
            &CHECKBOXES,
            &RADIO_BUTTONS,
            &DATEPICKER,
            &TIMEPICKER,
            &STATIC_SELECT,
            &EXTERNAL_SELECT,
            &USERS_SELECT,
            &CHANNELS_SELECT,
            &CONVERSATIONS_SELECT,
            &MULTI_STATIC_SELECT,
            &MULTI_EXTERNAL_SELECT,
            &MULTI_USERS_SELECT,
            &MULTI_CHANNELS_SELECT,
            &MULTI_CONVERSATIONS_SELECT,
        ]
    };
}

/// What a block of actions may hold.
pub(super) static IN_ACTIONS: &[&Shape] =
    choices_and![BUTTON, DATETIMEPICKER, OVERFLOW, RICH_TEXT_INPUT, WORKFLOW_BUTTON];

/// What may stand beside a section.
pub(super) static BESIDE: &[&Shape] = choices_and![BUTTON, IMAGE, OVERFLOW, WORKFLOW_BUTTON];

/// What is filled in.
pub(super) static IN_INPUT: &[&Shape] =
    choices_and![DATETIMEPICKER, EMAIL_INPUT, FILE_INPUT, NUMBER_INPUT, PLAIN_TEXT_INPUT, RICH_TEXT_INPUT, URL_INPUT];
