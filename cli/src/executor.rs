//! Where the jobs of a local build run.

use std::path::Path;
use std::sync::Arc;

use monkeyci_core::executor::oci::Owner;
use monkeyci_core::executor::route::Route;
use monkeyci_core::executor::{Docker, Engine, Executor, Fake, Process};
use serde::{Deserialize, Serialize};

use crate::container_instances;
use crate::error::CliError;

/// Where jobs run, as a person chooses it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Choice {
    /// Jobs with an image in Docker or else Podman, the others as processes
    #[default]
    Auto,
    /// All jobs as processes of this machine
    Process,
    /// Jobs in Docker
    Docker,
    /// Jobs in Podman
    Podman,
    /// Jobs in container instances of Oracle Cloud
    Oci,
    /// Nothing runs: show what would
    Fake,
}

impl Choice {
    /// The executor. `state` is a folder of this invocation, `programs` one for the programs that go into containers; `owner`
    /// is whose jobs they are, where those may be handed over to another machine.
    pub async fn open(
        self,
        state: &Path,
        programs: &Path,
        owner: Option<Arc<dyn Owner>>,
    ) -> Result<Arc<dyn Executor>, CliError> {
        let connect = async |engine| {
            let docker = Docker::connect(engine, programs).await;
            docker.map_err(|error| CliError::ours(error.to_string()))
        };
        Ok(match self {
            Self::Auto => {
                let engines = [Engine::Docker, Engine::Podman].map(|engine| Docker::lazily(engine, programs));
                Arc::new(Route::new(Arc::new(Process::new(state).programs(programs)), engines.into()))
            }
            Self::Process => Arc::new(Process::new(state).programs(programs)),
            Self::Docker => Arc::new(connect(Engine::Docker).await?),
            Self::Podman => Arc::new(connect(Engine::Podman).await?),
            Self::Oci => {
                let oci = container_instances::open().await?;
                match owner {
                    Some(owner) => Arc::new(oci.owned(owner)),
                    None => Arc::new(oci),
                }
            }
            Self::Fake => Arc::new(Fake::dry_run()),
        })
    }

    /// The same, with connections to all that an invocation that died may have used, and whether each of them answered:
    /// one that does not may hold something that can only be removed later.
    pub async fn open_all(self, state: &Path, programs: &Path) -> (Vec<Arc<dyn Executor>>, bool) {
        let mut all: Vec<Arc<dyn Executor>> = Vec::new();
        let mut answered = true;
        if matches!(self, Self::Auto | Self::Process) {
            all.push(Arc::new(Process::new(state).programs(programs)));
        }
        if self == Self::Oci {
            match container_instances::open().await {
                Ok(oci) => all.push(Arc::new(oci)),
                Err(_) => answered = false,
            }
        }
        for (engine, choice) in [(Engine::Docker, Self::Docker), (Engine::Podman, Self::Podman)] {
            if self != Self::Auto && self != choice {
                continue;
            }
            match Docker::connect(engine, programs).await {
                Ok(docker) => all.push(Arc::new(docker)),
                Err(_) => answered = false,
            }
        }
        (all, answered)
    }
}
