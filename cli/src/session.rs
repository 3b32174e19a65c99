//! One invocation of a build: its engine, its worker, and where they keep their things.

use std::sync::Arc;
use std::time::Duration;

use monkeyci_core::blob::{Artifacts, Blobs, Caches};
use monkeyci_core::engine::Engine;
use monkeyci_core::executor::Executor;
use monkeyci_core::log::LogStore;
use monkeyci_core::secret::Secrets;
use monkeyci_core::worker::{Ports, Settings, Worker, sweep};
use tokio::task::JoinHandle;

use crate::error::{CliError, chain};
use crate::state::{Folders, Invocation, Repository};

/// How long the last workspaces may take to be removed; the next build removes what is left.
const TIDY: Duration = Duration::from_secs(30);

/// What runs while a build does.
pub struct Session {
    /// Owns the build.
    pub engine: Engine,
    /// Runs its jobs.
    pub worker: Worker,
    /// What they write.
    pub logs: LogStore,
    /// Where they run.
    pub executor: Arc<dyn Executor>,
    working: JoinHandle<()>,
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
    /// Opens what an invocation needs and lets its worker run.
    pub async fn open(
        folders: &Folders,
        invocation: &Invocation,
        limits: Limits,
        secrets: Secrets,
    ) -> Result<Self, CliError> {
        let ours = |error: &dyn std::error::Error| CliError::ours(chain(error));
        let record = &invocation.record;
        let executor = record.request.executor.open(&invocation.path("process"), &folders.cache.join("bin")).await?;
        let engine = Engine::local()
            .state(&invocation.folder)
            .instance(&record.instance)
            .jobs(limits.jobs)
            .without_worker()
            .secrets(secrets.clone())
            .keep(limits.keep)
            .open()
            .await
            .map_err(|error| ours(&error))?;
        let blobs = |folder| Blobs::on_disk(folder).map_err(|error| ours(&error));
        let mut settings = Settings::new("local", &record.instance, invocation.path("jobs"));
        settings.jobs = limits.jobs;
        settings.keep = limits.keep;
        let ports = Ports {
            leases: engine.leases(),
            executor: Arc::clone(&executor),
            artifacts: Artifacts::new(blobs(invocation.path("artifacts"))?),
            caches: Caches::new(blobs(folders.cache.join("caches"))?),
            secrets: Arc::new(secrets),
        };
        let worker = Worker::new(settings, ports);
        let running = worker.clone();
        let working = tokio::spawn(async move { running.run().await });
        Ok(Self { engine, worker, logs: LogStore::at(invocation.path("logs")), executor, working })
    }

    /// Ends the engine once the worker has removed what its last jobs left. Whether it did so in time.
    pub async fn close(self) -> bool {
        self.worker.drain();
        let tidied = tokio::time::timeout(TIDY, self.working).await;
        self.engine.close().await;
        tidied.is_ok()
    }
}

/// Removes what dead invocations left running, and tells what can be gone on with.
pub async fn clean(folders: &Folders, repository: &Repository) -> Result<Vec<String>, CliError> {
    let unreadable = |error: std::io::Error| CliError::ours(format!("state folder: {error}"));
    let mut notes = Vec::new();
    for mut left in repository.dead().map_err(unreadable)? {
        if !left.record.swept {
            let request = &left.record.request;
            let state = left.path("process");
            let (executors, answered) = request.executor.open_all(&state, &folders.cache.join("bin")).await;
            for executor in executors {
                let swept = sweep(&*executor, &left.record.instance, &left.path("jobs"), &[], &|_| false).await;
                swept.map_err(|error| CliError::ours(error.to_string()))?;
            }
            if answered {
                left.swept().map_err(unreadable)?;
            }
        }
        if !left.record.ended {
            let n = left.number;
            notes.push(format!("build {n} has not ended; to go on with it: monkeyci build --resume {n}"));
        }
    }
    repository.prune().map_err(unreadable)?;
    Ok(notes)
}
