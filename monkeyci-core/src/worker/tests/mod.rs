//! Stories of a worker, told to an engine that is strict.

mod api;
mod double;
mod ends;
mod files;
mod logs;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use monkeyci_model::JobResult;
use tokio::task::JoinHandle;

use super::{Ports, Settings, Worker};
use crate::blob::{Artifacts, Blobs, Caches};
use crate::executor::Executor;
use crate::lease::Lease;
use double::Engine;

/// A worker with its engine, in a folder of their own.
struct House {
    engine: Arc<Engine>,
    settings: Settings,
    ports: Ports,
    home: tempfile::TempDir,
}

impl House {
    fn new(executor: Arc<dyn Executor>) -> Self {
        let home = tempfile::tempdir().expect("a folder");
        let engine = Engine::new(&home.path().join("logs"));
        std::fs::create_dir(home.path().join("checkout")).expect("a folder");
        std::fs::write(home.path().join("checkout/file"), "as it was\n").expect("a file");
        let settings = Settings::new("worker-1", "test", home.path().join("jobs"));
        let blobs = Blobs::on_disk(home.path().join("blobs")).expect("a store");
        let ports = Ports {
            leases: engine.clone(),
            executor,
            artifacts: Artifacts::new(blobs.clone()),
            caches: Caches::new(blobs),
            secrets: Arc::default(),
            registries: Vec::new(),
            keeper: None,
            programs: None,
            supplies: None,
        };
        Self { engine, settings, ports, home }
    }

    fn checkout(&self) -> PathBuf {
        self.home.path().join("checkout")
    }

    fn lease(&self, fence: u64, line: &str) -> Lease {
        double::lease(fence, line, self.checkout())
    }

    fn worker(&self) -> Worker {
        Worker::new(self.settings.clone(), self.ports.clone())
    }

    /// Starts a worker that serves until it is drained.
    fn start(&self) -> (Worker, JoinHandle<()>) {
        let worker = self.worker();
        let runs = worker.clone();
        (worker, tokio::spawn(async move { runs.run().await }))
    }

    /// Runs one attempt by a worker of its own, to the end of both.
    async fn run(&self, lease: Lease) -> JobResult {
        let fence = lease.attempt.fence;
        self.engine.give(lease);
        let (worker, running) = self.start();
        let result = self.engine.result(fence).await;
        worker.drain();
        running.await.expect("the worker ends");
        assert!(self.left().is_empty(), "left behind: {:?}", self.left());
        let file = std::fs::read_to_string(self.checkout().join("file"));
        assert_eq!(file.unwrap_or_default().as_str(), "as it was\n", "the checkout was written");
        result
    }

    /// What is in the folder of attempts.
    fn left(&self) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(&self.settings.folder) else { return Vec::new() };
        entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("text")).collect()
    }
}

/// Everything within a time after which it must have been a hang.
async fn soon<T>(done: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(60), done).await.expect("it hangs")
}
