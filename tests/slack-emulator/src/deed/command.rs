//! Somebody writes a slash command.

use serde_json::{Value, json};

use super::{Answered, Impossible, channel, hook, person};
use crate::respond;
use crate::slack::Slack;
use crate::tell;
use crate::world::{App, Draft, Kind, Message, Outgoing, Person, What, World};

impl Slack {
    /// Somebody writes `/build run web` into a channel.
    ///
    /// # Errors
    ///
    /// When nobody is called so, there is no such channel, or no app of the workspace has that command.
    pub async fn command(&self, user: &str, place: &str, text: &str) -> Result<Answered, Impossible> {
        let now = self.now();
        let (outgoing, secret) = self.change(|world| {
            let person = person(world, user)?.clone();
            let channel = channel(world, &person, place)?;
            let (id, name) = (channel.id.clone(), shown_name(channel));
            if channel.is_archived {
                return Err(format!("nobody writes in `{name}` any more").into());
            }
            let (command, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
            let app = of(world, &person, command)?;
            let escapes = app.commands.iter().any(|one| one.name == command && one.escapes);
            let rest = if escapes { escaped(world, &person.team, rest.trim()) } else { rest.trim().to_owned() };
            let trigger = world.trigger(&app.id, &person.id, &person.team, now);
            let url = world.hook(hook("commands", &app, &person, &id, now));
            let secret = url.rsplit('/').next().unwrap_or_default().to_owned();
            let domain = world.workspaces.get(&person.team).map(|team| team.domain.clone());
            let payload = json!({
                "token": app.verification_token, "team_id": person.team, "team_domain": domain, "channel_id": id,
                "channel_name": name, "user_id": person.id, "user_name": person.name, "command": command, "text": rest,
                "api_app_id": app.id, "is_enterprise_install": "false", "response_url": url, "trigger_id": trigger,
            });
            Ok::<_, Impossible>((Outgoing { app: app.id, what: What::Command, payload }, secret))
        })?;
        let (number, attempt) = self.deliver(&outgoing).await;
        let mut answered = Answered::of(number, &attempt);
        let given = match &answered.answer {
            Value::Null => None,
            Value::Object(fields) if fields.is_empty() => None,
            Value::Object(_) => Some(answered.answer.clone()),
            Value::String(text) => Some(json!({ "text": text })),
            other => Some(json!({ "text": other.to_string() })),
        };
        let now = self.now();
        self.change(|world| {
            if let (true, Some(given)) = (answered.ok, given)
                && respond::answer(world, &secret, &given, now).is_err()
            {
                answered.failed("invalid_command_response");
            }
            if let Some(error) = &answered.error {
                let text = format!("{} failed with the error \"{error}\"", text.split(' ').next().unwrap_or_default());
                apologise(world, &secret, text, now);
            }
        });
        Ok(answered)
    }
}

/// What the person is told when an app does not answer.
fn apologise(world: &mut World, secret: &str, text: String, now: std::time::Duration) {
    let Some(hook) = world.hooks.get(secret).cloned() else { return };
    let message = Message { user: Some("USLACKBOT".to_owned()), only: Some(hook.user), ..Message::default() };
    tell::posted(world, &hook.channel, message, Draft { text: Some(text), ..Draft::default() }, now);
}

pub(super) fn shown_name(channel: &crate::world::Channel) -> String {
    match channel.kind {
        Kind::Direct => "directmessage".to_owned(),
        Kind::Private => "privategroup".to_owned(),
        _ => channel.name.clone(),
    }
}

/// The app that has a command: of several, the one that was installed last.
fn of(world: &World, person: &Person, command: &str) -> Result<App, Impossible> {
    let has = |app: &&App| {
        let may = world.grants.values().any(|grant| {
            grant.app == app.id && grant.team == person.team && !grant.is_revoked && grant.has("commands")
        });
        may && app.commands.iter().any(|one| one.name == command)
    };
    let app = world.apps.values().filter(has).max_by(|one, other| one.id.cmp(&other.id));
    app.cloned().ok_or_else(|| format!("`{command}` is not a valid command").into())
}

/// Names of people and channels become what apps can rely on: `<@U1|alice>`.
fn escaped(world: &World, team: &str, text: &str) -> String {
    let word = |word: &str| {
        let people = world.people.values().filter(|person| person.team == team);
        let found = match word.split_at_checked(1) {
            Some(("@", name)) => {
                people.into_iter().find(|one| one.name == name).map(|one| format!("<@{}|{}>", one.id, one.name))
            }
            Some(("#", name)) => world
                .channel(team, name)
                .filter(|channel| channel.name == name)
                .map(|channel| format!("<#{}|{}>", channel.id, channel.name)),
            _ => None,
        };
        found.unwrap_or_else(|| word.to_owned())
    };
    text.split(' ').map(word).collect::<Vec<_>>().join(" ")
}
