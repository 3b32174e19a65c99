//! Runs builds without a server: takes what waits in a store or a queue, and goes on with what others left.
//!
//! One process runs one build at a time, and ends when nothing is left to do. It may be killed at any moment: what the
//! next one needs is in the store.

mod build;
mod folder;
mod forges;
mod obey;
mod publish;
mod report;
mod ship;
mod source;
mod supersede;
mod teller;

use std::time::Duration;

use monkeyci_core::controller::{Command, Lease, NotHeld};
use monkeyci_core::model::{BuildId, BuildStatus};
use monkeyci_core::store::Store as _;
use monkeyci_core::trigger::Queued;

use crate::error::CliError;
use crate::executor::Choice;
use crate::session::Limits;
use crate::state::Folders;
use crate::stored::{Stored, ours};
use crate::ui::View;
use teller::Teller;

pub use forges::Forges;
pub use publish::Publisher;
pub use report::Reporter;
pub use source::Sources;

/// How builds are run.
pub struct Controller<'a> {
    /// Where they are kept.
    pub stored: &'a Stored,
    /// Where this machine keeps its things.
    pub folders: &'a Folders,
    /// Where jobs run.
    pub executor: Choice,
    /// How many at once.
    pub limits: Limits,
    /// Secrets, as they were named on the command line.
    pub secrets: &'a [String],
    /// How long another controller may be silent before it is taken to be dead.
    pub silence: Duration,
    /// Where repositories may be.
    pub sources: Sources,
    /// Where events go, where anybody listens.
    pub publisher: Option<Publisher>,
    /// Which forges are told how builds stand, where any are.
    pub reporter: Option<Reporter>,
    /// Whether the whole story is told of a build that is gone on with.
    pub whole: bool,
}

/// What came of a build.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ran {
    /// It is over.
    Ended(BuildStatus),
    /// It waits for a person, and nothing runs.
    Waits,
    /// Another process runs it.
    Busy,
    /// It was left where it is: this process was told to end.
    Left,
}

impl Controller<'_> {
    /// The build that follows from what is wanted, which may be there already.
    pub async fn id(&self, queued: &Queued) -> Result<BuildId, CliError> {
        let Queued { key, org, repo, .. } = queued;
        let number = self.stored.objects.claim(key, org, repo).await.map_err(ours)?;
        Ok(BuildId::new(org.clone(), repo.clone(), number))
    }

    /// Runs a build as far as it goes. It is begun with what is wanted, where it is not there yet.
    pub async fn run(&self, id: &BuildId, queued: Option<&Queued>, view: &mut dyn View) -> Result<Ran, CliError> {
        let mut teller = Teller::new(view);
        loop {
            let lease = match Lease::take(&self.stored.objects, id, self.silence).await {
                Ok(lease) => lease,
                Err(NotHeld::Busy(_)) => return Ok(Ran::Busy),
                Err(NotHeld::Store(error)) => return Err(ours(error)),
            };
            let held = self.hold(&lease, id, queued, &mut teller).await;
            if let Ok(None) = held {
                // Somebody else has written to it: theirs it is, or nobody's.
                continue;
            }
            let released = lease.release().await;
            let Some(ran) = held? else { continue };
            released.map_err(ours)?;
            // Said after we had looked for the last time, and before others could know that we are gone.
            let is_wanted = ran == Ran::Waits && self.has_commands(id).await?;
            if !is_wanted {
                return Ok(ran);
            }
        }
    }

    /// Builds that nobody runs though they could go on, oldest first.
    pub async fn left(&self) -> Result<Vec<BuildId>, CliError> {
        let mut left = Vec::new();
        for row in self.stored.objects.open_builds().await.map_err(ours)? {
            if row.status != BuildStatus::Blocked || self.has_commands(&row.build).await? {
                left.push(row.build);
            }
        }
        Ok(left)
    }

    /// Whether a forge does not know yet how a build ended.
    pub async fn is_untold(&self, id: &BuildId) -> Result<bool, CliError> {
        match &self.reporter {
            Some(reporter) => reporter.is_untold(id).await,
            None => Ok(false),
        }
    }

    async fn has_commands(&self, id: &BuildId) -> Result<bool, CliError> {
        Ok(!Command::waiting(self.stored.objects.bucket(), id).await.map_err(ours)?.is_empty())
    }
}
