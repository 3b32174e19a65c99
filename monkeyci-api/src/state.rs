//! What handlers share.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use monkeyci_core::blob::{Artifacts, Kept};
use monkeyci_core::engine::Engine;
use monkeyci_core::lease::Leases;
use monkeyci_core::log::LogStore;
use monkeyci_core::model::Millis;
use monkeyci_core::store::{Feed, Tables};
use tokio::sync::{Notify, watch};

use crate::config::{Events, Retention};
use crate::federation::Issuers;
use crate::hooks::Hooks;
use crate::issuer::Issuer;
use crate::launch::Launcher;
use crate::mail::Mailer;
use crate::metrics::Metrics;
use crate::shell::Shells;
use crate::sign_in::Providers;
use crate::terraform::Packages;
use crate::throttle::Throttle;
use crate::trace::Collector;
use crate::vault::Vault;

/// What handlers share. Its clones are the same.
#[derive(Clone)]
pub struct State(Arc<Shared>);

/// What is shared.
pub struct Shared {
    /// Runs builds.
    pub engine: Engine,
    /// Facts and rows of builds.
    pub store: Arc<dyn Feed>,
    /// The tables of the API.
    pub tables: Tables,
    /// What jobs print.
    pub logs: LogStore,
    /// What they keep.
    pub artifacts: Artifacts,
    /// All that jobs keep, of which workers elsewhere see a portion.
    pub kept: Kept,
    /// The interface of workers elsewhere.
    pub leases: Arc<dyn Leases>,
    /// Wakes workers elsewhere that wait, once one was paused or removed.
    pub workers: Notify,
    /// Opens secrets.
    pub vault: Arc<Vault>,
    /// Signs the ID tokens of jobs.
    pub issuer: Arc<Issuer>,
    /// Those who sign ID tokens of programs elsewhere.
    pub issuers: Issuers,
    /// Makes builds of what was asked for.
    pub launcher: Launcher,
    /// The webhooks that delivered of late.
    pub hooks: Hooks,
    /// The position of the newest event of all builds.
    pub newest: watch::Receiver<u64>,
    /// Wakes who looks at deliveries.
    pub delivered: Notify,
    /// Wakes who looks at schedules.
    pub scheduled: Notify,
    /// What is counted.
    pub metrics: Metrics,
    /// Whether that is shown.
    pub shows_metrics: bool,
    /// Wakes who tells forges of builds, once what kept it from that may be mended.
    pub mended: Notify,
    /// Wakes who tells subscribers, once there is something to send again.
    pub noticed: Notify,
    /// What writes mails, where there is a mail server.
    pub mailer: Option<Mailer>,
    /// Packages of the Terraform provider.
    pub packages: Packages,
    /// Who takes traces of builds, where somebody does.
    pub collector: Option<Collector>,
    /// Where events are published.
    pub events: Events,
    /// Shells that are open.
    pub shells: Shells,
    /// How long things are kept.
    pub retention: Retention,
    /// Networks of proxies whose word for who asks is taken.
    pub proxies: Vec<ipnet::IpNet>,
    /// Has answers that last look again whether they may.
    pub rights: watch::Sender<()>,
    /// How often somebody may fail.
    pub throttle: Throttle,
    /// Where people sign in by.
    pub providers: Providers,
    /// How browsers and forges reach this server.
    pub url: String,
    /// How long the body of a request may take to come.
    pub body: Duration,
    /// The folder that everything is kept in.
    pub folder: PathBuf,
}

impl State {
    /// Shares these.
    #[must_use]
    pub fn new(shared: Shared) -> Self {
        Self(Arc::new(shared))
    }
}

impl std::ops::Deref for State {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

/// The time by the machine's clock.
#[must_use]
pub fn now() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Millis::try_from(since.as_millis()).unwrap_or(Millis::MAX)
}
