//! What people ask in Slack, done as themselves.

mod builds;
mod channel;
mod help;
mod look;
mod param;
mod person;
mod place;
mod resolve;

use monkeyci_client::{Client, ClientError, OrgRef};
use monkeyci_grammar::{Command, Mistake, Verb};
use serde_json::{Value, json};

use crate::house::House;
use crate::message::Message;
use crate::message::block::{Button, section_with};
use crate::message::text;
use crate::receive::payload::Asker;

pub(crate) use builds::{in_a_line, new_build};
pub use place::link_offer;
pub use resolve::{Target, target_of};

/// Somebody who asks, and where they do.
pub struct Asking<'a> {
    /// What all parts share.
    pub house: &'a House,
    /// Who, and where.
    pub by: &'a Asker,
    /// The thread in which they do.
    pub thread: Option<&'a str>,
    /// The server, as them.
    pub client: Client,
}

/// What they are answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// What is said.
    pub message: Message,
    /// Whether all in the channel may read it.
    pub public: bool,
}

/// What somebody is told whom the server does not hear.
pub const AWAY: &str = "MonkeyCI does not answer just now. Nothing was done; try again in a minute.";

/// Why it was not done.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The server refuses, or cannot be asked.
    #[error("{0}")]
    Server(#[from] ClientError),
    /// There is something else to do first.
    #[error("{0}")]
    Told(String),
}

impl Answer {
    /// A sentence for whoever asked.
    #[must_use]
    pub fn said(words: &str) -> Self {
        Self { message: Message::said(&plain(words), words), public: false }
    }

    fn told(message: Message, public: bool) -> Self {
        Self { message, public }
    }

    /// What is wrong with what somebody typed, and where.
    #[must_use]
    pub fn mistaken(mistake: &Mistake, asked: &str) -> Self {
        let asked = asked.replace('`', "'");
        let picture = if asked.chars().count() < 200 {
            format!("\n```{}```", text::escape(&mistake.picture(&asked)))
        } else {
            String::new()
        };
        Self::said(&format!(":grey_question: {}{picture}", text::escape(&mistake.what)))
    }

    /// What there is to type, or more of one command.
    #[must_use]
    pub fn help(command: &str, verb: Option<Verb>) -> Self {
        help::answer(command, verb)
    }

    /// As Slack takes it for an answer to what was done just now.
    #[must_use]
    pub fn json(&self) -> Value {
        let kind = if self.public { "in_channel" } else { "ephemeral" };
        let Message { text, blocks } = &self.message;
        json!({ "response_type": kind, "replace_original": false, "text": text, "blocks": blocks })
    }
}

impl<'a> Asking<'a> {
    /// Somebody who asks.
    ///
    /// # Errors
    /// When they can be nobody.
    pub fn new(house: &'a House, by: &'a Asker, thread: Option<&'a str>) -> Result<Self, ClientError> {
        Ok(Self { house, by, thread, client: house.acting(&by.place.team, &by.user)? })
    }

    /// The same, who may have asked before: a build that they begin by this id is begun once.
    ///
    /// # Errors
    /// When it can be no id.
    pub fn once(self, id: &str) -> Result<Self, ClientError> {
        Ok(Self { client: self.client.once(id)?, ..self })
    }

    fn org(&self) -> OrgRef {
        self.client.org(&self.house.org)
    }

    /// Does what is asked.
    ///
    /// # Errors
    /// Why it was not done.
    pub async fn command(&self, command: Command) -> Result<Answer, Refusal> {
        match command {
            Command::Nothing => self.overview().await,
            Command::Run(run) => self.run(run).await,
            Command::Status { of, public } => self.status(of, public).await,
            Command::List(list) => self.list(list).await,
            Command::Logs(logs) => self.logs(logs).await,
            Command::Cancel { build } => self.cancel(build).await,
            Command::CancelBranch { branch } => self.cancel_branch(&branch).await,
            Command::Retry { build, all } => self.retry(build, all).await,
            Command::Approve { build, job } => self.approve(build, job).await,
            Command::Reject { build, reason } => self.reject(build, &reason).await,
            Command::Artifacts { build } => self.artifacts(build).await,
            Command::Why { build } => self.why(build).await,
            Command::Subscribe(wanted) => self.subscribe(*wanted).await,
            Command::Unsubscribe { from, labels } => self.unsubscribe(from, &labels).await,
            Command::Subscriptions => self.subscriptions().await,
            Command::Mute(mute) => self.mute(&mute).await,
            Command::Unmute(of) => self.unmute(&of).await,
            Command::Settings(settings) => self.settings(&settings).await,
            Command::Params { param, repo, org } => self.param(param, repo, org).await,
            Command::Link => self.link().await,
            Command::Unlink => self.unlink().await,
            Command::Whoami => self.whoami().await,
            Command::Help(verb) => Ok(help::answer(&self.house.command, verb)),
        }
    }
}

impl Refusal {
    /// Whether nobody knows who asked.
    #[must_use]
    pub fn is_of_nobody(&self) -> bool {
        self.code() == Some("not-linked")
    }

    fn code(&self) -> Option<&str> {
        match self {
            Self::Server(error) => error.problem()?.code.as_deref(),
            Self::Told(_) => None,
        }
    }

    /// What somebody is told instead.
    #[must_use]
    pub fn told(&self, house: &House) -> Answer {
        match self {
            Self::Server(_) if self.code() == Some("no-access") => Answer::said(&format!(
                ":no_entry: You belong to the organisation `{}` no more: an owner of it gives you a role.",
                house.org
            )),
            Self::Server(error) => {
                Answer::said(&format!(":no_entry: {}", text::escape(&text::clip(&sentence(error), 600))))
            }
            Self::Told(words) => Answer::said(words),
        }
    }
}

/// What a server said, for somebody who sees none of its addresses.
pub(crate) fn sentence(error: &ClientError) -> String {
    match error {
        ClientError::Unreachable { .. } | ClientError::Protocol { .. } => {
            tracing::warn!(%error, "the server did not answer somebody");
            "MonkeyCI does not answer just now. Look how it stands before you try again.".into()
        }
        error => match error.status() {
            Some(429) => "That was too much at once. Try again in a minute.".into(),
            _ => error.to_string(),
        },
    }
}

/// Words without markup, for a notification.
fn plain(words: &str) -> String {
    let mut plain = String::new();
    let mut rest = words;
    while let Some((before, after)) = rest.split_once('<') {
        plain += before;
        let Some((link, behind)) = after.split_once('>') else { break };
        plain += link.split_once('|').map_or("", |(_, label)| label);
        rest = behind;
    }
    plain += rest;
    let plain = plain.replace(['*', '`', '_'], "").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    plain.lines().next().unwrap_or_default().to_owned()
}

/// A sentence with a button that leads somewhere.
fn with_button(words: &str, label: &str, url: &str) -> Answer {
    let button =
        Button { label, action: "build.open", url: Some(url.to_owned()), style: Some("primary"), ..Button::default() };
    let message = Message { text: plain(words), blocks: vec![section_with(words, button)] };
    Answer { message, public: false }
}
