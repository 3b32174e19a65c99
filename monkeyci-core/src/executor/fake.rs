//! Jobs that run nothing: for dry runs, and for the tests of those who embed MonkeyCI.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use tokio::io::AsyncWriteExt as _;

use super::{Capabilities, Executor, ExecutorError, Exit, Order, Sitting, Wanted, Watch};
use crate::job_dir::Program;
use crate::job_dir::frame::{Frame, Kind, Stream};
use crate::job_dir::guarantee;
use crate::job_dir::outcome::{Guarantee, Outcome, Reason};
use crate::job_dir::report::Reader;

/// Runs nothing and reports as if it had. Jobs end well unless it is told otherwise.
///
/// ```
/// use monkeyci_core::executor::Fake;
///
/// let fake = Fake::default().exit("lint", 1).output("lint", "unused variable `x`\n").exits("flaky", [1, 0]);
/// assert!(fake.started().is_empty());
/// ```
#[derive(Debug, Clone, Default)]
pub struct Fake {
    fates: BTreeMap<String, Fate>,
    dry_run: bool,
    started: Arc<Mutex<Vec<String>>>,
}

#[derive(Debug, Clone, Default)]
struct Fate {
    codes: Vec<i32>,
    output: Vec<u8>,
    out_of_memory: bool,
    hang: bool,
    reason: Option<Reason>,
    broken: Option<String>,
}

impl Fake {
    /// One that says of each line that it would run.
    #[must_use]
    pub fn dry_run() -> Self {
        Self { dry_run: true, ..Self::default() }
    }

    /// The first line of `job` ends with `code`.
    #[must_use]
    pub fn exit(self, job: &str, code: i32) -> Self {
        self.exits(job, [code])
    }

    /// The first line of `job` ends with these codes, attempt by attempt; the last stays.
    #[must_use]
    pub fn exits(self, job: &str, codes: impl IntoIterator<Item = i32>) -> Self {
        self.fate(job, |fate| fate.codes = codes.into_iter().collect())
    }

    /// The first line of `job` writes `output`.
    #[must_use]
    pub fn output(self, job: &str, output: impl Into<Vec<u8>>) -> Self {
        self.fate(job, |fate| fate.output = output.into())
    }

    /// `job` is ended by the kernel for want of memory.
    #[must_use]
    pub fn out_of_memory(self, job: &str) -> Self {
        self.fate(job, |fate| (fate.codes, fate.out_of_memory) = (vec![137], true))
    }

    /// `job` takes longer than it may.
    #[must_use]
    pub fn timeout(self, job: &str) -> Self {
        self.fate(job, |fate| fate.reason = Some(Reason::Timeout))
    }

    /// `job` goes on until it is cancelled.
    #[must_use]
    pub fn hang(self, job: &str) -> Self {
        self.fate(job, |fate| fate.hang = true)
    }

    /// The executor itself breaks, for `reason`, when it is to run `job`.
    #[must_use]
    pub fn broken(self, job: &str, reason: &str) -> Self {
        self.fate(job, |fate| fate.broken = Some(reason.to_owned()))
    }

    /// The jobs that were started, in order; one that was started again is there again. Clones share the list.
    #[must_use]
    pub fn started(&self) -> Vec<String> {
        self.started.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn fate(mut self, job: &str, change: impl FnOnce(&mut Fate)) -> Self {
        change(self.fates.entry(job.to_owned()).or_default());
        self
    }
}

#[async_trait]
impl Executor for Fake {
    fn name(&self) -> &'static str {
        "fake"
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { images: true, processes: true, services: true, limits: true, plays: true }
    }

    async fn run(&self, order: &Order, watch: Watch) -> Result<Exit, ExecutorError> {
        let fate = self.fates.get(order.job.id.as_str()).cloned().unwrap_or_default();
        let ran = Reader::open(&order.dir).and_then(|reader| reader.outcome());
        if let Ok(Some(outcome)) = ran {
            (watch.started)(Some(guarantee(outcome.guarantee)));
            return Ok(Exit { out_of_memory: fate.out_of_memory, ..Exit::default() });
        }
        if let Some(reason) = fate.broken {
            return Err(ExecutorError::Engine { what: "run the job", reason });
        }
        self.started.lock().unwrap_or_else(PoisonError::into_inner).push(order.job.id.to_string());
        let failed = |source| ExecutorError::Io { what: "write the report", source };
        let mut report = File::create(order.dir.report().join("frames")).map_err(failed)?;
        put(&mut report, Kind::Started(Guarantee::PidNamespace)).map_err(failed)?;
        (watch.started)(Some(guarantee(Guarantee::PidNamespace)));
        let outcome = if fate.hang {
            put(&mut report, Kind::LineStart(0)).map_err(failed)?;
            watch.cancel.cancelled().await;
            outcome(Reason::Canceled, None, Some(0))
        } else if watch.cancel.is_cancelled() {
            outcome(Reason::Canceled, None, None)
        } else {
            self.play(order, &fate, &mut report).map_err(failed)?
        };
        let (new, result) = (order.dir.report().join("result.new"), order.dir.report().join("result"));
        fs::write(&new, outcome.encode()).and_then(|()| fs::rename(new, result)).map_err(failed)?;
        Ok(Exit { out_of_memory: fate.out_of_memory, ..Exit::default() })
    }

    async fn shell(&self, order: &Order, sitting: Sitting) -> Result<Option<i32>, ExecutorError> {
        let failed = |source| ExecutorError::Io { what: "open the shell", source };
        let program = Program::read(&order.dir.control()).map_err(failed)?;
        let Some(mut terminal) = (sitting.open)().await else { return Ok(None) };
        let words: Vec<_> = program.command.iter().map(|word| String::from_utf8_lossy(word)).collect();
        let end = if terminal.screen.is_some() { "\r\n" } else { "\n" };
        let line = format!("would open: {}{end}", words.join(" "));
        let written = terminal.output.write_all(line.as_bytes()).await;
        written.map_err(failed)?;
        terminal.output.flush().await.map_err(failed)?;
        Ok(Some(0))
    }

    async fn sweep(&self, _: &str, _: Wanted<'_>) -> Result<Vec<String>, ExecutorError> {
        Ok(Vec::new())
    }
}

impl Fake {
    /// Writes what a supervisor would of the job's lines.
    fn play(&self, order: &Order, fate: &Fate, report: &mut File) -> io::Result<Outcome> {
        let command = order.job.command.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        let lines = match command.is_empty() {
            true => order.job.script.iter().map(ToString::to_string).collect(),
            false => vec![command],
        };
        let attempt = order.attempt.number.saturating_sub(1) as usize;
        let code = fate.codes.get(attempt).or(fate.codes.last()).copied().unwrap_or(0);
        for (line, index) in lines.iter().zip(0..) {
            put(report, Kind::LineStart(index))?;
            if self.dry_run {
                put(report, Kind::Output(Stream::Stdout, format!("would run: {line}\n").into_bytes()))?;
            }
            if index == 0 {
                put(report, Kind::Output(Stream::Stdout, fate.output.clone()))?;
                if let Some(reason) = fate.reason {
                    return Ok(outcome(reason, None, Some(0)));
                }
                put(report, Kind::LineEnd(0, code))?;
                if code != 0 {
                    return Ok(outcome(Reason::Exited, Some(code), Some(0)));
                }
            } else {
                put(report, Kind::LineEnd(index, 0))?;
            }
        }
        Ok(outcome(Reason::Exited, Some(0), None))
    }
}

fn put(report: &mut File, kind: Kind) -> io::Result<()> {
    let mut bytes = Vec::new();
    Frame { millis: 0, kind }.encode(&mut bytes);
    report.write_all(&bytes)
}

fn outcome(reason: Reason, code: Option<i32>, line: Option<u32>) -> Outcome {
    Outcome { reason, code, line, message: String::new(), guarantee: Guarantee::PidNamespace }
}
