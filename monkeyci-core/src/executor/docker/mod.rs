//! Jobs in containers of Docker and Podman, over the interface that both speak.
//!
//! The supervisor is process 1 of the container. Logs come from its report, never from the engine. The job directory
//! is mounted where the engine sees our files, and else goes in and out through the engine's archive calls.

mod accompany;
mod archive;
mod collect;
mod connect;
mod container;
mod create;
mod follow;
mod foreign;
mod hang_up;
mod hijack;
mod image;
mod pack;
mod place;
mod ready;
mod refusal;
mod run;
mod service;
mod service_log;
mod shell;
mod sweep;
mod wait;

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures::FutureExt as _;
use monkeyci_model::job::Arch;

pub use connect::Engine;

use super::route::Connect;
use super::{Capabilities, Executor, ExecutorError, Exit, Order, RegistryAuth, Sitting, Wanted, Watch};
use crate::job_dir::Program;
use crate::job_dir::program::{supervisor_for, supervisor_path};

/// Runs jobs in containers of one engine.
#[derive(Debug)]
pub struct Docker {
    engine: Engine,
    host: String,
    api: bollard::Docker,
    facts: connect::Facts,
    programs: PathBuf,
    supervisor: PathBuf,
    sight: Mutex<place::Sight>,
}

impl Docker {
    /// Connects to the engine, at the host that its environment variable names or where its socket usually is.
    ///
    /// `programs` is a folder that supervisors are kept in; the one for our own architecture is put there, another one
    /// (`monkeyci-supervisor-arm64`) is used when it is there.
    ///
    /// # Errors
    /// When no engine answers: says what was tried and what to do. When `programs` cannot be written.
    pub async fn connect(engine: Engine, programs: impl Into<PathBuf>) -> Result<Self, ExecutorError> {
        Self::open(engine, None, programs.into()).await
    }

    /// The same once the first job needs it, for a [`Route`](super::route::Route).
    #[must_use]
    pub fn lazily(engine: Engine, programs: impl Into<PathBuf>) -> Connect {
        let programs = programs.into();
        Box::new(move || {
            let programs = programs.clone();
            async move {
                let docker = Self::connect(engine, programs).await?;
                Ok(Arc::new(docker) as Arc<dyn Executor>)
            }
            .boxed()
        })
    }

    /// Connects to the engine at `host`: `unix:///path` or `tcp://host:port`.
    ///
    /// # Errors
    /// As [`Docker::connect`].
    pub async fn connect_to(engine: Engine, host: &str, programs: impl Into<PathBuf>) -> Result<Self, ExecutorError> {
        Self::open(engine, Some(host), programs.into()).await
    }

    async fn open(engine: Engine, host: Option<&str>, programs: PathBuf) -> Result<Self, ExecutorError> {
        let (api, host, facts) = connect::connect(engine, host).await?;
        let io = |source| ExecutorError::Io { what: "putting the supervisor in place", source };
        let supervisor = supervisor_path(&programs).map_err(io)?;
        let near = host.starts_with("unix://") && !facts.foreign_mounts;
        let sight = if near { place::Sight::Unknown } else { place::Sight::None };
        Ok(Self { engine, host, api, facts, programs, supervisor, sight: Mutex::new(sight) })
    }

    /// Never mounts our folders, as if the engine ran on another machine.
    #[must_use]
    pub fn without_mounts(self) -> Self {
        Self { sight: Mutex::new(place::Sight::None), ..self }
    }

    /// The connection, for those who must make images or look at containers.
    #[must_use]
    pub fn api(&self) -> &bollard::Docker {
        &self.api
    }

    /// The supervisor for an architecture.
    fn program(&self, arch: Arch) -> Result<PathBuf, ExecutorError> {
        if arch == Arch::host() {
            return Ok(self.supervisor.clone());
        }
        supervisor_for(arch, &self.programs, &self.programs)
            .map_err(|error| ExecutorError::Unsupported(error.to_string()))
    }

    fn broke(&self, what: &'static str, error: &bollard::errors::Error) -> ExecutorError {
        ExecutorError::Engine { what, reason: format!("{} at {}: {}", self.engine.name(), self.host, said(error)) }
    }
}

#[async_trait]
impl Executor for Docker {
    fn name(&self) -> &'static str {
        self.engine.name()
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { images: true, services: true, limits: self.facts.limits, ..Capabilities::default() }
    }

    async fn run(&self, order: &Order, watch: Watch) -> Result<Exit, ExecutorError> {
        self.run_job(order, &watch).await
    }

    async fn shell(&self, order: &Order, sitting: Sitting) -> Result<Option<i32>, ExecutorError> {
        self.open_shell(order, sitting).await
    }

    async fn enter(&self, order: &Order, program: Program, sitting: Sitting) -> Result<Option<i32>, ExecutorError> {
        self.open_beside(order, program, sitting).await
    }

    async fn image_id(&self, image: &str, registries: &[RegistryAuth]) -> Result<String, ExecutorError> {
        self.id_of(image, registries).await
    }

    async fn sweep(&self, instance: &str, wanted: Wanted<'_>) -> Result<Vec<String>, ExecutorError> {
        self.sweep_unwanted(instance, wanted).await
    }
}

/// What the engine answered, without the client's words around it.
fn said(error: &bollard::errors::Error) -> String {
    use std::error::Error;

    if let bollard::errors::Error::DockerResponseServerError { message, .. } = error {
        return message.trim().to_owned();
    }
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text = format!("{text}: {inner_text}");
        }
        cause = inner.source();
    }
    text
}

/// The HTTP status of the engine's answer, when it answered.
fn status(error: &bollard::errors::Error) -> Option<u16> {
    match error {
        bollard::errors::Error::DockerResponseServerError { status_code, .. } => Some(*status_code),
        _ => None,
    }
}
