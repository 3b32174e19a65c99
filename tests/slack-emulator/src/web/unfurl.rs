//! `chat.unfurl`: previews of links.

use serde_json::{Value, json};

use super::answer::{Answer, Refusal, refused};
use super::ask::{Ask, checked};
use crate::text;

/// The message whose links are meant.
fn place(ask: &Ask) -> Result<(String, String), Refusal> {
    if let Some(id) = ask.args.text("unfurl_id") {
        if ask.args.text("source").is_none() {
            return Err(refused("missing_source"));
        }
        return ask.world.unfurls.get(&id).cloned().ok_or_else(|| refused("invalid_unfurl_id"));
    }
    let channel = ask.args.text("channel").ok_or_else(|| refused("missing_channel"))?;
    let ts = ask.args.text("ts").ok_or_else(|| refused("missing_ts"))?;
    Ok((channel, ts))
}

pub(super) fn unfurl(ask: &mut Ask) -> Answer {
    let Ok(Some(Value::Object(unfurls))) = ask.args.json("unfurls") else {
        return Err(refused("invalid_unfurls_format"));
    };
    let (channel, ts) = place(ask)?;
    let app = ask.world.apps.get(&ask.grant.app).cloned().ok_or_else(|| refused("cannot_find_service"))?;
    let channel = ask.world.channels.get_mut(&channel).filter(|channel| channel.team == ask.grant.team);
    let channel = channel.ok_or_else(|| refused("cannot_find_channel"))?;
    let team = channel.team.clone();
    let message = channel.message_mut(&ts).ok_or_else(|| refused("cannot_find_message"))?;
    if !message.unfurls {
        return Err(refused("cannot_unfurl_message"));
    }
    let links = text::links(&message.text);
    let mut attachments = Vec::new();
    for (url, content) in unfurls {
        let host = text::host(&url).unwrap_or_default();
        let is_own = app.domains.iter().any(|domain| host == *domain || host.ends_with(&format!(".{domain}")));
        if !is_own || !links.contains(&url) {
            return Err(refused("cannot_unfurl_url").with("url", json!(url)));
        }
        let Value::Object(mut content) = content else { return Err(refused("cannot_parse_attachment")) };
        match content.get("blocks") {
            Some(Value::Array(blocks)) => checked(blocks)?,
            Some(_) => return Err(refused("invalid_unfurls_format")),
            None => {}
        }
        content.insert("from_url".to_owned(), json!(url));
        content.insert("is_app_unfurl".to_owned(), json!(true));
        content.insert("app_id".to_owned(), json!(app.id));
        attachments.push((url, Value::Object(content)));
    }
    // A preview that is there already is changed, and stays where it is.
    for (url, content) in attachments {
        match message.attachments.iter_mut().find(|old| old["from_url"] == url.as_str()) {
            Some(old) => *old = content,
            None => message.attachments.push(content),
        }
    }
    message.revision += 1;
    let (json, kind, id) = (message.json(&team), channel.kind, channel.id.clone());
    let at = ask.world.ts(ask.now);
    let event = json!({
        "type": "message", "subtype": "message_changed", "hidden": true, "channel": id, "message": json, "ts": at,
        "event_ts": at, "channel_type": kind.channel_type(),
    });
    let name = format!("message.{}", if kind.scope() == "channels" { "channels" } else { kind.scope() });
    ask.world.happened(&team, Some(&id), &name, &event, ask.now);
    Ok(json!({}))
}
