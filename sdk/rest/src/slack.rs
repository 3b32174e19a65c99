//! How a subscription is told in Slack.

use serde::{Deserialize, Serialize};

use crate::validate::Cron;

/// How a channel of Slack is told of builds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct SlackStyle {
    /// How much its message says of a build.
    pub message: SlackMessage,
    /// When more is said in the thread of that message.
    pub thread: SlackThread,
    /// Lines at the end of a failed job's log that the thread shows, up to 100; none at 0.
    pub log_lines: u32,
    /// Who is mentioned where something went wrong: `none`, the `author` of the commit where they are linked, or a group of
    /// the workspace, as `@on-call`.
    pub mention: String,
    /// When messages wait: what is still worth telling at the end is told then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quiet_hours: Option<QuietHours>,
    /// When one message sums up what happened since the last, in place of one for each build.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<Cron>,
}

/// How much a message says of a build.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum SlackMessage {
    /// A few lines.
    #[default]
    Compact,
    /// Each job with how it stands.
    Plan,
}

/// When more is said in the thread of a message.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum SlackThread {
    /// Where something went wrong.
    #[default]
    OnFailure,
    /// At each step.
    Always,
    /// Never.
    Off,
}

/// Hours of each day at which nobody is to be disturbed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct QuietHours {
    /// When they begin: `20:00`.
    pub from: String,
    /// When they end, on the next day where that is earlier: `08:00`.
    pub to: String,
    /// The time zone by its IANA name; UTC when it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
}

impl Default for SlackStyle {
    fn default() -> Self {
        Self {
            message: SlackMessage::default(),
            thread: SlackThread::default(),
            log_lines: 20,
            mention: "none".to_owned(),
            quiet_hours: None,
            digest: None,
        }
    }
}

impl SlackStyle {
    pub(crate) fn is_usual(&self) -> bool {
        *self == Self::default()
    }
}
