//! `data.monkeyci_slack_workspace`, `_slack_channel` and `_slack_user`: what the Slack app has told the server.

use std::collections::BTreeMap;

use monkeyci_client::rest;
use tfplugin::{Computed, Context, DataSource, Diagnostic, Object, Result};

use super::unread;
use crate::server::Server;

/// A workspace of Slack that the Slack app is in. The app tells the server of it, within minutes of each change.
#[derive(Debug, Object)]
pub struct SlackWorkspace {
    /// The organisation whose app it is; that of the provider when it is not set.
    #[attribute(optional)]
    org: Computed<String>,
    /// Its id, `T0123ABCD`; that of the only one when it is not set.
    #[attribute(optional)]
    id: Computed<String>,
    /// What people call it.
    name: Computed<String>,
    /// Which user of it the app is.
    bot: Computed<String>,
    /// The service account of the app.
    integration: Computed<String>,
    /// The channels that the app is in: their ids, by name without `#`.
    channels: Computed<BTreeMap<String, String>>,
}

impl DataSource for SlackWorkspace {
    type Client = Server;
    const NAME: &'static str = "slack_workspace";

    async fn read(mut self, cx: &Context<Server>) -> Result<Self> {
        let found = workspace(&mut self.org, self.id.known().map(String::as_str), cx, "id").await?;
        let rest::SlackWorkspaceBody { name, bot, channels } = found.body;
        let channels: BTreeMap<_, _> = channels.into_iter().map(|channel| (channel.name, channel.id)).collect();
        Ok(Self {
            id: found.id.into(),
            name: name.into(),
            bot: bot.into(),
            integration: found.integration.into(),
            channels: channels.into(),
            ..self
        })
    }
}

/// A channel that the Slack app is in, by its name: for `monkeyci_slack_subscription`, which then stays in it when it is renamed.
#[derive(Debug, Object)]
pub struct SlackChannel {
    /// The organisation whose app it is; that of the provider when it is not set.
    #[attribute(optional)]
    org: Computed<String>,
    /// The id of the workspace; that of the only one when it is not set.
    #[attribute(optional)]
    workspace: Computed<String>,
    /// Its name, with or without `#`.
    name: String,
    /// Its id: `C0123ABCD`.
    id: Computed<String>,
    /// Whether only who is invited sees it.
    private: Computed<bool>,
}

impl DataSource for SlackChannel {
    type Client = Server;
    const NAME: &'static str = "slack_channel";

    async fn read(mut self, cx: &Context<Server>) -> Result<Self> {
        let found = workspace(&mut self.org, self.workspace.known().map(String::as_str), cx, "workspace").await?;
        let name = self.name.trim_start_matches('#');
        let channel = found.body.channels.into_iter().find(|channel| channel.name == name);
        let missing = || {
            let detail = format!(
                "The app is in no channel #{name} of {}: `/invite` it there. It tells the server of that within minutes.",
                found.body.name
            );
            Diagnostic::error("There is no such channel", detail).at("name")
        };
        let channel = channel.ok_or_else(missing)?;
        Ok(Self { workspace: found.id.into(), id: channel.id.into(), private: channel.private.into(), ..self })
    }
}

/// Which user of Slack somebody is, who has said so or of whom an owner has.
#[derive(Debug, Object)]
pub struct SlackUser {
    /// The organisation; that of the provider when it is not set.
    #[attribute(optional)]
    org: Computed<String>,
    /// Their name here.
    person: String,
    /// The id of the workspace; any when it is not set.
    #[attribute(optional)]
    workspace: Computed<String>,
    /// Their id there: `U0123ABCD`.
    id: Computed<String>,
    /// What they are called there, where that is known.
    name: Computed<Option<String>>,
}

impl DataSource for SlackUser {
    type Client = Server;
    const NAME: &'static str = "slack_user";

    async fn read(mut self, cx: &Context<Server>) -> Result<Self> {
        let org = cx.client.fill_org(&mut self.org)?;
        let all = cx.client.org(&org).chat_identities().all().await.map_err(unread("users of Slack"))?;
        let wanted = self.workspace.known().filter(|wanted| !wanted.is_empty());
        let place = |link: &rest::ChatIdentity| {
            let (workspace, user) = link.subject.split_once('/')?;
            let is_theirs = link.provider == "slack" && link.person == self.person;
            let is_there = wanted.is_none_or(|wanted| wanted == workspace);
            (is_theirs && is_there).then(|| (workspace.to_owned(), user.to_owned()))
        };
        let found = all.iter().find_map(|link| Some((place(link)?, link.name.clone())));
        let missing = || {
            let detail = format!(
                "{:?} has not said who they are there, and no `monkeyci_slack_user_link` does: they do by `/build link`.",
                self.person
            );
            Diagnostic::error("They are nobody in Slack", detail).at("person")
        };
        let ((workspace, user), name) = found.ok_or_else(missing)?;
        Ok(Self { workspace: workspace.into(), id: user.into(), name: name.into(), ..self })
    }
}

/// The workspace of this id, or the only one.
async fn workspace(
    org: &mut Computed<String>,
    id: Option<&str>,
    cx: &Context<Server>,
    attribute: &'static str,
) -> Result<rest::SlackWorkspace> {
    let org = cx.client.fill_org(org)?;
    let all = cx.client.org(&org).slack_workspaces().all().await.map_err(unread("workspaces of Slack"))?;
    let named = id.filter(|id| !id.is_empty());
    let mut fitting = all.into_iter().filter(|found| named.is_none_or(|id| id == found.id));
    let missing = || {
        let detail = "The Slack app tells the server of it as soon as it is installed there, and runs.";
        Diagnostic::error("The Slack app is in no such workspace", detail).at(attribute)
    };
    let first = fitting.next().ok_or_else(missing)?;
    match fitting.next() {
        None => Ok(first),
        Some(_) => {
            let detail = format!("The app is in {} and others: say which.", first.id);
            Err(Diagnostic::error("There are several workspaces", detail).at(attribute).into())
        }
    }
}
