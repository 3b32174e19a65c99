//! Reactions to messages, and who hears of them.

use std::time::Duration;

use serde_json::json;

use crate::world::World;

/// Somebody reacts to a message.
pub(crate) fn added(world: &mut World, channel: &str, ts: &str, name: &str, user: &str, now: Duration) -> Option<()> {
    let at = world.ts(now);
    let channel_ = world.channels.get_mut(channel)?;
    let team = channel_.team.clone();
    let message = channel_.message_mut(ts)?;
    let writer = message.user.clone();
    match message.reactions.iter_mut().find(|(other, _)| other == name) {
        Some((_, users)) if users.iter().any(|other| other == user) => return Some(()),
        Some((_, users)) => users.push(user.to_owned()),
        None => message.reactions.push((name.to_owned(), vec![user.to_owned()])),
    }
    let event = json!({
        "type": "reaction_added", "user": user, "reaction": name, "item_user": writer, "event_ts": at,
        "item": { "type": "message", "channel": channel, "ts": ts },
    });
    world.happened(&team, Some(channel), "reaction_added", &event, now);
    Some(())
}
