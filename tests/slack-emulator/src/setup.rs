//! Workspaces, people, channels and apps are made.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::blocks::Violation;
use crate::deed::Impossible;
use crate::slack::Slack;
use crate::web::oauth;
use crate::world::{App, Channel, Code, Grant, Holder, Kind, Person, Workspace};
use crate::{id, manifest, membership};

/// Somebody new in a workspace.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NewPerson {
    /// The workspace.
    pub team: String,
    /// `alice`.
    pub name: String,
    /// `Alice Example`; the name, where it is not given.
    pub real_name: Option<String>,
    /// Where mail reaches them.
    pub email: Option<String>,
    /// A guest.
    pub is_restricted: bool,
    /// Of another workspace.
    pub is_stranger: bool,
    /// One who runs the workspace.
    pub is_admin: bool,
}

/// A new channel.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NewChannel {
    /// The workspace.
    pub team: String,
    /// Without `#`.
    pub name: String,
    /// Whether only members may read it.
    pub is_private: bool,
    /// Whether another workspace shares it.
    pub is_shared: bool,
    /// Who is in it from the beginning, by name or id.
    pub members: Vec<String>,
}

/// What changes about a channel.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ChannelChange {
    /// Whether nobody writes there any more.
    pub archived: Option<bool>,
    /// What it is called from now on.
    pub name: Option<String>,
    /// Who comes in, by name or id.
    pub invite: Vec<String>,
    /// Who is put out.
    pub remove: Vec<String>,
}

impl Slack {
    /// A new workspace; its id.
    pub fn workspace(&self, name: &str) -> String {
        self.change(|world| {
            let id = world.ids.next("T");
            let domain = name.to_lowercase().replace(|c: char| !c.is_ascii_alphanumeric(), "-");
            world.workspaces.insert(id.clone(), Workspace { id: id.clone(), name: name.to_owned(), domain });
            id
        })
    }

    /// Somebody new; their id.
    ///
    /// # Errors
    ///
    /// When there is no such workspace, or somebody of that name is there.
    pub fn new_person(&self, new: &NewPerson) -> Result<String, Impossible> {
        self.change(|world| {
            world.workspaces.get(&new.team).ok_or_else(|| format!("there is no workspace `{}`", new.team))?;
            if world.people.values().any(|person| person.team == new.team && person.name == new.name) {
                return Err(format!("`{}` is there already", new.name).into());
            }
            let id = world.ids.next("U");
            let person = Person {
                id: id.clone(),
                team: new.team.clone(),
                name: new.name.clone(),
                real_name: new.real_name.clone().unwrap_or_else(|| new.name.clone()),
                email: new.email.clone(),
                is_restricted: new.is_restricted,
                is_stranger: new.is_stranger,
                is_admin: new.is_admin,
                ..Person::default()
            };
            world.people.insert(id.clone(), person);
            Ok(id)
        })
    }

    /// Somebody new of whom only the name matters; their id.
    ///
    /// # Errors
    ///
    /// As of [`new_person`](Self::new_person).
    pub fn person(&self, team: &str, name: &str) -> Result<String, Impossible> {
        self.new_person(&NewPerson { team: team.to_owned(), name: name.to_owned(), ..NewPerson::default() })
    }

    /// A new channel; its id.
    ///
    /// # Errors
    ///
    /// When there is no such workspace, the name is taken, or somebody is not there.
    pub fn new_channel(&self, new: &NewChannel) -> Result<String, Impossible> {
        let now = self.clock().now();
        self.change(|world| {
            world.workspaces.get(&new.team).ok_or_else(|| format!("there is no workspace `{}`", new.team))?;
            if world.channel(&new.team, &new.name).is_some() {
                return Err(format!("there is a channel `{}` already", new.name).into());
            }
            let find = |name: &String| match world.person(name) {
                Some(person) => Ok(person.id.clone()),
                None => Err(Impossible(format!("there is nobody called `{name}`"))),
            };
            let members = new.members.iter().map(find).collect::<Result<_, _>>()?;
            let kind = if new.is_private { Kind::Private } else { Kind::Public };
            let id = world.ids.next("C");
            let channel = Channel {
                members,
                is_shared: new.is_shared,
                created: now.as_secs(),
                ..Channel::new(&id, &new.team, &new.name, kind)
            };
            world.channels.insert(id.clone(), channel);
            if kind == Kind::Public {
                let event = json!({ "type": "channel_created", "channel": { "id": id, "name": new.name } });
                world.happened(&new.team, Some(&id), "channel_created", &event, now);
            }
            Ok(id)
        })
    }

    /// A new public channel with some people in it; its id.
    ///
    /// # Errors
    ///
    /// As of [`new_channel`](Self::new_channel).
    pub fn channel(&self, team: &str, name: &str, members: &[&str]) -> Result<String, Impossible> {
        let members = members.iter().map(|name| (*name).to_owned()).collect();
        self.new_channel(&NewChannel { team: team.to_owned(), name: name.to_owned(), members, ..NewChannel::default() })
    }

    /// Changes a channel, of which apps hear.
    ///
    /// # Errors
    ///
    /// When there is no such channel, or somebody is not there.
    pub fn change_channel(&self, id: &str, change: &ChannelChange) -> Result<(), Impossible> {
        let now = self.clock().now();
        self.change(|world| {
            let channel = world.channels.get(id).ok_or_else(|| format!("there is no channel `{id}`"))?;
            let (team, is_public) = (channel.team.clone(), channel.kind == Kind::Public);
            let prefix = if is_public { "channel" } else { "group" };
            for (names, comes) in [(&change.invite, true), (&change.remove, false)] {
                for name in names {
                    let person = world.person(name).ok_or_else(|| format!("there is nobody called `{name}`"))?;
                    let user = person.id.clone();
                    if comes {
                        membership::joined(world, id, &user, None, now);
                    } else {
                        membership::left(world, id, &user, now);
                    }
                }
            }
            let ts = world.ts(now);
            let Some(channel) = world.channels.get_mut(id) else { return Ok(()) };
            let mut events = Vec::new();
            if let Some(name) = &change.name {
                channel.name.clone_from(name);
                let told = json!({ "id": id, "name": name, "name_normalized": name, "created": channel.created });
                events.push((format!("{prefix}_rename"), json!({ "channel": told })));
            }
            if let Some(archived) = change.archived.filter(|archived| *archived != channel.is_archived) {
                channel.is_archived = archived;
                let name = if archived { "archive" } else { "unarchive" };
                events.push((format!("{prefix}_{name}"), json!({ "channel": id, "user": "USLACKBOT" })));
            }
            for (name, mut event) in events {
                event["type"] = json!(name);
                event["event_ts"] = json!(ts);
                world.happened(&team, Some(id), &name, &event, now);
            }
            Ok(())
        })
    }

    /// A new app, as its manifest describes it.
    ///
    /// # Errors
    ///
    /// What Slack would refuse in the manifest.
    pub fn app(&self, manifest: &Value) -> Result<App, Vec<Violation>> {
        let found = manifest::check(manifest);
        if !found.is_empty() {
            return Err(found);
        }
        Ok(self.change(|world| {
            let id = world.ids.next("A");
            let number = world.ids.next("").trim_start_matches('0').to_owned();
            let app = App {
                client_id: format!("{number}.{number}"),
                client_secret: id::secret(),
                signing_secret: id::secret(),
                verification_token: id::secret()[..24].to_owned(),
                app_token: format!("xapp-1-{id}-{}", id::secret()),
                id: id.clone(),
                ..manifest::app(manifest)
            };
            let grant = Grant {
                token: app.app_token.clone(),
                holder: Holder::App,
                app: id.clone(),
                team: String::new(),
                user: String::new(),
                scopes: vec!["connections:write".to_owned()],
                is_revoked: false,
            };
            world.grants.insert(app.app_token.clone(), grant);
            world.apps.insert(id, app.clone());
            app
        }))
    }

    /// Changes an app to what another manifest says. Where it is installed it keeps the scopes that it was given.
    ///
    /// # Errors
    ///
    /// What Slack would refuse in the manifest.
    pub fn change_app(&self, id: &str, manifest: &Value) -> Result<App, Vec<Violation>> {
        let mut found = manifest::check(manifest);
        let old = self.look(|world| world.apps.get(id).cloned());
        let Some(old) = old else {
            found.push(Violation { pointer: String::new(), rule: format!("there is no app `{id}`") });
            return Err(found);
        };
        if !found.is_empty() {
            return Err(found);
        }
        let app = App {
            id: old.id,
            client_id: old.client_id,
            client_secret: old.client_secret,
            signing_secret: old.signing_secret,
            verification_token: old.verification_token,
            app_token: old.app_token,
            ..manifest::app(manifest)
        };
        self.change(|world| world.apps.insert(id.to_owned(), app.clone()));
        Ok(app)
    }

    /// Puts an app into a workspace, with the scopes of its manifest unless others are given.
    ///
    /// # Errors
    ///
    /// When there is no such app or workspace.
    pub fn install(&self, app: &str, team: &str, scopes: Option<&[&str]>) -> Result<Grant, Impossible> {
        self.change(|world| {
            let found = world.apps.get(app).ok_or_else(|| format!("there is no app `{app}`"))?;
            let scopes = match scopes {
                Some(scopes) => scopes.iter().map(|scope| (*scope).to_owned()).collect(),
                None => found.scopes.clone(),
            };
            let grant = oauth::install(world, app, team, &scopes);
            grant.ok_or_else(|| format!("there is no workspace `{team}`").into())
        })
    }

    /// Takes an app out of a workspace.
    pub fn uninstall(&self, app: &str, team: &str) {
        let now = self.clock().now();
        self.change(|world| crate::web::uninstalled(world, app, team, now));
    }

    /// Somebody allows an app into their workspace, as they would in a browser; where the browser is sent, with a code.
    ///
    /// # Errors
    ///
    /// When there is no such app, or it may not send a browser there.
    pub fn allow(
        &self,
        user: &str,
        client_id: &str,
        scopes: &str,
        redirect_uri: Option<&str>,
        state: &str,
    ) -> Result<String, Impossible> {
        let now = self.clock().now();
        self.change(|world| {
            let person = world.person(user).ok_or_else(|| format!("there is nobody called `{user}`"))?;
            let (user, team) = (person.id.clone(), person.team.clone());
            let app = world.apps.values().find(|app| app.client_id == client_id);
            let app = app.ok_or("Invalid client_id parameter")?;
            let scopes: Vec<_> = scopes.split([',', ' ']).filter(|one| !one.is_empty()).map(str::to_owned).collect();
            if scopes.is_empty() {
                return Err("Invalid permissions requested: no scopes".into());
            }
            let redirect = match redirect_uri {
                None => app.redirect_urls.first().cloned(),
                Some(uri) => Some(uri.to_owned()).filter(|_| app.redirect_urls.iter().any(|one| uri.starts_with(one))),
            };
            let redirect = redirect.ok_or("redirect_uri did not match any configured URIs")?;
            let code = format!("{}.{}", app.client_id, id::secret());
            let pairs = form_urlencoded::Serializer::new(String::new())
                .append_pair("code", &code)
                .append_pair("state", state)
                .finish();
            let to = format!("{redirect}{}{pairs}", if redirect.contains('?') { '&' } else { '?' });
            let app = app.id.clone();
            world.codes.insert(code, Code { app, team, user, scopes, redirect_uri: redirect, at: now });
            Ok(to)
        })
    }
}
