//! The one loop that makes facts durable and acts on them.
//!
//! ```
//! use monkeyci_core::engine::{BuildRequest, Engine};
//! use monkeyci_core::model::{BuildStatus, EventKind, Job};
//!
//! # tokio::runtime::Runtime::new()?.block_on(async {
//! let engine = Engine::local().reporter(|event| println!("{}", event.kind.name())).open().await?;
//! let mut build = engine.build(BuildRequest::jobs(vec![Job { blocked: true, ..Job::new("deploy".parse()?) }])).await?;
//! while let Some(event) = build.next().await {
//!     if let EventKind::JobBlocked { job_id } = &event.kind {
//!         build.reject(job_id, Some("ann".into()), Some("not on a Friday")).await?;
//!     }
//! }
//! assert_eq!(build.wait().await?, BuildStatus::Canceled);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A single task owns every open build. It takes in what happened in batches, applies each to its build, writes all
//! that follows in one transaction, and only then tells anybody or acts. What acting finds comes back as the next call.
//!
//! Invariant: nothing outside the task changes a build, and nothing is told or done that is not durable. Whatever is
//! due after a restart therefore follows from the events alone.

mod actor;
mod broken;
mod builder;
mod call;
mod claims;
mod desk;
mod effect;
mod elsewhere;
mod error;
mod gate;
mod handle;
mod handover;
mod leases;
mod loading;
mod local_worker;
mod log_room;
mod open_build;
mod progress;
mod request;
mod restart;
mod roll;
mod shared;
mod takeover;
#[cfg(test)]
mod tests;
mod visit;

use std::sync::Arc;

use monkeyci_model::{BuildId, EventKind, JobId};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::{CancellationToken, DropGuard};

pub use actor::Actor;
pub use builder::Builder;
pub use error::EngineError;
pub use gate::Gate;
pub use handle::BuildHandle;
pub use local_worker::LOCAL;
pub use request::{BuildRequest, LoadError, Loaded};
pub use restart::Unfinished;
pub use visit::{NoVisit, Visiting};

use crate::build::Build;
use crate::lease::Leases;
use crate::store::Sequence;
use crate::worker::Worker;
use call::Call;
use leases::EngineLeases;
use shared::Shared;

/// Runs builds. Its clones are the same engine; it ends when the last of them and the last handle are dropped.
#[derive(Clone)]
pub struct Engine {
    shared: Arc<Shared>,
    calls: mpsc::Sender<Call>,
    stop: CancellationToken,
    ended: CancellationToken,
    workers: CancellationToken,
    workers_ended: CancellationToken,
    left: CancellationToken,
    worker: Option<Worker>,
    _stop_when_dropped: Arc<DropGuard>,
}

impl Engine {
    /// A preset that works on one's own machine: plain processes, a store in memory, and files in a folder that goes
    /// with the engine.
    #[must_use]
    pub fn local() -> Builder {
        Builder::default()
    }

    /// Begins a build, and returns once that is durable: from now on it comes to an end, whatever crashes.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn build(&self, request: impl Into<BuildRequest>) -> Result<BuildHandle, EngineError> {
        let request = request.into();
        let (org, repo) = (request.org.clone(), request.repo.clone());
        let store = &self.shared.store;
        let number = match &request.key {
            Some(key) => store.claim(key, &org, &repo).await?,
            None => store.reserve(Sequence::Build(org.clone(), repo.clone()), 1).await?,
        };
        let id = BuildId::new(org, repo, number);
        // Whoever claimed it may have died before it began.
        if request.key.is_none() || store.build(&id).await?.is_none() {
            self.ask(|reply| Call::Begin { build: id.clone(), request: Box::new(request), reply }).await??;
        }
        self.handle(&id).await
    }

    /// A build that was begun, open or ended; its events are told from the first on.
    ///
    /// # Errors
    /// When there is no such build.
    pub async fn handle(&self, build: &BuildId) -> Result<BuildHandle, EngineError> {
        let progress = match self.shared.progress.follow(build) {
            Some(progress) => progress,
            None => {
                let row = self.shared.store.build(build).await?;
                let row = row.ok_or_else(|| EngineError::UnknownBuild { build: build.clone() })?;
                progress::standing(&row)
            }
        };
        Ok(BuildHandle::new(self.clone(), build.clone(), progress))
    }

    /// The build that was begun last, open or ended, if there was one.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn last(&self) -> Result<Option<BuildHandle>, EngineError> {
        match self.shared.store.builds(1).await?.first() {
            Some(row) => self.handle(&row.build).await.map(Some),
            None => Ok(None),
        }
    }

    /// The folder of a build's checkout, which is there from when its source is fetched until it ends. Who goes on with a
    /// build on another machine fills it first.
    #[must_use]
    pub fn checkout(&self, build: &BuildId) -> std::path::PathBuf {
        self.shared.checkout(build)
    }

    /// The same of an engine that is not open yet, by its state folder.
    #[must_use]
    pub fn checkout_in(state: &std::path::Path, build: &BuildId) -> std::path::PathBuf {
        shared::checkout_in(state, build)
    }

    /// A build with its jobs and their results, as far as it has come.
    ///
    /// # Errors
    /// When there is no such build, or it cannot be read.
    pub async fn snapshot(&self, build: &BuildId) -> Result<Build, EngineError> {
        restart::replay(&*self.shared.store, build).await.map(|(build, _)| build)
    }

    /// Why a job does not run yet, for people; nothing when it runs, has ended or is unknown.
    ///
    /// # Errors
    /// When the engine has ended.
    pub async fn waiting(&self, build: &BuildId, job: &JobId) -> Result<Option<String>, EngineError> {
        self.ask(|reply| Call::Why { build: build.clone(), job: job.clone(), reply }).await
    }

    /// The interface of a worker inside this process, whose leases live and die with it.
    #[must_use]
    pub fn leases(&self) -> Arc<dyn Leases> {
        Arc::new(EngineLeases::new(Arc::clone(&self.shared), self.calls.clone(), true))
    }

    /// The interface of workers elsewhere: a lease that is not renewed in time is lost.
    #[must_use]
    pub fn remote_leases(&self) -> Arc<dyn Leases> {
        Arc::new(EngineLeases::new(Arc::clone(&self.shared), self.calls.clone(), false))
    }

    /// The worker inside this process, unless there is none.
    #[must_use]
    pub fn worker(&self) -> Option<&Worker> {
        self.worker.as_ref()
    }

    /// Leaves what runs as it is, for the next engine to [take up](Builder::taking_up), and returns once nothing is written
    /// any more.
    pub async fn leave(&self) {
        self.left.cancel();
        self.workers_ended.cancelled().await;
        self.close().await;
    }

    /// Stops what runs, and returns once nothing is written any more. Builds that are open stay so, for the next engine.
    pub async fn close(&self) {
        self.workers.cancel();
        self.workers_ended.cancelled().await;
        self.stop.cancel();
        self.ended.cancelled().await;
        // The loop's end has told them to stop.
        self.shared.loads.close();
        self.shared.loads.wait().await;
    }

    /// Tells a build something that a person wants.
    async fn tell(&self, build: &BuildId, cause: EventKind) -> Result<(), EngineError> {
        self.ask(|reply| Call::Tell { build: build.clone(), cause: Box::new(cause), reply }).await?
    }

    async fn ask<T>(&self, call: impl FnOnce(oneshot::Sender<T>) -> Call) -> Result<T, EngineError> {
        let (reply, answer) = oneshot::channel();
        self.calls.send(call(reply)).await.map_err(|_| EngineError::Stopped)?;
        answer.await.map_err(|_| EngineError::Stopped)
    }
}
