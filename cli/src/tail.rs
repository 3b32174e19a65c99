//! The logs of the jobs that run, read as they grow.
//!
//! They are read when there is time and when a job ends, and not followed by tasks of their own: so everything that a
//! job wrote is shown before its end is, and nothing has to be waited for.

use std::collections::HashMap;

use bytes::Bytes;
use monkeyci_core::log::{Chunk, LogId, LogStore, Mark};
use monkeyci_core::model::{BuildId, Event, EventKind, JobId};

use crate::ui::output::{Decoder, Output};

/// Bytes that one look takes of a log, at most, so that a loud job does not keep the others from being seen.
const LOOK: usize = 4 * 1024 * 1024;

/// Bytes that are read at once.
const PIECE: usize = 64 * 1024;

/// Marks that are read at once.
const MARKS: usize = 1024;

/// Hears what an attempt of a job did.
pub type Tell<'a> = dyn FnMut(&JobId, u32, &Output) + 'a;

/// What an event says of a log.
#[derive(Debug, PartialEq, Eq)]
pub enum Turn {
    /// That of the script is written from now on.
    Script(JobId, u32),
    /// The next of this job is that of this attempt.
    Begin(JobId, u32),
    /// It is written from now on.
    Start(JobId),
    /// All of it comes before this.
    End(JobId),
}

impl Turn {
    /// What `event` says.
    pub fn of(event: &Event) -> Option<Self> {
        match &event.kind {
            EventKind::ScriptInitializing { .. } => {
                let LogId { job, attempt, .. } = LogId::script(&event.subject);
                Some(Self::Script(job, attempt))
            }
            EventKind::JobInitializing { job_id, attempt, .. } => Some(Self::Begin(job_id.clone(), *attempt)),
            EventKind::JobStart { job_id, .. } => Some(Self::Start(job_id.clone())),
            EventKind::JobExecuted { job_id, .. } | EventKind::JobEnd { job_id, .. } => Some(Self::End(job_id.clone())),
            EventKind::ScriptStart { .. } | EventKind::ScriptEnd { .. } => {
                Some(Self::End(LogId::script(&event.subject).job))
            }
            _ => None,
        }
    }
}

/// The logs of a build's jobs.
pub struct Tails {
    logs: LogStore,
    build: BuildId,
    open: HashMap<JobId, Tail>,
}

/// How far a log was read.
#[derive(Default)]
struct Tail {
    attempt: u32,
    started: bool,
    decoder: Decoder,
    ahead: Ahead,
}

/// Marks of a log that were read and lie beyond the bytes that were.
#[derive(Default)]
pub struct Ahead {
    /// How many were read.
    pub read: u64,
    marks: Vec<Mark>,
}

impl Ahead {
    /// Whether there may be more marks of the bytes before `end`.
    pub fn wants(&self, end: u64) -> bool {
        self.marks.last().is_none_or(|mark| mark.offset <= end)
    }

    /// Takes in the next marks.
    pub fn hear(&mut self, marks: impl IntoIterator<Item = Mark>) {
        let before = self.marks.len();
        self.marks.extend(marks);
        self.read += (self.marks.len() - before) as u64;
    }

    /// The bytes with the marks that are within them.
    pub fn chunk(&mut self, offset: u64, bytes: Bytes) -> Chunk {
        let end = offset + bytes.len() as u64;
        let within = self.marks.partition_point(|mark| mark.offset <= end);
        Chunk { offset, bytes, marks: self.marks.drain(..within).collect() }
    }
}

impl Tails {
    /// Reads the logs of `build` in `logs`.
    pub fn new(logs: LogStore, build: BuildId) -> Self {
        Self { logs, build, open: HashMap::new() }
    }

    /// Turns to the log of an attempt.
    pub fn begin(&mut self, job: &JobId, attempt: u32) {
        self.open.insert(job.clone(), Tail { attempt, ..Tail::default() });
    }

    /// Its job has started: a log may be there before that is known, and is told after it.
    pub fn start(&mut self, job: &JobId) {
        if let Some(tail) = self.open.get_mut(job) {
            tail.started = true;
        }
    }

    /// Tells what is new of every job that has started.
    pub fn look(&mut self, tell: &mut Tell<'_>) {
        for (job, tail) in self.open.iter_mut().filter(|(_, tail)| tail.started) {
            let id = LogId { build: self.build.clone(), job: job.clone(), attempt: tail.attempt };
            tail.read(&self.logs, &id, LOOK, tell);
        }
    }

    /// Tells the rest of a job that ended.
    pub fn end(&mut self, job: &JobId, tell: &mut Tell<'_>) {
        let Some(mut tail) = self.open.remove(job) else { return };
        let id = LogId { build: self.build.clone(), job: job.clone(), attempt: tail.attempt };
        tail.read(&self.logs, &id, usize::MAX, tell);
        tail.decoder.finish().iter().for_each(|output| tell(job, tail.attempt, output));
    }
}

impl Tail {
    /// Holds no more than one piece of the log in memory.
    fn read(&mut self, logs: &LogStore, id: &LogId, most: usize, tell: &mut Tell<'_>) {
        let mut left = most;
        while left > 0 {
            let offset = self.decoder.end();
            // A log that cannot be read is missing from the screen and no reason to end the build.
            let bytes = logs.read(id, offset, PIECE.min(left)).unwrap_or_default();
            left -= bytes.len();
            // A short piece is the last one: the next look begins after it.
            let done = bytes.len() < PIECE;
            let chunk = self.chunk(logs, id, offset, bytes);
            self.decoder.chunk(&chunk).iter().for_each(|output| tell(&id.job, self.attempt, output));
            if done {
                break;
            }
        }
    }

    fn chunk(&mut self, logs: &LogStore, id: &LogId, offset: u64, bytes: Bytes) -> Chunk {
        while self.ahead.wants(offset + bytes.len() as u64) {
            let marks = logs.marks(id, self.ahead.read, MARKS).unwrap_or_default();
            let done = marks.len() < MARKS;
            self.ahead.hear(marks);
            if done {
                break;
            }
        }
        self.ahead.chunk(offset, bytes)
    }
}

#[cfg(test)]
mod tests {
    use monkeyci_core::log::MarkKind;

    use super::*;
    use crate::ui::output::Stream;

    #[test]
    fn what_a_job_wrote_comes_in_order_and_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let logs = LogStore::at(folder.path());
        let build: BuildId = "local/web/build-1".parse().expect("a build");
        let job: JobId = "test".parse().expect("an id");
        let id = LogId { build: build.clone(), job: job.clone(), attempt: 1 };
        let mut tails = Tails::new(logs.clone(), build);
        tails.begin(&job, 1);
        let look = |tails: &mut Tails| {
            let mut shown = Vec::new();
            tails.look(&mut |_, _, output| shown.push(output.clone()));
            shown
        };
        assert!(look(&mut tails).is_empty(), "nothing is written yet");

        let mark = |offset, kind| Mark { offset, millis: 0, kind };
        let first = vec![mark(0, MarkKind::LineStart(0)), mark(0, MarkKind::Stdout), mark(4, MarkKind::Stderr)];
        logs.append(&id, &Chunk { offset: 0, bytes: "out\nerr".into(), marks: first }).expect("written");
        assert!(look(&mut tails).is_empty(), "its start is not known yet");
        tails.start(&job);
        assert_eq!(look(&mut tails), [Output::CommandStart(0), Output::Line(Stream::Stdout, "out".into())]);

        let last = vec![mark(8, MarkKind::LineEnd(0, 1))];
        logs.append(&id, &Chunk { offset: 7, bytes: "!".into(), marks: last }).expect("written");
        let mut rest = Vec::new();
        tails.end(&job, &mut |_, _, output| rest.push(output.clone()));
        assert_eq!(rest, [Output::Line(Stream::Stderr, "err!".into()), Output::CommandEnd(0, 1)]);
        assert!(look(&mut tails).is_empty());
    }
}
