//! `monkeyci_subscription`.

use std::collections::BTreeMap;

use monkeyci_client::rest;
use tfplugin::{Computed, Set};

use crate::declared::or_unset;
use crate::moment::{self, Moment, Occasion};
use crate::subscribed::subscribed;

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
    /// A server, by signed requests. `monkeyci subscription rotate` tells the secret that they are signed with.
    webhook: Option<Webhook>,
    /// People, by mail.
    mail: Option<Mail>,
    /// A place in a chat, which an integration looks after.
    chat: Option<Chat>,
}

/// A server that is told.
#[derive(Clone, Debug, tfplugin::Object)]
pub struct Webhook {
    /// Where it is sent.
    url: String,
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
            rest::Recipient::Webhook { url } => Self { webhook: Some(Webhook { url }), ..Self::default() },
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

impl Subscription {
    fn told(&self) -> rest::Recipient {
        self.to.told()
    }

    fn heard(self, to: rest::Recipient) -> Self {
        Self { to: self.to.filled(to), ..self }
    }
}

subscribed!(Subscription, "subscription");
