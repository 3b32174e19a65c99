//! What lets an app answer somebody who did something.

use std::time::Duration;

/// What lets an app open a modal, for three seconds and once.
#[derive(Debug, Clone)]
pub struct Trigger {
    /// The app.
    pub app: String,
    /// For whom.
    pub user: String,
    /// Where.
    pub team: String,
    /// Since when.
    pub at: Duration,
    /// Whether it was used.
    pub is_used: bool,
}

/// A `response_url`: five answers within half an hour.
#[derive(Debug, Clone)]
pub struct Hook {
    /// The first part of its path: `commands` or `actions`.
    pub kind: &'static str,
    /// The app.
    pub app: String,
    /// The workspace.
    pub team: String,
    /// The channel.
    pub channel: String,
    /// Who did something.
    pub user: String,
    /// The message on which it was done.
    pub ts: Option<String>,
    /// The thread in which that message is.
    pub thread_ts: Option<String>,
    /// Since when.
    pub at: Duration,
    /// How often it was used.
    pub used: u32,
}
