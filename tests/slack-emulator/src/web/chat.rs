//! `chat.*`: messages.

use serde_json::{Value, json};

use super::answer::{Answer, Refusal, refused};
use super::ask::Ask;
use crate::limit::POSTS;
use crate::tell;
use crate::world::{Draft, Kind, Message};

/// Characters of the text of a changed message.
const UPDATE: usize = 4_000;

/// The channel to which a message goes: by id, by name, or the one with a person. Refuses where the app may not post.
fn destination(ask: &mut Ask) -> Result<String, Refusal> {
    let (name, team, user) = (ask.text("channel"), ask.grant.team.clone(), ask.grant.user.clone());
    if let Some(person) = ask.world.people.get(&name) {
        if person.team != team || person.is_deleted || person.app.is_some() {
            return Err(refused("channel_not_found"));
        }
        return ask.world.direct(&user, &name).ok_or_else(|| refused("channel_not_found"));
    }
    let channel = ask.world.channel(&team, &name).ok_or_else(|| refused("channel_not_found"))?;
    let is_in = channel.members.contains(&user);
    if !is_in && channel.kind != Kind::Public {
        return Err(refused("channel_not_found"));
    }
    if !is_in && !ask.grant.has("chat:write.public") {
        return Err(refused("not_in_channel"));
    }
    if channel.is_archived {
        return Err(refused("is_archived"));
    }
    Ok(channel.id.clone())
}

/// What is given for a message, which must be something.
fn draft(ask: &Ask) -> Result<Draft, Refusal> {
    let draft = Draft {
        text: ask.new_text()?,
        blocks: ask.blocks()?,
        attachments: ask.attachments()?,
        metadata: ask.metadata()?,
    };
    let is_empty = |list: &Option<Vec<Value>>| list.as_ref().is_none_or(Vec::is_empty);
    let has_text = draft.text.as_ref().is_some_and(|text| !text.is_empty());
    if !has_text && is_empty(&draft.blocks) && is_empty(&draft.attachments) {
        return Err(refused("no_text"));
    }
    Ok(draft)
}

/// The message that a reply goes to. Where it is gone, Slack says nothing, and the reply stands in the channel for all to
/// see: <https://github.com/slack-go/slack/issues/1571>. Only the answer tells, which then has no `thread_ts`.
fn thread(ask: &Ask, channel: &str) -> Option<String> {
    let ts = ask.args.text("thread_ts")?;
    let root = ask.world.channels.get(channel).and_then(|channel| channel.message(&ts));
    let root = root.filter(|message| message.only.is_none())?;
    Some(root.thread_ts.clone().unwrap_or(ts))
}

pub(super) fn post(ask: &mut Ask) -> Answer {
    let channel = destination(ask)?;
    let draft = draft(ask)?;
    let thread_ts = thread(ask, &channel);
    let client_msg_id = ask.args.text("client_msg_id");
    if let Some(body) = duplicate(ask, &channel, client_msg_id.as_deref())? {
        return Ok(body);
    }
    if ask.world.habits.limits {
        let (app, team) = (ask.grant.app.clone(), ask.grant.team.clone());
        let burst = ask.world.habits.burst;
        let limits = &mut ask.world.limits;
        limits.take(&format!("posts {app} {channel}"), burst, 1.0, ask.now).map_err(Refusal::limited)?;
        let rate = f64::from(POSTS) / 60.0;
        limits.take(&format!("posts {app} {team}"), POSTS, rate, ask.now).map_err(Refusal::limited)?;
    }
    let is_broadcast = thread_ts.is_some() && ask.args.flag("reply_broadcast");
    let username = ask.args.text("username").filter(|_| ask.grant.has("chat:write.customize"));
    let unfurls = ask.args.text("unfurl_links").is_none() || ask.args.flag("unfurl_links");
    let message = Message {
        user: Some(ask.grant.user.clone()),
        author: ask.author(),
        thread_ts,
        is_broadcast,
        client_msg_id,
        username,
        unfurls,
        ..Message::default()
    };
    let posted = tell::posted(ask.world, &channel, message, draft, ask.now);
    let posted = posted.ok_or_else(|| refused("channel_not_found"))?;
    Ok(json!({ "channel": channel, "ts": posted["ts"], "message": posted }))
}

/// The message that already has this `client_msg_id`. One that was removed is refused, so that it stays removed.
fn duplicate(ask: &Ask, channel: &str, id: Option<&str>) -> Found {
    let Some(id) = id.filter(|_| ask.world.habits.client_msg_id) else { return Ok(None) };
    let Some(channel) = ask.world.channels.get(channel) else { return Ok(None) };
    let key = (ask.grant.app.clone(), channel.id.clone(), id.to_owned());
    let Some(ts) = ask.world.written.get(&key) else { return Ok(None) };
    match channel.message(ts) {
        Some(message) => {
            let body = json!({ "channel": channel.id, "ts": ts, "message": channel.message_json(message) });
            Ok(Some(body))
        }
        None => Err(refused("duplicate_message_not_found")),
    }
}

type Found = Result<Option<Value>, Refusal>;

pub(super) fn update(ask: &mut Ask) -> Answer {
    let (id, ts, user) = (ask.channel("channel")?.id.clone(), ask.text("ts"), ask.grant.user.clone());
    let draft = Draft {
        text: ask.message_text(UPDATE)?,
        blocks: ask.blocks()?,
        attachments: ask.attachments()?,
        metadata: ask.metadata()?,
    };
    let channel = ask.world.channels.get(&id).ok_or_else(|| refused("channel_not_found"))?;
    let message = channel.message(&ts).filter(|message| message.only.is_none());
    let message = message.ok_or_else(|| refused("message_not_found"))?;
    if channel.is_archived {
        return Err(refused("is_archived"));
    }
    if message.user.as_deref() != Some(&user) {
        return Err(refused("cant_update_message"));
    }
    if draft.text.is_none() && draft.blocks.is_none() && draft.attachments.is_none() && draft.metadata.is_none() {
        return Err(refused("no_text"));
    }
    let changed = tell::changed(ask.world, &id, &ts, draft, Some(&user), ask.now);
    let changed = changed.ok_or_else(|| refused("message_not_found"))?;
    Ok(json!({ "channel": id, "ts": ts, "text": changed["text"], "message": changed }))
}

pub(super) fn delete(ask: &mut Ask) -> Answer {
    let (id, ts) = (ask.channel("channel")?.id.clone(), ask.text("ts"));
    let channel = ask.world.channels.get(&id).ok_or_else(|| refused("channel_not_found"))?;
    let message = channel.message(&ts).filter(|message| message.only.is_none());
    let message = message.ok_or_else(|| refused("message_not_found"))?;
    if message.user.as_deref() != Some(&ask.grant.user) {
        return Err(refused("cant_delete_message"));
    }
    tell::deleted(ask.world, &id, &ts, ask.now);
    Ok(json!({ "channel": id, "ts": ts }))
}

pub(super) fn post_ephemeral(ask: &mut Ask) -> Answer {
    let channel = destination(ask)?;
    let only = ask.text("user");
    let draft = draft(ask)?;
    let inside = ask.world.channels.get(&channel).is_some_and(|channel| channel.members.contains(&only));
    if !inside {
        return Err(refused("user_not_in_channel"));
    }
    let message = Message {
        user: Some(ask.grant.user.clone()),
        author: ask.author(),
        thread_ts: thread(ask, &channel),
        only: Some(only),
        ..Message::default()
    };
    let posted = tell::posted(ask.world, &channel, message, draft, ask.now);
    let posted = posted.ok_or_else(|| refused("channel_not_found"))?;
    Ok(json!({ "message_ts": posted["ts"] }))
}
