//! What people choose and fill in.

use serde_json::{Value, json};

use super::Impossible;

/// What an element says when it holds what is given: `{"type": "plain_text_input", "value": "main"}`. Options may be
/// given by their values.
pub(super) fn filled(element: &Value, given: Option<&Value>) -> Result<Value, Impossible> {
    let kind = element["type"].as_str().unwrap_or_default();
    let id = element["action_id"].as_str().unwrap_or_default();
    let (slot, initial) = slots(kind).ok_or_else(|| format!("`{kind}` is not filled in"))?;
    let value = match given {
        None => element.get(initial).cloned().unwrap_or(Value::Null),
        Some(value) if value.is_null() => Value::Null,
        Some(value) if slot == "selected_option" => option(element, value)?,
        Some(Value::Array(values)) if slot == "selected_options" => {
            Value::Array(values.iter().map(|value| option(element, value)).collect::<Result<_, _>>()?)
        }
        Some(value) if slot == "value" => {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            fits(element, id, &text)?;
            json!(text)
        }
        Some(value) => value.clone(),
    };
    let many = slot.ends_with('s') && !slot.ends_with("ss");
    let value = if value.is_null() && many { json!([]) } else { value };
    if many && !value.is_array() {
        return Err(format!("`{id}` takes a list").into());
    }
    if let (Some(most), Some(chosen)) = (element["max_selected_items"].as_u64(), value.as_array())
        && chosen.len() as u64 > most
    {
        return Err(format!("`{id}` takes {most} at most").into());
    }
    Ok(json!({ "type": kind, slot: value }))
}

/// Whether somebody has filled something in.
pub(super) fn is_empty(filled: &Value) -> bool {
    let is_nothing = |value: &Value| match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        _ => false,
    };
    filled.as_object().is_none_or(|fields| fields.iter().all(|(name, value)| name == "type" || is_nothing(value)))
}

/// Where an element keeps what it holds, and where what it holds at first.
fn slots(kind: &str) -> Option<(&'static str, &'static str)> {
    Some(match kind {
        "plain_text_input" | "email_text_input" | "url_text_input" | "number_input" => ("value", "initial_value"),
        "rich_text_input" => ("rich_text_value", "initial_value"),
        "static_select" | "external_select" | "radio_buttons" | "overflow" => ("selected_option", "initial_option"),
        "multi_static_select" | "multi_external_select" | "checkboxes" => ("selected_options", "initial_options"),
        "users_select" => ("selected_user", "initial_user"),
        "multi_users_select" => ("selected_users", "initial_users"),
        "channels_select" => ("selected_channel", "initial_channel"),
        "multi_channels_select" => ("selected_channels", "initial_channels"),
        "conversations_select" => ("selected_conversation", "initial_conversation"),
        "multi_conversations_select" => ("selected_conversations", "initial_conversations"),
        "datepicker" => ("selected_date", "initial_date"),
        "timepicker" => ("selected_time", "initial_time"),
        "datetimepicker" => ("selected_date_time", "initial_date_time"),
        "file_input" => ("files", "files"),
        _ => return None,
    })
}

/// An option as the app gave it, by its value. Options that the app is asked for are not known here.
fn option(element: &Value, given: &Value) -> Result<Value, Impossible> {
    if given.is_object() {
        return Ok(given.clone());
    }
    let value = given.as_str().ok_or("an option is given by its value")?;
    if element["type"].as_str().is_some_and(|kind| kind.contains("external")) {
        return Ok(json!({ "text": { "type": "plain_text", "text": value, "emoji": true }, "value": value }));
    }
    let groups = element["option_groups"].as_array().into_iter().flatten().map(|group| &group["options"]);
    let all = std::iter::once(&element["options"]).chain(groups).filter_map(Value::as_array).flatten();
    let found = all.into_iter().find(|option| option["value"] == value);
    found.cloned().ok_or_else(|| format!("there is no option `{value}`").into())
}

/// What Slack's client checks of a text before it sends it.
fn fits(element: &Value, id: &str, text: &str) -> Result<(), Impossible> {
    let length = text.chars().count() as u64;
    let (least, most) = (element["min_length"].as_u64(), element["max_length"].as_u64());
    if most.is_some_and(|most| length > most) {
        return Err(format!("`{id}` takes {} characters at most", most.unwrap_or_default()).into());
    }
    if length > 0 && least.is_some_and(|least| length < least) {
        return Err(format!("`{id}` takes {} characters at least", least.unwrap_or_default()).into());
    }
    let is_right = match element["type"].as_str() {
        Some("email_text_input") => text.is_empty() || text.contains('@'),
        Some("url_text_input") => text.is_empty() || text.contains("://"),
        Some("number_input") => text.is_empty() || text.parse::<f64>().is_ok(),
        _ => true,
    };
    if is_right { Ok(()) } else { Err(format!("`{id}` does not take `{text}`").into()) }
}
