//! What comes from Slack is answered at once, and done afterwards.

use std::sync::Arc;
use std::time::Duration;

use monkeyci_client::ClientError;
use monkeyci_grammar::{BuildName, Command, Param, parse};
use serde_json::{Value, json};
use tokio::sync::{Semaphore, oneshot};

use crate::command::{AWAY, Answer, Asking, Refusal, link_offer};
use crate::directory;
use crate::house::{House, now};
use crate::inbox::{Hold, Inbox, Letter};
use crate::install::Installer;
use crate::modal;
use crate::receive::payload::{Asked, Asker, Back, Happened, Incoming, Submit};
use crate::receive::replay::Heard;
use crate::slack::SlackError;

/// Slack waits three seconds for choices, and for what becomes of a form; so long the server has.
const PATIENCE: Duration = Duration::from_millis(2000);

/// Milliseconds after which something is not done any more: who approved an hour ago may think otherwise now.
const OLD: i64 = 10 * 60 * 1000;

/// What is done at the same time, at most: who asks now is heard before what was asked is done.
const AT_ONCE: usize = 16;

/// How often an answer is sent that Slack wants later.
const TRIES: usize = 3;

/// The app, as Slack meets it.
pub struct App {
    /// What all parts share.
    pub house: House,
    /// Installs it in workspaces.
    pub installer: Installer,
    /// What was asked and is not done yet.
    pub inbox: Inbox,
    events: Heard,
    room: Semaphore,
}

/// What Slack is told at once.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// That it was heard.
    Heard,
    /// This.
    Json(Value),
    /// That it was not heard: it is to be sent again.
    Unheard,
}

impl App {
    /// The app of a house.
    #[must_use]
    pub fn new(house: House, installer: Installer, inbox: Inbox) -> Self {
        Self { house, installer, inbox, events: Heard::default(), room: Semaphore::new(AT_ONCE) }
    }

    /// Takes in what Slack says. What somebody asks is kept before Slack is told that it was heard, and done afterwards. Only
    /// forms and choices are answered with what comes of them.
    pub async fn receive(self: &Arc<Self>, incoming: Incoming) -> Reply {
        match incoming {
            Incoming::Challenge(word) => Reply::Json(json!({ "challenge": word })),
            Incoming::Suggest(suggest) => {
                let found = tokio::time::timeout(PATIENCE, modal::choices(&self.house, &suggest)).await;
                Reply::Json(json!({ "options": found.unwrap_or_default() }))
            }
            Incoming::Submit(submit) => self.submitted(submit).await,
            Incoming::Command(asked) => match self.known(&asked) {
                Some(answer) => Reply::Json(answer.json()),
                None => self.ask(Incoming::Command(asked), None).await,
            },
            Incoming::Click(click) if matches!(click.action.as_str(), "build.open" | "home.open") => Reply::Heard,
            Incoming::Click(click) if modal::is_choice(&click) => {
                let app = Arc::clone(self);
                tokio::spawn(async move { modal::chosen(&app, &click).await });
                Reply::Heard
            }
            Incoming::Click(_) | Incoming::Shortcut(_) => self.ask(incoming, None).await,
            Incoming::Event(event) => self.event(event).await,
            Incoming::Other => Reply::Heard,
        }
    }

    /// What can be said without asking anybody: what is wrong with a command, and what there is.
    fn known(&self, asked: &Asked) -> Option<Answer> {
        match (parse(&asked.text), &asked.back) {
            (Err(mistake), Back::Url(_)) => Some(Answer::mistaken(&mistake, &asked.text)),
            (Ok(Command::Help(verb)), Back::Url(_)) => Some(Answer::help(&self.house.command, verb)),
            _ => None,
        }
    }

    /// Keeps what somebody asks, and has it done.
    async fn ask(self: &Arc<Self>, incoming: Incoming, id: Option<String>) -> Reply {
        let Some((by, back)) = incoming.asker() else { return Reply::Heard };
        let is_command = matches!(incoming, Incoming::Command(_));
        if let Some((letter, hold)) = self.inbox.keep(incoming, id).await {
            tokio::spawn(Arc::clone(self).work(letter, hold));
            return Reply::Heard;
        }
        let answer = Answer::said(AWAY);
        if is_command && matches!(back, Back::Url(_)) {
            return Reply::Json(answer.json());
        }
        let app = Arc::clone(self);
        tokio::spawn(async move { app.answer(&by, &back, &answer).await });
        Reply::Heard
    }

    async fn event(self: &Arc<Self>, event: Happened) -> Reply {
        let name = format!("{}/{}", event.team, event.id);
        if !event.id.is_empty() && !self.events.is_new(&name) {
            return Reply::Heard;
        }
        if let Some(asked) = event.asked() {
            // Where the answer was lost, Slack tells it again, and perhaps another replica: it is done once.
            let id = (!event.id.is_empty()).then(|| id_of(&name));
            return self.ask(Incoming::Command(asked), id).await;
        }
        if !event.is_farewell() {
            let app = Arc::clone(self);
            tokio::spawn(async move { app.happened(&event).await });
            return Reply::Heard;
        }
        // A token that is good for nothing is forgotten, or Slack says it once more.
        match tokio::time::timeout(PATIENCE, self.house.workspaces.remove(&event.team)).await {
            Ok(Ok(())) => {
                let app = Arc::clone(self);
                tokio::spawn(async move { directory::forget(&app.house, &event.team).await });
                Reply::Heard
            }
            _ => {
                self.events.forget(&name);
                Reply::Unheard
            }
        }
    }

    /// Does what somebody asked, and tells them.
    pub async fn work(self: Arc<Self>, letter: Letter, hold: Hold) {
        let Some((by, back)) = letter.incoming.asker() else { return };
        let late = (now() - letter.at) / 60_000;
        let answer = if now() - letter.at > OLD {
            tracing::info!(late, "what was asked is too old to be done");
            Ok(Some(Answer::said(&format!(
                ":hourglass: {} was asked {late} minutes ago, when I was away, and is not done. Ask again if it still matters.",
                letter.incoming.words()
            ))))
        } else {
            let _room = self.room.acquire().await;
            self.done(&letter).await
        };
        let answer = match answer {
            Ok(Some(answer)) => answer,
            Ok(None) => return,
            Err(refusal) if refusal.is_of_nobody() => self.offer(&letter, &by).await,
            Err(refusal) => refusal.told(&self.house),
        };
        self.answer(&by, &back, &answer).await;
        drop(hold);
    }

    async fn done(&self, letter: &Letter) -> Result<Option<Answer>, Refusal> {
        match &letter.incoming {
            Incoming::Command(asked) => self.command(asked, &letter.id).await,
            Incoming::Click(click) => crate::click::act(self, click, &letter.id).await,
            Incoming::Shortcut(shortcut) => modal::shortcut(self, shortcut).await.map(|()| None),
            Incoming::Submit(submit) => modal::done(self, submit, &letter.id).await.map(Some),
            _ => Ok(None),
        }
    }

    /// Asks somebody who they are. What they asked is done when they have said so.
    async fn offer(&self, letter: &Letter, by: &Asker) -> Answer {
        let kept = self.inbox.put_aside(letter, &by.place, &by.user).await;
        if let Err(error) = &kept {
            tracing::warn!(%error, "somebody has to ask once more after they said who they are");
        }
        link_offer(&self.house, by, kept.is_ok()).await
    }

    /// Does what a form says, while Slack waits: what is wrong is said in it.
    async fn submitted(self: &Arc<Self>, submit: Submit) -> Reply {
        if let Some(errors) = modal::errors(&submit) {
            return Reply::Json(json!({ "response_action": "errors", "errors": errors }));
        }
        let (by, back) = (submit.asker(), Back::Channel(None));
        // The same form with the same in it is the same: it is done once.
        let id = id_of(&format!("{} {} {}", submit.view, submit.values, by.user));
        let letter = Letter { id, at: now(), incoming: Incoming::Submit(submit.clone()) };
        let slow = modal::slow(&submit);
        let (tell, told) = oneshot::channel();
        let app = Arc::clone(self);
        tokio::spawn(async move {
            let answer = match app.done(&letter).await {
                // What is secret waits nowhere.
                Err(refusal) if refusal.is_of_nobody() && !modal::is_secret(&submit) => {
                    Ok(app.offer(&letter, &by).await)
                }
                Err(refusal) if refusal.is_of_nobody() => Ok(link_offer(&app.house, &by, false).await),
                Err(refusal) => Err(refusal),
                Ok(answer) => Ok(answer.unwrap_or_else(|| Answer::said("It is done."))),
            };
            let answer = match (answer, tell) {
                (Ok(answer), tell) => {
                    // Who waited was told to look for this.
                    let _ = tell.send(None);
                    answer
                }
                (Err(refusal), tell) => {
                    let wrong = modal::wrong(&submit, &refusal);
                    if tell.send(Some(wrong)).is_ok() {
                        return;
                    }
                    refusal.told(&app.house)
                }
            };
            app.answer(&by, &back, &answer).await;
        });
        match tokio::time::timeout(PATIENCE, told).await {
            Ok(Ok(None)) => Reply::Heard,
            Ok(Ok(Some(errors))) => Reply::Json(json!({ "response_action": "errors", "errors": errors })),
            // It stays open, with all that is in it.
            Ok(Err(_)) | Err(_) => Reply::Json(json!({ "response_action": "errors", "errors": slow })),
        }
    }

    async fn command(&self, asked: &Asked, id: &str) -> Result<Option<Answer>, Refusal> {
        let command = match parse(&asked.text) {
            Ok(command) => command,
            Err(mistake) => return Ok(Some(Answer::mistaken(&mistake, &asked.text))),
        };
        let server = asked.text.split_whitespace().find_map(BuildName::server);
        if let Some(other) = server.filter(|server| *server != self.house.api.url()) {
            return Err(Refusal::Told(format!(
                "That build is of another MonkeyCI, `{}`.",
                crate::message::text::plain(other, 100)
            )));
        }
        let asking = Asking::new(&self.house, &asked.by, asked.thread.as_deref())?.once(id)?;
        if let Some(trigger) = &asked.trigger {
            match &command {
                Command::Run(run) if *run == monkeyci_grammar::Run::default() => {
                    let channel = self.house.channel(&asked.by.place).await?;
                    let repo = channel.repo.as_deref().and_then(|repo| repo.rsplit('/').next());
                    let view = modal::run(&asking, &asked.by.place.channel, repo, None).await;
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
            match self.house.slack.respond(url, &answer.json()).await {
                // It was good for half an hour.
                Err(SlackError::Refused { .. }) => {}
                answered => return answered,
            }
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
        if let Err(error) = self.heard(happened).await {
            tracing::warn!(%error, "something that happened in Slack was not followed");
        }
    }

    async fn heard(&self, happened: &Happened) -> Result<(), ClientError> {
        let event = &happened.event;
        let text = |name: &str| event[name].as_str().unwrap_or_default();
        match text("type") {
            "app_home_opened" if text("tab") == "home" => {
                crate::home::opened(&self.house, &happened.team, text("user")).await
            }
            "link_shared" => crate::unfurl::shared(&self.house, &happened.team, event).await,
            // Where the app is let in again, it may speak again.
            "member_joined_channel" => {
                let place = crate::place::Place::new(&happened.team, text("channel"));
                let own = self.house.workspaces.get(&happened.team).await?;
                let own = own.filter(|own| own.bot == text("user") && crate::place::is_id(text("channel")));
                if let Some(workspace) = own {
                    self.house.change_channel(&place, |channel| channel.broken = None).await?;
                    directory::tell_of(&self.house, &workspace).await;
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

/// The id of a letter that tells it from all others by what it is.
fn id_of(what: &str) -> String {
    blake3::hash(what.as_bytes()).to_hex()[..24].to_owned()
}
