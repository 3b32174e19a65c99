//! Shows a build while it runs, and does what the user's keys ask.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use monkeyci_core::engine::BuildHandle;
use monkeyci_core::model::{BuildStatus, Event, EventKind, JobId, Millis};
use tokio::time::MissedTickBehavior;

use crate::error::{CliError, chain};
use crate::session::Session;
use crate::signals::{Ask, Signals, stop_self};
use crate::tail::Tails;
use crate::ui::View;
use crate::ui::progress::Progress;

/// How often logs are looked at and pictures are drawn.
const LOOK: Duration = Duration::from_millis(50);

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
    /// Events from before this time are known, and not shown again.
    pub since: Millis,
}

impl Drive<'_> {
    /// Runs until the build is over, waits for a person, or the user ends it.
    pub async fn run(mut self) -> Result<(Progress, Left), CliError> {
        let mut signals = Signals::listen().map_err(|error| CliError::ours(format!("signals: {error}")))?;
        let mut progress = Progress::default();
        let mut tails = Tails::new(self.session.logs.clone(), self.build.id().clone());
        let mut tick = tokio::time::interval(LOOK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut left = Left::Itself;
        loop {
            tokio::select! {
                event = self.build.try_next() => match event.map_err(|error| CliError::ours(chain(&error)))? {
                    Some(event) => self.hear(&event, &mut progress, &mut tails),
                    None => break,
                },
                ask = signals.next() => match ask {
                    Ask::Cancel => {
                        left = Left::Canceled;
                        self.view.note("Canceling; press Ctrl-C again to end at once");
                        // It may just have ended by itself.
                        let _ended = self.build.cancel("interrupted").await;
                    }
                    Ask::Kill => {
                        self.view.note("Ending at once");
                        let sweep = self.session.executor.sweep(self.instance, &[]);
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
                _ = tick.tick() => {
                    tails.look(&mut |job, attempt, output| {
                        progress.output(job, output);
                        self.view.output(&progress, job, attempt, output);
                    });
                    self.view.tick(&progress, now());
                    if progress.status == BuildStatus::Blocked && self.build.status() == BuildStatus::Blocked {
                        break;
                    }
                }
            }
        }
        Ok((progress, left))
    }

    fn hear(&mut self, event: &Event, progress: &mut Progress, tails: &mut Tails) {
        let new = event.time >= self.since;
        match &event.kind {
            EventKind::JobInitializing { job_id, attempt, .. } => tails.begin(job_id, *attempt),
            EventKind::JobExecuted { job_id, .. } | EventKind::JobEnd { job_id, .. } => {
                self.rest(job_id, new, progress, tails);
            }
            _ => {}
        }
        progress.event(event);
        if new {
            self.view.event(progress, event);
        }
    }

    /// All that a job wrote comes before its end.
    fn rest(&mut self, job: &JobId, new: bool, progress: &mut Progress, tails: &mut Tails) {
        tails.end(job, &mut |job, attempt, output| {
            progress.output(job, output);
            if new {
                self.view.output(progress, job, attempt, output);
            }
        });
    }
}

/// The time by this machine's clock.
pub fn now() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Millis::try_from(since.as_millis()).unwrap_or(Millis::MAX)
}
