//! All that the emulator knows: workspaces, people, channels, apps, and what goes between them.

mod app;
mod channel;
mod delivery;
mod file;
mod grant;
mod hook;
mod message;
mod person;
mod view;

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

pub(crate) use app::scopes_of;
pub use app::{App, Command, Shortcut};
pub use channel::{Bookmark, Channel, Kind};
pub use delivery::{Attempt, Delivery, Outgoing, What};
pub use file::File;
pub use grant::{Code, Grant, Holder};
pub use hook::{Hook, Trigger};
pub(crate) use message::name as name_ids;
pub use message::{Author, Draft, Message};
pub use person::Person;
pub use view::View;

use crate::fault::Fault;
use crate::id::Ids;
use crate::limit::Limits;
use crate::socket::Sockets;
use crate::web::Call;

/// A workspace, which Slack calls a team.
#[derive(Debug, Clone)]
pub struct Workspace {
    /// `T…`.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The first part of its address.
    pub domain: String,
}

/// All that the emulator knows. Ids are given once, whatever the workspace.
#[derive(Default)]
pub struct World {
    /// By id, `T…`.
    pub workspaces: BTreeMap<String, Workspace>,
    /// People and bots, by id, `U…`.
    pub people: BTreeMap<String, Person>,
    /// By id, `C…`, `G…` and `D…`.
    pub channels: BTreeMap<String, Channel>,
    /// By id, `A…`.
    pub apps: BTreeMap<String, App>,
    /// What each token may do, by token.
    pub grants: BTreeMap<String, Grant>,
    /// What an app was given to be exchanged for a token, by code.
    pub codes: BTreeMap<String, Code>,
    /// Open modals and home tabs, by id, `V…`.
    pub views: BTreeMap<String, View>,
    /// What lets an app open a modal, by id.
    pub triggers: BTreeMap<String, Trigger>,
    /// Where an app may answer what somebody did, by the last part of the URL.
    pub hooks: BTreeMap<String, Hook>,
    /// By id, `F…`.
    pub files: BTreeMap<String, File>,
    /// Every call of the Web API, oldest first.
    pub calls: Vec<Call>,
    /// What was delivered to apps, oldest first.
    pub deliveries: Vec<Delivery>,
    /// What goes wrong next, because a test wants it to.
    pub faults: Vec<Fault>,
    /// How much was asked lately.
    pub limits: Limits,
    /// How the emulator behaves where Slack's own behaviour is not written down, or depends on the app.
    pub habits: Habits,
    /// Messages by app, channel and `client_msg_id`, also of those that are gone.
    pub(crate) written: BTreeMap<(String, String, String), String>,
    /// The message that is meant, by `unfurl_id`.
    pub(crate) unfurls: BTreeMap<String, (String, String)>,
    /// Connections of Socket Mode.
    pub sockets: Sockets,
    /// What is about to be delivered.
    pub(crate) outgoing: Vec<Outgoing>,
    /// The base of every URL that is given out: `http://127.0.0.1:8065`.
    pub url: String,
    pub(crate) ids: Ids,
}

/// How the emulator behaves where Slack's own behaviour is not written down, or depends on the app.
#[derive(Debug, Clone, Copy, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Habits {
    /// Whether a second message with the `client_msg_id` of one that is there is that one. Slack is known to do so, and
    /// says so only in its list of errors.
    pub client_msg_id: bool,
    /// Whether history is cut as it is for apps that are not in the Marketplace: one call a minute, 15 messages.
    pub cut_history: bool,
    /// Messages that an app may post to a channel at once; afterwards it is one a second.
    pub burst: u32,
    /// Whether anything is refused for being asked too often.
    pub limits: bool,
}

impl Default for Habits {
    fn default() -> Self {
        Self { client_msg_id: true, cut_history: true, burst: 1, limits: true }
    }
}

impl World {
    /// The next `ts`.
    pub(crate) fn ts(&mut self, now: Duration) -> String {
        self.ids.ts(now)
    }

    /// The bot of an app in a workspace, where it is installed.
    #[must_use]
    pub fn bot(&self, app: &str, team: &str) -> Option<&Person> {
        self.people.values().find(|person| person.team == team && person.app.as_deref() == Some(app))
    }

    /// The channel in which an app talks to somebody, which is made when it is not there.
    pub(crate) fn direct(&mut self, bot: &str, user: &str) -> Option<String> {
        let team = self.people.get(user)?.team.clone();
        let between = |channel: &&Channel| {
            channel.kind == Kind::Direct && channel.members.contains(bot) && channel.members.contains(user)
        };
        if let Some(channel) = self.channels.values().find(between) {
            return Some(channel.id.clone());
        }
        let id = self.ids.next("D");
        let members = [bot.to_owned(), user.to_owned()].into();
        let channel = Channel { members, ..Channel::new(&id, &team, "", Kind::Direct) };
        self.channels.insert(id.clone(), channel);
        Some(id)
    }

    /// A channel of a workspace by its id, or its name with or without `#`.
    #[must_use]
    pub fn channel(&self, team: &str, name: &str) -> Option<&Channel> {
        let of_team = |channel: &&Channel| channel.team == team;
        let name = name.trim_start_matches('#');
        self.channels.get(name).filter(of_team).or_else(|| {
            self.channels.values().filter(of_team).find(|channel| channel.name == name && channel.kind != Kind::Direct)
        })
    }

    /// Somebody who is there, by id or name.
    #[must_use]
    pub fn person(&self, name: &str) -> Option<&Person> {
        let name = name.trim_start_matches('@');
        self.people.get(name).or_else(|| self.people.values().find(|person| person.name == name))
    }

    /// Tells apps of a workspace that something happened. `channel` says where; only those of its members are told then.
    pub(crate) fn happened(&mut self, team: &str, channel: Option<&str>, name: &str, event: &Value, now: Duration) {
        let apps: Vec<_> = self.apps.values().filter(|app| app.hears(name)).map(|app| app.id.clone()).collect();
        for app in apps {
            let Some(bot) = self.bot(&app, team).map(|bot| bot.id.clone()) else { continue };
            let is_inside = |id: &str| self.channels.get(id).is_some_and(|channel| channel.members.contains(&bot));
            let everywhere = ["link_shared", "app_mention", "channel_created"].contains(&name);
            if channel.is_some_and(|id| !everywhere && !is_inside(id)) {
                continue;
            }
            let may = self.grants.values().any(|grant| {
                grant.app == app
                    && grant.team == team
                    && !grant.is_revoked
                    && scopes_of(name).iter().any(|s| grant.has(s))
            });
            if !may && !scopes_of(name).is_empty() {
                continue;
            }
            self.tell(&app, team, &bot, event, now);
        }
    }

    /// Tells one app of an event.
    pub(crate) fn tell(&mut self, app: &str, team: &str, bot: &str, event: &Value, now: Duration) {
        let event_id = self.ids.next("Ev");
        let payload = json!({
            "token": self.apps.get(app).map(|app| app.verification_token.clone()),
            "team_id": team, "context_team_id": team, "context_enterprise_id": null,
            "api_app_id": app, "event": event, "type": "event_callback",
            "event_id": event_id, "event_time": now.as_secs(), "is_ext_shared_channel": false,
            "authorizations": [{
                "enterprise_id": null, "team_id": team, "user_id": bot, "is_bot": true, "is_enterprise_install": false,
            }],
        });
        self.outgoing.push(Outgoing { app: app.to_owned(), what: What::Event, payload });
    }

    /// What lets an app open a modal, for three seconds.
    pub(crate) fn trigger(&mut self, app: &str, user: &str, team: &str, now: Duration) -> String {
        let id = format!("{}.{}", self.ids.next("").trim_start_matches('0'), crate::id::secret());
        let trigger = Trigger { app: app.into(), user: user.into(), team: team.into(), at: now, is_used: false };
        self.triggers.insert(id.clone(), trigger);
        id
    }

    /// Where an app may answer what somebody did in a channel; the URL.
    pub(crate) fn hook(&mut self, hook: Hook) -> String {
        let (kind, team) = (hook.kind, hook.team.clone());
        let secret = crate::id::secret();
        let url = format!("{}/{kind}/{team}/{secret}", self.url);
        self.hooks.insert(secret, hook);
        url
    }
}
