//! How a channel is told.

use monkeyci_client::rest;
use tfplugin::{Choice, Object};

/// How a channel is told.
#[derive(Clone, Debug, Object)]
pub struct Style {
    /// How much a message says of a build: `compact`, or `plan` with each job.
    #[attribute(default = Message::Compact)]
    message: Message,
    /// When more is said in the thread of the message: `on-failure`, `always` or `off`.
    #[attribute(default = Thread::OnFailure)]
    thread: Thread,
    /// Lines at the end of a failed job's log that the thread shows, up to 100.
    #[attribute(default = 20)]
    log_lines: u32,
    /// Who is mentioned where something went wrong: `none`, the `author` of the commit, or a group, as `@on-call`.
    #[attribute(default = "none")]
    mention: String,
    /// When messages wait, to be one message at the end.
    quiet_hours: Option<QuietHours>,
    /// When one message sums up what happened, in place of one for each build.
    digest: Option<Digest>,
}

/// How much a message says of a build.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum Message {
    /// A few lines.
    Compact,
    /// Each job with how it stands.
    Plan,
}

/// When more is said in the thread of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum Thread {
    /// Where something went wrong.
    #[choice("on-failure")]
    OnFailure,
    /// At each step.
    Always,
    /// Never.
    Off,
}

/// Hours of each day at which nobody is to be disturbed.
#[derive(Clone, Debug, Object)]
pub struct QuietHours {
    /// When they begin: `20:00`.
    from: String,
    /// When they end: `08:00`.
    to: String,
    /// The time zone by its IANA name; UTC when it is not set.
    timezone: Option<String>,
}

/// When one message sums up what happened.
#[derive(Clone, Debug, Object)]
pub struct Digest {
    /// Five fields of cron.
    cron: String,
    /// The time zone by its IANA name; UTC when it is not set.
    timezone: Option<String>,
}

impl Default for Style {
    fn default() -> Self {
        Self::of(rest::SlackStyle::default())
    }
}

impl Style {
    /// As the server is told.
    pub(super) fn told(self) -> rest::SlackStyle {
        rest::SlackStyle {
            message: match self.message {
                Message::Compact => rest::SlackMessage::Compact,
                Message::Plan => rest::SlackMessage::Plan,
            },
            thread: match self.thread {
                Thread::OnFailure => rest::SlackThread::OnFailure,
                Thread::Always => rest::SlackThread::Always,
                Thread::Off => rest::SlackThread::Off,
            },
            log_lines: self.log_lines,
            mention: self.mention,
            quiet_hours: self.quiet_hours.map(|QuietHours { from, to, timezone }| rest::QuietHours {
                from,
                to,
                timezone,
            }),
            digest: self.digest.map(|Digest { cron, timezone }| rest::validate::Cron { cron, timezone }),
        }
    }

    /// As the server has it.
    pub(super) fn of(style: rest::SlackStyle) -> Self {
        Self {
            message: match style.message {
                rest::SlackMessage::Compact => Message::Compact,
                rest::SlackMessage::Plan => Message::Plan,
            },
            thread: match style.thread {
                rest::SlackThread::OnFailure => Thread::OnFailure,
                rest::SlackThread::Always => Thread::Always,
                rest::SlackThread::Off => Thread::Off,
            },
            log_lines: style.log_lines,
            mention: style.mention,
            quiet_hours: style.quiet_hours.map(|rest::QuietHours { from, to, timezone }| QuietHours {
                from,
                to,
                timezone,
            }),
            digest: style.digest.map(|rest::validate::Cron { cron, timezone }| Digest { cron, timezone }),
        }
    }
}
