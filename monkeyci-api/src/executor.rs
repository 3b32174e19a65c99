//! Where the jobs of a server's own worker run.

use std::path::Path;
use std::sync::Arc;

use monkeyci_core::executor::route::Route;
use monkeyci_core::executor::trusting::Trusting;
use monkeyci_core::executor::{Docker, Engine, Process};

use crate::config::{ContainerEngine, Executor};

/// Where jobs run, as the operator allows them. `state` is a folder for processes, `programs` one for what goes into
/// containers.
///
/// # Errors
/// What is wrong with the configuration, for people.
pub fn jobs(config: &Executor, state: &Path, programs: &Path) -> Result<Trusting, String> {
    let engines: &[Engine] = match config.engine {
        ContainerEngine::Auto => &[Engine::Docker, Engine::Podman],
        ContainerEngine::Docker => &[Engine::Docker],
        ContainerEngine::Podman => &[Engine::Podman],
    };
    let engines = engines.iter().map(|engine| Docker::lazily(*engine, programs)).collect();
    // A server that is killed leaves its jobs running, and takes them up when it is started again.
    let processes = Process::new(state).programs(programs).outliving();
    let route = Route::new(Arc::new(processes), engines);
    Trusting::new(route, config.script_image.clone(), &config.processes)
        .map_err(|error| format!("executor.processes: {error}"))
}

/// Where scripts that are programs run, if the operator allows them.
pub fn scripts(config: &Executor, state: &Path, programs: &Path) -> Option<Process> {
    config.script_programs.then(|| Process::new(state).programs(programs))
}
