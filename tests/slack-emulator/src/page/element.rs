//! Buttons, menus and fields, as they are shown and used.

use serde_json::Value;

use super::block;
use super::html::{escaped, hidden};
use crate::world::World;

/// How what is pressed is sent: where, and as whom.
pub(super) struct Form {
    pub user: String,
    /// The channel; empty for a view.
    pub channel: String,
    /// The message.
    pub ts: String,
    /// The view.
    pub view: String,
    /// Whether it stands in a form already, in which no other can be.
    pub is_inside: bool,
}

/// A button or a menu as HTML.
pub(super) fn element(world: &World, element: &Value, block_id: &str, form: &Form) -> String {
    let word = |name: &str| element[name].as_str().unwrap_or_default();
    let fields = hidden(&[
        ("user", &form.user),
        ("channel", &form.channel),
        ("ts", &form.ts),
        ("view", &form.view),
        ("block_id", block_id),
        ("action_id", word("action_id")),
    ]);
    let sure = element.get("confirm").map(|confirm| escaped(confirm["text"]["text"].as_str().unwrap_or("Sure?")));
    let sure = sure.map(|text| format!(r#" data-sure="{text}""#)).unwrap_or_default();
    let wrapped = |inside: String| {
        if form.is_inside {
            // The modal's own form is not sent by it.
            return inside.replace("<button ", r#"<button type="button" disabled "#);
        }
        format!(r#"<form method="post" action="/click"{sure}>{fields}{inside}</form>"#)
    };
    match word("type") {
        "button" | "workflow_button" | "icon_button" => {
            let label = block::text(world, &element["text"]);
            wrapped(format!(r#"<button class="{}">{label}</button>"#, escaped(word("style"))))
        }
        "overflow" => {
            let option = |one: &Value| {
                let (value, label) =
                    (escaped(one["value"].as_str().unwrap_or_default()), block::text(world, &one["text"]));
                format!(r#"<button name="choose" value="{value}">{label}</button>"#)
            };
            let options: String = element["options"].as_array().into_iter().flatten().map(option).collect();
            wrapped(format!(
                r#"<details class="more"><summary aria-label="More">⋯</summary><div>{options}</div></details>"#
            ))
        }
        "feedback_buttons" => "<button disabled>+1</button><button disabled>-1</button>".to_owned(),
        "image" => block::blocks(world, std::slice::from_ref(element), form),
        _ => wrapped(format!(r#"{}<button class="go" aria-label="Send">↵</button>"#, input(element, "choose"))),
    }
}

/// A field of a modal as HTML.
pub(super) fn field(element: &Value, block_id: &str) -> String {
    input(element, &format!("field:{block_id}"))
}

fn input(element: &Value, name: &str) -> String {
    let word = |name: &str| element[name].as_str().unwrap_or_default();
    let (name, held) = (escaped(name), escaped(element["placeholder"]["text"].as_str().unwrap_or_default()));
    let option = |chosen: &Value, one: &Value| {
        let value = escaped(one["value"].as_str().unwrap_or_default());
        let is_chosen = chosen.as_array().is_some_and(|all| all.contains(one)) || chosen == one;
        let label = escaped(one["text"]["text"].as_str().unwrap_or_default());
        format!(r#"<option value="{value}"{}>{label}</option>"#, if is_chosen { " selected" } else { "" })
    };
    let options = || {
        let groups = element["option_groups"].as_array().into_iter().flatten().map(|group| &group["options"]);
        let all = std::iter::once(&element["options"]).chain(groups).filter_map(Value::as_array).flatten();
        let chosen = if element.get("initial_options").is_some() {
            &element["initial_options"]
        } else {
            &element["initial_option"]
        };
        all.map(|one| option(chosen, one)).collect::<String>()
    };
    match word("type") {
        "static_select" | "radio_buttons" => {
            format!(r#"<select name="{name}"><option value="">{held}</option>{}</select>"#, options())
        }
        "multi_static_select" | "checkboxes" => format!(r#"<select name="{name}" multiple>{}</select>"#, options()),
        "plain_text_input" if element["multiline"] == true => {
            format!(
                r#"<textarea name="{name}" placeholder="{held}" rows="4">{}</textarea>"#,
                escaped(word("initial_value"))
            )
        }
        kind => {
            let kind = match kind {
                "datepicker" => "date",
                "timepicker" => "time",
                "number_input" => "number",
                _ => "text",
            };
            // What was chosen of an app's own options is their value; the page cannot ask for others.
            let chosen = element["initial_option"]["value"].as_str();
            let value = escaped(chosen.unwrap_or(word("initial_value")));
            format!(r#"<input type="{kind}" name="{name}" placeholder="{held}" value="{value}">"#)
        }
    }
}
