//! MonkeyCI inside of this program: an engine on SQLite and its worker.

use std::path::Path;
use std::sync::Arc;

use monkeyci_core::blob::{Artifacts, Blobs, Caches};
use monkeyci_core::engine::{BuildRequest, Engine};
use monkeyci_core::executor::Executor;
use monkeyci_core::model::{BuildStatus, Job, JobId};
use monkeyci_core::secret::Secrets;
use monkeyci_core::worker::{Ports, Settings, Worker};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::measure::Outcome;

/// An engine on SQLite and its worker.
pub struct Embedded {
    engine: Engine,
    runtime: Runtime,
    state: TempDir,
}

impl Embedded {
    /// One whose jobs run here, and may write so many bytes of log each.
    pub fn open(runtime: Runtime, executor: Arc<dyn Executor>, log_limit: u64) -> Outcome<Self> {
        let state = tempfile::tempdir()?;
        let opens = Engine::local().state(state.path()).instance("bench").log_limit(log_limit).without_worker().open();
        let engine = runtime.block_on(opens)?;
        let mut settings = Settings::new("bench", "bench", state.path().join("jobs"));
        settings.log_limit = log_limit;
        let ports = Ports {
            leases: engine.leases(),
            executor,
            artifacts: Artifacts::new(Blobs::on_disk(state.path().join("artifacts"))?),
            caches: Caches::new(Blobs::on_disk(state.path().join("caches"))?),
            secrets: Arc::new(Secrets::new()),
            keeper: None,
            programs: None,
            supplies: None,
            registries: Vec::new(),
        };
        let worker = Worker::new(settings, ports);
        runtime.spawn(async move { worker.run().await });
        Ok(Self { engine, runtime, state })
    }

    /// The folder of everything that it keeps.
    pub fn state(&self) -> &Path {
        self.state.path()
    }

    /// Runs a build of these jobs to its good end.
    pub fn build(&self, jobs: Vec<Job>) -> Outcome {
        self.runtime.block_on(async {
            let mut build = self.engine.build(BuildRequest::jobs(jobs)).await?;
            match build.wait().await? {
                BuildStatus::Success => Ok(()),
                status => {
                    let told = self.engine.snapshot(build.id()).await?;
                    let told = told.jobs().iter().filter_map(|job| job.result()?.message.clone());
                    Err(format!("the build ended as {status}: {}", told.collect::<Vec<_>>().join("; ")).into())
                }
            }
        })
    }
}

/// A job of one line.
pub fn job(id: &str, line: &str) -> Job {
    Job { script: vec![line.into()], ..Job::new(JobId::new(id).expect("a valid id")) }
}
