//! What comes from Slack is answered at once, and done afterwards.

use std::sync::Arc;
use std::time::Duration;

use monkeyci_client::ClientError;
use monkeyci_grammar::{Command, Param, parse};
use serde_json::{Value, json};

use crate::command::{Answer, Asking, Refusal};
use crate::house::House;
use crate::install::Installer;
use crate::modal;
use crate::receive::payload::{Asked, Asker, Back, Happened, Incoming};
use crate::receive::replay::Heard;
use crate::slack::SlackError;

/// Slack waits three seconds for choices; so long the server has.
const CHOICES: Duration = Duration::from_millis(2000);

/// How often an answer is sent that Slack wants later.
const TRIES: usize = 3;

/// The app, as Slack meets it.
pub struct App {
    /// What all parts share.
    pub house: House,
    /// Installs it in workspaces.
    pub installer: Installer,
    events: Heard,
}

impl App {
    /// The app of a house.
    #[must_use]
    pub fn new(house: House, installer: Installer) -> Self {
        Self { house, installer, events: Heard::default() }
    }

    /// Takes in what Slack says. The answer is had without asking anybody, but for choices, which have little time: what is
    /// to be done is done afterwards.
    pub async fn receive(self: &Arc<Self>, incoming: Incoming) -> Option<Value> {
        let app = Arc::clone(self);
        match incoming {
            Incoming::Challenge(word) => return Some(json!({ "challenge": word })),
            Incoming::Suggest(suggest) => {
                let found = tokio::time::timeout(CHOICES, modal::choices(&self.house, &suggest)).await;
                return Some(json!({ "options": found.unwrap_or_default() }));
            }
            Incoming::Submit(submit) => {
                if let Some(errors) = modal::errors(&submit) {
                    return Some(json!({ "response_action": "errors", "errors": errors }));
                }
                tokio::spawn(async move { modal::submitted(&app, &submit).await });
            }
            Incoming::Command(asked) => drop(tokio::spawn(async move { app.command(&asked).await })),
            Incoming::Click(click) => drop(tokio::spawn(async move { crate::click::clicked(&app, &click).await })),
            Incoming::Shortcut(shortcut) => {
                tokio::spawn(async move { modal::shortcut(&app, &shortcut).await });
            }
            Incoming::Event(event) => {
                if event.id.is_empty() || self.events.is_new(&format!("{}/{}", event.team, event.id)) {
                    tokio::spawn(async move { app.happened(&event).await });
                }
            }
            Incoming::Other => {}
        }
        None
    }

    /// Does what somebody typed, and tells them.
    async fn command(&self, asked: &Asked) {
        let answer = match self.done(asked).await {
            Ok(Some(answer)) => answer,
            Ok(None) => return,
            Err(refusal) => refusal.told(&self.house, &asked.by, &asked.text).await,
        };
        self.answer(&asked.by, &asked.back, &answer).await;
    }

    async fn done(&self, asked: &Asked) -> Result<Option<Answer>, Refusal> {
        let command = parse(&asked.text)?;
        let asking = Asking::new(&self.house, &asked.by, asked.thread.as_deref())?;
        if let Some(trigger) = &asked.trigger {
            match &command {
                Command::Run(run) if *run == monkeyci_grammar::Run::default() => {
                    let channel = self.house.channel(&asked.by.place).await?;
                    let view = modal::run(&asked.by.place.channel, channel.repo.as_deref(), None);
                    return self.open(&asked.by, trigger, &view).await.map(|()| None);
                }
                Command::Params { param: Param::Set { name, value: None }, repo, org } => {
                    let repo = asking.param_place(repo.as_ref(), *org).await?;
                    let view = modal::param(&asked.by.place.channel, repo.as_deref(), name);
                    return self.open(&asked.by, trigger, &view).await.map(|()| None);
                }
                _ => {}
            }
        }
        asking.command(command).await.map(Some)
    }

    /// Opens a modal.
    ///
    /// # Errors
    /// When Slack does not.
    pub async fn open(&self, by: &Asker, trigger: &str, view: &Value) -> Result<(), Refusal> {
        let workspace = self.house.workspaces.get(&by.place.team).await?;
        let Some(workspace) = workspace else { return Ok(()) };
        let opened = self
            .house
            .slack
            .call(&workspace.token, "views.open", &json!({ "trigger_id": trigger, "view": view }))
            .await;
        opened.map(drop).map_err(|error| {
            tracing::warn!(%error, "a modal cannot be opened");
            Refusal::Told("Slack did not open the form; try again.".into())
        })
    }

    /// Answers somebody: they alone see it, unless all may.
    pub async fn answer(&self, by: &Asker, back: &Back, answer: &Answer) {
        for _ in 0..TRIES {
            match self.say(by, back, answer).await {
                Ok(()) => return,
                Err(SlackError::Later { seconds, .. }) => {
                    tokio::time::sleep(Duration::from_secs(seconds.min(30))).await;
                }
                Err(error) => {
                    tracing::warn!(%error, "somebody cannot be answered");
                    return;
                }
            }
        }
    }

    async fn say(&self, by: &Asker, back: &Back, answer: &Answer) -> Result<(), SlackError> {
        let message = &answer.message;
        if let Back::Url(url) = back
            && (url.starts_with("https://") || url.starts_with("http://127.0.0.1:"))
        {
            let kind = if answer.public { "in_channel" } else { "ephemeral" };
            let body = json!({ "response_type": kind, "replace_original": false, "text": message.text, "blocks": message.blocks });
            return self.house.slack.respond(url, &body).await;
        }
        let Ok(Some(workspace)) = self.house.workspaces.get(&by.place.team).await else { return Ok(()) };
        let mut body = json!({ "channel": by.place.channel, "text": message.text, "blocks": message.blocks,
                               "unfurl_links": false, "unfurl_media": false });
        if let Back::Channel(Some(thread)) = back {
            body["thread_ts"] = thread.as_str().into();
        }
        // In a conversation with one person everybody is they.
        let is_direct = !by.place.channel.starts_with(['C', 'G']);
        let method = if answer.public || is_direct { "chat.postMessage" } else { "chat.postEphemeral" };
        if method == "chat.postEphemeral" {
            body["user"] = by.user.as_str().into();
        }
        self.house.slack.call(&workspace.token, method, &body).await.map(drop)
    }

    async fn happened(&self, happened: &Happened) {
        if let Some(asked) = happened.asked() {
            return self.command(&asked).await;
        }
        if let Err(error) = self.heard(happened).await {
            tracing::warn!(%error, "something that happened in Slack was not followed");
        }
    }

    async fn heard(&self, happened: &Happened) -> Result<(), ClientError> {
        let event = &happened.event;
        let text = |name: &str| event[name].as_str().unwrap_or_default();
        match text("type") {
            "app_uninstalled" | "tokens_revoked" => self.house.workspaces.remove(&happened.team).await,
            "app_home_opened" if text("tab") == "home" => {
                crate::home::opened(&self.house, &happened.team, text("user")).await
            }
            "link_shared" => crate::unfurl::shared(&self.house, &happened.team, event).await,
            // Where the app is let in again, it may speak again.
            "member_joined_channel" => {
                let place = crate::place::Place::new(&happened.team, text("channel"));
                let bot = self.house.workspaces.get(&happened.team).await?.map(|workspace| workspace.bot);
                if bot.as_deref() == Some(text("user")) && crate::place::is_id(text("channel")) {
                    self.house.change_channel(&place, |channel| channel.broken = None).await?;
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }
}
