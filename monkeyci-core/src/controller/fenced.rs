//! Where the jobs of a build run that is held: whoever lost it neither stops nor removes what another goes on with.

use std::sync::Arc;

use async_trait::async_trait;
use monkeyci_model::BuildId;

use super::Holding;
use crate::executor::{Capabilities, Executor, ExecutorError, Exit, Order, RegistryAuth, Sitting, Wanted, Watch};
use crate::job_dir::Program;

/// An executor for as long as a build is held.
pub struct Fenced {
    executor: Arc<dyn Executor>,
    holding: Holding,
    leaves: bool,
}

impl Fenced {
    /// Runs jobs there. With `leaves`, they go on when the build is lost, for whoever takes them up.
    #[must_use]
    pub fn new(executor: Arc<dyn Executor>, holding: Holding, leaves: bool) -> Self {
        Self { executor, holding, leaves }
    }
}

#[async_trait]
impl Executor for Fenced {
    fn name(&self) -> &'static str {
        self.executor.name()
    }

    fn capabilities(&self) -> Capabilities {
        self.executor.capabilities()
    }

    /// Never returns once the build is lost, where jobs go on then: how they end is another's to tell. That it is lost is seen
    /// before anything that follows from it, as that they are to stop.
    async fn run(&self, order: &Order, watch: Watch) -> Result<Exit, ExecutorError> {
        tokio::select! {
            biased;
            () = self.holding.lost().cancelled(), if self.leaves => std::future::pending().await,
            exit = self.executor.run(order, watch) => exit,
        }
    }

    async fn shell(&self, order: &Order, sitting: Sitting) -> Result<Option<i32>, ExecutorError> {
        self.executor.shell(order, sitting).await
    }

    async fn enter(&self, order: &Order, program: Program, sitting: Sitting) -> Result<Option<i32>, ExecutorError> {
        self.executor.enter(order, program, sitting).await
    }

    fn stand_in(&self, build: &BuildId, fork: bool) -> Result<Option<String>, ExecutorError> {
        self.executor.stand_in(build, fork)
    }

    async fn image_id(&self, image: &str, registries: &[RegistryAuth]) -> Result<String, ExecutorError> {
        self.executor.image_id(image, registries).await
    }

    /// All holders of a build know what they start by one label: what another started since is not ours to remove.
    async fn sweep(&self, instance: &str, wanted: Wanted<'_>) -> Result<Vec<String>, ExecutorError> {
        match self.holding.is_ours().await {
            Ok(true) => self.executor.sweep(instance, wanted).await,
            Ok(false) => Ok(Vec::new()),
            Err(error) => Err(ExecutorError::Engine { what: "asking who runs the build", reason: error.to_string() }),
        }
    }
}
