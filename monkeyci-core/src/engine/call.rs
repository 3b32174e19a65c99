use monkeyci_model::{BuildId, EventKind, JobId, JobResult, Millis};
use tokio::sync::oneshot;

use super::leases::Asking;
use super::{BuildRequest, EngineError, LoadError, Loaded};
use crate::attempt::Attempt;
use crate::build::{Build, JobState};
use crate::lease::{Claim, Started};
use crate::source::Checkout;

pub(super) type Reply<T> = oneshot::Sender<T>;

/// What the loop is told, and asked.
pub(super) enum Call {
    /// A new build.
    Begin { build: BuildId, request: Box<BuildRequest>, reply: Reply<Result<(), EngineError>> },
    /// A build of an engine that is gone, replayed.
    Adopt {
        build: BuildId,
        state: Box<Build>,
        events: u64,
        request: Option<Box<BuildRequest>>,
        reply: Reply<Result<(), EngineError>>,
    },
    /// What a person wants of a build.
    Tell { build: BuildId, cause: Box<EventKind>, reply: Reply<Result<(), EngineError>> },
    /// Why a job does not run yet.
    Why { build: BuildId, job: JobId, reply: Reply<Option<String>> },
    /// What fetching a build's source came to.
    Fetched { build: BuildId, outcome: Box<Result<Checkout, String>> },
    /// What loading a build's script came to, and what is taken over of another build.
    Loaded { build: BuildId, outcome: Result<(Loaded, Vec<EventKind>), LoadError> },
    /// A worker has room.
    Lease { asking: Asking },
    /// A job was leased to a worker that never got it.
    NotTaken { attempt: Attempt },
    /// A worker is no more; what it held is lost.
    Gone { worker: String, why: String },
    /// A job's first line is about to run.
    Started { attempt: Attempt, started: Box<Started> },
    /// A job's lines did not end well, and its place is held.
    Held { attempt: Attempt, until: Millis, message: Option<String> },
    /// A job asks how the jobs of its build stand, or one of them.
    Jobs { attempt: Attempt, only: Option<JobId>, reply: Reply<Option<Vec<JobState>>> },
    /// A job has run.
    Result { attempt: Attempt, result: Box<JobResult>, reply: Reply<Claim> },
}
