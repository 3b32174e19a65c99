//! Who is told of what happens in builds.

use std::collections::BTreeSet;

use monkeyci_model::Millis;
use serde::{Deserialize, Serialize};

use crate::{LabelFilters, SlackStyle};

/// A subscription: tells somebody of builds of an organisation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Subscription {
    /// Its name in the organisation.
    pub name: String,
    /// What was said of it.
    #[serde(flatten)]
    pub body: SubscriptionBody,
    /// Whether what is sent is signed with the former secret of a webhook as well, for a day after it got another.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub rotating: bool,
    /// The secret that a webhook is signed with, `whsec_…`. It is told once: as it is made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    /// When it was made.
    pub created: Millis,
    /// When it was last changed.
    pub updated: Millis,
    /// Rises with each change; the `ETag` of the object.
    pub revision: u64,
}

/// What may be said of a subscription. Globs that begin with `!` leave out what they match; a list without others takes
/// all the rest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SubscriptionBody {
    /// Who is told.
    pub to: Recipient,
    /// Globs of repositories, by id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub repos: Vec<String>,
    /// Labels that a repository has; of all repositories when there are none.
    #[serde(default, skip_serializing_if = "LabelFilters::is_empty")]
    pub label_filters: LabelFilters,
    /// Globs of branches and tags, by name or full ref, and of pull requests, as `pull/7`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refs: Vec<String>,
    /// Globs of the jobs that it is about: those that did not end well of a build that failed, the one that waits, else
    /// any of the build.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub jobs: Vec<String>,
    /// Globs of who or what caused the build.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub actors: Vec<String>,
    /// What caused the build; anything when there is none.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub events: BTreeSet<Occasion>,
    /// What is told.
    #[serde(default = "worth_telling")]
    pub on: BTreeSet<Moment>,
    /// Whether nothing is told for now.
    #[serde(default)]
    pub paused: bool,
}

/// Who is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum Recipient {
    /// A server, by a signed request for each [`Notice`](crate::notice::Told).
    Webhook {
        /// Where it is sent.
        url: String,
    },
    /// People, by e-mail. Those who are not named are written to at the address that their provider has verified, and only
    /// where they belong to the organisation.
    Mail {
        /// Addresses.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        to: Vec<String>,
        /// Whether the author of the commit is written to; never that of a fork.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        author: bool,
        /// Whether whoever caused the build is written to.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        actor: bool,
    },
    /// A place in a chat, which an integration looks after: it asks which subscriptions match.
    Chat {
        /// The integration, as `slack`.
        integration: String,
        /// The place, in the integration's words.
        place: String,
    },
    /// A channel of Slack, which the Slack app looks after: it asks which subscriptions match, and says it there.
    Slack {
        /// The workspace, by its id: `T0123ABCD`.
        workspace: String,
        /// The channel, by its id, `C0123ABCD`, or by its name, `#builds`.
        channel: String,
        /// How it is told.
        #[serde(default, skip_serializing_if = "SlackStyle::is_usual")]
        style: SlackStyle,
    },
}

impl Recipient {
    /// Whether it is told by an integration, and not by the server itself.
    #[must_use]
    pub fn is_elsewhere(&self) -> bool {
        matches!(self, Self::Chat { .. } | Self::Slack { .. })
    }
}

/// What causes a build.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Occasion {
    /// A new commit of a branch.
    Push,
    /// A tag.
    Tag,
    /// A pull or merge request.
    PullRequest,
    /// A schedule.
    Schedule,
    /// Another build that ended.
    Build,
    /// A person, or a program, that asked for it.
    Manual,
}

impl Occasion {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Push, Self::Tag, Self::PullRequest, Self::Schedule, Self::Build, Self::Manual];

    /// The word on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Push => "push",
            Self::Tag => "tag",
            Self::PullRequest => "pull-request",
            Self::Schedule => "schedule",
            Self::Build => "build",
            Self::Manual => "manual",
        }
    }
}

/// What happens to a build that somebody may want to hear of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Moment {
    /// It failed or broke, and the build of the same ref before it did not.
    Failed,
    /// It succeeded, and the build of the same ref before it did not.
    Recovered,
    /// It failed or broke, as the build of the same ref before it did.
    StillFailing,
    /// It succeeded.
    Succeeded,
    /// Its script is loaded and its jobs begin.
    Started,
    /// A job of it waits for a person.
    Waiting,
    /// It was canceled.
    Canceled,
    /// A job of it that works on an environment ended well there.
    Deployed,
}

impl Moment {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Failed,
        Self::Recovered,
        Self::StillFailing,
        Self::Succeeded,
        Self::Started,
        Self::Waiting,
        Self::Canceled,
        Self::Deployed,
    ];

    /// What is worth telling, where nothing is said.
    pub const USUAL: [Self; 3] = [Self::Failed, Self::Recovered, Self::Waiting];

    /// The word on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Recovered => "recovered",
            Self::StillFailing => "still-failing",
            Self::Succeeded => "succeeded",
            Self::Started => "started",
            Self::Waiting => "waiting",
            Self::Canceled => "canceled",
            Self::Deployed => "deployed",
        }
    }
}

/// Whether a subscription matches an event of a build, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Match {
    /// The subscription's name.
    pub subscription: String,
    /// Where it is a place in a chat: that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Recipient>,
    /// What it is told; nothing when it does not match.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<Moment>,
    /// For people: why it matches, or why not.
    pub why: String,
}

fn worth_telling() -> BTreeSet<Moment> {
    Moment::USUAL.into()
}
