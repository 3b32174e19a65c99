//! One invocation of a build: its engine, and where it keeps its things.

use std::sync::Arc;
use std::time::Duration;

use monkeyci_core::engine::Engine;
use monkeyci_core::executor::{Executor, Process};
use monkeyci_core::log::LogStore;
use monkeyci_core::model::OrgId;
use monkeyci_core::secret::Secrets;
use monkeyci_core::store::{Sequence, Sqlite, Store, StoreError};
use monkeyci_core::worker::{Debug, sweep};

use crate::error::{CliError, chain};
use crate::login::Logins;
use crate::request::ORG;
use crate::state::{Folders, Invocation, Repository, unusable};

/// How long the last workspaces may take to be removed; the next build removes what is left.
const TIDY: Duration = Duration::from_secs(30);

/// What runs while a build does.
pub struct Session {
    /// Owns the build, and runs its jobs.
    pub engine: Engine,
    /// What they write.
    pub logs: LogStore,
    /// Where they run.
    pub executor: Arc<dyn Executor>,
    /// Events that the build had when this was opened: those of the processes before.
    pub known: u64,
}

/// How many jobs may run at once, and whether their workspaces stay.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Jobs at once.
    pub jobs: usize,
    /// Whether workspaces and the checkout stay.
    pub keep: bool,
}

impl Session {
    /// Opens what an invocation needs. A job may be opened for a person.
    pub async fn open(
        folders: &Folders,
        invocation: &Invocation,
        limits: Limits,
        secrets: Secrets,
        logins: Logins,
        debug: Option<Debug>,
    ) -> Result<Self, CliError> {
        let ours = |error: &dyn std::error::Error| CliError::ours(chain(error));
        let record = &invocation.record;
        let executor =
            record.request.executor.open(&invocation.path("process"), &folders.cache.join("bin"), None).await?;
        let store = Sqlite::open(invocation.path("builds.db")).map_err(|error| ours(&error))?;
        let known = number(&store, invocation).await.map_err(|error| ours(&error))?;
        let mut engine = Engine::local()
            .state(&invocation.folder)
            .store(store)
            .instance(&record.instance)
            .jobs(limits.jobs)
            .executor(Arc::clone(&executor))
            .caches(folders.cache.join("caches"))
            // A script runs on this machine wherever its jobs do, and even when they only would.
            .script_executor(Process::new(invocation.path("process")).programs(folders.cache.join("bin")))
            .scripts(folders.cache.join("scripts"))
            .secrets(secrets)
            .registries(logins.registries())
            .keep(limits.keep);
        if let Some(debug) = debug {
            engine = engine.debug(debug);
        }
        let engine = engine.open().await.map_err(|error| ours(&error))?;
        Ok(Self { engine, logs: LogStore::at(invocation.path("logs")), executor, known })
    }

    /// Ends the engine once the worker has removed what its last jobs left. Whether it did so in time.
    pub async fn close(self) -> bool {
        tokio::time::timeout(TIDY, self.engine.close()).await.is_ok()
    }
}

/// Gives the build the number of its invocation, by which people call it, though each invocation has a database of its
/// own. One that is taken up has its number already, and so many events as this returns.
async fn number(store: &Sqlite, invocation: &Invocation) -> Result<u64, StoreError> {
    if let Some(build) = store.builds(1).await?.first() {
        return Ok(build.events);
    }
    if invocation.number > 1 {
        let org = OrgId::new(ORG).expect("a valid id");
        let builds = Sequence::Build(org, invocation.record.request.repo());
        store.reserve(builds, invocation.number - 1).await?;
    }
    Ok(0)
}

/// Removes what dead invocations left running, and tells what can be gone on with.
pub async fn clean(folders: &Folders, repository: &Repository) -> Result<Vec<String>, CliError> {
    let unreadable = |error: std::io::Error| unusable(&error);
    let (mut notes, mut open) = (Vec::new(), Vec::new());
    for mut left in repository.dead().map_err(unreadable)? {
        notes.extend(sweep_up(folders, &mut left).await?);
        if !left.record.ended {
            open.push(left.number);
        }
    }
    notes.extend(unfinished(&open));
    repository.prune().map_err(unreadable)?;
    Ok(notes)
}

/// Removes what the process of an invocation left when it died, and tells what could not be removed.
pub async fn sweep_up(folders: &Folders, left: &mut Invocation) -> Result<Vec<String>, CliError> {
    let mut notes = Vec::new();
    if left.record.swept {
        return Ok(notes);
    }
    let state = left.path("process");
    let (executors, mut answered) = left.record.request.executor.open_all(&state, &folders.cache.join("bin")).await;
    for executor in executors {
        let swept = sweep(&*executor, &left.record.instance, &left.path("jobs"), &|_| false).await;
        if let Err(error) = swept {
            notes.push(format!("what build {} left could not be removed: {error}", left.number));
            answered = false;
        }
    }
    // Its script's program ended with it; the question may hold secrets.
    match std::fs::remove_dir_all(left.path("script-runs")) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            notes.push(format!("what the script of build {} left could not be removed: {error}", left.number));
            answered = false;
        }
        _ => {}
    }
    if answered {
        left.swept().map_err(|error| unusable(&error))?;
    }
    Ok(notes)
}

/// How to go on with builds that have not ended, oldest first.
pub fn unfinished(builds: &[u64]) -> Option<String> {
    let (last, others) = builds.split_last()?;
    let go_on = format!("monkeyci build --resume {last}");
    Some(if others.is_empty() {
        format!("build {last} has not ended; to go on with it: {go_on}")
    } else {
        let others: Vec<_> = others.iter().map(u64::to_string).collect();
        format!("builds {} and {last} have not ended; to go on with the last: {go_on}", others.join(", "))
    })
}
