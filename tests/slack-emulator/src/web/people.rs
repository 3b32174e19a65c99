//! `users.*` and `bots.info`.

use serde_json::json;

use super::answer::{Answer, refused};
use super::ask::Ask;
use super::conversations::page;

pub(super) fn info(ask: &mut Ask) -> Answer {
    let id = ask.text("user");
    let person = ask.world.people.get(&id).filter(|person| person.team == ask.grant.team || person.is_stranger);
    let person = person.ok_or_else(|| refused("user_not_found"))?;
    Ok(json!({ "user": person.json(ask.grant.has("users:read.email")) }))
}

pub(super) fn list(ask: &mut Ask) -> Answer {
    let with_email = ask.grant.has("users:read.email");
    let all = ask.world.people.values().filter(|person| person.team == ask.grant.team);
    let all = all.map(|person| person.json(with_email)).collect();
    let (members, next) = page(ask, all, 1000, 1000)?;
    Ok(json!({ "members": members, "cache_ts": ask.now.as_secs(), "response_metadata": { "next_cursor": next } }))
}

pub(super) fn by_email(ask: &mut Ask) -> Answer {
    let email = ask.text("email");
    let is_it = |address: &String| address.eq_ignore_ascii_case(&email);
    let mut people = ask.world.people.values().filter(|person| person.team == ask.grant.team && !person.is_deleted);
    let person = people.find(|person| person.email.as_ref().is_some_and(is_it));
    let person = person.ok_or_else(|| refused("users_not_found"))?;
    Ok(json!({ "user": person.json(true) }))
}

pub(super) fn bot(ask: &mut Ask) -> Answer {
    let id = ask.args.text("bot");
    let bots = ask.world.people.values().filter(|person| person.team == ask.grant.team && person.bot_id.is_some());
    let mut bots = bots.filter(|bot| id.as_ref().is_none_or(|id| bot.bot_id.as_ref() == Some(id)));
    let bot = bots.next().ok_or_else(|| refused("bot_not_found"))?;
    Ok(json!({ "bot": {
        "id": bot.bot_id, "deleted": bot.is_deleted, "name": bot.real_name, "updated": 0, "app_id": bot.app,
        "user_id": bot.id, "icons": {},
    } }))
}
