//! One build, as long as this process holds it.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use monkeyci_core::build::{Build as Machine, JobState, Phase};
use monkeyci_core::controller::log::Sender;
use monkeyci_core::controller::{Fenced, Lease};
use monkeyci_core::engine::{BuildRequest, Engine, EngineError};
use monkeyci_core::executor::oci::Owner;
use monkeyci_core::executor::{Executor, Process};
use monkeyci_core::log::{LogId, LogStore};
use monkeyci_core::model::{BuildId, BuildStatus, JobStatus};
use monkeyci_core::source::Source;
use monkeyci_core::store::Store as _;
use monkeyci_core::trigger::Queued;
use monkeyci_core::worker::sweep;
use tokio::sync::{Notify, mpsc};

use super::folder::{Folder, remove};
use super::obey::{Obeying, obey};
use super::report::is_news;
use super::ship::Shipping;
use super::source::{fill, remembered, request, source};
use super::teller::Teller;
use super::{Controller, Ran};
use crate::command::short;
use crate::drive::{Drive, Left};
use crate::error::{CliError, chain};
use crate::executor::Choice;
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
        view: &mut Teller<'_>,
    ) -> Result<Option<Ran>, CliError> {
        let row = self.stored.objects.build(id).await.map_err(ours)?;
        let known = row.as_ref().map_or(0, |row| row.events);
        let queued = match (row, queued) {
            (Some(row), _) if row.status.is_terminal() => {
                // Whoever ran it may have died when it had just ended, before all was cleared up and told.
                for fence in lease.left() {
                    self.clear_up(lease, id, *fence, &[], view).await?;
                }
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
        let publishing = match &self.publisher {
            Some(publisher) => Some(publisher.begin(id).await?),
            None => None,
        };
        let news = Arc::new(Notify::new());
        let reporting = match &self.reporter {
            Some(reporter) => reporter.begin(id, lease.holding(), Arc::clone(&news)).await?,
            None => None,
        };
        let ran = self.run_held(lease, id, (&queued, known), &news, view).await;
        if let Some(publishing) = publishing {
            publishing.end().await;
        }
        if let Some(reporting) = reporting {
            reporting.end().await;
        }
        ran
    }

    /// The same, of a build of which so many events are known.
    async fn run_held(
        &self,
        lease: &Lease,
        id: &BuildId,
        (queued, known): (&Queued, u64),
        news: &Arc<Notify>,
        view: &mut Teller<'_>,
    ) -> Result<Option<Ran>, CliError> {
        let folder = Folder::take(&self.above(id), lease.fence(), lease.left()).map_err(|error| unusable(&error))?;
        let takes_up = folder.left.is_some() || self.hands_over();
        let source = source(self.sources, &queued.trigger);
        let running = if known > 0 { self.have_again(id, &folder, &*source, view).await? } else { Vec::new() };
        let running = if takes_up { running } else { Vec::new() };
        let fences: Vec<u64> = running.iter().map(|(fence, _)| *fence).collect();
        for fence in lease.left().iter().filter(|fence| folder.left != Some(**fence)) {
            self.clear_up(lease, id, *fence, &fences, view).await?;
        }
        let (wanted, secrets) = request(source, queued, self.secrets)?;
        let programs = self.folders.cache.join("bin");
        let owner = self.hands_over().then(|| Arc::new(lease.holding()) as Arc<dyn Owner>);
        let executor = self.executor.open(&folder.path.join("process"), &programs, owner).await?;
        let executor = Arc::new(Fenced::new(executor, lease.holding(), self.hands_over())) as Arc<dyn Executor>;
        let (told, events) = mpsc::unbounded_channel();
        let heard = Arc::clone(news);
        let mut engine = Engine::local()
            .state(&folder.path)
            .store(lease.guard(self.stored.objects.clone()))
            .instance(self.label(id))
            .jobs(self.limits.jobs)
            .executor(Arc::clone(&executor))
            .script_executor(Process::new(folder.path.join("process")).programs(&programs))
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
        if takes_up {
            engine = engine.taking_up();
        }
        let (wanted, again) =
            if known > 0 { (None, Mutex::new(Some(wanted))) } else { (Some(wanted), Mutex::default()) };
        // Before the worker looks for what nobody wants.
        let engine = engine.resume_all(move |_| again.lock().unwrap_or_else(PoisonError::into_inner).take());
        let engine = engine.open().await.map_err(|error| CliError::ours(chain(&error)))?;
        let logs = LogStore::at(folder.path.join("logs"));
        let session = Session { engine, logs, executor: Arc::clone(&executor), known };
        let mut sender = Sender::new(self.stored.objects.bucket().clone(), session.logs.clone());
        running.into_iter().for_each(|(_, log)| sender.begin(log));
        let shipping = Shipping::begin(sender, events);

        let lost = lease.lost();
        let drove = tokio::select! {
            biased;
            () = lost.cancelled() => Ok((Progress::default(), Left::Itself)),
            drove = self.drive(&session, id, wanted, view) => drove,
        };
        let is_lost = lost.is_cancelled();
        // What is handed over goes on; else what runs is stopped, and is the next one's to run again.
        let _late = if is_lost && self.hands_over() {
            tokio::time::timeout(END, session.engine.leave()).await.is_ok()
        } else {
            tokio::time::timeout(END, session.close()).await.is_ok()
        };
        shipping.end().await;
        if is_lost {
            folder.remove();
            view.note(&format!("build {} is run by another process from now on", short(id)));
            return Ok(None);
        }
        let (progress, left) = drove?;
        if self.hands_over()
            && let Err(error) = executor.sweep(&self.label(id), &|_| false).await
        {
            view.note(&format!("something of build {} may be left in Oracle Cloud: {error}", short(id)));
        }
        let before = folder.left;
        folder.remove();
        if let Some(fence) = before {
            lease.cleared(fence).await.map_err(ours)?;
        }
        view.end(&progress, &self.place(id, &progress));
        Ok(Some(match (left, progress.status) {
            (Left::Itself, BuildStatus::Blocked) => Ran::Waits,
            (_, status) if status.is_terminal() => Ran::Ended(status),
            _ => Ran::Left,
        }))
    }

    /// Has the checkout again of a build that goes on, where another machine had it; and what runs of it, by fences, with logs.
    async fn have_again(
        &self,
        id: &BuildId,
        folder: &Folder,
        source: &dyn Source,
        view: &mut dyn View,
    ) -> Result<Vec<(u64, LogId)>, CliError> {
        let events = self.stored.objects.events(id, 0, usize::MAX).await.map_err(ours)?;
        let machine = Machine::replay(events.iter().map(|event| &event.kind));
        let machine = machine.map_err(|error| CliError::ours(format!("build {id}: {}", chain(&error))))?;
        let checkout = Engine::checkout_in(&folder.path, id);
        if machine.phase() > Phase::Fetching
            && !checkout.is_dir()
            && let Err(why) = fill(source, &checkout).await
        {
            view.note(&format!("warning: the checkout of build {} cannot be had again: {why}", short(id)));
        }
        let running = |job: &JobState| {
            (job.fence(), LogId { build: id.clone(), job: job.job().id.clone(), attempt: job.attempt() })
        };
        Ok(machine.jobs().iter().filter(|job| job.status().is_active()).map(running).collect())
    }

    /// Begins the build or goes on with it, and shows it until it ends, waits for a person, or this process is to end.
    async fn drive(
        &self,
        session: &Session,
        id: &BuildId,
        wanted: Option<BuildRequest>,
        view: &mut Teller<'_>,
    ) -> Result<(Progress, Left), CliError> {
        let failed = |error: EngineError| CliError::ours(chain(&error));
        let (engine, instance) = (&session.engine, self.label(id));
        let bucket = self.stored.objects.bucket();
        let mut handle = match wanted {
            Some(wanted) => engine.build(wanted).await.map_err(failed)?,
            None => engine.handle(id).await.map_err(failed)?,
        };
        let _obeying = Obeying::begin(bucket.clone(), engine.handle(id).await.map_err(failed)?);
        let mut known = if self.whole { view.told } else { session.known };
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

    /// Removes what a controller left here that died, but for what is `wanted` of it.
    async fn clear_up(
        &self,
        lease: &Lease,
        id: &BuildId,
        fence: u64,
        wanted: &[u64],
        view: &mut dyn View,
    ) -> Result<(), CliError> {
        let (folder, instance) = (Folder::of(&self.above(id), fence), self.label(id));
        let programs = self.folders.cache.join("bin");
        let (executors, _answered) = self.executor.open_all(&folder.join("process"), &programs).await;
        for executor in executors {
            let is_wanted = |fence| wanted.contains(&fence);
            if let Err(error) = sweep(&*executor, &instance, &folder.join("jobs"), &is_wanted).await {
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

    /// Whether jobs outlive this machine, so that a controller on another one takes them up.
    fn hands_over(&self) -> bool {
        self.executor == Choice::Oci
    }

    /// The folders of holders of a build on this machine.
    fn above(&self, id: &BuildId) -> PathBuf {
        self.folders.data.join("controllers").join(self.label(id))
    }

    /// By this, everything is known that a holder starts of a build: whoever comes after it takes that up, or clears it up.
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
