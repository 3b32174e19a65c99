//! `auth.*` and the workspace.

use serde_json::{Map, Value, json};

use super::answer::{Answer, refused};
use super::ask::Ask;
use crate::world::{Holder, World};

pub(super) fn api_test(ask: &mut Ask) -> Answer {
    let args: Map<String, Value> = ask.args.map.clone();
    match ask.args.text("error") {
        Some(error) => Err(refused(&error).with("args", Value::Object(args))),
        None => Ok(json!({ "args": args })),
    }
}

pub(super) fn test(ask: &mut Ask) -> Answer {
    let (world, grant) = (&ask.world, &ask.grant);
    let team = world.workspaces.get(&grant.team).ok_or_else(|| refused("invalid_auth"))?;
    let user = world.people.get(&grant.user).ok_or_else(|| refused("account_inactive"))?;
    let mut body = json!({
        "url": format!("https://{}.slack.com/", team.domain), "team": team.name, "user": user.name,
        "team_id": team.id, "user_id": user.id, "is_enterprise_install": false,
    });
    if grant.holder == Holder::Bot {
        body["bot_id"] = json!(user.bot_id);
    }
    Ok(body)
}

pub(super) fn team(ask: &mut Ask) -> Answer {
    let wanted = ask.args.text("team").unwrap_or_else(|| ask.grant.team.clone());
    let team = ask.world.workspaces.get(&wanted).filter(|team| team.id == ask.grant.team);
    let team = team.ok_or_else(|| refused("team_not_found"))?;
    Ok(json!({ "team": {
        "id": team.id, "name": team.name, "domain": team.domain, "email_domain": "", "icon": { "image_default": true },
        "url": format!("https://{}.slack.com/", team.domain),
    } }))
}

pub(super) fn revoke(ask: &mut Ask) -> Answer {
    let is_real = !ask.args.flag("test");
    if is_real {
        let grant = &ask.grant;
        if let Some(grant) = ask.world.grants.get_mut(&grant.token) {
            grant.is_revoked = true;
        }
        let left = ask.world.grants.values().any(|other| {
            other.app == grant.app && other.team == grant.team && !other.is_revoked && other.holder == Holder::Bot
        });
        let (app, team, user, now) = (grant.app.clone(), grant.team.clone(), grant.user.clone(), ask.now);
        tokens_revoked(ask.world, &app, &team, &user, now);
        if !left {
            uninstalled(ask.world, &app, &team, now);
        }
    }
    Ok(json!({ "revoked": is_real }))
}

pub(super) fn uninstall(ask: &mut Ask) -> Answer {
    let app = ask.world.apps.get(&ask.grant.app).ok_or_else(|| refused("invalid_client_id"))?;
    if app.client_id != ask.text("client_id") {
        return Err(refused("client_id_token_mismatch"));
    }
    if app.client_secret != ask.text("client_secret") {
        return Err(refused("bad_client_secret"));
    }
    let (app, team, now) = (app.id.clone(), ask.grant.team.clone(), ask.now);
    uninstalled(ask.world, &app, &team, now);
    Ok(json!({}))
}

fn tokens_revoked(world: &mut World, app: &str, team: &str, user: &str, now: std::time::Duration) {
    if world.apps.get(app).is_some_and(|app| app.hears("tokens_revoked")) {
        let event =
            json!({ "type": "tokens_revoked", "tokens": { "oauth": [], "bot": [user] }, "event_ts": world.ts(now) });
        world.tell(app, team, user, &event, now);
    }
}

/// Takes an app out of a workspace. It hears of it, whatever its scopes are.
pub(crate) fn uninstalled(world: &mut World, app: &str, team: &str, now: std::time::Duration) {
    for grant in world.grants.values_mut().filter(|grant| grant.app == app && grant.team == team) {
        grant.is_revoked = true;
    }
    let Some(bot) = world.bot(app, team).map(|bot| bot.id.clone()) else { return };
    for channel in world.channels.values_mut() {
        channel.members.remove(&bot);
    }
    tokens_revoked(world, app, team, &bot, now);
    if world.apps.get(app).is_some_and(|app| app.hears("app_uninstalled")) {
        let event = json!({ "type": "app_uninstalled", "event_ts": world.ts(now) });
        world.tell(app, team, &bot, &event, now);
    }
}
