//! Shows a build while it runs, and does what the user's keys ask.

use std::collections::HashSet;
use std::io::{IsTerminal as _, Write as _};
use std::time::Duration;

use monkeyci_core::engine::BuildHandle;
use monkeyci_core::model::{BuildStatus, Event, JobId};
use tokio::time::MissedTickBehavior;

use crate::command::style_of;
use crate::error::{CliError, chain};
use crate::session::Session;
use crate::signals::{Ask, Signals, stop_self};
use crate::tail::{Tails, Turn};
use crate::ui::View;
use crate::ui::progress::Progress;
use crate::ui::when;
use crate::visit::{Visit, Visits, heading};

/// How often logs are looked at and pictures are drawn.
pub const LOOK: Duration = Duration::from_millis(50);

/// How long a second Ctrl-C waits for containers to be removed.
const KILL: Duration = Duration::from_secs(3);

/// How a build was left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    /// It is over, or waits for a person.
    Itself,
    /// The user stopped it.
    Canceled,
    /// The user ended this program.
    Killed,
}

/// A build on its way to the screen.
pub struct Drive<'a> {
    /// Its engine.
    pub session: &'a Session,
    /// The label of what it starts.
    pub instance: &'a str,
    /// The build.
    pub build: BuildHandle,
    /// What shows it.
    pub view: &'a mut dyn View,
    /// So many of its first events were shown before, and are not shown again.
    pub known: u64,
    /// A job that is opened for the user.
    pub visits: Option<&'a mut Visits>,
    /// Whether the build is left to another process, and not canceled, when this one is to end.
    pub leaves: bool,
}

impl Drive<'_> {
    /// Runs until the build is over, waits for a person, or the user ends it.
    pub async fn run(mut self) -> Result<(Progress, Left), CliError> {
        let signals = if self.visits.is_some() { Signals::listen_and_heed_hangups() } else { Signals::listen() };
        let mut signals = signals.map_err(|error| CliError::ours(format!("signals: {error}")))?;
        let mut progress = Progress::default();
        let mut tails = Tails::new(self.session.logs.clone(), self.build.id().clone());
        let mut tick = tokio::time::interval(LOOK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut left = Left::Itself;
        // Jobs whose attempt began before: what it wrote was shown before. So with the script.
        let mut seen = HashSet::new();
        loop {
            tokio::select! {
                event = self.build.try_next() => match event.map_err(|error| CliError::ours(chain(&error)))? {
                    Some(event) => self.hear(&event, &mut progress, &mut tails, &mut seen),
                    None => break,
                },
                ask = signals.next() => match ask {
                    Ask::Cancel if self.leaves => {
                        self.view.note("Ending; the build goes on with the next controller");
                        return Ok((progress, Left::Canceled));
                    }
                    Ask::Cancel => {
                        left = Left::Canceled;
                        self.view.note("Canceling; press Ctrl-C again to end at once");
                        // It may just have ended by itself.
                        let _ended = self.build.cancel("interrupted").await;
                    }
                    Ask::Kill => {
                        self.view.note("Ending at once");
                        let sweep = self.session.executor.sweep(self.instance, &|_| false);
                        let _late = tokio::time::timeout(KILL, sweep).await;
                        return Ok((progress, Left::Killed));
                    }
                    Ask::Hold => {
                        let worker = self.session.engine.worker();
                        if let Some(worker) = worker {
                            worker.hold();
                        }
                        let stopped = stop_self();
                        if let Some(worker) = worker {
                            worker.resume();
                        }
                        stopped.map_err(|error| CliError::ours(format!("holding still: {error}")))?;
                    }
                },
                visit = next(&mut self.visits) => self.enter(visit, &mut progress, &mut tails, &mut seen).await?,
                _ = tick.tick(), if !self.is_away() => {
                    tails.look(&mut |job, attempt, output| {
                        progress.output(job, attempt, output);
                        if !seen.contains(job) {
                            self.view.output(&progress, job, attempt, output);
                        }
                    });
                    self.view.tick(&progress, when::now());
                    if progress.status == BuildStatus::Blocked && self.build.status() == BuildStatus::Blocked {
                        break;
                    }
                }
            }
        }
        Ok((progress, left))
    }

    fn hear(&mut self, event: &Event, progress: &mut Progress, tails: &mut Tails, seen: &mut HashSet<JobId>) {
        let is_new = event.seq > self.known;
        let mut ends = None;
        let mut note = |job: &JobId| if is_new { seen.remove(job) } else { seen.insert(job.clone()) };
        match Turn::of(event) {
            Some(Turn::Script(job, attempt)) => {
                note(&job);
                tails.begin(&job, attempt);
                tails.start(&job);
            }
            Some(Turn::Begin(job, attempt)) => {
                note(&job);
                tails.begin(&job, attempt);
            }
            Some(Turn::Start(job)) => tails.start(&job),
            Some(Turn::End(job)) => {
                if let Some(visits) = self.visits.as_mut().filter(|_| event.kind.job_id().is_some()) {
                    visits.end();
                }
                ends = Some(job);
            }
            None => {}
        }
        if let Some(job) = ends {
            tails.end(&job, &mut |job, attempt, output| {
                progress.output(job, attempt, output);
                if !seen.contains(job) {
                    self.view.output(progress, job, attempt, output);
                }
            });
        }
        progress.event(event);
        if is_new && !self.is_away() {
            self.view.event(progress, event);
        }
    }

    /// Leaves the screen to a shell, once all is shown that came before.
    async fn enter(
        &mut self,
        visit: Visit,
        progress: &mut Progress,
        tails: &mut Tails,
        seen: &mut HashSet<JobId>,
    ) -> Result<(), CliError> {
        let is_begun = |progress: &Progress| {
            progress.job(&visit.opened.job.id).is_some_and(|job| job.status.is_active() || job.status.is_terminal())
        };
        while !is_begun(progress) {
            match self.build.try_next().await.map_err(|error| CliError::ours(chain(&error)))? {
                Some(event) => self.hear(&event, progress, tails, seen),
                None => return Ok(()),
            }
        }
        let Some(visits) = &mut self.visits else { return Ok(()) };
        tails.end(&visit.opened.job.id, &mut |job, attempt, output| {
            progress.output(job, attempt, output);
            self.view.output(progress, job, attempt, output);
        });
        self.view.leave();
        let stderr = std::io::stderr();
        let style = style_of(stderr.is_terminal());
        for line in heading(&visit.opened, style) {
            let _gone = writeln!(stderr.lock(), "{line}");
        }
        visits.begin(visit).map_err(|error| CliError::ours(format!("the terminal: {error}")))
    }

    /// Whether the screen was left to a shell: whatever comes after it, the user knows how it ended.
    fn is_away(&self) -> bool {
        self.visits.as_ref().is_some_and(|visits| visits.begun)
    }
}

/// The next job that is ready for the user.
async fn next(visits: &mut Option<&mut Visits>) -> Visit {
    match visits {
        Some(visits) => visits.next().await,
        None => std::future::pending().await,
    }
}
