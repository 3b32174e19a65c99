//! How a worker gets jobs, and answers for them.
//!
//! The interface is the same for the worker inside the process and for one elsewhere. A lease carries a fence; an
//! answer with another fence than the newest of its job changes nothing. Every call may be made again, so that one whose
//! answer was lost on its way is simply repeated.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use monkeyci_model::result::Guarantee;
use monkeyci_model::script::api::{Address, JobView};
use monkeyci_model::{Job, JobId, JobResult, Millis, Trigger};

use crate::attempt::Attempt;
use crate::log::Chunk;
pub use crate::offer::Offer;
use crate::visit::Visit;

/// A job that a worker is to run.
#[derive(Debug, Clone)]
pub struct Lease {
    /// Which attempt of which job.
    pub attempt: Attempt,
    /// The job; secrets in it are references.
    pub job: Arc<Job>,
    /// The build's context.
    pub trigger: Arc<Trigger>,
    /// The checkout that the job's workspace is copied from; never written.
    pub checkout: PathBuf,
    /// The folder of the build's script, from the root of the checkout.
    pub script_dir: String,
}

/// A worker that has room, and what it has in hand.
#[derive(Debug, Clone, Default)]
pub struct Ask {
    /// Its name.
    pub worker: String,
    /// Jobs that it has room for.
    pub room: usize,
    /// Fences of all attempts that it has in hand.
    pub holds: Vec<u64>,
    /// What it can run.
    pub offer: Offer,
    /// Whether it has only begun. Then it is answered at once, be it with nothing: what it is not leased now, of all that
    /// an earlier worker of its name had in hand, is not wanted any more.
    pub begins: bool,
}

impl Ask {
    /// A worker with nothing in hand that runs everything.
    #[must_use]
    pub fn new(worker: impl Into<String>, room: usize) -> Self {
        Self { worker: worker.into(), room, ..Self::default() }
    }

    /// The same with these attempts in hand.
    #[must_use]
    pub fn holding(self, holds: impl IntoIterator<Item = u64>) -> Self {
        Self { holds: holds.into_iter().collect(), ..self }
    }

    /// The same for a worker that can run this.
    #[must_use]
    pub fn offering(self, offer: Offer) -> Self {
        Self { offer, ..self }
    }
}

/// What became of a worker's claim to an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
#[non_exhaustive]
pub enum Claim {
    /// It holds.
    Holds,
    /// The job is to be stopped; its result is still wanted.
    Canceled,
    /// Another attempt has taken its place, or the build is over: stop, and answer nothing more.
    Stale,
}

/// What a worker tells of a job whose first line is about to run.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Started {
    /// What will be known of its processes once it ended.
    pub guarantee: Option<Guarantee>,
    /// The job as it runs, where the script's program has changed it; secrets in it are references.
    pub job: Option<Box<Job>>,
    /// Where its exposed ports are reached.
    pub addresses: Vec<Address>,
}

/// How a worker gets jobs, and answers for them.
#[async_trait]
pub trait Leases: Send + Sync {
    /// Waits until at least one job can be had and leases as many as there is room for; none once the engine has ended.
    /// A worker that only [begins](Ask::begins) is not kept waiting.
    ///
    /// An attempt that a worker elsewhere was leased and does not name among those that it holds is leased to it again,
    /// beyond its room if need be: the answer was lost, or the worker has died and is there again. With no room at all
    /// nothing is waited for, and what the worker does not hold is given back, as never begun.
    async fn lease(&self, ask: Ask) -> Vec<Lease>;

    /// Says that the worker lives and holds these attempts; the answers are in the same order. It returns no sooner than
    /// that is known: whoever keeps the time of a lease counts from here.
    async fn renew(&self, attempts: &[Attempt]) -> Vec<Claim>;

    /// Returns as soon as the claim no longer holds.
    async fn revoked(&self, attempt: &Attempt) -> Claim;

    /// Says that the first line is about to run.
    async fn started(&self, attempt: &Attempt, started: Started) -> Claim;

    /// Appends to the attempt's log; returns once it is safe.
    ///
    /// A chunk whose offset is not the log's end is cut or refused, so that sending it twice changes nothing. The next one
    /// is sent once this one was answered.
    ///
    /// # Errors
    /// When the chunk leaves a gap or holds more than the job's log may, or the disk refuses.
    async fn log(&self, attempt: &Attempt, chunk: Chunk) -> Result<Claim, crate::log::LogError>;

    /// The attempt's lines did not end well, and its place is held for people until then: which is no end yet.
    async fn held(&self, attempt: &Attempt, until: Millis, message: Option<String>) -> Claim {
        let (_, _, _) = (attempt, until, message);
        Claim::Holds
    }

    /// Waits for the next person who wants a shell in the attempt's place; none once nobody will.
    async fn visit(&self, attempt: &Attempt) -> Option<Visit> {
        let _nobody = attempt;
        None
    }

    /// The jobs of the attempt's build as they stand, or `only` one of them; nothing once the attempt is stale. For a job
    /// that asks.
    async fn jobs(&self, attempt: &Attempt, only: Option<&JobId>) -> Option<Vec<JobView>>;

    /// Up to `most` bytes of the log of a job of the attempt's build, of its newest attempt, from an offset on; nothing
    /// when there is no such job or the attempt is stale. For a job that asks.
    ///
    /// # Errors
    /// When the log cannot be read.
    async fn read_log(
        &self,
        attempt: &Attempt,
        job: &JobId,
        offset: u64,
        most: usize,
    ) -> Result<Option<Bytes>, crate::log::LogError>;

    /// Ends the attempt; returns once that is durable.
    async fn result(&self, attempt: &Attempt, result: JobResult) -> Claim;
}
