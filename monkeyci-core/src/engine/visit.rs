use std::sync::Arc;

use monkeyci_model::shell::Wish;
use monkeyci_model::{BuildId, JobId};
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore, mpsc};

use super::Engine;
use crate::attempt::Attempt;
use crate::visit::{Line, Visit};

/// People who wait to be let in.
pub(super) type Visitors = Arc<Mutex<mpsc::Receiver<Visit>>>;

/// Where people are let into the place of an attempt. It goes with the claim to that.
pub(super) struct Door {
    visits: mpsc::Sender<Visit>,
    visitors: Visitors,
    room: Arc<Semaphore>,
}

/// Somebody on their way into the place of a job, or there. Dropping the line ends their shell.
#[derive(Debug)]
pub struct Visiting {
    /// Whose place it is.
    pub attempt: Attempt,
    /// Their end of the way to the shell.
    pub line: Line,
    /// Their place there, which is one person's at a time.
    pub place: OwnedSemaphorePermit,
}

/// Why somebody is not let into a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoVisit {
    /// No worker has it.
    #[error("the job does not run")]
    NotThere,
    /// Somebody else is there.
    #[error("somebody has a shell open there")]
    Taken,
}

impl Default for Door {
    fn default() -> Self {
        let (visits, visitors) = mpsc::channel(1);
        Self { visits, visitors: Arc::new(Mutex::new(visitors)), room: Arc::new(Semaphore::new(1)) }
    }
}

impl Door {
    pub(super) fn visitors(&self) -> Visitors {
        Arc::clone(&self.visitors)
    }

    pub(super) fn bring(&self, attempt: Attempt, wish: Wish) -> Result<Visiting, NoVisit> {
        let room = Arc::clone(&self.room).try_acquire_owned().map_err(|_| NoVisit::Taken)?;
        let (line, theirs) = Line::pair();
        // Whoever came before, and left before they were let in, may still stand there.
        self.visits.try_send(Visit { wish, line: theirs }).map_err(|_| NoVisit::Taken)?;
        Ok(Visiting { attempt, line, place: room })
    }
}

impl Engine {
    /// Brings somebody to a job that a worker has: the worker opens the shell, and says so over the line. One at a time.
    ///
    /// Who may is for the caller to decide, and so is how long.
    ///
    /// # Errors
    /// When no worker has it, or somebody is there already.
    pub fn visit(&self, build: &BuildId, job: &JobId, wish: Wish) -> Result<Visiting, NoVisit> {
        self.shared.claims.bring(build, job, wish)
    }
}
