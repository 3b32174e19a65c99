use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use monkeyci_model::{BuildId, BuildStatus, Event, EventKind, JobStatus, Millis};

use super::call::{Call, Reply};
use super::claims::Grant;
use super::desk::{Desk, tell};
use super::local_worker::LOCAL;
use super::log_room::LogRoom;
use super::open_build::OpenBuild;
use super::progress::Progress;
use super::shared::Shared;
use super::{BuildHandle, BuildRequest, Engine, EngineError};
use crate::build::{Build, JobState, Phase};
use crate::log::LogId;
use crate::store::{BuildRow, Store, StoreError};

/// Events that are read at once.
const PAGE: usize = 4096;

/// How long workers elsewhere may be silent once the engine is there again: nobody else can have been given their jobs,
/// which go on by themselves for so long.
const OUTAGE: Duration = Duration::from_secs(600);

/// A build that has not ended, and that this engine does not run.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unfinished {
    /// The build.
    pub build: BuildId,
    /// Where it stood.
    pub status: BuildStatus,
    /// When it was asked for.
    pub created: Option<Millis>,
    /// What its request had in [`BuildRequest::memo`].
    pub memo: Option<String>,
}

impl From<BuildRow> for Unfinished {
    fn from(row: BuildRow) -> Self {
        Self { build: row.build, status: row.status, created: row.created, memo: row.request }
    }
}

impl Engine {
    /// Builds that an engine left when it ended, oldest first.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn unfinished(&self) -> Result<Vec<Unfinished>, EngineError> {
        let rows = self.shared.store.open_builds().await?;
        let left = |row: &BuildRow| self.shared.progress.follow(&row.build).is_none();
        Ok(rows.into_iter().filter(left).map(Unfinished::from).collect())
    }

    /// Goes on with a build that an engine left when it ended.
    ///
    /// `request` is what it was asked for with. Without one a build goes on whose jobs are known already; a build that
    /// had not come so far ends as an error. A job that was running goes on where that was
    /// [asked for](super::Builder::taking_up). Elsewhere it is lost: its retry rules decide whether it starts again, and one
    /// that must never be retried is not.
    ///
    /// # Errors
    /// When there is no such build, it has ended, or it runs already.
    pub async fn resume(&self, build: &BuildId, request: Option<BuildRequest>) -> Result<BuildHandle, EngineError> {
        let (state, events) = replay(&*self.shared.store, build).await?;
        let (id, state, request) = (build.clone(), Box::new(state), request.map(Box::new));
        self.ask(|reply| Call::Adopt { build: id, state, events, request, reply }).await??;
        self.handle(build).await
    }
}

impl Desk {
    /// Takes over a build that was replayed, and does what is due.
    pub(super) fn adopt(
        &mut self,
        id: BuildId,
        state: Build,
        events: u64,
        request: Option<Box<BuildRequest>>,
        reply: Reply<Result<(), EngineError>>,
    ) {
        if self.builds.contains_key(&id) || self.broken.contains_key(&id) {
            return tell(reply, Err(EngineError::Running { build: id }));
        }
        if state.status().is_terminal() {
            return tell(reply, Err(EngineError::NotOpen { build: id }));
        }
        let (phase, status) = (state.phase(), state.status());
        let has_checkout = self.shared.checkout(&id).is_dir();
        let is_queued = |job: &&JobState| job.status() == JobStatus::Queued;
        let queued: Vec<_> = state.jobs().iter().filter(is_queued).map(|job| Arc::clone(job.job())).collect();

        self.builds.insert(id.clone(), OpenBuild::new(id.clone(), state, events, request.map(|request| *request)));
        self.shared.progress.note(&id, Progress { events, status });
        for job in queued {
            self.queue.push(&id, &job);
        }
        self.settle(&id);
        self.take_up(&id);
        match phase {
            Phase::New => {}
            Phase::Triggered => {
                self.stage(&id, EventKind::BuildInitializing {}).expect("a triggered build can begin");
            }
            Phase::Fetching => self.fetch(&id),
            _ if !has_checkout => self.fail(&id, BuildStatus::Error, "its checkout is gone: build it anew".into()),
            Phase::Fetched => self.begin_script(&id),
            Phase::Loading => self.load(&id),
            Phase::Scripting | Phase::Scripted | Phase::Ended => {}
        }
        self.answer([id], move |written| tell(reply, written.map_err(|error| error.clone().into())));
    }
}

impl Desk {
    /// Looks after the jobs of a build that ran as the engine before ended.
    fn take_up(&mut self, id: &BuildId) {
        let open = &self.builds[id];
        let active = open.build.jobs().iter().filter(|job| job.status().is_active());
        let held: Vec<_> = active
            .map(|job| {
                let stops = open.build.is_canceled() || job.is_canceled();
                let worker = job.worker().unwrap_or(LOCAL).to_owned();
                (self.shared.lease_of(open, job, job.fence()), worker, stops)
            })
            .collect();
        for (lease, worker, stops) in held {
            let is_inside = worker == LOCAL;
            if !self.shared.takes_up {
                self.lose(&lease.attempt, "MonkeyCI ended while it ran");
                continue;
            }
            let room = LogRoom::new(&lease.job, self.shared.log_limit);
            let silence = (!is_inside).then(|| OUTAGE.max(self.shared.lease));
            let grant = Grant { worker: &worker, room, is_left: is_inside, silence };
            self.shared.claims.grant(&lease, grant);
            // More of it may come much later: whoever follows it until then is not at its end.
            if let Err(error) = self.shared.logs.open(&LogId::from(&lease.attempt)) {
                tracing::warn!(attempt = %lease.attempt, %error, "its log cannot be followed yet");
            }
            self.queue.hold(id, &lease.job, is_inside);
            if stops {
                self.shared.claims.cancel(lease.attempt.fence);
            }
        }
    }
}

/// A build from its events, and how many there are.
pub(super) async fn replay(store: &dyn Store, id: &BuildId) -> Result<(Build, u64), EngineError> {
    let mut events: Vec<Arc<Event>> = Vec::new();
    loop {
        let page = store.events(id, events.len() as u64, PAGE).await?;
        let is_last = page.len() < PAGE;
        events.extend(page);
        if is_last {
            break;
        }
    }
    if events.is_empty() {
        return Err(EngineError::UnknownBuild { build: id.clone() });
    }
    let build = Build::replay(events.iter().map(|event| &event.kind)).map_err(|error| StoreError::Damaged {
        path: id.to_string(),
        reason: format!("its events contradict each other ({error}); restore a backup, or build it anew"),
    })?;
    Ok((build, events.len() as u64))
}

/// Removes what builds left on disk that have ended, when the engine that ran them could not.
pub(super) async fn sweep(shared: &Arc<Shared>) -> Result<(), EngineError> {
    let open = shared.store.open_builds().await?;
    let wanted: HashSet<PathBuf> = open.iter().map(|row| shared.build_dir(&row.build)).collect();
    let builds = shared.builds_dir();
    // Best effort: what cannot be removed today is looked at again by the next engine.
    let swept = tokio::task::spawn_blocking(move || {
        for dir in folders(&builds).flat_map(|org| folders(&org)).flat_map(|repo| folders(&repo)) {
            if !wanted.contains(&dir)
                && let Err(error) = std::fs::remove_dir_all(&dir)
            {
                tracing::warn!(dir = %dir.display(), %error, "cannot remove what a build left");
            }
        }
    });
    drop(swept.await);
    Ok(())
}

fn folders(dir: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())).map(|entry| entry.path())
}
