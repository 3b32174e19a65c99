//! People who are let into the place of a job: beside its lines, and after them where its place is held for that.

use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use monkeyci_model::shell::Opened;
use monkeyci_model::{Cause, JobResult, Millis};
use tokio_util::sync::CancellationToken;

use super::debug::GRACE_MS;
use super::host::attend;
use super::prepare::program;
use super::run::{Run, mask};
use super::site::Site;
use crate::executor::{ExecutorError, Order, Sitting};
use crate::job_dir::{JobDir, Program};

/// The file that keeps how the lines of a job ended whose place is held.
const RESULT: &str = "held";

/// How long a shell may take to end once its job has.
const PARTING: Duration = Duration::from_secs(10);

/// The longest time that a place is held.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// How people get to the place of a job.
enum Way<'a> {
    /// Beside its lines, which run.
    Beside(&'a Order),
    /// After them, which ended like this.
    After(&'a Order, &'a JobResult),
}

impl Run<'_> {
    /// Lets people in beside the lines of a job, one after the other, until it is `over`.
    pub(super) async fn receive(&self, site: &Site, order: &Order, over: &CancellationToken) {
        self.let_in(site, &Way::Beside(order), over).await;
    }

    /// Holds the place of a job whose lines did not end well, where somebody asked for that, and lets people in. However
    /// long that takes, `result` is what came of the lines.
    pub(super) async fn hold(&self, site: &Site, mut result: JobResult) -> JobResult {
        let Some(hold) = self.lease.trigger.hold.filter(|_| has_a_place(&result) && self.halt.why().is_none()) else {
            return result;
        };
        mask(&self.ports.secrets, &mut result);
        let hold = Duration::from_millis(hold).min(LONGEST);
        let kept = serde_json::to_vec(&result).map_err(std::io::Error::from);
        if let Err(error) = kept.and_then(|result| site.dir.keep(RESULT, &result)) {
            result.warnings.push(format!("its place could not be held: {error}"));
            return result;
        }
        let claim = self.ports.leases.held(&self.lease.attempt, until(hold), result.message.clone()).await;
        self.halt.heed(claim);
        let order = Order {
            attempt: self.lease.attempt.clone(),
            job: site.job.clone(),
            dir: site.dir.clone(),
            collect: Vec::new(),
            fork: self.lease.trigger.fork,
            registries: self.settings.registries.of(&site.job, &self.ports.registries).await,
        };
        let over = self.halt.token().child_token();
        let ends = async {
            let _stopped = tokio::time::timeout(hold, over.cancelled()).await;
            over.cancel();
        };
        let way = Way::After(&order, &result);
        tokio::join!(ends, self.let_in(site, &way, &over));
        result
    }

    /// Lets people in, one after the other, until the place is gone.
    async fn let_in(&self, site: &Site, way: &Way<'_>, over: &CancellationToken) {
        loop {
            let visit = tokio::select! {
                biased;
                () = over.cancelled() => return,
                visit = self.ports.leases.visit(&self.lease.attempt) => visit,
            };
            let Some(visit) = visit else { return over.cancelled().await };
            let own = program(self.settings, site);
            let named = visit.wish.shell.clone().unwrap_or_else(|| own.shell.clone());
            let opened = Opened {
                shell: named.clone(),
                // The parts of an empty path are none: no slash is left at the end.
                work_dir: own.root.iter().chain(&own.work_dir).collect::<PathBuf>().display().to_string(),
                ran: way.ran(),
                seconds: None,
            };
            let program = Program {
                lines: Vec::new(),
                command: vec![named.into_bytes()],
                timeout_ms: 0,
                log_limit: 0,
                grace_ms: GRACE_MS,
                ..own
            };
            tokio::select! {
                () = attend(visit, opened, over, |sitting| self.open_shell(way, program, sitting)) => {}
                () = async { over.cancelled().await; tokio::time::sleep(PARTING).await } => {
                    tracing::warn!(attempt = %self.lease.attempt, "a shell did not end with its job");
                }
            }
        }
    }

    async fn open_shell(
        &self,
        way: &Way<'_>,
        program: Program,
        sitting: Sitting,
    ) -> Result<Option<i32>, ExecutorError> {
        match way {
            Way::Beside(order) => {
                // It ends with the job, which has a lease.
                let program = Program { lease_ms: 0, ..program };
                self.ports.executor.enter(order, program, sitting).await
            }
            Way::After(order, _) => {
                let at = order.dir.clone();
                let ready = tokio::task::spawn_blocking(move || at.again(&program)).await;
                let ready = ready.unwrap_or_else(|panic| Err(std::io::Error::other(panic)));
                ready.map_err(|source| ExecutorError::Io { what: "making its folder ready", source })?;
                self.ports.executor.shell(order, sitting).await
            }
        }
    }
}

impl Way<'_> {
    /// How the lines ended, without what is long.
    fn ran(&self) -> Option<JobResult> {
        match self {
            Self::Beside(_) => None,
            Self::After(_, ran) => Some(JobResult {
                cause: ran.cause,
                message: ran.message.clone(),
                exit: ran.exit,
                ..JobResult::default()
            }),
        }
    }
}

/// How the lines of a job ended whose place an earlier worker held, if one did. The hold is over: its shells were that
/// worker's.
pub(super) fn was_held(dir: &JobDir) -> Option<JobResult> {
    let mut result: JobResult = match dir.kept(RESULT).and_then(|kept| {
        let read = kept.map(|text| serde_json::from_slice(&text).map_err(std::io::Error::from));
        read.transpose()
    }) {
        Ok(kept) => kept?,
        Err(error) => {
            JobResult::failed(Cause::Infrastructure, format!("how its lines ended before it was held is lost: {error}"))
        }
    };
    result.warnings.push("its place is no longer held: what held it was stopped".into());
    Some(result)
}

/// Whether its lines ran, and did not end well.
fn has_a_place(result: &JobResult) -> bool {
    matches!(result.cause, Some(Cause::Failure | Cause::Timeout | Cause::OutOfMemory | Cause::LogLimit))
}

fn until(hold: Duration) -> Millis {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Millis::try_from((now + hold).as_millis()).unwrap_or(Millis::MAX)
}
