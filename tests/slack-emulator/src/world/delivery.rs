//! What is delivered to apps.

use std::time::Duration;

use serde_json::Value;

/// What kind of thing is delivered; each has a URL of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// A slash command.
    Command,
    /// A click, a form, a shortcut.
    Interaction,
    /// A question for the options of a menu.
    Options,
    /// Something that happened.
    Event,
}

impl What {
    /// How an envelope of Socket Mode names it.
    #[must_use]
    pub fn envelope(self) -> &'static str {
        match self {
            Self::Command => "slash_commands",
            Self::Interaction | Self::Options => "interactive",
            Self::Event => "events_api",
        }
    }
}

/// Something to be delivered.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// To which app.
    pub app: String,
    /// What kind of thing.
    pub what: What,
    /// What it says.
    pub payload: Value,
}

/// One try to deliver something.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// When.
    pub at: Duration,
    /// What the app answered; nothing when it did not, or came by a socket.
    pub status: Option<u16>,
    /// The answer.
    pub answer: String,
    /// Why it counts as failed: `http_timeout`, `connection_failed`, `http_error`.
    pub failed: Option<&'static str>,
    /// How long the app took.
    pub took: Duration,
}

/// Something that was delivered, or tried to be.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// Counted from 0.
    pub number: usize,
    /// To which app.
    pub app: String,
    /// What kind of thing.
    pub what: What,
    /// What it says.
    pub payload: Value,
    /// The URL, where it went by HTTP.
    pub url: Option<String>,
    /// The bytes of the first try, as they were signed.
    pub body: String,
    /// Their `X-Slack-Request-Timestamp`.
    pub timestamp: u64,
    /// Each try, oldest first.
    pub attempts: Vec<Attempt>,
}
