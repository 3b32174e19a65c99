//! What becomes of messages, and who hears of it.

use std::time::Duration;

use serde_json::{Value, json};

use crate::text;
use crate::world::{Draft, Kind, Message, World};

/// Puts a message into a channel; as Slack has it. Apps hear of it unless only one sees it.
pub(crate) fn posted(
    world: &mut World,
    channel: &str,
    mut message: Message,
    draft: Draft,
    now: Duration,
) -> Option<Value> {
    let (team, kind) = world.channels.get(channel).map(|channel| (channel.team.clone(), channel.kind))?;
    message.ts = world.ts(now);
    let ids = &mut world.ids;
    message.take(draft, || ids.next("").trim_start_matches('0').to_owned());
    if let (Some(author), Some(id)) = (&message.author, &message.client_msg_id) {
        world.written.insert((author.app.clone(), channel.to_owned(), id.clone()), message.ts.clone());
    }
    let (ts, only) = (message.ts.clone(), message.only.clone());
    let by_person = message.author.is_none();
    let channel_ = world.channels.get_mut(channel)?;
    channel_.messages.push(message);
    let json = channel_.message(&ts).map(|message| message.json(&team))?;
    if only.is_none() {
        let mut event = json.clone();
        event["channel"] = json!(channel);
        event["channel_type"] = json!(kind.channel_type());
        event["event_ts"] = json!(ts);
        world.happened(&team, Some(channel), message_event(kind), &event, now);
        if by_person {
            mentioned(world, &team, channel, &event, now);
            shared(world, &team, channel, &ts, &event, now);
        }
    }
    Some(json)
}

/// Changes a message; as Slack has it then.
pub(crate) fn changed(
    world: &mut World,
    channel: &str,
    ts: &str,
    draft: Draft,
    by: Option<&str>,
    now: Duration,
) -> Option<Value> {
    let edited = world.ts(now);
    let ids = &mut world.ids;
    let channel_ = world.channels.get_mut(channel)?;
    let (team, kind) = (channel_.team.clone(), channel_.kind);
    let message = channel_.message_mut(ts)?;
    let before = message.json(&team);
    message.take(draft, || ids.next("").trim_start_matches('0').to_owned());
    message.revision += 1;
    if let Some(by) = by {
        message.edited = Some((by.to_owned(), edited.clone()));
    }
    let (json, only) = (message.json(&team), message.only.is_some());
    if !only {
        let event = json!({
            "type": "message", "subtype": "message_changed", "hidden": true, "channel": channel, "message": json,
            "previous_message": before, "ts": edited, "event_ts": edited, "channel_type": kind.channel_type(),
        });
        world.happened(&team, Some(channel), message_event(kind), &event, now);
    }
    Some(json)
}

/// Removes a message. Where it has replies, a stone stays in its place.
pub(crate) fn deleted(world: &mut World, channel: &str, ts: &str, now: Duration) -> Option<()> {
    let at = world.ts(now);
    let channel_ = world.channels.get_mut(channel)?;
    let (team, kind) = (channel_.team.clone(), channel_.kind);
    let before = channel_.message(ts)?.json(&team);
    let has_replies = channel_.replies(ts).next().is_some();
    if has_replies {
        let message = channel_.message_mut(ts)?;
        let stone = Message {
            ts: ts.to_owned(),
            user: Some("USLACKBOT".to_owned()),
            text: "This message was deleted.".to_owned(),
            ..Message::default()
        };
        *message = stone;
    } else {
        channel_.messages.retain(|message| message.ts != ts);
    }
    channel_.pins.retain(|pin| pin != ts);
    let event = json!({
        "type": "message", "subtype": "message_deleted", "hidden": true, "channel": channel, "deleted_ts": ts,
        "previous_message": before, "ts": at, "event_ts": at, "channel_type": kind.channel_type(),
    });
    world.happened(&team, Some(channel), message_event(kind), &event, now);
    Some(())
}

/// The event for messages of a kind of channel.
fn message_event(kind: Kind) -> &'static str {
    match kind {
        Kind::Public => "message.channels",
        Kind::Private => "message.groups",
        Kind::Direct => "message.im",
        Kind::Group => "message.mpim",
    }
}

/// Bots that are mentioned hear of it, where they may look.
fn mentioned(world: &mut World, team: &str, channel: &str, event: &Value, now: Duration) {
    let text = event["text"].as_str().unwrap_or_default();
    let is_direct = world.channels.get(channel).is_some_and(|channel| channel.kind == Kind::Direct);
    let names = text::mentions(text);
    let bots = world.people.values().filter(|person| person.team == team && names.contains(&person.id.as_str()));
    let bots: Vec<_> = bots.filter_map(|bot| Some((bot.id.clone(), bot.app.clone()?))).collect();
    for (bot, app) in bots {
        let may = world
            .grants
            .values()
            .any(|grant| grant.app == app && grant.team == team && !grant.is_revoked && grant.has("app_mentions:read"));
        let is_in = world.channels.get(channel).is_some_and(|channel| channel.members.contains(&bot));
        let hears = world.apps.get(&app).is_some_and(|app| app.hears("app_mention"));
        if may && is_in && hears && !is_direct {
            let mut event = event.clone();
            event["type"] = json!("app_mention");
            if let Some(fields) = event.as_object_mut() {
                fields.remove("channel_type");
            }
            world.tell(&app, team, &bot, &event, now);
        }
    }
}

/// Apps hear of links that they can unfurl.
fn shared(world: &mut World, team: &str, channel: &str, ts: &str, event: &Value, now: Duration) {
    let text = event["text"].as_str().unwrap_or_default();
    let links = text::links(text);
    let apps: Vec<_> = world.apps.values().filter(|app| app.hears("link_shared")).cloned().collect();
    for app in apps {
        let own: Vec<_> = links
            .iter()
            .filter_map(|url| {
                let host = text::host(url)?;
                let is_own = |domain: &String| host == *domain || host.ends_with(&format!(".{domain}"));
                let domain = app.domains.iter().find(|domain| is_own(domain))?;
                Some(json!({ "domain": domain, "url": url }))
            })
            .collect();
        let Some(bot) = world.bot(&app.id, team).map(|bot| bot.id.clone()) else { continue };
        let may = world
            .grants
            .values()
            .any(|grant| grant.app == app.id && grant.team == team && !grant.is_revoked && grant.has("links:read"));
        if own.is_empty() || !may {
            continue;
        }
        let unfurl_id = format!("{channel}.{}.{}", ts, crate::id::secret());
        world.unfurls.insert(unfurl_id.clone(), (channel.to_owned(), ts.to_owned()));
        let is_in = world.channels.get(channel).is_some_and(|channel| channel.members.contains(&bot));
        let event = json!({
            "type": "link_shared", "user": event["user"], "channel": channel, "message_ts": ts, "links": own,
            "thread_ts": event["thread_ts"], "source": "conversations_history", "unfurl_id": unfurl_id,
            "is_bot_user_member": is_in, "event_ts": ts,
        });
        world.tell(&app.id, team, &bot, &event, now);
    }
}
