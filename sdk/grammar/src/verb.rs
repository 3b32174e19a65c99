//! The commands there are.

use std::fmt;

/// A command without what follows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "each says what it does, below")]
pub enum Verb {
    Run,
    Status,
    List,
    Logs,
    Cancel,
    Retry,
    Approve,
    Reject,
    Subscribe,
    Unsubscribe,
    Subscriptions,
    Mute,
    Unmute,
    Params,
    Link,
    Unlink,
    Whoami,
    Artifacts,
    Why,
    Settings,
    Help,
}

impl Verb {
    /// All of them, in the order in which they are explained.
    pub const ALL: [Self; 21] = [
        Self::Run,
        Self::Status,
        Self::List,
        Self::Logs,
        Self::Cancel,
        Self::Retry,
        Self::Approve,
        Self::Reject,
        Self::Artifacts,
        Self::Subscribe,
        Self::Unsubscribe,
        Self::Subscriptions,
        Self::Why,
        Self::Mute,
        Self::Unmute,
        Self::Settings,
        Self::Params,
        Self::Link,
        Self::Unlink,
        Self::Whoami,
        Self::Help,
    ];

    /// The word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Run => "run",
            Self::Status => "status",
            Self::List => "list",
            Self::Logs => "logs",
            Self::Cancel => "cancel",
            Self::Retry => "retry",
            Self::Approve => "approve",
            Self::Reject => "reject",
            Self::Subscribe => "subscribe",
            Self::Unsubscribe => "unsubscribe",
            Self::Subscriptions => "subscriptions",
            Self::Mute => "mute",
            Self::Unmute => "unmute",
            Self::Params => "params",
            Self::Link => "link",
            Self::Unlink => "unlink",
            Self::Whoami => "whoami",
            Self::Artifacts => "artifacts",
            Self::Why => "why",
            Self::Settings => "settings",
            Self::Help => "help",
        }
    }

    /// What may follow it.
    #[must_use]
    pub fn usage(self) -> &'static str {
        match self {
            Self::Run => "[repo] [@branch|@tag|@commit] [KEY=value…] [--wait] [--public]",
            Self::Status => "[repo|build] [--public]",
            Self::List => "[repo] [failed|running|mine|branch:NAME|since:24h] [limit:N] [--public]",
            Self::Logs => "[build] [job] [tail:50|grep:TEXT|from:10 to:40] [--public]",
            Self::Cancel => "[build|branch:NAME]",
            Self::Retry => "[build] [failed|all]",
            Self::Approve => "[build] [job]",
            Self::Reject => "[build] [job] reason…",
            Self::Subscribe => {
                "repo|label:KEY=VALUE [on:failed,recovered,waiting] [branch:GLOB] [job:GLOB] [event:push,tag,pr,schedule] [by:WHO|-by:WHO]"
            }
            Self::Unsubscribe => "repo|label:KEY=VALUE|all",
            Self::Subscriptions | Self::Link | Self::Unlink | Self::Whoami => "",
            Self::Mute => "30m|2h|1d|until:17:00 [repo|branch:GLOB|by:WHO]",
            Self::Unmute => "[repo|branch:GLOB|by:WHO]",
            Self::Params => "list|set NAME [value]|unset NAME [scope:repo|org|NAME]",
            Self::Artifacts | Self::Why => "[build]",
            Self::Settings => {
                "[style:compact|plan] [thread:on_failure|always|off] [mention:author|none] [quiet:22:00-07:00|off] [digest:09:00|off] [report:mon-09:00|off] [lines:20] [zone:Europe/Berlin] [repo:NAME] [direct:on|off]"
            }
            Self::Help => "[command]",
        }
    }

    /// What it does, in a few words.
    #[must_use]
    pub fn purpose(self) -> &'static str {
        match self {
            Self::Run => "begin a build",
            Self::Status => "how a repository or a build stands",
            Self::List => "the newest builds",
            Self::Logs => "what a job printed",
            Self::Cancel => "stop a build, or all of a branch",
            Self::Retry => "do a build again",
            Self::Approve => "let a job go on that waits",
            Self::Reject => "have a job canceled that waits",
            Self::Subscribe => "tell this channel of builds",
            Self::Unsubscribe => "tell it no more",
            Self::Subscriptions => "what this channel is told",
            Self::Mute => "tell it nothing for a while",
            Self::Unmute => "tell it again",
            Self::Params => "what builds are given",
            Self::Link => "say who you are at MonkeyCI",
            Self::Unlink => "be nobody there again",
            Self::Whoami => "who you are there, and what you may do",
            Self::Artifacts => "what a build has saved",
            Self::Why => "why this channel is told of a build",
            Self::Settings => "how this channel is told",
            Self::Help => "this, or more of one command",
        }
    }

    /// Words that are understood as well.
    pub(crate) fn others(self) -> &'static [&'static str] {
        match self {
            Self::Run => &["start", "build", "trigger"],
            Self::List => &["builds", "ls"],
            Self::Logs => &["log"],
            Self::Cancel => &["stop", "abort"],
            Self::Retry => &["rerun"],
            Self::Params => &["param"],
            Self::Link => &["login", "signin"],
            Self::Unlink => &["logout", "signout"],
            _ => &[],
        }
    }

    /// The command of that word.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        let word = word.to_lowercase();
        Self::ALL.into_iter().find(|verb| verb.as_str() == word || verb.others().contains(&word.as_str()))
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
