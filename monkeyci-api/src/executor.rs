//! Where the jobs of a server run. A script is not trusted: what has no image runs in the script image, and as a plain
//! process of this machine only where the operator allows that to a repository, and never for a fork.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use globset::{Glob, GlobSet, GlobSetBuilder};
use monkeyci_core::executor::route::Route;
use monkeyci_core::executor::{
    Capabilities, Docker, Engine, Executor, ExecutorError, Exit, Order, Process, Sitting, Watch,
};

use crate::config::{self, ContainerEngine};

/// Where the jobs of a server run.
pub struct Trusting {
    route: Route,
    script_image: Option<String>,
    processes: GlobSet,
}

impl Trusting {
    /// Jobs as the operator allows them. `state` is a folder for processes, `programs` one for what goes into containers.
    #[must_use]
    pub fn new(config: &config::Executor, state: &Path, programs: &Path) -> Self {
        let engines: &[Engine] = match config.engine {
            ContainerEngine::Auto => &[Engine::Docker, Engine::Podman],
            ContainerEngine::Docker => &[Engine::Docker],
            ContainerEngine::Podman => &[Engine::Podman],
        };
        let engines = engines.iter().map(|engine| Docker::lazily(*engine, programs)).collect();
        // A server that is killed leaves its jobs running, and takes them up when it is started again.
        let processes = Process::new(state).programs(programs).outliving();
        let mut allowed = GlobSetBuilder::new();
        // They were checked as the configuration was read.
        for glob in config.processes.iter().filter_map(|glob| Glob::new(glob).ok()) {
            allowed.add(glob);
        }
        Self {
            route: Route::new(Arc::new(processes), engines),
            script_image: config.script_image.clone(),
            processes: allowed.build().unwrap_or_else(|_| GlobSet::empty()),
        }
    }

    /// Where scripts that are programs run, if the operator allows them.
    #[must_use]
    pub fn scripts(config: &config::Executor, state: &Path, programs: &Path) -> Option<Process> {
        config.script_programs.then(|| Process::new(state).programs(programs))
    }

    /// The order as it may run.
    fn allowed(&self, order: &Order) -> Result<Option<Order>, ExecutorError> {
        if order.job.image.is_some() {
            return Ok(None);
        }
        let build = &order.attempt.build;
        let repo = format!("{}/{}", build.org, build.repo);
        if !order.fork && self.processes.is_match(&repo) {
            return Ok(None);
        }
        match &self.script_image {
            Some(image) => {
                let mut job = order.job.clone();
                job.image = Some(image.clone());
                Ok(Some(order.with_job(job)))
            }
            None if order.fork => Err(ExecutorError::Unsupported(
                "this build is of a fork, whose jobs need an image: give the job one, or the server a script image"
                    .into(),
            )),
            None => Err(ExecutorError::Unsupported(format!(
                "this server runs no plain processes for `{repo}`: give the job an image, or have the operator add \
                 `{repo}` to `processes`, or set a script image"
            ))),
        }
    }
}

#[async_trait]
impl Executor for Trusting {
    fn name(&self) -> &'static str {
        "server"
    }

    fn capabilities(&self) -> Capabilities {
        self.route.capabilities()
    }

    async fn run(&self, order: &Order, watch: Watch) -> Result<Exit, ExecutorError> {
        match self.allowed(order)? {
            Some(order) => self.route.run(&order, watch).await,
            None => self.route.run(order, watch).await,
        }
    }

    async fn shell(&self, order: &Order, sitting: Sitting) -> Result<Option<i32>, ExecutorError> {
        match self.allowed(order)? {
            Some(order) => self.route.shell(&order, sitting).await,
            None => self.route.shell(order, sitting).await,
        }
    }

    async fn sweep(&self, instance: &str, wanted: &[u64]) -> Result<Vec<String>, ExecutorError> {
        self.route.sweep(instance, wanted).await
    }
}
