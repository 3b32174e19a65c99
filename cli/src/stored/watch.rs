//! A build of a store on its way to the screen.

use std::collections::HashMap;
use std::time::Duration;

use monkeyci_core::controller::log::Reader;
use monkeyci_core::log::LogId;
use monkeyci_core::model::{BuildId, BuildStatus, Event, JobId, JobStatus};
use monkeyci_core::store::Store as _;
use tokio::time::{Instant, MissedTickBehavior};

use super::{Stored, ours};
use crate::command::build::exit;
use crate::command::short;
use crate::error::{CliError, Exit};
use crate::signals::{Ask, Signals, stop_self};
use crate::tail::Turn;
use crate::ui::output::{Decoder, Output};
use crate::ui::progress::Progress;
use crate::ui::summary::Place;
use crate::ui::{View, when};

/// How often the store is asked. Each time costs a request, and one more for each job that runs.
const LOOK: Duration = Duration::from_secs(1);

/// How long the end of a log is waited for once its attempt has ended.
const PATIENCE: Duration = Duration::from_secs(5);

/// Shows a build until it is over, waits for a person, or the user has seen enough. The build goes on without us.
pub async fn watch(stored: &Stored, id: &BuildId, view: &mut dyn View) -> Result<Exit, CliError> {
    let mut signals = Signals::listen().map_err(|error| CliError::ours(format!("signals: {error}")))?;
    let mut watch = Watch { stored, view, progress: Progress::default(), tails: HashMap::new() };
    let mut seen = 0;
    let mut tick = tokio::time::interval(LOOK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            ask = signals.next() => match ask {
                Ask::Hold => stop_self().map_err(|error| CliError::ours(format!("holding still: {error}")))?,
                Ask::Cancel | Ask::Kill => {
                    watch.view.leave();
                    let name = short(id);
                    watch.view.note(&format!("The build goes on; `monkeyci cancel --store {} {name}` stops it", stored.place));
                    return Ok(Exit::Interrupted);
                }
            },
            _ = tick.tick() => {
                let events = stored.objects.events(id, seen, usize::MAX).await.map_err(ours)?;
                watch.look().await?;
                for event in &events {
                    watch.hear(event).await?;
                    seen = event.seq;
                }
                watch.view.tick(&watch.progress, when::now());
                let status = watch.progress.status;
                if status.is_terminal() || status == BuildStatus::Blocked && events.is_empty() {
                    break;
                }
            }
        }
    }
    let blocked = watch.progress.jobs().iter().find(|job| job.status == JobStatus::Blocked);
    let resume = blocked
        .filter(|_| !watch.progress.status.is_terminal())
        .map(|job| format!("monkeyci approve --store {} {} {}", stored.place, short(id), job.job.id));
    watch.view.end(&watch.progress, &Place { resume, ..Place::default() });
    Ok(exit(watch.progress.status))
}

struct Watch<'a> {
    stored: &'a Stored,
    view: &'a mut dyn View,
    progress: Progress,
    tails: HashMap<JobId, Tail>,
}

/// The log of an attempt.
struct Tail {
    attempt: u32,
    reader: Reader,
    decoder: Decoder,
    started: bool,
}

impl Watch<'_> {
    async fn hear(&mut self, event: &Event) -> Result<(), CliError> {
        match Turn::of(event) {
            Some(Turn::Script(job, attempt)) => {
                self.begin(LogId { build: event.subject.clone(), job, attempt }, true);
            }
            Some(Turn::Begin(job, attempt)) => {
                self.begin(LogId { build: event.subject.clone(), job, attempt }, false);
            }
            Some(Turn::Start(job)) => {
                if let Some(tail) = self.tails.get_mut(&job) {
                    tail.started = true;
                }
            }
            // All that a job wrote comes before its end.
            Some(Turn::End(job)) => self.end(&job).await?,
            None => {}
        }
        self.progress.event(event);
        self.view.event(&self.progress, event);
        Ok(())
    }

    fn begin(&mut self, id: LogId, started: bool) {
        let reader = Reader::new(self.stored.objects.bucket().clone(), &id);
        self.tails.insert(id.job, Tail { attempt: id.attempt, reader, decoder: Decoder::default(), started });
    }

    /// Shows what has come of every log.
    async fn look(&mut self) -> Result<(), CliError> {
        let mut tails = std::mem::take(&mut self.tails);
        for (job, tail) in tails.iter_mut().filter(|(_, tail)| tail.started) {
            self.more(job, tail).await?;
        }
        self.tails = tails;
        Ok(())
    }

    /// Shows the rest of the log of a job that ended.
    async fn end(&mut self, job: &JobId) -> Result<(), CliError> {
        let Some(mut tail) = self.tails.remove(job) else { return Ok(()) };
        let until = Instant::now() + PATIENCE;
        while tail.started && !self.more(job, &mut tail).await? {
            if Instant::now() > until {
                self.view.note(&format!("warning: the rest of the log of `{job}` does not come"));
                break;
            }
            tokio::time::sleep(LOOK / 4).await;
        }
        let rest = tail.decoder.finish();
        self.output(job, tail.attempt, &rest);
        Ok(())
    }

    /// Whether no more comes.
    async fn more(&mut self, job: &JobId, tail: &mut Tail) -> Result<bool, CliError> {
        let (chunks, is_over) = tail.reader.next().await.map_err(ours)?;
        for chunk in &chunks {
            let outputs = tail.decoder.chunk(chunk);
            self.output(job, tail.attempt, &outputs);
        }
        Ok(is_over)
    }

    fn output(&mut self, job: &JobId, attempt: u32, outputs: &[Output]) {
        for output in outputs {
            self.progress.output(job, attempt, output);
            self.view.output(&self.progress, job, attempt, output);
        }
    }
}
