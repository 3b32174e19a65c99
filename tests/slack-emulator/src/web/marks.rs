//! What is put on messages: reactions and pins.

use serde_json::json;

use super::answer::{Answer, refused};
use super::ask::Ask;

fn emoji(ask: &Ask) -> Result<String, super::Refusal> {
    let name = ask.text("name").trim_matches(':').to_owned();
    let is_name = name.chars().all(|c| c.is_alphanumeric() || "-_+:'".contains(c)) && !name.is_empty();
    if is_name { Ok(name) } else { Err(refused("invalid_name")) }
}

pub(super) fn react(ask: &mut Ask) -> Answer {
    let (name, ts, user, now) = (emoji(ask)?, ask.text("timestamp"), ask.grant.user.clone(), ask.now);
    let channel = ask.channel("channel")?;
    if channel.is_archived {
        return Err(refused("is_archived"));
    }
    let id = channel.id.clone();
    let message = channel.message(&ts).filter(|message| message.only.is_none());
    let message = message.ok_or_else(|| refused("message_not_found"))?;
    if message.reactions.iter().any(|(other, users)| *other == name && users.contains(&user)) {
        return Err(refused("already_reacted"));
    }
    crate::reaction::added(ask.world, &id, &ts, &name, &user, now);
    Ok(json!({}))
}

pub(super) fn unreact(ask: &mut Ask) -> Answer {
    let (name, ts, user) = (emoji(ask)?, ask.text("timestamp"), ask.grant.user.clone());
    let channel = ask.channel_mut("channel")?;
    let message = channel.message_mut(&ts).ok_or_else(|| refused("message_not_found"))?;
    let mut own = message.reactions.iter_mut().filter(|(other, users)| *other == name && users.contains(&user));
    let (_, users) = own.next().ok_or_else(|| refused("no_reaction"))?;
    users.retain(|other| *other != user);
    message.reactions.retain(|(_, users)| !users.is_empty());
    Ok(json!({}))
}

pub(super) fn pin(ask: &mut Ask) -> Answer {
    let ts = ask.text("timestamp");
    let channel = ask.channel("channel")?;
    if !ask.is_in(channel) {
        return Err(refused("not_in_channel"));
    }
    let channel = ask.channel_mut("channel")?;
    channel.message(&ts).filter(|message| message.only.is_none()).ok_or_else(|| refused("message_not_found"))?;
    if channel.pins.contains(&ts) {
        return Err(refused("already_pinned"));
    }
    channel.pins.push(ts);
    Ok(json!({}))
}

pub(super) fn unpin(ask: &mut Ask) -> Answer {
    let ts = ask.text("timestamp");
    let channel = ask.channel_mut("channel")?;
    let at = channel.pins.iter().position(|pin| *pin == ts).ok_or_else(|| refused("no_pin"))?;
    channel.pins.remove(at);
    Ok(json!({}))
}

pub(super) fn pins(ask: &mut Ask) -> Answer {
    let channel = ask.channel("channel")?;
    let pinned = channel.pins.iter().filter_map(|ts| channel.message(ts));
    let items: Vec<_> = pinned
        .map(|message| json!({ "type": "message", "channel": channel.id, "message": channel.message_json(message) }))
        .collect();
    Ok(json!({ "items": items }))
}
