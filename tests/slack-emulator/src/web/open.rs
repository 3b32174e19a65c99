//! `conversations.*` that change who is in what.

use serde_json::json;

use super::answer::{Answer, refused};
use super::ask::{Ask, missing_scope};
use crate::world::{Channel, Kind};

pub(super) fn open(ask: &mut Ask) -> Answer {
    let bot = ask.grant.user.clone();
    if let Some(id) = ask.args.text("channel") {
        let channel = ask.channel("channel")?;
        return Ok(json!({ "channel": { "id": id, "is_im": channel.kind == Kind::Direct }, "already_open": true }));
    }
    let users = ask.args.text("users").ok_or_else(|| refused("users_list_not_supplied"))?;
    let users: Vec<_> = users.split(',').map(|user| user.trim().to_owned()).filter(|user| !user.is_empty()).collect();
    for user in &users {
        let person = ask.world.people.get(user).filter(|person| person.team == ask.grant.team);
        match person {
            None => return Err(refused("user_not_found")),
            Some(person) if person.is_deleted => return Err(refused("user_disabled")),
            Some(_) => {}
        }
    }
    let scope = if users.len() == 1 { "im:write" } else { "mpim:write" };
    if !ask.grant.has(scope) {
        return Err(missing_scope(&[scope], &ask.grant));
    }
    match &users[..] {
        [] => Err(refused("not_enough_users")),
        [user] => {
            let before = ask.world.channels.len();
            let id = ask.world.direct(&bot, user).ok_or_else(|| refused("user_not_found"))?;
            let is_old = ask.world.channels.len() == before;
            Ok(json!({ "no_op": is_old, "already_open": is_old, "channel": { "id": id } }))
        }
        users if users.len() > 8 => Err(refused("too_many_users")),
        users => {
            let mut members: std::collections::BTreeSet<_> = users.iter().cloned().collect();
            members.insert(bot);
            let is_it = |channel: &&Channel| channel.kind == Kind::Group && channel.members == members;
            if let Some(channel) = ask.world.channels.values().find(is_it) {
                return Ok(json!({ "no_op": true, "already_open": true, "channel": { "id": channel.id } }));
            }
            let id = ask.world.ids.next("G");
            let name = format!("mpdm-{}-1", users.join("--").to_lowercase());
            let team = ask.grant.team.clone();
            let channel = Channel { members, ..Channel::new(&id, &team, &name, Kind::Group) };
            ask.world.channels.insert(id.clone(), channel);
            Ok(json!({ "channel": { "id": id } }))
        }
    }
}

pub(super) fn join(ask: &mut Ask) -> Answer {
    let (user, now) = (ask.grant.user.clone(), ask.now);
    let channel = ask.channel("channel")?;
    if channel.kind != Kind::Public {
        return Err(refused("method_not_supported_for_channel_type"));
    }
    if channel.is_archived {
        return Err(refused("is_archived"));
    }
    let (id, is_in) = (channel.id.clone(), ask.is_in(channel));
    crate::membership::joined(ask.world, &id, &user, None, now);
    let channel = ask.channel("channel")?.json(&user);
    let mut body = json!({ "channel": channel });
    if is_in {
        body["warning"] = json!("already_in_channel");
        body["response_metadata"] = json!({ "warnings": ["already_in_channel"] });
    }
    Ok(body)
}

pub(super) fn leave(ask: &mut Ask) -> Answer {
    let (user, now) = (ask.grant.user.clone(), ask.now);
    let channel = ask.channel("channel")?;
    if !ask.is_in(channel) {
        return Ok(json!({ "not_in_channel": true }));
    }
    let id = channel.id.clone();
    crate::membership::left(ask.world, &id, &user, now);
    Ok(json!({}))
}
