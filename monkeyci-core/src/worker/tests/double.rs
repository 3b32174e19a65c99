//! An engine that is strict: it refuses by panic what a worker must not do.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use futures::future::BoxFuture;
use monkeyci_model::script::api::JobView;
use monkeyci_model::{Job, JobId, JobResult, Trigger};
use tokio::sync::{Notify, watch};

use crate::attempt::Attempt;
use crate::executor::{Capabilities, Executor, ExecutorError, Exit, Order, Sitting, Wanted, Watch};
use crate::job_dir::JobDir;
use crate::job_dir::frame::{Frame, Kind, Stream};
use crate::job_dir::outcome::{Guarantee as Known, Outcome, Reason};
use crate::lease::{Ask, Claim, Lease, Leases, Started};
use crate::log::{CHUNK_BYTES, Chunk, LogError, LogId, LogStore};

/// Hands out leases and keeps what it is told.
pub(super) struct Engine {
    pub(super) logs: LogStore,
    waiting: Mutex<Vec<Lease>>,
    asked: Notify,
    /// Whether it answers nobody yet.
    busy: watch::Sender<bool>,
    known: Mutex<HashMap<u64, Told>>,
    /// The jobs of the build, for one that asks.
    pub(super) jobs: Mutex<Vec<JobView>>,
}

struct Told {
    claim: watch::Sender<Claim>,
    started: bool,
    result: watch::Sender<Option<JobResult>>,
}

impl Engine {
    pub(super) fn new(logs: &Path) -> Arc<Self> {
        Arc::new(Self {
            logs: LogStore::at(logs),
            waiting: Mutex::default(),
            asked: Notify::new(),
            busy: watch::channel(false).0,
            known: Mutex::default(),
            jobs: Mutex::default(),
        })
    }

    /// Leases the attempt to whoever asks next; again, when it has been leased before.
    pub(super) fn give(&self, lease: Lease) {
        self.known.lock().expect("whole").entry(lease.attempt.fence).or_insert_with(|| Told {
            claim: watch::channel(Claim::Holds).0,
            started: false,
            result: watch::channel(None).0,
        });
        self.waiting.lock().expect("whole").push(lease);
        self.asked.notify_one();
    }

    pub(super) fn is_busy(&self, busy: bool) {
        let _before = self.busy.send_replace(busy);
    }

    pub(super) fn revoke(&self, fence: u64, claim: Claim) {
        let _before = self.known.lock().expect("whole")[&fence].claim.send_replace(claim);
    }

    pub(super) async fn result(&self, fence: u64) -> JobResult {
        let mut result = self.known.lock().expect("whole")[&fence].result.subscribe();
        result.wait_for(Option::is_some).await.expect("the engine lives").clone().expect("just seen")
    }

    pub(super) fn has_result(&self, fence: u64) -> bool {
        self.known.lock().expect("whole")[&fence].result.borrow().is_some()
    }

    pub(super) fn log(&self, attempt: &Attempt) -> Vec<u8> {
        std::fs::read(self.logs.path(&LogId::from(attempt))).unwrap_or_default()
    }

    fn claim(&self, attempt: &Attempt) -> Claim {
        *self.known.lock().expect("whole")[&attempt.fence].claim.borrow()
    }
}

#[async_trait]
impl Leases for Engine {
    async fn lease(&self, ask: Ask) -> Vec<Lease> {
        assert!(!ask.worker.is_empty(), "a worker without a name asks");
        let room = ask.room;
        if room == 0 {
            return Vec::new();
        }
        drop(self.busy.subscribe().wait_for(|busy| !busy).await);
        loop {
            let leases = {
                let mut waiting = self.waiting.lock().expect("whole");
                let count = room.min(waiting.len());
                waiting.drain(..count).collect::<Vec<_>>()
            };
            if !leases.is_empty() || ask.begins {
                return leases;
            }
            self.asked.notified().await;
        }
    }

    async fn renew(&self, attempts: &[Attempt]) -> Vec<Claim> {
        attempts.iter().map(|attempt| self.claim(attempt)).collect()
    }

    async fn revoked(&self, attempt: &Attempt) -> Claim {
        let mut claim = self.known.lock().expect("whole")[&attempt.fence].claim.subscribe();
        let revoked = claim.wait_for(|claim| *claim != Claim::Holds).await;
        *revoked.expect("the engine lives")
    }

    async fn started(&self, attempt: &Attempt, _: Started) -> Claim {
        self.known.lock().expect("whole").get_mut(&attempt.fence).expect("leased").started = true;
        self.claim(attempt)
    }

    async fn log(&self, attempt: &Attempt, chunk: Chunk) -> Result<Claim, LogError> {
        assert!(self.known.lock().expect("whole")[&attempt.fence].started, "log before the job started");
        assert!(!self.has_result(attempt.fence), "log after the result");
        assert!(chunk.bytes.len() <= CHUNK_BYTES && !(chunk.bytes.is_empty() && chunk.marks.is_empty()));
        let end = chunk.offset + chunk.bytes.len() as u64;
        assert!(chunk.marks.is_sorted_by_key(|mark| mark.offset) && chunk.marks.iter().all(|mark| mark.offset <= end));
        self.logs.append(&attempt.into(), &chunk)?;
        Ok(self.claim(attempt))
    }

    async fn jobs(&self, attempt: &Attempt, only: Option<&JobId>) -> Option<Vec<JobView>> {
        if self.claim(attempt) == Claim::Stale {
            return None;
        }
        let jobs = self.jobs.lock().expect("whole");
        Some(jobs.iter().filter(|view| only.is_none_or(|only| view.job.id == *only)).cloned().collect())
    }

    async fn read_log(
        &self,
        attempt: &Attempt,
        job: &JobId,
        offset: u64,
        most: usize,
    ) -> Result<Option<Bytes>, LogError> {
        let known = self.jobs(attempt, Some(job)).await.and_then(|jobs| jobs.into_iter().next());
        let id = |view: JobView| LogId { build: attempt.build.clone(), job: job.clone(), attempt: view.attempt };
        known.map(id).map(|id| self.logs.read(&id, offset, most)).transpose()
    }

    async fn result(&self, attempt: &Attempt, result: JobResult) -> Claim {
        assert!(!self.has_result(attempt.fence), "two results of one attempt");
        if let Some(bytes) = result.log_bytes {
            assert_eq!(bytes, self.logs.len(&attempt.into()).unwrap_or(0), "the log is not all here");
        }
        self.logs.close(&attempt.into());
        self.known.lock().expect("whole")[&attempt.fence].result.send_replace(Some(result));
        self.claim(attempt)
    }
}

type Act = dyn Fn(JobDir, Watch) -> BoxFuture<'static, Result<Exit, ExecutorError>> + Send + Sync;

/// An executor that does what a test says, in place of a supervisor.
pub(super) struct Acting(Box<Act>);

impl Acting {
    pub(super) fn new<F, Done>(act: F) -> Arc<Self>
    where
        F: Fn(JobDir, Watch) -> Done + Send + Sync + 'static,
        Done: Future<Output = Result<Exit, ExecutorError>> + Send + 'static,
    {
        Arc::new(Self(Box::new(move |dir, watch| Box::pin(act(dir, watch)))))
    }

    /// Runs a job that writes these frames and ends so.
    pub(super) fn telling(frames: Vec<Kind>, reason: Reason, code: i32) -> Arc<Self> {
        Self::new(move |dir, watch| {
            let frames = frames.clone();
            async move {
                (watch.started)(None);
                tell(&dir, &frames);
                end(&dir, reason, Some(code));
                Ok(Exit::default())
            }
        })
    }
}

#[async_trait]
impl Executor for Acting {
    fn name(&self) -> &'static str {
        "acting"
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::default()
    }

    async fn run(&self, order: &Order, watch: Watch) -> Result<Exit, ExecutorError> {
        (self.0)(order.dir.clone(), watch).await
    }

    async fn shell(&self, _: &Order, _: Sitting) -> Result<Option<i32>, ExecutorError> {
        unreachable!("no job is opened for a person")
    }

    async fn sweep(&self, _: &str, _: Wanted<'_>) -> Result<Vec<String>, ExecutorError> {
        Ok(Vec::new())
    }
}

/// Appends frames to a report, a millisecond apart.
pub(super) fn tell(dir: &JobDir, frames: &[Kind]) {
    let mut bytes = Vec::new();
    for (kind, millis) in frames.iter().zip(0..) {
        Frame { millis, kind: kind.clone() }.encode(&mut bytes);
    }
    append(dir, &bytes);
}

/// Appends bytes to a report, as only a job would.
pub(super) fn append(dir: &JobDir, bytes: &[u8]) {
    use std::io::Write;
    let mut file = std::fs::File::options().append(true).create(true).open(dir.report().join("frames")).expect("opens");
    file.write_all(bytes).expect("written");
}

/// Ends a report.
pub(super) fn end(dir: &JobDir, reason: Reason, code: Option<i32>) {
    let line = (code != Some(0)).then_some(0);
    let outcome = Outcome { reason, code, line, message: String::new(), guarantee: Known::Subreaper };
    std::fs::write(dir.report().join("result"), outcome.encode()).expect("written");
}

pub(super) fn out(text: &str) -> Kind {
    Kind::Output(Stream::Stdout, text.into())
}

pub(super) fn err(text: &str) -> Kind {
    Kind::Output(Stream::Stderr, text.into())
}

/// A lease of an attempt of a job with this one line.
pub(super) fn lease(fence: u64, line: &str, checkout: impl Into<PathBuf>) -> Lease {
    let mut job = Job::new("unit".parse().expect("an id"));
    job.script.push(line.into());
    Lease {
        attempt: Attempt {
            instance: "test".into(),
            build: "acme/web/build-1".parse().expect("a build"),
            job: job.id.clone(),
            number: u32::try_from(fence).expect("small"),
            fence,
        },
        job: Arc::new(job),
        trigger: Arc::new(Trigger::default()),
        checkout: checkout.into(),
        script_dir: ".monkeyci".into(),
    }
}
