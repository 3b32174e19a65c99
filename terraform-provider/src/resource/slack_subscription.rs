//! `monkeyci_slack_subscription`.

mod style;

use std::collections::BTreeMap;

use monkeyci_client::rest;
use tfplugin::{Computed, Field, Set};

use crate::moment::{self, Moment, Occasion};
use crate::subscribed::subscribed;
use style::Style;

/// Has the Slack app tell a channel of builds of an organisation. Globs that begin with `!` leave out what they match. It is
/// imported by its path: `acme/subscription/shop`.
#[derive(Clone, Debug, Default, tfplugin::Object)]
pub struct SlackSubscription {
    /// The organisation that it belongs to; that of the provider when it is not set.
    #[attribute(optional, replaces, keeps, identity)]
    org: Computed<String>,
    /// Its name in the organisation.
    #[attribute(replaces, identity)]
    name: String,
    /// The id of the workspace: `T0123ABCD`.
    workspace: String,
    /// The channel, by its id, `C0123ABCD`, or by its name, `#builds`.
    channel: String,
    /// Globs of repositories, by name; all when it is not set.
    repos: Option<Vec<String>>,
    /// Labels that a repository has: all of one of these.
    label_filters: Option<Vec<BTreeMap<String, String>>>,
    /// Globs of branches and tags, by name or full ref, and of pull requests, as `pull/7`.
    refs: Option<Vec<String>>,
    /// Globs of the jobs that it is about.
    jobs: Option<Vec<String>>,
    /// Globs of who or what caused the build.
    actors: Option<Vec<String>>,
    /// What caused the build: some of `push`, `tag`, `pull-request`, `schedule`, `build` and `manual`; any when it is not set.
    events: Option<Set<Occasion>>,
    /// What is told: some of `failed`, `recovered`, `still-failing`, `succeeded`, `started`, `waiting`, `canceled` and
    /// `deployed`.
    #[attribute(default = moment::usual())]
    on: Set<Moment>,
    /// How it is told. What is not set in it, or all of it, has the defaults below.
    #[attribute(default = Field::to_value(&Style::default()))]
    style: Style,
    /// Whether nothing is told for now.
    #[attribute(default = false)]
    paused: bool,
    /// What it is called: `acme/subscription/shop`.
    #[attribute(keeps)]
    id: Computed<String>,
    /// Rises with each change.
    revision: Computed<u64>,
}

impl SlackSubscription {
    fn told(&self) -> rest::Recipient {
        let (workspace, channel) = (self.workspace.clone(), self.channel.clone());
        rest::Recipient::Slack { workspace, channel, style: self.style.clone().told() }
    }

    /// One that somebody has turned to another recipient is in no channel.
    fn heard(self, to: rest::Recipient) -> Self {
        let (workspace, channel, style) = match to {
            rest::Recipient::Slack { workspace, channel, style } => (workspace, channel, style),
            _ => Default::default(),
        };
        Self { workspace, channel, style: Style::of(style), ..self }
    }
}

subscribed!(SlackSubscription, "slack_subscription");
