//! Tokens, and what they may do.

use std::time::Duration;

/// Whose token it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder {
    /// The bot of an app in a workspace: `xoxb-…`.
    Bot,
    /// A person who allowed an app to act for them: `xoxp-…`.
    User,
    /// The app itself: `xapp-…`.
    App,
}

/// What a token may do.
#[derive(Debug, Clone)]
pub struct Grant {
    /// The token.
    pub token: String,
    /// Whose it is.
    pub holder: Holder,
    /// The app.
    pub app: String,
    /// The workspace; empty for a token of the app itself.
    pub team: String,
    /// The bot or the person; empty for a token of the app itself.
    pub user: String,
    /// What it may do.
    pub scopes: Vec<String>,
    /// Whether it may do it no longer.
    pub is_revoked: bool,
}

impl Grant {
    /// Whether it has a scope.
    #[must_use]
    pub fn has(&self, scope: &str) -> bool {
        self.scopes.iter().any(|granted| granted == scope)
    }
}

/// What an app exchanges for a token.
#[derive(Debug, Clone)]
pub struct Code {
    /// The app that was allowed in.
    pub app: String,
    /// Where.
    pub team: String,
    /// By whom.
    pub user: String,
    /// What it may do.
    pub scopes: Vec<String>,
    /// Where the browser was sent.
    pub redirect_uri: String,
    /// When; it is good for ten minutes.
    pub at: Duration,
}
