//! OAuth: a code becomes a token.

use std::time::Duration;

use serde_json::json;

use super::answer::{Answer, refused};
use super::ask::Ask;
use crate::world::{Grant, Holder, Person, World};

/// How long a code is good for.
const CODE: Duration = Duration::from_secs(600);

pub(super) fn access(ask: &mut Ask) -> Answer {
    let (id, secret) = (ask.text("client_id"), ask.text("client_secret"));
    let app = ask.world.apps.values().find(|app| app.client_id == id).ok_or_else(|| refused("invalid_client_id"))?;
    if app.client_secret != secret {
        return Err(refused("bad_client_secret"));
    }
    if ask.args.text("grant_type").is_some_and(|kind| kind != "authorization_code") {
        return Err(refused("invalid_grant_type"));
    }
    let (app, text) = (app.id.clone(), ask.text("code"));
    let code =
        ask.world.codes.get(&text).filter(|code| code.app == app).cloned().ok_or_else(|| refused("invalid_code"))?;
    let redirect = ask.args.text("redirect_uri");
    if redirect.is_some_and(|uri| uri != code.redirect_uri) {
        return Err(refused("bad_redirect_uri"));
    }
    // A code is good once.
    ask.world.codes.remove(&text);
    if ask.now.saturating_sub(code.at) > CODE {
        return Err(refused("invalid_code"));
    }
    let grant = install(ask.world, &app, &code.team, &code.scopes);
    let grant = grant.ok_or_else(|| refused("invalid_code"))?;
    let team = ask.world.workspaces.get(&code.team).map(|team| team.name.clone());
    Ok(json!({
        "app_id": app, "authed_user": { "id": code.user }, "scope": grant.scopes.join(","), "token_type": "bot",
        "access_token": grant.token, "bot_user_id": grant.user, "team": { "id": code.team, "name": team },
        "enterprise": null, "is_enterprise_install": false,
    }))
}

/// Puts an app into a workspace, or gives it other scopes there; its token.
pub(crate) fn install(world: &mut World, app: &str, team: &str, scopes: &[String]) -> Option<Grant> {
    let app = world.apps.get(app)?.clone();
    world.workspaces.get(team)?;
    let bot = match world.bot(&app.id, team) {
        Some(bot) => bot.id.clone(),
        None => {
            let (id, bot_id) = (world.ids.next("U"), world.ids.next("B"));
            let bot = Person {
                id: id.clone(),
                team: team.to_owned(),
                name: app.bot_name.to_lowercase().replace(' ', "_"),
                real_name: app.bot_name.clone(),
                app: Some(app.id.clone()),
                bot_id: Some(bot_id),
                ..Person::default()
            };
            world.people.insert(id.clone(), bot);
            id
        }
    };
    let number = world.ids.next("").trim_start_matches('0').to_owned();
    let token = format!("xoxb-{number}-{}", crate::id::secret());
    let grant = Grant {
        token: token.clone(),
        holder: Holder::Bot,
        app: app.id,
        team: team.to_owned(),
        user: bot,
        scopes: scopes.to_vec(),
        is_revoked: false,
    };
    world.grants.insert(token, grant.clone());
    Some(grant)
}

/// What base64 says.
pub(crate) fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let (mut bits, mut held) = (0u32, 0);
    for byte in text.trim().bytes().take_while(|byte| *byte != b'=') {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = (bits << 6 | u32::from(value)) & 0xff_ffff;
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
        }
    }
    String::from_utf8(bytes).ok()
}
