//! Who comes into channels and leaves them, and who hears of it.

use std::time::Duration;

use serde_json::json;

use crate::world::{Kind, World};

/// Somebody comes in, asked by somebody or not.
pub(crate) fn joined(world: &mut World, channel: &str, user: &str, inviter: Option<&str>, now: Duration) {
    moved(world, channel, user, inviter, now, true);
}

/// Somebody leaves.
pub(crate) fn left(world: &mut World, channel: &str, user: &str, now: Duration) {
    moved(world, channel, user, None, now, false);
}

fn moved(world: &mut World, channel: &str, user: &str, inviter: Option<&str>, now: Duration, comes: bool) {
    let ts = world.ts(now);
    let Some(channel_) = world.channels.get_mut(channel) else { return };
    let is_new = if comes { channel_.members.insert(user.to_owned()) } else { channel_.members.remove(user) };
    if !is_new {
        return;
    }
    let (team, kind) = (channel_.team.clone(), channel_.kind);
    let name = if comes { "member_joined_channel" } else { "member_left_channel" };
    let mut event = json!({
        "type": name, "user": user, "channel": channel, "team": team, "event_ts": ts,
        "channel_type": if kind == Kind::Public { "C" } else { "G" },
    });
    if let Some(inviter) = inviter {
        event["inviter"] = json!(inviter);
    }
    world.happened(&team, Some(channel), name, &event, now);
    // Who was put out hears it as the last thing.
    let app = world.people.get(user).and_then(|person| person.app.clone()).filter(|_| !comes);
    let own = if kind == Kind::Public { "channel_left" } else { "group_left" };
    if let Some(app) = app.filter(|app| world.apps.get(app).is_some_and(|app| app.hears(own))) {
        let event = json!({ "type": own, "channel": channel, "event_ts": ts });
        world.tell(&app, &team, user, &event, now);
    }
}
