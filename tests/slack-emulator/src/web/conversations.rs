//! `conversations.*` that only look.

use serde_json::{Value, json};

use super::answer::{Answer, Refusal, refused};
use super::ask::Ask;
use crate::world::{Channel, Kind};

/// A part of a list: what the cursor and the limit say, and the cursor of the next part.
pub(super) fn page(ask: &Ask, all: Vec<Value>, usual: usize, most: usize) -> Result<(Vec<Value>, String), Refusal> {
    let limit = match ask.args.text("limit") {
        None => usual,
        Some(text) => text.parse().ok().filter(|limit| *limit > 0).ok_or_else(|| refused("invalid_limit"))?,
    };
    let start: usize = match ask.args.text("cursor") {
        None => 0,
        Some(cursor) => cursor
            .strip_prefix("next:")
            .and_then(|start| start.trim_end_matches('=').parse().ok())
            .ok_or_else(|| refused("invalid_cursor"))?,
    };
    let end = start.saturating_add(limit.min(most)).min(all.len());
    let next = if end < all.len() { format!("next:{end}=") } else { String::new() };
    Ok((all.into_iter().take(end).skip(start).collect(), next))
}

fn kinds(ask: &Ask) -> Result<Vec<Kind>, Refusal> {
    let all = [Kind::Public, Kind::Private, Kind::Direct, Kind::Group];
    let types = ask.args.text("types").unwrap_or_else(|| "public_channel".to_owned());
    let mut kinds = Vec::new();
    for name in types.split(',').map(str::trim) {
        let kind = all.into_iter().find(|kind| kind.name() == name).ok_or_else(|| refused("invalid_types"))?;
        ask.needs(kind, "read")?;
        kinds.push(kind);
    }
    Ok(kinds)
}

fn listed(ask: &mut Ask, is_wanted: impl Fn(&Channel, &str) -> bool) -> Answer {
    let kinds = kinds(ask)?;
    let without_archived = ask.args.flag("exclude_archived");
    let user = ask.grant.user.clone();
    let all = ask.world.channels.values().filter(|channel| {
        channel.team == ask.grant.team
            && kinds.contains(&channel.kind)
            && !(without_archived && channel.is_archived)
            && is_wanted(channel, &user)
    });
    let all: Vec<_> = all.map(|channel| channel.json(&user)).collect();
    let (channels, next) = page(ask, all, 100, 1000)?;
    Ok(json!({ "channels": channels, "response_metadata": { "next_cursor": next } }))
}

pub(super) fn list(ask: &mut Ask) -> Answer {
    listed(ask, |channel, user| channel.kind == Kind::Public || channel.members.contains(user))
}

pub(super) fn of_user(ask: &mut Ask) -> Answer {
    let whose = ask.args.text("user");
    listed(ask, move |channel, user| channel.members.contains(whose.as_deref().unwrap_or(user)))
}

pub(super) fn info(ask: &mut Ask) -> Answer {
    let channel = ask.channel("channel")?;
    ask.needs(channel.kind, "read")?;
    let mut json = channel.json(&ask.grant.user);
    if !ask.args.flag("include_num_members")
        && let Some(fields) = json.as_object_mut()
    {
        fields.remove("num_members");
    }
    Ok(json!({ "channel": json }))
}

pub(super) fn members(ask: &mut Ask) -> Answer {
    let channel = ask.channel("channel")?;
    ask.needs(channel.kind, "read")?;
    let all = channel.members.iter().map(|member| json!(member)).collect();
    let (members, next) = page(ask, all, 100, 1000)?;
    Ok(json!({ "members": members, "response_metadata": { "next_cursor": next } }))
}
