use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use monkeyci_client::rest::lease as wire;
use monkeyci_client::rest::{Mark, MarkKind};
use monkeyci_client::{ClientError, DutyRef};
use monkeyci_core::attempt::Attempt;
use monkeyci_core::lease::{Ask, Claim, Lease, Leases, Started};
use monkeyci_core::log::{self, Chunk, LogError};
use monkeyci_core::model::script::api::JobView;
use monkeyci_core::model::{BuildId, Cause, JobId, JobResult, Millis};
use monkeyci_core::visit::Visit;
use tokio::sync::watch;

use super::checkouts;
use super::patience::{is_away, patiently};
use super::visits;

/// How long one question waits for news.
const WAIT: Duration = Duration::from_secs(20);

/// Times that a worker which ends says so to a server that does not answer.
const FAREWELLS: usize = 3;

/// The interface of a server's leases, over HTTP.
pub struct Link {
    duty: DutyRef,
    /// The label of what is made for jobs here: that of the server is its own worker's.
    instance: String,
    checkouts: PathBuf,
    refused: watch::Sender<Option<String>>,
}

impl Link {
    /// The link of a worker that has begun, and keeps checkouts in a folder.
    pub fn new(duty: DutyRef, instance: &str, checkouts: PathBuf) -> Self {
        Self { duty, instance: instance.to_owned(), checkouts, refused: watch::channel(None).0 }
    }

    /// Returns once the server wants nothing more of this worker, with what it said.
    pub async fn refused(&self) -> String {
        let mut refused = self.refused.subscribe();
        match refused.wait_for(Option::is_some).await.map(|why| why.clone()) {
            Ok(why) => why.unwrap_or_default(),
            // Never, as it is sent from here.
            Err(_) => std::future::pending().await,
        }
    }

    /// What is left of a claim when the server refuses to hear of it.
    fn over(&self, attempt: &Attempt, error: &ClientError) -> Claim {
        tracing::warn!(%attempt, %error, "the server does not take it");
        if error.status() == Some(401) {
            self.refuse(error);
        }
        Claim::Stale
    }

    fn refuse(&self, error: &ClientError) {
        let _before = self.refused.send_replace(Some(error.to_string()));
    }

    fn taken_in(&self, lease: wire::Lease) -> Lease {
        let wire::Lease { fence, build, attempt, job, trigger, script_dir } = lease;
        let checkout = self.checkout(&build);
        let attempt = Attempt { instance: self.instance.clone(), build, job: job.id.clone(), number: attempt, fence };
        Lease { attempt, job: job.into(), trigger: trigger.into(), checkout, script_dir }
    }

    fn checkout(&self, build: &BuildId) -> PathBuf {
        checkouts::tree(&self.checkouts, build)
    }
}

#[async_trait]
impl Leases for Link {
    async fn lease(&self, ask: Ask) -> Vec<Lease> {
        let room = u32::try_from(ask.room).unwrap_or(u32::MAX);
        let wait = u64::try_from(WAIT.as_millis()).unwrap_or(u64::MAX);
        let asked = wire::Ask { room, holds: ask.holds, wait, begins: ask.begins };
        let mut tries = 0;
        loop {
            match self.duty.lease(&asked).await {
                Ok(leases) if leases.is_empty() && room > 0 && !ask.begins => {}
                Ok(leases) => return leases.into_iter().map(|lease| self.taken_in(lease)).collect(),
                Err(error) if is_away(&error) => {
                    tries += 1;
                    if room == 0 && tries >= FAREWELLS {
                        return Vec::new();
                    }
                    tracing::warn!(%error, "the server does not answer; trying again");
                    tokio::time::sleep(super::patience::AGAIN).await;
                }
                Err(error) => {
                    self.refuse(&error);
                    if room == 0 {
                        return Vec::new();
                    }
                    // Whoever hears of the refusal ends the worker.
                    std::future::pending::<()>().await;
                }
            }
        }
    }

    async fn renew(&self, attempts: &[Attempt]) -> Vec<Claim> {
        let fences: Vec<u64> = attempts.iter().map(|attempt| attempt.fence).collect();
        match patiently(|| self.duty.renew(fences.clone())).await {
            Ok(claims) => claims.into_iter().map(claim).collect(),
            Err(error) => attempts.iter().map(|attempt| self.over(attempt, &error)).collect(),
        }
    }

    async fn revoked(&self, attempt: &Attempt) -> Claim {
        let held = self.duty.held(attempt.fence);
        loop {
            match patiently(|| held.claim(WAIT)).await {
                Ok(wire::Claim::Holds) => {}
                Ok(news) => return claim(news),
                Err(error) => return self.over(attempt, &error),
            }
        }
    }

    async fn started(&self, attempt: &Attempt, started: Started) -> Claim {
        let Started { guarantee, job, addresses } = started;
        let (held, started) = (self.duty.held(attempt.fence), wire::Started { guarantee, job, addresses });
        patiently(|| held.started(&started)).await.map_or_else(|error| self.over(attempt, &error), claim)
    }

    async fn log(&self, attempt: &Attempt, chunk: Chunk) -> Result<Claim, LogError> {
        let marks = chunk.marks.iter().copied().map(mark).collect();
        let (held, head) = (self.duty.held(attempt.fence), wire::ChunkHead { offset: chunk.offset, marks });
        match patiently(|| held.log(&head, &chunk.bytes)).await {
            Ok(news) => Ok(claim(news)),
            Err(error) if error.status() == Some(401) => Ok(self.over(attempt, &error)),
            Err(error) => Err(LogError::Refused(error.to_string())),
        }
    }

    async fn held(&self, attempt: &Attempt, until: Millis, message: Option<String>) -> Claim {
        let (held, place) = (self.duty.held(attempt.fence), wire::Held { until, message });
        match patiently(|| held.hold(&place)).await {
            Ok(news) => claim(news),
            Err(error) if error.status() == Some(401) => self.over(attempt, &error),
            // A server that knows nothing of this keeps the job all the same.
            Err(_) => Claim::Holds,
        }
    }

    async fn visit(&self, attempt: &Attempt) -> Option<Visit> {
        let held = self.duty.held(attempt.fence);
        loop {
            match held.visit(WAIT).await {
                Ok(None) => {}
                Ok(Some(socket)) => match visits::begin(socket).await {
                    Some(visit) => return Some(visit),
                    None => tracing::debug!(%attempt, "somebody wanted a shell, and left"),
                },
                Err(error) if is_away(&error) => {
                    tracing::debug!(%attempt, %error, "nobody can be let in yet");
                    tokio::time::sleep(super::patience::AGAIN).await;
                }
                // The attempt is over; or the server knows nothing of this, or a proxy in between.
                Err(error) => {
                    tracing::debug!(%attempt, %error, "nobody is let in");
                    return None;
                }
            }
        }
    }

    async fn jobs(&self, attempt: &Attempt, only: Option<&JobId>) -> Option<Vec<JobView>> {
        let held = self.duty.held(attempt.fence);
        match patiently(|| held.jobs(only)).await {
            Ok(jobs) => Some(jobs),
            Err(error) => {
                tracing::debug!(%attempt, %error, "the jobs of its build are not told");
                None
            }
        }
    }

    async fn read_log(
        &self,
        attempt: &Attempt,
        job: &JobId,
        offset: u64,
        most: usize,
    ) -> Result<Option<Bytes>, LogError> {
        let held = self.duty.held(attempt.fence);
        match patiently(|| held.read_log(job, offset)).await {
            Ok(bytes) => Ok(Some(bytes.slice(..bytes.len().min(most)))),
            Err(error) if matches!(error.status(), Some(404 | 410)) => Ok(None),
            Err(error) => Err(LogError::Refused(error.to_string())),
        }
    }

    async fn result(&self, attempt: &Attempt, result: JobResult) -> Claim {
        let held = self.duty.held(attempt.fence);
        let error = match patiently(|| held.result(result.clone())).await {
            Ok(news) => return claim(news),
            Err(error) if error.status() == Some(401) => return self.over(attempt, &error),
            Err(error) => error,
        };
        // Too large, for example: that it ended is known nevertheless.
        let refused = JobResult::failed(Cause::Infrastructure, format!("its result was refused: {error}"));
        patiently(|| held.result(refused.clone())).await.map_or_else(|error| self.over(attempt, &error), claim)
    }
}

fn claim(claim: wire::Claim) -> Claim {
    match claim {
        wire::Claim::Holds => Claim::Holds,
        wire::Claim::Canceled => Claim::Canceled,
        wire::Claim::Stale => Claim::Stale,
    }
}

fn mark(mark: log::Mark) -> Mark {
    let kind = match mark.kind {
        log::MarkKind::Stderr => MarkKind::Stderr,
        log::MarkKind::Mixed => MarkKind::Mixed,
        log::MarkKind::LineStart(index) => MarkKind::LineStart { index },
        log::MarkKind::LineEnd(index, exit) => MarkKind::LineEnd { index, exit },
        _ => MarkKind::Stdout,
    };
    Mark { offset: mark.offset, millis: mark.millis, kind }
}
