use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use monkeyci_model::{BuildId, BuildStatus};
use tokio::sync::watch;

use crate::store::BuildRow;

/// How far a build has come, as far as that is durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Progress {
    /// The `seq` of its last event.
    pub(super) events: u64,
    /// Where it stands.
    pub(super) status: BuildStatus,
}

/// How far each open build has come.
#[derive(Default)]
pub(super) struct ProgressBoard(Mutex<HashMap<BuildId, watch::Sender<Progress>>>);

impl ProgressBoard {
    /// Notes how far a build has come; one that has ended leaves the board.
    pub(super) fn note(&self, build: &BuildId, progress: Progress) {
        let mut all = self.lock();
        match all.get(build) {
            Some(known) => drop(known.send_replace(progress)),
            None => drop(all.insert(build.clone(), watch::channel(progress).0)),
        }
        if progress.status.is_terminal() {
            all.remove(build);
        }
    }

    pub(super) fn follow(&self, build: &BuildId) -> Option<watch::Receiver<Progress>> {
        self.lock().get(build).map(watch::Sender::subscribe)
    }

    /// Nothing moves any more: whoever follows is told by the end of the channel.
    pub(super) fn clear(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<BuildId, watch::Sender<Progress>>> {
        // The map is changed by single calls, which leave it whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The progress of a build that does not move.
pub(super) fn standing(row: &BuildRow) -> watch::Receiver<Progress> {
    watch::channel(Progress { events: row.events, status: row.status }).1
}
