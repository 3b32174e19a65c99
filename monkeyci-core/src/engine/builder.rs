use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use monkeyci_model::Event;
use monkeyci_model::job::limits;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::desk::Desk;
use super::gate::Gate;
use super::local_worker::{self, Ends};
use super::shared::{Reporter, Shared};
use super::{BuildRequest, Engine, EngineError, Unfinished, restart};
use crate::blob::{Artifacts, Blobs};
use crate::executor::{Executor, Process};
use crate::log::LogStore;
use crate::offer::Offer;
use crate::program::Programs;
use crate::secret::{Keeper, Secrets};
use crate::store::{Memory, Sqlite, Store};
use crate::worker::{Debug, Registries};

/// Calls that may wait for the loop before whoever calls has to.
const CALLS: usize = 1024;

/// How long a worker elsewhere may be silent before its jobs are lost.
const LEASE: Duration = Duration::from_secs(15);

type Requests = Box<dyn Fn(&Unfinished) -> Option<BuildRequest> + Send + Sync>;

/// An engine before it is opened. What is not said has a default that works.
#[derive(Default)]
pub struct Builder {
    store: Option<Arc<dyn Store>>,
    state: Option<PathBuf>,
    instance: Option<String>,
    most_jobs: Option<usize>,
    lease: Option<Duration>,
    log_limit: Option<u64>,
    keep: bool,
    takes_up: bool,
    debug: Option<Debug>,
    keeper: Option<Arc<dyn Keeper>>,
    gate: Option<Arc<dyn Gate>>,
    executor: Option<Arc<dyn Executor>>,
    script_executor: Option<Arc<dyn Executor>>,
    no_programs: bool,
    scripts: Option<PathBuf>,
    elsewhere: bool,
    blobs: Option<Blobs>,
    caches: Option<PathBuf>,
    reporters: Vec<Reporter>,
    requests: Option<Requests>,
    registries: Registries,
    offer: Offer,
}

impl Builder {
    /// Keeps everything in this folder, which is made when it is not there: an engine opened on it again knows all.
    ///
    /// What may be of use to others in it: `logs` (a [`LogStore`]), and `jobs`, where the worker's jobs run, for
    /// [`sweep`](crate::worker::sweep) once the engine is dead.
    #[must_use]
    pub fn state(mut self, dir: impl Into<PathBuf>) -> Self {
        self.state = Some(dir.into());
        self
    }

    /// Keeps facts in this store, and not in the state folder.
    #[must_use]
    pub fn store(mut self, store: impl Store + 'static) -> Self {
        self.store = Some(Arc::new(store));
        self
    }

    /// Runs at most so many jobs at once in this process; as many as its workers have room for when that is not said.
    #[must_use]
    pub fn jobs(mut self, most: usize) -> Self {
        self.most_jobs = Some(most.max(1));
        self
    }

    /// The label on everything that is made for its jobs; drawn once for each state folder when that is not said.
    #[must_use]
    pub fn instance(mut self, label: impl Into<String>) -> Self {
        self.instance = Some(label.into());
        self
    }

    /// How long a worker elsewhere may be silent before its jobs are lost; 15 s when that is not said.
    #[must_use]
    pub fn lease(mut self, lease: Duration) -> Self {
        self.lease = Some(lease);
        self
    }

    /// Bytes of log that one attempt may write, [`LOG_BYTES`](limits::LOG_BYTES) when that is not said. The worker ends a
    /// job that writes more; the engine takes no more, whatever a worker elsewhere sends.
    #[must_use]
    pub fn log_limit(mut self, bytes: u64) -> Self {
        self.log_limit = Some(bytes);
        self
    }

    /// Whether the checkouts of ended builds stay.
    #[must_use]
    pub fn keep(mut self, keep: bool) -> Self {
        self.keep = keep;
        self
    }

    /// Takes up the jobs that an engine before it left running, instead of losing them, when it goes on with their builds:
    /// for executors whose jobs outlive the engine, and for workers elsewhere.
    #[must_use]
    pub fn taking_up(mut self) -> Self {
        self.takes_up = true;
        self
    }

    /// Opens a job for a person, when a build has it.
    #[must_use]
    pub fn debug(mut self, debug: Debug) -> Self {
        self.debug = Some(debug);
        self
    }

    /// Runs jobs there, also when it is shared (an `Arc`); as plain processes when that is not said.
    #[must_use]
    pub fn executor(mut self, executor: impl Executor + 'static) -> Self {
        self.executor = Some(Arc::new(executor));
        self
    }

    /// Compiles scripts that are programs, and asks them for their jobs, there; where jobs run when that is not said.
    #[must_use]
    pub fn script_executor(mut self, executor: impl Executor + 'static) -> Self {
        self.script_executor = Some(Arc::new(executor));
        self
    }

    /// Refuses scripts that are programs: nothing of a repository runs here but its jobs.
    #[must_use]
    pub fn without_script_programs(mut self) -> Self {
        self.no_programs = true;
        self
    }

    /// Keeps compiled scripts in this folder, which may be shared with other engines; in the state folder when that is
    /// not said.
    #[must_use]
    pub fn scripts(mut self, dir: impl Into<PathBuf>) -> Self {
        self.scripts = Some(dir.into());
        self
    }

    /// Runs no jobs in this process: workers of the caller or elsewhere do.
    #[must_use]
    pub fn without_worker(mut self) -> Self {
        self.elsewhere = true;
        self
    }

    /// Runs only jobs in this process that this is enough for; all of them when that is not said.
    #[must_use]
    pub fn offering(mut self, offer: Offer) -> Self {
        self.offer = offer;
        self
    }

    /// Keeps artifacts and caches there; in the state folder when that is not said.
    #[must_use]
    pub fn blobs(mut self, blobs: Blobs) -> Self {
        self.blobs = Some(blobs);
        self
    }

    /// Keeps caches in this folder, which may be shared with other engines; in the state folder when that is not said.
    #[must_use]
    pub fn caches(mut self, dir: impl Into<PathBuf>) -> Self {
        self.caches = Some(dir.into());
        self
    }

    /// The credentials of private registries: known ones, or [how they are found](Registries::found_by).
    #[must_use]
    pub fn registries(mut self, registries: impl Into<Registries>) -> Self {
        self.registries = registries.into();
        self
    }

    /// What is secret: in jobs these values become references, before anything is stored.
    #[must_use]
    pub fn secrets(mut self, secrets: Secrets) -> Self {
        self.keeper = Some(Arc::new(Arc::new(secrets)));
        self
    }

    /// The same, where builds know different secrets: each is asked for as it is needed.
    #[must_use]
    pub fn keeper(mut self, keeper: impl Keeper + 'static) -> Self {
        self.keeper = Some(Arc::new(keeper));
        self
    }

    /// Lets the jobs of each script through, or refuses them.
    #[must_use]
    pub fn gate(mut self, gate: impl Gate + 'static) -> Self {
        self.gate = Some(Arc::new(gate));
        self
    }

    /// Hears every event once it is durable, in order. It must be quick: the engine waits for it.
    #[must_use]
    pub fn reporter(mut self, reporter: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        self.reporters.push(Arc::new(reporter));
        self
    }

    /// Goes on with every unfinished build as the engine opens, as a server does; `request` makes each request again.
    #[must_use]
    pub fn resume_all(mut self, request: impl Fn(&Unfinished) -> Option<BuildRequest> + Send + Sync + 'static) -> Self {
        self.requests = Some(Box::new(request));
        self
    }

    /// Opens the engine.
    ///
    /// # Errors
    /// When its state cannot be used, or another engine uses it.
    pub async fn open(self) -> Result<Engine, EngineError> {
        let temporary = match &self.state {
            Some(_) => None,
            None => Some(
                tempfile::Builder::new()
                    .prefix("monkeyci-")
                    .tempdir()
                    .map_err(|source| EngineError::State { path: std::env::temp_dir(), source })?,
            ),
        };
        let state = match (&self.state, &temporary) {
            (Some(dir), _) => dir.clone(),
            (None, Some(dir)) => dir.path().to_owned(),
            (None, None) => unreachable!("one of them was just chosen"),
        };
        std::fs::create_dir_all(&state).map_err(|source| EngineError::State { path: state.clone(), source })?;
        let instance = match self.instance {
            Some(label) => label,
            None => instance_of(&state).map_err(|source| EngineError::State { path: state.clone(), source })?,
        };
        let store = match (self.store, &self.state) {
            (Some(store), _) => store,
            (None, Some(dir)) => Arc::new(Sqlite::open(dir.join("builds.db"))?),
            (None, None) => Arc::new(Memory::default()),
        };
        let executor = match (self.executor, self.elsewhere) {
            (executor @ Some(_), false) => executor,
            (None, false) => Some(Arc::new(Process::new(state.join("processes"))) as Arc<dyn Executor>),
            (_, true) => None,
        };
        let keeper = self.keeper.unwrap_or_else(|| Arc::new(Arc::new(Secrets::new())));
        let executor_of_scripts = self.script_executor.or_else(|| executor.clone()).filter(|_| !self.no_programs);
        let programs = executor_of_scripts.map(|executor| {
            // A label of its own: the worker sweeps what is not among its jobs.
            let (cache, label) = (self.scripts.unwrap_or_else(|| state.join("scripts")), format!("{instance}-script"));
            Programs::new(cache, state.join("script-runs"), label, executor, Arc::default())
        });
        if let Some(programs) = &programs {
            programs.sweep().await;
        }
        let caches = match (self.caches, &self.blobs) {
            (None, Some(blobs)) => blobs.clone(),
            (caches, _) => on_disk(caches.unwrap_or_else(|| state.join("caches")))?,
        };
        let artifacts = self.blobs.map_or_else(|| on_disk(state.join("artifacts")), Ok)?;
        let shared = Arc::new(Shared {
            store,
            artifacts: Artifacts::new(artifacts),
            logs: LogStore::at(state.join("logs")),
            claims: Default::default(),
            progress: Default::default(),
            reporters: self.reporters,
            keeper,
            gate: self.gate,
            programs,
            packing: Default::default(),
            loads: TaskTracker::new(),
            state,
            instance,
            most_jobs: self.most_jobs,
            lease: self.lease.unwrap_or(LEASE),
            log_limit: self.log_limit.unwrap_or(limits::LOG_BYTES),
            keep: self.keep,
            takes_up: self.takes_up,
            _temporary: temporary,
        });

        if !shared.keep {
            restart::sweep(&shared).await?;
        }

        let (calls, inbox) = mpsc::channel(CALLS);
        let (stop, ended) = (CancellationToken::new(), CancellationToken::new());
        let desk = Desk::new(Arc::clone(&shared), calls.downgrade(), stop.clone());
        let at_end = ended.clone().drop_guard();
        tokio::spawn(async move {
            desk.run(inbox).await;
            drop(at_end);
        });
        let _stop_when_dropped = Arc::new(stop.clone().drop_guard());
        let (workers, workers_ended) = (stop.child_token(), CancellationToken::new());
        let left = CancellationToken::new();
        let mut engine = Engine {
            shared,
            calls,
            stop,
            ended,
            workers: workers.clone(),
            workers_ended: workers_ended.clone(),
            left: left.clone(),
            worker: None,
            _stop_when_dropped,
        };
        if let Some(request) = self.requests {
            for left in engine.unfinished().await? {
                if let Err(error) = engine.resume(&left.build, request(&left)).await {
                    // It keeps neither the others nor new ones from going on.
                    tracing::error!(build = %left.build, %error, "an unfinished build cannot go on");
                }
            }
        }
        // Only now: it would sweep what it is not leased again.
        match executor {
            None => workers_ended.cancel(),
            Some(executor) => {
                let given =
                    local_worker::Given { caches, registries: self.registries, debug: self.debug, offer: self.offer };
                engine.worker = Some(local_worker::start(
                    &engine,
                    executor,
                    given,
                    Ends { stop: workers, leave: left, ended: workers_ended },
                ));
            }
        }
        Ok(engine)
    }
}

fn on_disk(path: PathBuf) -> Result<Blobs, EngineError> {
    Blobs::on_disk(&path).map_err(|error| EngineError::State { path, source: std::io::Error::other(error) })
}

/// The label of a state folder. It is drawn by lot once and kept there, so that what a dead engine left is known as
/// its successor's own, and that of no other.
fn instance_of(state: &Path) -> std::io::Result<String> {
    let path = state.join("instance");
    match std::fs::read_to_string(&path) {
        Ok(label) if !label.is_empty() => Ok(label),
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => {
            let label = ulid::Ulid::new().to_string().to_lowercase();
            // Written whole or not at all: half a label would be another's.
            let mut file = tempfile::NamedTempFile::new_in(state)?;
            file.write_all(label.as_bytes())?;
            file.persist(path)?;
            Ok(label)
        }
    }
}
