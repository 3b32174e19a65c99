//! One build, as long as this process holds it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use monkeyci_core::build::Phase;
use monkeyci_core::controller::Lease;
use monkeyci_core::controller::log::Sender;
use monkeyci_core::engine::{BuildRequest, Engine, EngineError};
use monkeyci_core::executor::Process;
use monkeyci_core::log::LogStore;
use monkeyci_core::model::{BuildId, BuildStatus, JobStatus};
use monkeyci_core::source::Source;
use monkeyci_core::store::Store as _;
use monkeyci_core::trigger::Queued;
use monkeyci_core::worker::sweep;
use tokio::sync::{Notify, mpsc};

use super::obey::{Obeying, obey};
use super::report::is_news;
use super::ship::Shipping;
use super::source::{fill, remembered, request, source};
use super::{Controller, Ran};
use crate::command::short;
use crate::drive::{Drive, Left};
use crate::error::{CliError, chain};
use crate::login::Logins;
use crate::session::Session;
use crate::state::unusable;
use crate::stored::ours;
use crate::ui::View;
use crate::ui::progress::Progress;
use crate::ui::summary::Place;

/// How long the engine may take to end.
const END: Duration = Duration::from_secs(30);

impl Controller<'_> {
    /// Runs a build that is held; nothing when it is lost meanwhile.
    pub(super) async fn hold(
        &self,
        lease: &Lease,
        id: &BuildId,
        queued: Option<&Queued>,
        view: &mut dyn View,
    ) -> Result<Option<Ran>, CliError> {
        // Also after one that died when the build had just ended.
        for fence in lease.left() {
            self.clear_up(lease, id, *fence, view).await?;
        }
        let row = self.stored.objects.build(id).await.map_err(ours)?;
        let known = row.as_ref().map_or(0, |row| row.events);
        let queued = match (row, queued) {
            (Some(row), _) if row.status.is_terminal() => {
                // Whoever ran it may have died before the forge knew.
                if let Some(reporter) = &self.reporter
                    && reporter.is_untold(id).await?
                {
                    reporter.finish(id, None).await;
                }
                return Ok(Some(Ran::Ended(row.status)));
            }
            // What it was begun with, whatever is said now.
            (Some(row), _) => {
                let mut queued = remembered(id, row.request.as_deref())?;
                // The very commit that it was begun at, wherever its branch is by now.
                queued.trigger.git = row.trigger.and_then(|trigger| trigger.git).or(queued.trigger.git);
                queued
            }
            (None, Some(queued)) => queued.clone(),
            (None, None) => return Err(CliError::usage(format!("there is no build {}", short(id)))),
        };
        let folder = self.folder(id, lease.fence());
        std::fs::create_dir_all(&folder).map_err(|error| unusable(&error))?;
        let instance = self.instance(id, lease.fence());
        let source = source(self.sources, &queued.trigger);
        let (wanted, secrets) = request(Arc::clone(&source), &queued, self.secrets)?;
        let programs = self.folders.cache.join("bin");
        let executor = self.executor.open(&folder.join("process"), &programs).await?;
        let (told, events) = mpsc::unbounded_channel();
        let news = Arc::new(Notify::new());
        let heard = Arc::clone(&news);
        let engine = Engine::local()
            .state(&folder)
            .store(lease.guard(self.stored.objects.clone()))
            .instance(&instance)
            .jobs(self.limits.jobs)
            .executor(Arc::clone(&executor))
            .script_executor(Process::new(folder.join("process")).programs(&programs))
            .scripts(self.folders.cache.join("scripts"))
            .secrets(secrets)
            .registries(Logins::of_user(view).registries())
            .blobs(self.stored.blobs())
            .reporter(move |event| {
                if is_news(&event.kind) {
                    heard.notify_one();
                }
                let _ended = told.send(event.clone());
            });
        let engine = engine.open().await.map_err(|error| CliError::ours(chain(&error)))?;
        let session = Session { engine, logs: LogStore::at(folder.join("logs")), executor, known };
        let shipping = Shipping::begin(Sender::new(self.stored.objects.bucket().clone(), session.logs.clone()), events);

        let publishing = match &self.publisher {
            Some(publisher) => Some(publisher.begin(id).await?),
            None => None,
        };
        let reporting = match &self.reporter {
            Some(reporter) => reporter.begin(id, lease.holding(), news).await?,
            None => None,
        };

        let lost = lease.lost();
        let drove = tokio::select! {
            drove = self.drive(&session, (id, lease.fence()), wanted, &*source, view) => drove,
            () = lost.cancelled() => Ok((Progress::default(), Left::Itself)),
        };
        let is_lost = lost.is_cancelled();
        // Stops what runs: what is left of it is the next one's to run again.
        let _late = tokio::time::timeout(END, session.close()).await;
        shipping.end().await;
        if let Some(publishing) = publishing {
            publishing.end().await;
        }
        if let Some(reporting) = reporting {
            reporting.end().await;
        }
        if is_lost {
            view.note(&format!("build {} is run by another process from now on", short(id)));
            return Ok(None);
        }
        let (progress, left) = drove?;
        remove(&folder);
        view.end(&progress, &self.place(id, &progress));
        Ok(Some(match (left, progress.status) {
            (Left::Itself, BuildStatus::Blocked) => Ran::Waits,
            (_, status) if status.is_terminal() => Ran::Ended(status),
            _ => Ran::Left,
        }))
    }

    /// Begins the build or goes on with it, and shows it until it ends, waits for a person, or this process is to end.
    async fn drive(
        &self,
        session: &Session,
        (id, fence): (&BuildId, u64),
        wanted: BuildRequest,
        source: &dyn Source,
        view: &mut dyn View,
    ) -> Result<(Progress, Left), CliError> {
        let failed = |error: EngineError| CliError::ours(chain(&error));
        let (engine, instance) = (&session.engine, self.instance(id, fence));
        let bucket = self.stored.objects.bucket();
        let mut handle = if session.known == 0 {
            engine.build(wanted).await.map_err(failed)?
        } else {
            let phase = engine.snapshot(id).await.map_err(failed)?.phase();
            let checkout = engine.checkout(id);
            if phase > Phase::Fetching
                && let Err(why) = fill(source, &checkout).await
            {
                view.note(&format!("warning: the checkout of build {} cannot be had again: {why}", short(id)));
            }
            engine.resume(id, Some(wanted)).await.map_err(failed)?
        };
        let _obeying = Obeying::begin(bucket.clone(), engine.handle(id).await.map_err(failed)?);
        let mut known = if self.whole { 0 } else { session.known };
        loop {
            obey(bucket, &handle).await?;
            let (view, instance) = (&mut *view, instance.as_str());
            let drive = Drive { session, instance, build: handle, view, known, visits: None, leaves: true };
            let (progress, left) = drive.run().await?;
            handle = engine.handle(id).await.map_err(failed)?;
            let waits = left == Left::Itself && progress.status == BuildStatus::Blocked;
            if !waits || !obey(bucket, &handle).await? {
                return Ok((progress, left));
            }
            known = progress.seen;
        }
    }

    /// Removes what a controller left running that died.
    async fn clear_up(&self, lease: &Lease, id: &BuildId, fence: u64, view: &mut dyn View) -> Result<(), CliError> {
        let (folder, instance) = (self.folder(id, fence), self.instance(id, fence));
        let programs = self.folders.cache.join("bin");
        let (executors, _answered) = self.executor.open_all(&folder.join("process"), &programs).await;
        for executor in executors {
            if let Err(error) = sweep(&*executor, &instance, &folder.join("jobs"), &[], &|_| false).await {
                view.note(&format!(
                    "what an earlier controller of build {} left could not be removed: {error}",
                    short(id)
                ));
                return Ok(());
            }
        }
        remove(&folder);
        lease.cleared(fence).await.map_err(ours)
    }

    /// By this, everything is known that a holder starts: the same for whoever clears up after it.
    fn instance(&self, id: &BuildId, fence: u64) -> String {
        format!("{}-{fence}", self.label(id))
    }

    fn folder(&self, id: &BuildId, fence: u64) -> PathBuf {
        self.folders.data.join("controllers").join(self.label(id)).join(fence.to_string())
    }

    fn label(&self, id: &BuildId) -> String {
        blake3::hash(format!("{} {id}", self.stored.place).as_bytes()).to_hex()[..16].to_owned()
    }

    /// How a build goes on that is not over.
    fn place(&self, id: &BuildId, progress: &Progress) -> Place {
        let (store, name) = (&self.stored.place, short(id));
        let blocked = progress.jobs().iter().find(|job| job.status == JobStatus::Blocked);
        let resume = match blocked {
            Some(job) if progress.status == BuildStatus::Blocked => {
                Some(format!("monkeyci approve --store {store} {name} {}", job.job.id))
            }
            _ if !progress.status.is_terminal() => Some(format!("monkeyci run-build --store {store} --build {name}")),
            _ => None,
        };
        Place { resume, ..Place::default() }
    }
}

/// Removes the folder of a holder, and that of its build where it was the last. Best effort: it only costs room.
fn remove(folder: &Path) {
    if let Err(error) = std::fs::remove_dir_all(folder) {
        tracing::debug!(folder = %folder.display(), %error, "the folder of a build stays");
    }
    let _others = folder.parent().map(std::fs::remove_dir);
}
