//! Port: where jobs run.
//!
//! An executor runs the supervisor on a [`JobDir`], as a plain process or as process 1 of a container, and returns when
//! nothing of the job is left. It never reads the job's output: that lies in the report half of the job directory.

#[cfg(feature = "docker")]
mod docker;
#[cfg(any(feature = "docker", feature = "oci"))]
mod ending;
pub mod fake;
pub(crate) mod inner;
#[cfg(feature = "oci")]
pub mod oci;
pub mod process;
pub mod registry;
pub mod route;
#[cfg(any(feature = "docker", feature = "oci"))]
mod start;
pub mod terminal;
pub mod trusting;

use async_trait::async_trait;
use monkeyci_model::result::Guarantee;
use monkeyci_model::{BuildId, Cause, Job};
use tokio_util::sync::CancellationToken;

use crate::attempt::Attempt;
use crate::job_dir::{JobDir, Program};

#[cfg(feature = "docker")]
pub use docker::{Docker, Engine};
pub use fake::Fake;
pub use inner::Inner;
#[cfg(feature = "oci")]
pub use oci::Oci;
pub use process::{NoUser, Process, User};
pub use registry::RegistryAuth;
pub use terminal::{Sitting, Terminal};

/// The workspace inside of a container, as in MonkeyCI. Jobs with an image have it as the root of their program.
pub const CONTAINER_WORK: &str = "/home/monkeyci";

/// What an executor is asked to run.
///
/// Secrets are filled in: it is neither printed nor stored.
pub struct Order {
    /// Which attempt of which job.
    pub attempt: Attempt,
    /// The job, with every secret in its texts filled in.
    pub job: Job,
    /// Control, report and workspace, on this host. The control half is complete but for `start`.
    pub dir: JobDir,
    /// Files and folders, from the root of the workspace, that must be under [`JobDir::work`] once it has run.
    pub collect: Vec<String>,
    /// Whether the code comes from somebody who may not push to the repository.
    pub fork: bool,
    /// Credentials of private registries, by host name.
    pub registries: Vec<RegistryAuth>,
}

impl Order {
    /// The same for another job.
    #[must_use]
    pub fn with_job(&self, job: Job) -> Self {
        Self {
            attempt: self.attempt.clone(),
            job,
            dir: self.dir.clone(),
            collect: self.collect.clone(),
            fork: self.fork,
            registries: self.registries.clone(),
        }
    }
}

/// What an executor tells while a job runs, and how it is told to stop.
#[derive(Clone)]
pub struct Watch {
    /// Stops the job once it is cancelled.
    pub cancel: CancellationToken,
    /// Called once, when the first line is about to run.
    pub started: std::sync::Arc<dyn Fn(Option<Guarantee>) + Send + Sync>,
}

/// What only an executor knows of a job that ran; the rest is in the report.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exit {
    /// Whether the kernel ended it for want of memory.
    pub out_of_memory: bool,
    /// Logs of its services, best effort, by the service's id.
    pub service_logs: Vec<(String, Vec<u8>)>,
    /// What people should know of, though the job ended as it did.
    pub warnings: Vec<String>,
}

/// What an executor can do on this machine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// Jobs with an image.
    pub images: bool,
    /// Jobs without an image.
    pub processes: bool,
    /// Services beside a job.
    pub services: bool,
    /// Limits of processor and memory.
    pub limits: bool,
    /// It only plays jobs. Then nothing runs either of what a script does to jobs before and after.
    pub plays: bool,
}

/// Why an executor could not do its work. A job that fails is no such error.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExecutorError {
    /// The image is not there and cannot be pulled.
    #[error("image `{image}`: {reason}")]
    Image {
        /// The image as the job names it.
        image: String,
        /// What the engine said.
        reason: String,
    },
    /// A service did not become ready.
    #[error("service `{service}`: {reason}")]
    Service {
        /// The service's id.
        service: String,
        /// What happened.
        reason: String,
    },
    /// The job asks for what this executor does not have.
    #[error("{0}")]
    Unsupported(String),
    /// What the job ran in is gone, or was killed, and nobody knows how far it came.
    #[error("{0}")]
    Lost(String),
    /// The engine broke, or the connection to it did.
    #[error("{what}: {reason}")]
    Engine {
        /// What was being done.
        what: &'static str,
        /// What went wrong.
        reason: String,
    },
    /// A file of the job directory could not be read or written.
    #[error("{what}: {source}")]
    Io {
        /// What was being done.
        what: &'static str,
        /// What went wrong.
        source: std::io::Error,
    },
}

impl ExecutorError {
    /// The cause that the job ends by.
    #[must_use]
    pub fn cause(&self) -> Cause {
        match self {
            Self::Image { .. } => Cause::Image,
            Self::Service { .. } => Cause::Service,
            Self::Unsupported(_) => Cause::Invalid,
            Self::Lost(_) => Cause::Lost,
            Self::Engine { .. } | Self::Io { .. } => Cause::Infrastructure,
        }
    }
}

/// Where jobs run.
#[async_trait]
pub trait Executor: Send + Sync {
    /// The name that a person chooses it by.
    fn name(&self) -> &'static str;

    /// What it can do on this machine.
    fn capabilities(&self) -> Capabilities;

    /// Runs a job to its end, and re-attaches when that very attempt already runs.
    ///
    /// A job that fails is `Ok`: how it failed is in its report. Once `watch.cancel` is cancelled, stops the job within
    /// its grace time. However it returns, nothing of the attempt is left but its job directory; what could not be removed
    /// of a job that has ended is in a warning, and is for [`sweep`](Self::sweep).
    ///
    /// # Errors
    /// When the executor could not do its work.
    async fn run(&self, order: &Order, watch: Watch) -> Result<Exit, ExecutorError>;

    /// Opens a shell for a person in the place where the job would run, with services beside it; returns its exit code,
    /// and none when it was stopped before its end.
    ///
    /// The job directory's program is the shell; no time is limited but its lease. What the shell prints goes to the
    /// terminal and nowhere else. However it returns, nothing of the attempt is left but its job directory, whose
    /// workspace need not be as the shell left it.
    ///
    /// # Errors
    /// When the place could not be made, or has no such shell.
    async fn shell(&self, order: &Order, sitting: Sitting) -> Result<Option<i32>, ExecutorError>;

    /// Opens a shell for a person beside a job that runs here; returns its exit code, and none when it was stopped before
    /// its end.
    ///
    /// `program` is the shell: what the job directory says is the job's own. It ends with the job at the latest. What it
    /// left running ends with it.
    ///
    /// # Errors
    /// When the job does not run, there is no such shell, or none can be opened here.
    async fn enter(&self, order: &Order, program: Program, sitting: Sitting) -> Result<Option<i32>, ExecutorError> {
        let (_, _, name) = (program, sitting, self.name());
        let job = &order.job.id;
        Err(ExecutorError::Unsupported(format!(
            "the executor `{name}` opens no shell beside job `{job}` while it runs"
        )))
    }

    /// The image in which whatever of a build names none runs here: its jobs, and its script where that is a program. None
    /// where that runs as plain processes.
    ///
    /// # Errors
    /// When it may not run here at all.
    fn stand_in(&self, build: &BuildId, fork: bool) -> Result<Option<String>, ExecutorError> {
        let (_, _) = (build, fork);
        Ok(None)
    }

    /// The id of an image, which is pulled where it is not there: it changes when what is in the image does, and is a
    /// name of it as well. `registries` are who we are where it is pulled from.
    ///
    /// # Errors
    /// When the image cannot be had, or there are none here.
    async fn image_id(&self, image: &str, registries: &[RegistryAuth]) -> Result<String, ExecutorError> {
        let _ = registries;
        Err(ExecutorError::Unsupported(format!("the executor `{}` has no images, and not `{image}`", self.name())))
    }

    /// Removes what carries `instance` and a fence of which `wanted` says no; returns the names of what it removed.
    ///
    /// `wanted` is asked after something was found, and not before: what was begun while it was looked for is wanted.
    ///
    /// # Errors
    /// When the engine cannot be asked.
    async fn sweep(&self, instance: &str, wanted: Wanted<'_>) -> Result<Vec<String>, ExecutorError>;
}

/// Whether what has this fence is still wanted.
pub type Wanted<'a> = &'a (dyn Fn(u64) -> bool + Sync);

/// One that others hold too.
#[async_trait]
impl<E: Executor + ?Sized> Executor for std::sync::Arc<E> {
    fn name(&self) -> &'static str {
        (**self).name()
    }

    fn capabilities(&self) -> Capabilities {
        (**self).capabilities()
    }

    async fn run(&self, order: &Order, watch: Watch) -> Result<Exit, ExecutorError> {
        (**self).run(order, watch).await
    }

    async fn shell(&self, order: &Order, sitting: Sitting) -> Result<Option<i32>, ExecutorError> {
        (**self).shell(order, sitting).await
    }

    async fn enter(&self, order: &Order, program: Program, sitting: Sitting) -> Result<Option<i32>, ExecutorError> {
        (**self).enter(order, program, sitting).await
    }

    fn stand_in(&self, build: &BuildId, fork: bool) -> Result<Option<String>, ExecutorError> {
        (**self).stand_in(build, fork)
    }

    async fn image_id(&self, image: &str, registries: &[RegistryAuth]) -> Result<String, ExecutorError> {
        (**self).image_id(image, registries).await
    }

    async fn sweep(&self, instance: &str, wanted: Wanted<'_>) -> Result<Vec<String>, ExecutorError> {
        (**self).sweep(instance, wanted).await
    }
}
