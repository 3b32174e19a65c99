//! `views.*`: modals and home tabs.

use std::time::Duration;

use serde_json::{Value, json};

use super::answer::{Answer, Refusal, refused};
use super::ask::Ask;
use crate::blocks;
use crate::world::{View, World, name_ids};

/// How long a trigger is good for.
const TRIGGER: Duration = Duration::from_secs(3);

/// Bytes of a view.
const SIZE: usize = 250_000;

/// Views on top of each other.
const STACK: usize = 3;

/// The view that is given, which Slack would take.
fn given(ask: &Ask) -> Result<Value, Refusal> {
    let Ok(Some(view)) = ask.args.json("view") else {
        return Err(Refusal::argument("must provide an object [json-pointer:/view]"));
    };
    checked(&view)?;
    Ok(view)
}

/// Refuses a view that Slack would refuse.
pub(crate) fn checked(view: &Value) -> Result<(), Refusal> {
    let found = blocks::check_view(view);
    if !found.is_empty() {
        return Err(Refusal::of("invalid_arguments", &found));
    }
    if view.to_string().len() > SIZE { Err(refused("view_too_large")) } else { Ok(()) }
}

/// Uses up a trigger; for whom it was.
fn triggered(ask: &mut Ask) -> Result<String, Refusal> {
    let id = ask.args.text("trigger_id").or_else(|| ask.args.text("interactivity_pointer"));
    let id = id.ok_or_else(|| Refusal::argument("missing required field: trigger_id"))?;
    let trigger = ask.world.triggers.get_mut(&id).filter(|trigger| trigger.team == ask.grant.team);
    let trigger = trigger.ok_or_else(|| refused("invalid_trigger_id"))?;
    if trigger.app != ask.grant.app {
        return Err(refused("invalid_trigger_id"));
    }
    if trigger.is_used {
        return Err(refused("exchanged_trigger_id"));
    }
    if ask.now.saturating_sub(trigger.at) > TRIGGER {
        return Err(refused("expired_trigger_id"));
    }
    trigger.is_used = true;
    Ok(trigger.user.clone())
}

fn only_modal(view: &Value) -> Result<(), Refusal> {
    if view["type"] == "modal" {
        Ok(())
    } else {
        Err(Refusal::argument("must be a valid enum value [json-pointer:/view/type]"))
    }
}

/// What is new about a view: ids where none were given, and a hash.
fn body_of(world: &mut World, view: &Value) -> (Value, String) {
    let mut body = view.clone();
    let ids = &mut world.ids;
    for block in body["blocks"].as_array_mut().into_iter().flatten() {
        name_ids(block, &mut || ids.next("").trim_start_matches('0').to_owned());
    }
    (body, format!("{}.{}", ids.next("").trim_start_matches('0'), &crate::id::secret()[..8]))
}

fn is_taken(world: &World, view: &Value, app: &str, except: Option<&str>) -> bool {
    let Some(id) = view["external_id"].as_str().filter(|id| !id.is_empty()) else { return false };
    let is_it = |other: &View| other.app == app && other.body["external_id"] == id && Some(other.id.as_str()) != except;
    world.views.values().any(is_it)
}

/// Makes a view; as Slack has it.
pub(crate) fn made(
    world: &mut World,
    view: &Value,
    app: &str,
    team: &str,
    user: &str,
    below: Option<&View>,
) -> Result<Value, Refusal> {
    if is_taken(world, view, app, None) {
        return Err(refused("duplicate_external_id"));
    }
    let (body, hash) = body_of(world, view);
    let id = world.ids.next("V");
    let view = View {
        root: below.map_or_else(|| id.clone(), |below| below.root.clone()),
        previous: below.map(|below| below.id.clone()),
        id: id.clone(),
        app: app.to_owned(),
        team: team.to_owned(),
        user: user.to_owned(),
        body,
        hash,
        state: json!({}),
    };
    let json = view.json(&bot_id(world, app, team));
    world.views.insert(id, view);
    Ok(json)
}

fn bot_id(world: &World, app: &str, team: &str) -> String {
    world.bot(app, team).and_then(|bot| bot.bot_id.clone()).unwrap_or_default()
}

/// Changes a view; as Slack has it then.
pub(crate) fn changed(world: &mut World, id: &str, view: &Value) -> Result<Value, Refusal> {
    let old = world.views.get(id).ok_or_else(|| refused("not_found"))?;
    let (app, team) = (old.app.clone(), old.team.clone());
    if is_taken(world, view, &app, Some(id)) {
        return Err(refused("duplicate_external_id"));
    }
    let (body, hash) = body_of(world, view);
    let bot = bot_id(world, &app, &team);
    let view = world.views.get_mut(id).ok_or_else(|| refused("not_found"))?;
    view.body = body;
    view.hash = hash;
    Ok(view.json(&bot))
}

pub(super) fn open(ask: &mut Ask) -> Answer {
    let view = given(ask)?;
    only_modal(&view)?;
    let user = triggered(ask)?;
    let (app, team) = (ask.grant.app.clone(), ask.grant.team.clone());
    // Whatever of this app was open makes room.
    ask.world.views.retain(|_, old| old.user != user || old.app != app || old.is_home());
    let view = made(ask.world, &view, &app, &team, &user, None)?;
    Ok(json!({ "view": view }))
}

pub(super) fn push(ask: &mut Ask) -> Answer {
    let view = given(ask)?;
    only_modal(&view)?;
    let user = triggered(ask)?;
    let (app, team) = (ask.grant.app.clone(), ask.grant.team.clone());
    let stack = stack(ask.world, &app, &user);
    let top = stack.last().ok_or_else(|| refused("not_found"))?;
    if stack.len() >= STACK {
        return Err(refused("push_limit_reached"));
    }
    let view = made(ask.world, &view, &app, &team, &user, Some(top))?;
    Ok(json!({ "view": view }))
}

/// The modals of an app that somebody sees, the lowest first.
pub(crate) fn stack(world: &World, app: &str, user: &str) -> Vec<View> {
    let mut stack: Vec<_> =
        world.views.values().filter(|view| view.app == app && view.user == user && !view.is_home()).cloned().collect();
    stack.sort_by(|one, other| one.id.cmp(&other.id));
    stack
}

pub(super) fn update(ask: &mut Ask) -> Answer {
    let view = given(ask)?;
    let own = |view: &&View| view.app == ask.grant.app && view.team == ask.grant.team;
    let found = match (ask.args.text("view_id"), ask.args.text("external_id")) {
        (Some(id), _) => ask.world.views.get(&id).filter(own),
        (None, Some(id)) => ask.world.views.values().filter(own).find(|view| view.body["external_id"] == id.as_str()),
        (None, None) => return Err(Refusal::argument("must define either `view_id` or `external_id`")),
    };
    let found = found.ok_or_else(|| refused("not_found"))?;
    if ask.args.text("hash").is_some_and(|hash| hash != found.hash) {
        return Err(refused("hash_conflict"));
    }
    if found.body["type"] != view["type"] {
        return Err(Refusal::argument("must match the `type` of the view that is updated [json-pointer:/view/type]"));
    }
    let id = found.id.clone();
    let view = changed(ask.world, &id, &view)?;
    Ok(json!({ "view": view }))
}

pub(super) fn publish(ask: &mut Ask) -> Answer {
    let view = given(ask)?;
    if view["type"] != "home" {
        return Err(Refusal::argument("must be a valid enum value [json-pointer:/view/type]"));
    }
    let (user, app, team) = (ask.text("user_id"), ask.grant.app.clone(), ask.grant.team.clone());
    if !ask.world.people.get(&user).is_some_and(|person| person.team == team && person.app.is_none()) {
        return Err(Refusal::argument("user_not_found [json-pointer:/user_id]"));
    }
    if !ask.world.apps.get(&app).is_some_and(|app| app.has_home) {
        return Err(refused("not_enabled"));
    }
    let old = ask.world.views.values().find(|view| view.app == app && view.user == user && view.is_home());
    let old = old.map(|view| (view.id.clone(), view.hash.clone()));
    let view = match old {
        Some((_, hash)) if ask.args.text("hash").is_some_and(|given| given != hash) => {
            return Err(refused("hash_conflict"));
        }
        Some((id, _)) => changed(ask.world, &id, &view)?,
        None => made(ask.world, &view, &app, &team, &user, None)?,
    };
    Ok(json!({ "view": view }))
}
