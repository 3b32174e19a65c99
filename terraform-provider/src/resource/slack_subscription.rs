//! `monkeyci_slack_subscription`.

mod style;

use std::collections::BTreeMap;

use monkeyci_client::{Object, rest};
use rest::validate::Kind;
use tfplugin::{Computed, Field, Result, Set};

use crate::address;
use crate::declared::{Declared, declared, or_unset};
use crate::moment::{self, Moment, Occasion};
use crate::server::Server;
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

impl Declared for SlackSubscription {
    type Answer = rest::Subscription;
    type Body = rest::SubscriptionBody;
    const NOUN: &'static str = "subscription";
    const KIND: Kind = Kind::Subscription;
    const ADDRESS: &'static str = "{org}/subscription/{name}";

    fn place(&mut self, server: &Server) -> Result<()> {
        self.id = format!("{}/subscription/{}", server.fill_org(&mut self.org)?, self.name).into();
        Ok(())
    }

    fn at(&self, server: &Server) -> Result<Object<rest::Subscription, rest::SubscriptionBody>> {
        let org = server.fill_org(&mut self.org.clone())?;
        Ok((*server.org(&org).subscription(&self.name)).clone())
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn body(&self, _: Option<&Self>) -> Result<rest::SubscriptionBody> {
        let (workspace, channel) = (self.workspace.clone(), self.channel.clone());
        Ok(rest::SubscriptionBody {
            to: rest::Recipient::Slack { workspace, channel, style: self.style.clone().told() },
            repos: self.repos.clone().unwrap_or_default(),
            label_filters: rest::LabelFilters(self.label_filters.clone().unwrap_or_default()),
            refs: self.refs.clone().unwrap_or_default(),
            jobs: self.jobs.clone().unwrap_or_default(),
            actors: self.actors.clone().unwrap_or_default(),
            events: moment::occasions(self.events.as_ref()),
            on: moment::moments(&self.on),
            paused: self.paused,
        })
    }

    fn other(answer: &rest::Subscription) -> Option<&'static str> {
        (!matches!(answer.body.to, rest::Recipient::Slack { .. })).then_some("monkeyci_subscription")
    }

    /// One that somebody has turned to another recipient is in no channel.
    fn filled(self, answer: rest::Subscription) -> Self {
        let body = answer.body;
        let (workspace, channel, style) = match body.to {
            rest::Recipient::Slack { workspace, channel, style } => (workspace, channel, style),
            _ => Default::default(),
        };
        Self {
            workspace,
            channel,
            repos: or_unset(self.repos, body.repos),
            label_filters: or_unset(self.label_filters, body.label_filters.0),
            refs: or_unset(self.refs, body.refs),
            jobs: or_unset(self.jobs, body.jobs),
            actors: or_unset(self.actors, body.actors),
            events: moment::told_occasions(self.events, &body.events),
            on: moment::told_moments(&body.on),
            style: Style::of(style),
            paused: body.paused,
            revision: answer.revision.into(),
            ..self
        }
    }

    fn exported(&self, export: &rest::Export) -> Option<Option<rest::Subscription>> {
        Some(export.subscriptions.iter().find(|found| found.name == self.name).cloned())
    }

    fn of_address(address: &str) -> Result<Self> {
        let [org, name] = address::imported("ORG/subscription/NAME", address)?;
        Ok(Self { org: org.into(), name: name.to_owned(), ..Self::default() })
    }

    fn revision(&self) -> Option<u64> {
        self.revision.known().copied()
    }

    fn attribute(&self, pointer: &str) -> String {
        pointer.strip_prefix("/to/slack").unwrap_or(pointer).to_owned()
    }
}

declared!(SlackSubscription, "slack_subscription");
