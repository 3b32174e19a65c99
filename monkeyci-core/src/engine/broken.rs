use monkeyci_model::{BuildId, BuildStatus};

use super::EngineError;
use super::desk::Desk;
use super::open_build::OpenBuild;
use super::progress::Progress;
use super::restart::replay;

/// What is looked after now and then.
impl Desk {
    /// Ends what silent workers hold, and builds whose facts could not be written.
    pub(super) async fn look_after(&mut self) {
        for attempt in self.shared.claims.silent() {
            self.lose(&attempt, "its worker has been silent for too long");
        }
        self.commit().await;
        for (id, reason) in std::mem::take(&mut self.broken) {
            self.end_broken(id, reason).await;
        }
    }

    /// Brings a build back as it is stored, and ends it. A store that still refuses is asked again later.
    async fn end_broken(&mut self, id: BuildId, reason: String) {
        match replay(&*self.shared.store, &id).await {
            Ok((state, events)) if !state.status().is_terminal() => {
                self.builds.insert(id.clone(), OpenBuild::new(id.clone(), state, events, None));
                self.fail(&id, BuildStatus::Error, reason);
                // Alone, so that it is nothing but an end: a full store takes only those.
                self.commit().await;
            }
            // It has ended after all: whoever waits for that is told.
            Ok((state, events)) => self.shared.progress.note(&id, Progress { events, status: state.status() }),
            // Nothing of it was ever written, and whoever asked for it was told so.
            Err(EngineError::UnknownBuild { .. }) => {}
            Err(error) => {
                tracing::error!(build = %id, %error, "a broken build cannot be read");
                self.broken.insert(id, reason);
            }
        }
    }
}
