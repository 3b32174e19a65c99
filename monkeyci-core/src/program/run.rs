//! One run of a command that is not trusted, by the executor.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use monkeyci_model::{BuildId, Job, JobId, OrgId, RepoId};
use tokio_util::sync::CancellationToken;

use super::output::Listener;
use super::{ProgramError, Shared, blocking};
use crate::attempt::Attempt;
use crate::executor::{Exit, Inner, Order, Watch};
use crate::job_dir::frame::{Frame, Kind};
use crate::job_dir::outcome::{Outcome, Reason};
use crate::job_dir::report::Reader;
use crate::job_dir::{JobDir, Program};

/// From asking a command to end to killing it.
const GRACE: Duration = Duration::from_secs(2);

/// How long the executor may take beyond what the command may.
const SLACK: Duration = Duration::from_secs(30);

/// How often is looked at what it prints.
const LOOK: Duration = Duration::from_millis(40);

/// What is run, and within which limits.
pub(super) struct Errand {
    /// What it is called, in the names of processes and containers.
    pub(super) id: &'static str,
    /// How long it may take.
    pub(super) limit: Duration,
    /// Bytes that it may print.
    pub(super) log_limit: u64,
    /// Bytes of the answer that is read once it has ended well; nothing is read of a command that gives none.
    pub(super) answer_limit: Option<u64>,
    /// The image that it runs in; a process of this machine when absent.
    pub(super) image: Option<String>,
    /// The workspace, where that is not made for it.
    pub(super) work: Option<PathBuf>,
    /// What must be in the workspace afterwards, from its root.
    pub(super) collect: Vec<String>,
    /// Whether the code is that of a fork.
    pub(super) fork: bool,
}

impl Errand {
    /// One of this machine, in a workspace of its own.
    pub(super) fn new(id: &'static str, limit: Duration, log_limit: u64, answer_limit: Option<u64>) -> Self {
        let (image, work, collect, fork) = (None, None, Vec::new(), false);
        Self { id, limit, log_limit, answer_limit, image, work, collect, fork }
    }
}

/// How it ended.
pub(super) struct Ran {
    /// Why not well, in half a sentence; absent when it ended with 0.
    pub(super) how: Option<String>,
    /// What it left in the place of the answer, or why that cannot be read.
    pub(super) answer: Result<Option<Vec<u8>>, String>,
}

/// The name of an answer in the report half.
pub(super) const ANSWER: &str = "answer.json";

/// The name of the program in the control half of a container's job directory.
pub(super) const LENT: &str = "program";

/// The name of a question in the control half.
pub(super) const QUESTION: &str = "question.json";

impl Shared {
    /// Runs what `prepare` puts into the job directory, to its end, and removes all that is left of it.
    pub(super) async fn run(
        &self,
        errand: &Errand,
        prepare: impl FnOnce(&JobDir) -> Result<Program, ProgramError> + Send + 'static,
        listener: &mut dyn Listener,
        cancel: &CancellationToken,
    ) -> Result<Ran, ProgramError> {
        let attempt = Attempt {
            instance: self.instance.clone(),
            build: BuildId::new(
                OrgId::new("monkeyci").expect("a valid id"),
                RepoId::new("script").expect("a valid id"),
                1,
            ),
            job: JobId::new(errand.id).expect("a valid id"),
            number: 1,
            fence: self.next.fetch_add(1, Ordering::Relaxed),
        };
        let root = self.runs.join(attempt.name());
        let limits = (errand.limit, errand.log_limit);
        let (made, shown, work) = (root.clone(), root.clone(), errand.work.clone());
        let prepared = blocking(move || {
            let mut dir = JobDir::create(made).map_err(ProgramError::io("cannot make", &shown))?;
            if let Some(work) = work {
                dir = dir.working_in(work);
            }
            let program = prepare(&dir)?;
            let program = Program {
                timeout_ms: millis(limits.0),
                grace_ms: millis(GRACE),
                log_limit: limits.1,
                // It is given up by then in any case.
                lease_ms: millis(limits.0 + SLACK),
                ..program
            };
            dir.write(&program).map_err(ProgramError::io("cannot write", dir.root()))?;
            Ok(dir)
        })
        .await;
        let ran = match prepared {
            Ok(dir) => self.run_prepared(errand, attempt, dir, listener, cancel).await,
            Err(error) => Err(error),
        };
        let dir = JobDir::at(root.clone());
        let removed = blocking(move || dir.remove().map_err(ProgramError::io("cannot remove", dir.root()))).await;
        if let Err(error) = removed {
            tracing::warn!(%error, "what a script program left");
        }
        ran
    }

    async fn run_prepared(
        &self,
        errand: &Errand,
        attempt: Attempt,
        dir: JobDir,
        listener: &mut dyn Listener,
        cancel: &CancellationToken,
    ) -> Result<Ran, ProgramError> {
        let mut reader = Reader::open(&dir).map_err(|error| ProgramError::Broke(error.to_string()))?;
        let mut job = Job::new(attempt.job.clone());
        job.image.clone_from(&errand.image);
        let (collect, fork) = (errand.collect.clone(), errand.fork);
        let order = Order { attempt, job, dir, collect, fork, registries: Vec::new() };
        let watch = Watch { cancel: cancel.clone(), started: Arc::new(|_| {}) };
        let run = tokio::time::timeout(errand.limit + GRACE + SLACK, self.executor.run(&order, watch));
        let mut run = std::pin::pin!(run);
        let ran = loop {
            tokio::select! {
                ran = &mut run => break ran,
                // What no supervisor writes is found once more below, and ends it then.
                () = tokio::time::sleep(LOOK) => reader.read().into_iter().flatten().for_each(|frame| hear(listener, frame)),
            }
        };
        let Exit { out_of_memory, .. } = match ran {
            _ if cancel.is_cancelled() => return Err(ProgramError::Canceled),
            Ok(ran) => ran?,
            Err(_) => {
                let name = self.executor.name();
                return Err(ProgramError::Broke(format!("the executor `{name}` did not end it in time")));
            }
        };
        loop {
            let frames = match reader.read() {
                Ok(frames) if frames.is_empty() => break,
                Ok(frames) => frames,
                Err(error) => return Ok(Ran { how: Some(error.to_string()), answer: Ok(None) }),
            };
            frames.into_iter().for_each(|frame| hear(listener, frame));
        }
        let how = match reader.outcome() {
            Ok(Some(outcome)) => how(errand, &outcome, out_of_memory),
            Ok(None) => Some("its supervisor ended without a result".to_owned()),
            Err(error) => Some(error.to_string()),
        };
        let answer = match errand.answer_limit.filter(|_| how.is_none()) {
            Some(limit) => reader.left(ANSWER, limit).map_err(|error| error.to_string()),
            None => Ok(None),
        };
        Ok(Ran { how, answer })
    }
}

fn hear(listener: &mut dyn Listener, frame: Frame) {
    if let Kind::Output(stream, bytes) = frame.kind {
        listener.hear(stream, &bytes);
    }
}

/// Why it did not end well.
fn how(errand: &Errand, outcome: &Outcome, out_of_memory: bool) -> Option<String> {
    Some(match (outcome.reason, outcome.code.unwrap_or(0)) {
        (Reason::Exited, 0) => return None,
        (Reason::Exited, _) if out_of_memory => "there was no memory left for it".to_owned(),
        (Reason::Exited, code @ 129..=192) => format!("it was ended by signal {}", code - 128),
        (Reason::Exited, code) => format!("it ended with code {code}"),
        (Reason::Timeout, _) => match errand.limit.as_secs() {
            seconds if seconds >= 60 && seconds % 60 == 0 => format!("it took longer than {} min", seconds / 60),
            _ => format!("it took longer than {} s", errand.limit.as_secs_f64()),
        },
        (Reason::LogLimit, _) => format!("it printed more than {} MB", errand.log_limit / 1024 / 1024),
        (Reason::Canceled | Reason::LeaseOver, _) => "it was stopped".to_owned(),
        (Reason::CannotStart, _) => format!("it could not start: {}", outcome.message),
    })
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Puts a file into the control half, which is read-only to whoever is run.
pub(super) fn put(dir: &JobDir, name: &str, bytes: &[u8]) -> Result<(), ProgramError> {
    let path = dir.control().join(name);
    fs::write(&path, bytes).map_err(ProgramError::io("cannot write", &path))
}

/// Gives a job directory the program, where that runs in a container, and says how it is called there.
pub(super) fn lend(dir: &JobDir, program: &Path, inside: bool) -> Result<PathBuf, ProgramError> {
    if !inside {
        return Ok(program.to_owned());
    }
    let to = dir.control().join(LENT);
    // A second name costs nothing, and its mount is read-only. On another disk it is a copy.
    let lent = fs::hard_link(program, &to).or_else(|_| fs::copy(program, &to).map(drop));
    lent.map_err(ProgramError::io("cannot copy the program to", &to))?;
    Ok(Inner::of(dir, true).control.join(LENT))
}

/// A path as a variable's value.
pub(super) fn value(path: &Path) -> Vec<u8> {
    use std::os::unix::ffi::OsStrExt;
    path.as_os_str().as_bytes().to_vec()
}
