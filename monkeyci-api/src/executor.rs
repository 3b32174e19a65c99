//! Where the jobs of a server's own worker run.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use monkeyci_core::executor::route::{Connect, Route};
use monkeyci_core::executor::trusting::Trusting;
use monkeyci_core::executor::{
    Capabilities, Docker, Engine, Executor, ExecutorError, Exit, NoUser, Order, Process, RegistryAuth, Sitting, User,
    Wanted, Watch,
};
use monkeyci_core::job_dir::Program;
use monkeyci_core::model::BuildId;

use crate::config::{self, ContainerEngine};

/// Where jobs run, as the operator allows them. `folder` is that of the server, `state` one for processes, `programs` one
/// for what goes into containers.
///
/// # Errors
/// What is wrong with the configuration, for people.
pub fn jobs(config: &config::Executor, folder: &Path, state: &Path, programs: &Path) -> Result<Trusting, String> {
    // A server that is killed leaves its jobs running, and takes them up when it is started again.
    let mut processes = Process::new(state).programs(programs).outliving();
    if let Some(name) = &config.process_user {
        let wrong = |error: NoUser| format!("executor.process-user: {error}");
        let user = User::find(name).map_err(wrong)?;
        user.must_reach(folder).map_err(wrong)?;
        processes = processes.as_user(user, folder);
    }
    let route = Route::new(Arc::new(processes), engines(config, programs));
    Trusting::new(route, config.script_image.clone(), &config.processes)
        .map_err(|error| format!("executor.processes: {error}"))
}

/// Where the scripts of a server run that are programs: where its jobs without an image do, and besides, where the operator
/// wants that, as plain processes. What they are run in is asked for first, and not looked at again.
pub struct Scripts {
    jobs: Arc<Trusting>,
    route: Route,
    as_processes: bool,
    /// Whether plain processes run as somebody else, who compiles nothing.
    as_user: bool,
}

impl Scripts {
    /// Scripts beside these jobs.
    #[must_use]
    pub fn new(jobs: Arc<Trusting>, config: &config::Executor, state: &Path, programs: &Path) -> Self {
        // Nobody takes up what a script does: what its server leaves ends.
        let processes = Process::new(state).programs(programs);
        Self {
            jobs,
            route: Route::new(Arc::new(processes), engines(config, programs)),
            as_processes: config.script_programs,
            as_user: config.process_user.is_some(),
        }
    }

    /// Looks for what an earlier server may have left in a container engine.
    pub async fn connect(&self) {
        if self.jobs.has_script_image()
            && let Err(error) = self.route.connect().await
        {
            tracing::warn!(%error, "scripts that are programs cannot run now");
        }
    }
}

fn engines(config: &config::Executor, programs: &Path) -> Vec<Connect> {
    let engines: &[Engine] = match config.engine {
        ContainerEngine::Auto => &[Engine::Docker, Engine::Podman],
        ContainerEngine::Docker => &[Engine::Docker],
        ContainerEngine::Podman => &[Engine::Podman],
        ContainerEngine::Oci => return vec![config.oci.lazily()],
    };
    engines.iter().map(|engine| Docker::lazily(*engine, programs)).collect()
}

#[async_trait]
impl Executor for Scripts {
    fn name(&self) -> &'static str {
        "scripts"
    }

    fn capabilities(&self) -> Capabilities {
        self.route.capabilities()
    }

    async fn run(&self, order: &Order, watch: Watch) -> Result<Exit, ExecutorError> {
        self.route.run(order, watch).await
    }

    async fn shell(&self, order: &Order, sitting: Sitting) -> Result<Option<i32>, ExecutorError> {
        self.route.shell(order, sitting).await
    }

    async fn enter(&self, order: &Order, program: Program, sitting: Sitting) -> Result<Option<i32>, ExecutorError> {
        self.route.enter(order, program, sitting).await
    }

    fn stand_in(&self, build: &BuildId, fork: bool) -> Result<Option<String>, ExecutorError> {
        match self.jobs.stand_in(build, fork) {
            Ok(None) if self.as_user => Err(ExecutorError::Unsupported(
                "plain processes run as another user here, and no script that is a program can: write it as a file, or have \
                 the operator take the repository out of `processes` and set a script image"
                    .into(),
            )),
            Err(_) if self.as_processes && !fork => Ok(None),
            Err(_) if fork => Err(ExecutorError::Unsupported(
                "this build is of a fork, whose script is a program: this server must have a script image to run it in"
                    .into(),
            )),
            Err(_) => Err(ExecutorError::Unsupported(
                "this server runs no scripts that are programs: have the operator set a script image".into(),
            )),
            found => found,
        }
    }

    async fn image_id(&self, image: &str, registries: &[RegistryAuth]) -> Result<String, ExecutorError> {
        self.route.image_id(image, registries).await
    }

    async fn sweep(&self, instance: &str, wanted: Wanted<'_>) -> Result<Vec<String>, ExecutorError> {
        self.route.sweep(instance, wanted).await
    }
}
