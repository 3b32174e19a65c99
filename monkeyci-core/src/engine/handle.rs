use std::collections::VecDeque;
use std::sync::Arc;

use monkeyci_model::{BuildId, BuildStatus, Event, EventKind, JobId};
use tokio::sync::watch;

use super::progress::Progress;
use super::{Actor, Engine, EngineError};
use crate::build::{Build, Phase};
use crate::log::{Follow, FollowMarks, LogError, LogId, Mark};

/// Events that are read at once.
const PAGE: usize = 512;

/// A build, seen from outside. It keeps its engine alive; the build goes on when it is dropped.
pub struct BuildHandle {
    engine: Engine,
    id: BuildId,
    progress: watch::Receiver<Progress>,
    seen: u64,
    page: VecDeque<Arc<Event>>,
}

impl BuildHandle {
    pub(super) fn new(engine: Engine, id: BuildId, progress: watch::Receiver<Progress>) -> Self {
        Self { engine, id, progress, seen: 0, page: VecDeque::new() }
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> &BuildId {
        &self.id
    }

    /// The next event, from the very first on; nothing once the last one was told, or when the engine has stopped.
    ///
    /// Events are read from the store, so that none is missed however slow the caller is, and none is held in memory.
    ///
    /// What a job prints is no event: log lines are bytes, had with [`log`](Self::log). Where a line of its script began
    /// and ended stands beside them, as [`marks`](Self::marks). `command/start` and `command/end` are derived from those
    /// for whoever subscribes to a build from outside; they are never stored, and never told here.
    pub async fn next(&mut self) -> Option<Arc<Event>> {
        match self.try_next().await {
            Ok(event) => event,
            Err(error) => {
                tracing::error!(build = %self.id, %error, "its events cannot be told");
                None
            }
        }
    }

    /// The same, which tells a store that cannot be read from the end of the build.
    ///
    /// # Errors
    /// When the store cannot be read, or the engine has stopped before the build ended.
    pub async fn try_next(&mut self) -> Result<Option<Arc<Event>>, EngineError> {
        while self.page.is_empty() {
            let progress = *self.progress.borrow_and_update();
            if progress.events > self.seen {
                self.page = self.engine.shared.store.events(&self.id, self.seen, PAGE).await?.into();
            } else if progress.status.is_terminal() {
                return Ok(None);
            } else if self.progress.changed().await.is_err() {
                return Err(EngineError::Stopped);
            }
        }
        let event = self.page.pop_front();
        self.seen = event.as_ref().map_or(self.seen, |event| event.seq);
        Ok(event)
    }

    /// Returns how the build ended, once it has.
    ///
    /// # Errors
    /// When the engine has stopped before that.
    pub async fn wait(&mut self) -> Result<BuildStatus, EngineError> {
        let ended = self.progress.wait_for(|progress| progress.status.is_terminal()).await;
        ended.map(|progress| progress.status).map_err(|_| EngineError::Stopped)
    }

    /// Where it stands.
    #[must_use]
    pub fn status(&self) -> BuildStatus {
        self.progress.borrow().status
    }

    /// The build with its jobs and their results, as far as it has come.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn snapshot(&self) -> Result<Build, EngineError> {
        self.engine.snapshot(&self.id).await
    }

    /// Stops it. What runs is killed; its last state stays `canceled`.
    ///
    /// # Errors
    /// When it has ended already, or that cannot be written.
    pub async fn cancel(&self, reason: &str) -> Result<(), EngineError> {
        self.cancel_as(None, reason).await
    }

    /// The same, in somebody's name.
    ///
    /// # Errors
    /// When it has ended already, or that cannot be written.
    pub async fn cancel_as(&self, actor: Option<Actor<'_>>, reason: &str) -> Result<(), EngineError> {
        let ((actor, via), reason) = (Actor::told(actor), Some(reason.to_owned()));
        self.engine.tell(&self.id, EventKind::BuildCanceled { actor, via, reason }).await
    }

    /// Lets a blocked job go on.
    ///
    /// # Errors
    /// When it is not blocked, or that cannot be written.
    pub async fn approve(&self, job: &JobId, actor: Option<Actor<'_>>) -> Result<(), EngineError> {
        let (job_id, (actor, via)) = (job.clone(), Actor::told(actor));
        self.engine.tell(&self.id, EventKind::JobUnblocked { job_id, actor, via }).await
    }

    /// Rejects a blocked job, or stops one that waits or runs.
    ///
    /// # Errors
    /// When it has ended already, or that cannot be written.
    pub async fn reject(&self, job: &JobId, actor: Option<Actor<'_>>, reason: Option<&str>) -> Result<(), EngineError> {
        let (job_id, (actor, via), reason) = (job.clone(), Actor::told(actor), reason.map(str::to_owned));
        self.engine.tell(&self.id, EventKind::JobCanceled { job_id, actor, via, reason }).await
    }

    /// Says that somebody has opened a shell in the place of a job.
    ///
    /// # Errors
    /// When the job does not run, or that cannot be written.
    pub async fn shell_started(&self, job: &JobId, attempt: u32, actor: &str) -> Result<(), EngineError> {
        let (job_id, actor) = (job.clone(), actor.to_owned());
        self.engine.tell(&self.id, EventKind::ShellStart { job_id, attempt, actor }).await
    }

    /// Says that this shell is over.
    ///
    /// # Errors
    /// When the job does not run, or that cannot be written.
    pub async fn shell_ended(&self, job: &JobId, attempt: u32, actor: &str) -> Result<(), EngineError> {
        let (job_id, actor) = (job.clone(), actor.to_owned());
        self.engine.tell(&self.id, EventKind::ShellEnd { job_id, attempt, actor }).await
    }

    /// Why a job does not run yet, for people; nothing when it runs, has ended or is unknown.
    ///
    /// # Errors
    /// When the engine has stopped.
    pub async fn waiting(&self, job: &JobId) -> Result<Option<String>, EngineError> {
        self.engine.waiting(&self.id, job).await
    }

    /// Reads the log of an attempt of a job from a byte offset on, waiting for more until the attempt has ended.
    ///
    /// Also the log of a first attempt that has not begun is waited for; a later one that does not exist has no log.
    ///
    /// # Errors
    /// When the build cannot be read.
    pub async fn log(&self, job: &JobId, attempt: u32, offset: u64) -> Result<Follow, EngineError> {
        let id = LogId { build: self.id.clone(), job: job.clone(), attempt };
        // Followed before it is looked at: an attempt that ends in between is told to whoever follows.
        let follow = self.engine.shared.logs.follow(&id, offset);
        let build = self.snapshot().await?;
        let may_come = match build.job(job.as_str()) {
            Some(state) => !state.status().is_terminal() && attempt == state.attempt().max(1),
            None => build.phase() < Phase::Scripting && attempt == 1,
        };
        Ok(if may_come && !build.status().is_terminal() { follow } else { follow.to_end() })
    }

    /// Reads what the script printed while it was compiled, tested and asked for its jobs, waiting for more until it is
    /// loaded. The script of files alone prints nothing.
    ///
    /// # Errors
    /// When the build cannot be read.
    pub async fn script_log(&self, offset: u64) -> Result<Follow, EngineError> {
        // Followed before it is looked at, as above.
        let follow = self.engine.shared.logs.follow(&LogId::script(&self.id), offset);
        let build = self.snapshot().await?;
        let may_come = build.phase() < Phase::Scripting && !build.status().is_terminal();
        Ok(if may_come { follow } else { follow.to_end() })
    }

    /// Up to `most` places in the log of an attempt where a line of the script begins or ends or the stream changes, from
    /// the `first`th on, counted from 0. Fewer come when there are no more yet, or when they are very many.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn marks(&self, job: &JobId, attempt: u32, first: u64, most: usize) -> Result<Vec<Mark>, LogError> {
        let id = LogId { build: self.id.clone(), job: job.clone(), attempt };
        let logs = self.engine.shared.logs.clone();
        let read = tokio::task::spawn_blocking(move || logs.marks(&id, first, most));
        read.await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
    }

    /// Reads the same places of an attempt that has started, from the first on, waiting for more while it runs.
    #[must_use]
    pub fn follow_marks(&self, job: &JobId, attempt: u32) -> FollowMarks {
        let id = LogId { build: self.id.clone(), job: job.clone(), attempt };
        self.engine.shared.logs.follow_marks(&id)
    }
}
