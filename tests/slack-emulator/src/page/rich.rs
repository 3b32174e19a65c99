//! Rich text, as it is shown.

use serde_json::Value;

use super::emoji::emoji;
use super::html::{escaped, link};
use crate::world::World;

/// Rich text as HTML.
pub(super) fn rich(world: &World, block: &Value) -> String {
    elements(block).iter().map(|one| element(world, one)).collect()
}

fn elements(value: &Value) -> &[Value] {
    value["elements"].as_array().map_or(&[], Vec::as_slice)
}

fn element(world: &World, one: &Value) -> String {
    let all = || elements(one).iter().map(|part| piece(world, part)).collect::<String>();
    match one["type"].as_str() {
        Some("rich_text_section") => format!("<div>{}</div>", all()),
        Some("rich_text_quote") => format!("<blockquote>{}</blockquote>", all()),
        Some("rich_text_preformatted") => format!("<pre>{}</pre>", all()),
        Some("rich_text_list") => {
            let items: String = elements(one).iter().map(|item| format!("<li>{}</li>", element(world, item))).collect();
            let tag = if one["style"] == "ordered" { "ol" } else { "ul" };
            format!("<{tag}>{items}</{tag}>")
        }
        _ => String::new(),
    }
}

fn piece(world: &World, part: &Value) -> String {
    let word = |name: &str| part[name].as_str().unwrap_or_default();
    let mention = |name: &str| format!(r#"<span class="mention">{}</span>"#, escaped(name));
    let html = match word("type") {
        "link" => {
            let text = if word("text").is_empty() { word("url") } else { word("text") };
            link(word("url"), &escaped(text))
        }
        "emoji" => emoji(word("name")),
        "user" => {
            let id = word("user_id");
            mention(&format!("@{}", world.people.get(id).map_or(id, |person| &person.name)))
        }
        "channel" => {
            let id = word("channel_id");
            mention(&format!("#{}", world.channels.get(id).map_or(id, |channel| &channel.name)))
        }
        "broadcast" => mention(&format!("@{}", word("range"))),
        "date" => escaped(word("fallback")),
        _ => escaped(word("text")).replace('\n', "<br>"),
    };
    let style = |name: &str| part["style"][name] == true;
    [("bold", "b"), ("italic", "i"), ("strike", "s"), ("code", "code"), ("underline", "u")]
        .iter()
        .filter(|(name, _)| style(name))
        .fold(html, |html, (_, tag)| format!("<{tag}>{html}</{tag}>"))
}
