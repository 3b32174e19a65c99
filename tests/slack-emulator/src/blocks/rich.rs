//! Rich text: paragraphs, lists, quotes and code, made of marked pieces.

use super::object::{ID, URL};
use crate::shape::{Field, Kind, Shape, free, may, must};

const STYLE: Field = may(
    "style",
    Kind::Object(&Shape {
        name: "",
        fields: &[
            may("bold", Kind::Flag),
            may("code", Kind::Flag),
            may("italic", Kind::Flag),
            may("strike", Kind::Flag),
            may("underline", Kind::Flag),
            may("highlight", Kind::Flag),
            may("client_highlight", Kind::Flag),
            may("unlink", Kind::Flag),
        ],
        rule: free,
    }),
);
const BORDER: Field = may("border", Kind::Whole(0, 1));
const NAME: Kind = Kind::Line(1, ID);

macro_rules! pieces {
    ($($shape:ident $name:literal [$($field:expr),* $(,)?])*) => {
        $(static $shape: Shape = Shape { name: $name, fields: &[$($field),*], rule: free };)*
    };
}

pieces! {
    TEXT "text" [must("text", Kind::Line(1, 40_000)), STYLE]
    LINK "link" [must("url", Kind::Line(1, URL)), may("text", Kind::Line(1, 40_000)), may("unsafe", Kind::Flag), STYLE]
    USER "user" [must("user_id", NAME), STYLE]
    CHANNEL "channel" [must("channel_id", NAME), STYLE]
    USERGROUP "usergroup" [must("usergroup_id", NAME), STYLE]
    TEAM "team" [must("team_id", NAME), STYLE]
    EMOJI "emoji" [must("name", NAME), may("unicode", NAME), may("url", Kind::Line(1, URL)), STYLE]
    BROADCAST "broadcast" [must("range", Kind::Word(&["here", "channel", "everyone"])), STYLE]
    COLOR "color" [must("value", NAME), STYLE]
    DATE "date" [
        must("timestamp", Kind::Whole(0, 9_999_999_999)), must("format", NAME), may("url", Kind::Line(1, URL)),
        may("fallback", NAME), STYLE,
    ]
    SECTION "rich_text_section" [must("elements", PIECES)]
    QUOTE "rich_text_quote" [must("elements", PIECES), BORDER]
    PREFORMATTED "rich_text_preformatted" [
        must("elements", Kind::List(&Kind::Among(&[&TEXT, &LINK]), 0, 1000)), BORDER, may("language", NAME),
    ]
    LIST "rich_text_list" [
        must("style", Kind::Word(&["bullet", "ordered"])),
        must("elements", Kind::List(&Kind::Among(&[&SECTION]), 0, 1000)),
        may("indent", Kind::Whole(0, 8)), may("offset", Kind::Whole(0, i64::MAX - 1)), BORDER,
    ]
}

const PIECES: Kind = Kind::List(
    &Kind::Among(&[&TEXT, &LINK, &USER, &CHANNEL, &USERGROUP, &TEAM, &EMOJI, &BROADCAST, &COLOR, &DATE]),
    0,
    1000,
);

/// <https://docs.slack.dev/reference/block-kit/blocks/rich-text-block>
pub(super) static RICH_TEXT: Shape = Shape {
    name: "rich_text",
    fields: &[
        may("block_id", Kind::Line(0, ID)),
        must("elements", Kind::List(&Kind::Among(&[&SECTION, &LIST, &QUOTE, &PREFORMATTED]), 0, 1000)),
    ],
    rule: free,
};
