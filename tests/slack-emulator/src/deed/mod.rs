//! What people do, and what apps answer.

mod click;
mod command;
mod element;
mod form;
mod home;
mod say;
mod shortcut;

use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};

pub use click::Click;
pub use form::{Close, Submit, Suggest};
pub use shortcut::Shortcut;

use crate::slack::Slack;
use crate::world::{App, Attempt, Channel, Hook, Person, World};

/// Why somebody cannot do something: Slack's client would not let them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Impossible(pub String);

impl From<String> for Impossible {
    fn from(why: String) -> Self {
        Self(why)
    }
}

impl From<&str> for Impossible {
    fn from(why: &str) -> Self {
        Self(why.to_owned())
    }
}

/// What an app answered to what somebody did.
#[derive(Debug, Clone, Serialize)]
pub struct Answered {
    /// The number of the delivery.
    pub delivery: usize,
    /// Whether it answered well and in time.
    pub ok: bool,
    /// What the person is told otherwise: `operation_timeout`, `dispatch_failed`, `invalid_command_response`.
    pub error: Option<String>,
    /// The status of HTTP, where it came that way.
    pub status: Option<u16>,
    /// Milliseconds that it took.
    pub millis: u64,
    /// What it answered: JSON, or text; null when it said nothing.
    pub answer: Value,
}

impl Answered {
    fn of(delivery: usize, attempt: &Attempt) -> Self {
        let answer = match attempt.answer.trim() {
            "" => Value::Null,
            text => serde_json::from_str(text).unwrap_or_else(|_| json!(text)),
        };
        let error = attempt.failed.map(|why| match why {
            "http_timeout" | "timeout" => "operation_timeout".to_owned(),
            _ => "dispatch_failed".to_owned(),
        });
        Self {
            delivery,
            ok: error.is_none(),
            error,
            status: attempt.status,
            millis: u64::try_from(attempt.took.as_millis()).unwrap_or(u64::MAX),
            answer,
        }
    }

    fn failed(&mut self, error: &str) {
        self.ok = false;
        self.error = Some(error.to_owned());
    }
}

/// Somebody who does something.
fn person<'w>(world: &'w World, name: &str) -> Result<&'w Person, Impossible> {
    let person = world.person(name).filter(|person| !person.is_deleted);
    person.ok_or_else(|| format!("there is nobody called `{name}`").into())
}

/// A channel that somebody sees.
fn channel<'w>(world: &'w World, person: &Person, name: &str) -> Result<&'w Channel, Impossible> {
    let channel = world.channel(&person.team, name);
    let is_seen =
        |channel: &&Channel| channel.kind == crate::world::Kind::Public || channel.members.contains(&person.id);
    channel.filter(is_seen).ok_or_else(|| format!("`{}` sees no channel `{name}`", person.name).into())
}

/// The fields that every interaction has.
fn interaction(world: &mut World, kind: &str, app: &App, person: &Person, now: Duration) -> Value {
    let domain = world.workspaces.get(&person.team).map(|team| team.domain.clone());
    let mut payload = json!({
        "type": kind, "token": app.verification_token, "api_app_id": app.id, "enterprise": null,
        "is_enterprise_install": false, "team": { "id": person.team, "domain": domain },
        "user": { "id": person.id, "username": person.name, "name": person.name, "team_id": person.team },
    });
    if !["block_suggestion", "view_closed"].contains(&kind) {
        payload["trigger_id"] = json!(world.trigger(&app.id, &person.id, &person.team, now));
    }
    payload
}

/// Where an app may answer something that was done in a channel.
fn hook(kind: &'static str, app: &App, person: &Person, channel: &str, now: Duration) -> Hook {
    Hook {
        kind,
        app: app.id.clone(),
        team: person.team.clone(),
        channel: channel.to_owned(),
        user: person.id.clone(),
        ts: None,
        thread_ts: None,
        at: now,
        used: 0,
    }
}

impl Slack {
    fn now(&self) -> Duration {
        self.clock().now()
    }
}
