//! A build on a server, on its way to the screen: drawn by what draws a local one.

use std::collections::HashMap;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use monkeyci_client::rest::MarkKind as Kind;
use monkeyci_client::{AttemptRef, BuildRef, ClientError, LogRef, rest};
use monkeyci_core::log::{Chunk, LogId, Mark, MarkKind};
use monkeyci_core::model::{BuildId, BuildStatus, Event, JobId, JobStatus};
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, timeout, timeout_at};

use super::told;
use crate::command::build::exit;
use crate::command::short;
use crate::drive::LOOK;
use crate::error::{CliError, Exit};
use crate::signals::{Ask, Signals, stop_self};
use crate::tail::{Ahead, Turn};
use crate::ui::escape::{Colours, neutral};
use crate::ui::output::{Decoder, Output};
use crate::ui::progress::Progress;
use crate::ui::summary::Place;
use crate::ui::{View, when};

/// What is written within this time goes to the screen at once: its marks are asked for once.
const GATHER: Duration = Duration::from_millis(100);

/// Bytes that go to the screen at once, at most.
const PIECE: usize = 64 * 1024;

/// Times that marks are asked for between two pieces, at most: whatever a server says, it comes to an end.
const MARKS: usize = 1000;

/// Pieces of a log that wait for the screen.
const PIECES: usize = 8;

/// How long the next piece of a log is waited for once its attempt has ended.
const PATIENCE: Duration = Duration::from_secs(10);

/// Shows a build until it is over, waits for a person, or the user has seen enough. The build goes on without us.
pub async fn watch(id: &BuildId, build: BuildRef, view: &mut dyn View) -> Result<Exit, CliError> {
    let mut signals = Signals::listen().map_err(|error| CliError::ours(format!("signals: {error}")))?;
    let mut watch = Watch { build, view, progress: Progress::default(), tails: HashMap::new() };
    let mut events = watch.build.events(0);
    let mut tick = tokio::time::interval(LOOK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // Whether the server was asked since the last event if the build waits.
    let mut asked = false;
    loop {
        tokio::select! {
            event = events.next() => match event {
                // Where lines begin and end stands in the log, in its place among what they print.
                Some(Ok(event)) if event.seq == 0 => {}
                Some(Ok(event)) => {
                    watch.hear(&event).await;
                    asked = false;
                }
                Some(Err(error)) => {
                    watch.view.leave();
                    return Err(told(&error));
                }
                None => break,
            },
            ask = signals.next() => match ask {
                Ask::Hold => stop_self().map_err(|error| CliError::ours(format!("holding still: {error}")))?,
                Ask::Cancel | Ask::Kill => {
                    let name = short(id);
                    watch.view.leave();
                    watch.view.note(&format!("The build goes on; `monkeyci cancel {name}` stops it"));
                    return Ok(Exit::Interrupted);
                }
            },
            _ = tick.tick() => {
                watch.look();
                if watch.progress.status == BuildStatus::Blocked && !std::mem::replace(&mut asked, true) {
                    let stands = watch.build.get().await.map_err(|error| told(&error))?;
                    if stands.build.status == BuildStatus::Blocked {
                        break;
                    }
                }
            }
        }
    }
    watch.look();
    let blocked = watch.progress.jobs().iter().find(|job| job.status == JobStatus::Blocked);
    let resume = blocked
        .filter(|_| !watch.progress.status.is_terminal())
        .map(|job| format!("monkeyci approve {} {}", short(id), job.job.id));
    watch.view.end(&watch.progress, &Place { resume, ..Place::default() });
    Ok(exit(watch.progress.status))
}

struct Watch<'a> {
    build: BuildRef,
    view: &'a mut dyn View,
    progress: Progress,
    tails: HashMap<JobId, Tail>,
}

/// The log of an attempt.
struct Tail {
    attempt: u32,
    decoder: Decoder,
    /// What comes of it, once it has started.
    chunks: Option<mpsc::Receiver<Result<Chunk, ClientError>>>,
}

impl Watch<'_> {
    async fn hear(&mut self, event: &Event) {
        match Turn::of(event) {
            Some(Turn::Script(job, attempt)) => {
                self.begin(job.clone(), attempt);
                self.start(&job);
            }
            Some(Turn::Begin(job, attempt)) => self.begin(job, attempt),
            Some(Turn::Start(job)) => self.start(&job),
            // All that a job wrote comes before its end.
            Some(Turn::End(job)) => self.end(&job).await,
            None => {}
        }
        self.progress.event(event);
        self.view.event(&self.progress, event);
    }

    fn begin(&mut self, job: JobId, attempt: u32) {
        self.tails.insert(job, Tail { attempt, decoder: Decoder::default(), chunks: None });
    }

    fn start(&mut self, job: &JobId) {
        let Some(tail) = self.tails.get_mut(job) else { return };
        let (log, attempt) = if tail.attempt == LogId::SCRIPT {
            (self.build.script_log(), None)
        } else {
            let attempt = self.build.job(job).attempt(tail.attempt);
            (attempt.log(), Some(attempt))
        };
        let (send, chunks) = mpsc::channel(PIECES);
        tail.chunks = Some(chunks);
        tokio::spawn(async move {
            if let Err(error) = follow(&log, attempt.as_ref(), &send).await {
                let _gone = send.send(Err(error)).await;
            }
        });
    }

    /// Shows what has come of every log.
    fn look(&mut self) {
        let mut tails = std::mem::take(&mut self.tails);
        for (job, tail) in &mut tails {
            while let Some(Ok(chunk)) = tail.chunks.as_mut().map(mpsc::Receiver::try_recv) {
                self.show(job, tail, chunk);
            }
        }
        self.tails = tails;
        self.view.tick(&self.progress, when::now());
    }

    /// Shows the rest of the log of a job that ended.
    async fn end(&mut self, job: &JobId) {
        let Some(mut tail) = self.tails.remove(job) else { return };
        while let Some(chunks) = &mut tail.chunks {
            match timeout(PATIENCE, chunks.recv()).await {
                Ok(Some(chunk)) => self.show(job, &mut tail, chunk),
                Ok(None) => break,
                Err(_) => {
                    self.view.note(&format!("warning: the rest of the log of `{job}` does not come"));
                    break;
                }
            }
        }
        let rest = tail.decoder.finish();
        self.output(job, tail.attempt, &rest);
    }

    fn show(&mut self, job: &JobId, tail: &mut Tail, chunk: Result<Chunk, ClientError>) {
        match chunk {
            Ok(chunk) => {
                let outputs = tail.decoder.chunk(&chunk);
                self.output(job, tail.attempt, &outputs);
            }
            // An attempt that ended before it wrote anything may have none, and so may a script that is no program.
            Err(ClientError::NotFound(_)) => {}
            // What is missing from the screen is no reason to end.
            Err(error) => {
                let warning = format!("warning: the log of `{job}` cannot be read: {error}");
                self.view.note(&neutral(&warning, Colours::Strip));
            }
        }
    }

    fn output(&mut self, job: &JobId, attempt: u32, outputs: &[Output]) {
        for output in outputs {
            self.progress.output(job, attempt, output);
            self.view.output(&self.progress, job, attempt, output);
        }
    }
}

/// Sends the log in pieces with their marks, as it is written.
async fn follow(
    log: &LogRef,
    attempt: Option<&AttemptRef>,
    to: &mpsc::Sender<Result<Chunk, ClientError>>,
) -> Result<(), ClientError> {
    let mut pieces = log.follow(0);
    let mut ahead = Ahead::default();
    let mut offset = 0;
    let mut is_over = false;
    while !is_over {
        let mut bytes = BytesMut::new();
        match pieces.next().await {
            Some(piece) => bytes.extend_from_slice(&piece?),
            None => is_over = true,
        }
        let until = Instant::now() + GATHER;
        while !is_over && bytes.len() < PIECE {
            match timeout_at(until, pieces.next()).await {
                Ok(Some(piece)) => bytes.extend_from_slice(&piece?),
                Ok(None) => is_over = true,
                Err(_) => break,
            }
        }
        let bytes: Bytes = bytes.freeze();
        let end = offset + bytes.len() as u64;
        if let Some(attempt) = attempt {
            for _ in 0..MARKS {
                if !ahead.wants(end) {
                    break;
                }
                let marks = attempt.marks(ahead.read).await?;
                if marks.is_empty() {
                    break;
                }
                ahead.hear(marks.into_iter().map(mark));
            }
        }
        if to.send(Ok(ahead.chunk(offset, bytes))).await.is_err() {
            return Ok(());
        }
        offset = end;
    }
    Ok(())
}

/// The same mark, as what draws logs knows it.
fn mark(mark: rest::Mark) -> Mark {
    let kind = match mark.kind {
        Kind::Stdout => MarkKind::Stdout,
        Kind::Stderr => MarkKind::Stderr,
        Kind::Mixed => MarkKind::Mixed,
        Kind::LineStart { index } => MarkKind::LineStart(index),
        Kind::LineEnd { index, exit } => MarkKind::LineEnd(index, exit),
    };
    Mark { offset: mark.offset, millis: mark.millis, kind }
}
