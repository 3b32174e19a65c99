//! What subscribers are told, and how that went.

use monkeyci_model::Millis;
use serde::{Deserialize, Serialize};

use crate::Build;
use crate::subscription::Moment;

/// What a webhook is sent: the body of the request. It holds no params, and so no secrets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Told {
    /// What happened.
    pub on: Moment,
    /// The subscription that it is told by.
    pub subscription: String,
    /// When it happened.
    pub time: Millis,
    /// The build's page.
    pub url: String,
    /// The build, as it stood when this was noted; without its params and changed files.
    pub build: Build,
    /// The jobs that it is about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub jobs: Vec<String>,
    /// Whether it is a test: nothing of it has happened.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub test: bool,
}

/// Something that a subscriber is told, and how that went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Notice {
    /// Its id, the same however often it is sent: the `webhook-id` of the request.
    pub id: String,
    /// What happened.
    pub on: Moment,
    /// The build, as `acme/web#42`.
    pub build: String,
    /// The address, where it is a mail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// When it was noted.
    pub created: Millis,
    /// How it went.
    pub state: NoticeState,
    /// How often it was sent, or tried to be.
    pub tries: u64,
    /// When it is sent next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Millis>,
    /// For people: what went wrong the last time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// What is sent; only where one is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
}

/// How it went to tell somebody something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum NoticeState {
    /// It is sent soon, or tried again later.
    Queued,
    /// The receiver has it.
    Delivered,
    /// It was refused, or given up after a day.
    Failed,
}

impl NoticeState {
    /// The word on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
        }
    }
}
