use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use monkeyci_model::{BuildId, Event, Millis};
use tokio_util::task::TaskTracker;

use super::claims::Claims;
use super::gate::Gate;
use super::open_build::OpenBuild;
use super::progress::ProgressBoard;
use crate::attempt::Attempt;
use crate::blob::Artifacts;
use crate::build::JobState;
use crate::lease::{Claim, Lease};
use crate::log::LogStore;
use crate::program::Programs;
use crate::script::SCRIPT_DIR;
use crate::secret::Keeper;
use crate::store::Store;

/// Hears every event once it is durable.
pub(super) type Reporter = Arc<dyn Fn(&Event) + Send + Sync>;

/// What the loop, handles and leases share.
pub(super) struct Shared {
    pub(super) store: Arc<dyn Store>,
    pub(super) logs: LogStore,
    pub(super) artifacts: Artifacts,
    pub(super) claims: Claims,
    pub(super) progress: ProgressBoard,
    pub(super) reporters: Vec<Reporter>,
    /// What is secret, build by build.
    pub(super) keeper: Arc<dyn Keeper>,
    /// What jobs must pass, where there is such a thing.
    pub(super) gate: Option<Arc<dyn Gate>>,
    /// Compiles and asks scripts that are programs, where there is something to run them by.
    pub(super) programs: Option<Programs>,
    /// Whose turn it is to pack a checkout.
    pub(super) packing: tokio::sync::Mutex<()>,
    /// Sources that are being fetched, and scripts that are being loaded.
    pub(super) loads: TaskTracker,
    pub(super) state: PathBuf,
    pub(super) instance: String,
    pub(super) most_jobs: Option<usize>,
    pub(super) lease: Duration,
    pub(super) keep: bool,
    /// Whether jobs outlive the engine that started them, so that the next one takes them up.
    pub(super) takes_up: bool,
    /// Bytes of log that a job itself may write.
    pub(super) log_limit: u64,
    /// The folder of the state, when it goes with the engine.
    pub(super) _temporary: Option<tempfile::TempDir>,
}

impl Shared {
    /// The folder of all builds.
    pub(super) fn builds_dir(&self) -> PathBuf {
        self.state.join(BUILDS)
    }

    /// The folder of all that a build needs on disk while it is open.
    pub(super) fn build_dir(&self, build: &BuildId) -> PathBuf {
        build_dir(&self.state, build)
    }

    /// The folder of its checkout.
    pub(super) fn checkout(&self, build: &BuildId) -> PathBuf {
        checkout_in(&self.state, build)
    }

    /// The lease of an attempt of a build's job.
    pub(super) fn lease_of(&self, open: &OpenBuild, state: &JobState, fence: u64) -> Lease {
        let attempt = Attempt {
            instance: self.instance.clone(),
            build: open.id.clone(),
            job: state.job().id.clone(),
            number: state.attempt(),
            fence,
        };
        Lease {
            attempt,
            job: Arc::clone(state.job()),
            trigger: open.build.trigger().cloned().unwrap_or_default(),
            checkout: self.checkout(&open.id),
            script_dir: open.build.script_dir().unwrap_or(SCRIPT_DIR).to_owned(),
        }
    }

    /// What became of the claim to an attempt; takes the question as a sign of life.
    pub(super) fn renew(&self, attempt: &Attempt) -> Claim {
        self.claims.renew(attempt, self.lease)
    }

    /// Tells everybody who listens.
    pub(super) fn report(&self, event: &Event) {
        for reporter in &self.reporters {
            // A reporter that panics must not take the builds of others with it.
            if catch_unwind(AssertUnwindSafe(|| reporter(event))).is_err() {
                tracing::error!(position = event.position, "a reporter panicked");
            }
        }
    }
}

/// The time by the machine's clock. It is shown, and nothing is decided by it.
pub(super) fn now() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Millis::try_from(since.as_millis()).unwrap_or(Millis::MAX)
}

/// The folder of what builds need on disk, in that of the engine's state.
const BUILDS: &str = "builds";

fn build_dir(state: &Path, build: &BuildId) -> PathBuf {
    let number = build.number.to_string();
    state.join(BUILDS).join(build.org.as_str()).join(build.repo.as_str()).join(number)
}

/// The folder of a build's checkout, in that of the engine's state.
pub(super) fn checkout_in(state: &Path, build: &BuildId) -> PathBuf {
    build_dir(state, build).join("checkout")
}
