//! How a worker is set up.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use monkeyci_model::job::limits;
use tokio_util::task::TaskTracker;

use super::debug::Debug;
use super::registries::Registries;
use crate::blob::{Artifacts, Caches};
use crate::executor::{Executor, RegistryAuth};
use crate::lease::{Lease, Leases, Offer};
use crate::program::Programs;
use crate::secret::{Keeper, Secrets};

/// How a worker behaves.
#[derive(Clone)]
pub struct Settings {
    /// Its name, in events and for people.
    pub name: String,
    /// The label of the MonkeyCI installation. No other worker on this machine may have it: what carries it and is not
    /// this worker's is removed.
    pub instance: String,
    /// Where attempts have their folders while they run. On the file system of the checkouts, copies are cheapest.
    pub folder: PathBuf,
    /// Jobs that run at the same time, at most.
    pub jobs: usize,
    /// What it can run.
    pub offer: Offer,
    /// Whether a job's workspace is kept when it is over. Nothing else of it is: the rest may hold secrets.
    pub keep: bool,
    /// Bytes of log that one attempt may write.
    pub log_limit: u64,
    /// How long a job goes on when this worker says nothing.
    pub lease: Duration,
    /// From asking a job to end to killing it.
    pub grace: Duration,
    /// How long an executor may take beyond what its job may, before it is given up.
    pub slack: Duration,
    /// Credentials of private registries.
    pub registries: Registries,
    /// The job that is opened for a person, if one is.
    pub debug: Option<Debug>,
    /// What is being made on disk for jobs, which goes on when they are left.
    pub(super) making: TaskTracker,
}

impl Settings {
    /// A worker with a name, an instance label and a folder, and the limits of [`monkeyci_model::job::limits`]; as many
    /// jobs at once as the machine has cores.
    #[must_use]
    pub fn new(name: impl Into<String>, instance: impl Into<String>, folder: impl Into<PathBuf>) -> Self {
        Self {
            name: name.into(),
            instance: instance.into(),
            folder: folder.into(),
            jobs: std::thread::available_parallelism().map_or(1, usize::from),
            offer: Offer::default(),
            keep: false,
            log_limit: limits::LOG_BYTES,
            lease: Duration::from_secs(600),
            grace: Duration::from_millis(limits::GRACE_MS),
            slack: Duration::from_secs(30),
            registries: Registries::default(),
            debug: None,
            making: TaskTracker::new(),
        }
    }
}

/// What a worker works with.
#[derive(Clone)]
pub struct Ports {
    /// Where its jobs come from, and its results go to.
    pub leases: Arc<dyn Leases>,
    /// Where its jobs run.
    pub executor: Arc<dyn Executor>,
    /// Artifacts of builds.
    pub artifacts: Artifacts,
    /// Caches of repositories.
    pub caches: Caches,
    /// What references to secrets stand for.
    pub secrets: Arc<Secrets>,
    /// Who the jobs are at private registries, before what the worker itself is there.
    pub registries: Vec<RegistryAuth>,
    /// Who is asked for each job what they stand for, in place of these.
    pub keeper: Option<Arc<dyn Keeper>>,
    /// What actions run: the programs of scripts. Without it a job finds none.
    pub programs: Option<Programs>,
    /// Who is asked for each job what it needs, in place of all of these, where that is on another machine.
    pub supplies: Option<Arc<dyn Supplies>>,
}

/// What the job of one lease needs.
pub struct Supply {
    /// Artifacts of its build.
    pub artifacts: Artifacts,
    /// Caches of its repository.
    pub caches: Caches,
    /// The secrets that it may know.
    pub secrets: Arc<Secrets>,
    /// Who it is at private registries.
    pub registries: Vec<RegistryAuth>,
    /// The program of its script, where it has a part in the job.
    pub programs: Option<Programs>,
}

/// Port: where what a job needs is had from, when that is not on this machine.
#[async_trait]
pub trait Supplies: Send + Sync {
    /// What the job needs. Its checkout is there once this returns.
    ///
    /// # Errors
    /// Why it cannot be had, for people; never a secret.
    async fn of(&self, lease: &Lease) -> Result<Supply, String>;
}

impl Ports {
    /// The same with the secrets of one job's build.
    pub(super) async fn knowing(&self, lease: &Lease) -> Result<Self, String> {
        let mut known = self.clone();
        if let Some(supplies) = &self.supplies {
            let Supply { artifacts, caches, secrets, registries, programs } = supplies.of(lease).await?;
            let programs = programs.map(|it| it.knowing(Arc::clone(&secrets)).known_at(registries.clone()));
            return Ok(Self { artifacts, caches, secrets, registries, programs, ..known });
        }
        if let Some(keeper) = &self.keeper {
            known.secrets = keeper.of_job(&lease.attempt, &lease.trigger, &lease.job).await?;
            known.registries = keeper.registries(&lease.attempt.build, &lease.trigger).await?;
            let programs = known.programs.take();
            known.programs =
                programs.map(|it| it.knowing(Arc::clone(&known.secrets)).known_at(known.registries.clone()));
        }
        Ok(known)
    }
}
