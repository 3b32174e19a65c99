//! `monkeyci_subscription`.

use std::collections::BTreeMap;

use monkeyci_client::{Object, rest};
use rest::validate::Kind;
use tfplugin::{Computed, Object as _, Result, Secret, Set};

use crate::address;
use crate::declared::{Declared, declared, or_unset};
use crate::moment::{self, Moment, Occasion};
use crate::refusal;
use crate::secret;
use crate::server::Server;

/// Tells somebody of builds of an organisation: a server by signed requests, people by mail, or a place in a chat. Globs
/// that begin with `!` leave out what they match. It is imported by its path: `acme/subscription/deploys`.
#[derive(Clone, Debug, Default, tfplugin::Object)]
pub struct Subscription {
    /// The organisation that it belongs to; that of the provider when it is not set.
    #[attribute(optional, replaces, keeps, identity)]
    org: Computed<String>,
    /// Its name in the organisation.
    #[attribute(replaces, identity)]
    name: String,
    /// Who is told.
    to: Recipient,
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
    /// Whether nothing is told for now.
    #[attribute(default = false)]
    paused: bool,
    /// What it is called: `acme/subscription/deploys`.
    #[attribute(keeps)]
    id: Computed<String>,
    /// Rises with each change.
    revision: Computed<u64>,
}

/// Who is told.
#[derive(Clone, Debug, Default, tfplugin::Object)]
#[object(exactly_one_of(["webhook", "mail", "chat"]))]
pub struct Recipient {
    /// A server, by signed requests.
    webhook: Option<Webhook>,
    /// People, by mail.
    mail: Option<Mail>,
    /// A place in a chat, which an integration looks after.
    chat: Option<Chat>,
}

/// A server that is told.
#[derive(Clone, Debug, tfplugin::Object)]
#[object(requires("secret_wo", "secret_wo_version"))]
pub struct Webhook {
    /// Where it is sent.
    url: String,
    /// The secret that it is signed with, as Standard Webhooks writes one: `whsec_` and the base64 of 24 to 64 bytes, such as
    /// `"whsec_${base64encode(ephemeral.monkeyci_secret.hook.value)}"`. The server draws one that nobody is told when it is
    /// not set; `monkeyci subscription rotate` tells another.
    #[attribute(write_only)]
    secret_wo: Option<Secret>,
    /// Count it up to have `secret_wo` written. For a day the former secret signs as well.
    secret_wo_version: Option<i64>,
}

/// People who are told by mail.
#[derive(Clone, Debug, tfplugin::Object)]
pub struct Mail {
    /// Addresses.
    to: Option<Vec<String>>,
    /// Whether the author of the commit is written to; never that of a fork.
    #[attribute(default = false)]
    author: bool,
    /// Whether whoever caused the build is written to.
    #[attribute(default = false)]
    actor: bool,
}

/// A place in a chat.
#[derive(Clone, Debug, tfplugin::Object)]
pub struct Chat {
    /// The integration, as `slack`.
    integration: String,
    /// The place, in the integration's words.
    place: String,
}

impl Recipient {
    fn told(&self) -> rest::Recipient {
        match (self.webhook.clone(), self.mail.clone(), self.chat.clone()) {
            (Some(webhook), ..) => rest::Recipient::Webhook { url: webhook.url },
            (_, _, Some(chat)) => rest::Recipient::Chat { integration: chat.integration, place: chat.place },
            (_, mail, _) => {
                let mail = mail.unwrap_or(Mail { to: None, author: false, actor: false });
                rest::Recipient::Mail { to: mail.to.unwrap_or_default(), author: mail.author, actor: mail.actor }
            }
        }
    }

    fn filled(self, answer: rest::Recipient) -> Self {
        match answer {
            rest::Recipient::Webhook { url } => {
                let secret_wo_version = self.webhook.and_then(|webhook| webhook.secret_wo_version);
                Self { webhook: Some(Webhook { url, secret_wo: None, secret_wo_version }), ..Self::default() }
            }
            rest::Recipient::Chat { integration, place } => {
                Self { chat: Some(Chat { integration, place }), ..Self::default() }
            }
            // That is told by `monkeyci_slack_subscription`.
            rest::Recipient::Slack { .. } => Self::default(),
            rest::Recipient::Mail { to, author, actor } => {
                let to = or_unset(self.mail.and_then(|mail| mail.to), to);
                Self { mail: Some(Mail { to, author, actor }), ..Self::default() }
            }
        }
    }
}

impl Declared for Subscription {
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
        Ok(rest::SubscriptionBody {
            to: self.to.told(),
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

    async fn tell(
        &self,
        prior: Option<&Self>,
        answer: rest::Subscription,
        server: &Server,
    ) -> Result<rest::Subscription> {
        let version = |own: &Self| own.to.webhook.as_ref()?.secret_wo_version;
        let is_new = version(self).is_some() && prior.and_then(version) != version(self);
        let Some(webhook) = self.to.webhook.as_ref().filter(|_| is_new) else { return Ok(answer) };
        let secret = webhook.secret_wo.as_ref().ok_or_else(|| secret::missing("to"))?;
        let org = server.fill_org(&mut self.org.clone())?;
        let told = server.org(&org).subscription(&self.name).rotate_to(secret.expose()).await;
        let place = |pointer: &str| pointer.replace("/secret", "/to/webhook/secret_wo");
        told.map_err(|error| refusal::refused(Self::NOUN, &Self::schema(), place, &error))
    }

    fn other(answer: &rest::Subscription) -> Option<&'static str> {
        matches!(answer.body.to, rest::Recipient::Slack { .. }).then_some("monkeyci_slack_subscription")
    }

    fn filled(self, answer: rest::Subscription) -> Self {
        let body = answer.body;
        Self {
            to: self.to.filled(body.to),
            repos: or_unset(self.repos, body.repos),
            label_filters: or_unset(self.label_filters, body.label_filters.0),
            refs: or_unset(self.refs, body.refs),
            jobs: or_unset(self.jobs, body.jobs),
            actors: or_unset(self.actors, body.actors),
            events: moment::told_occasions(self.events, &body.events),
            on: moment::told_moments(&body.on),
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
}

declared!(Subscription, "subscription");
