use async_trait::async_trait;
use monkeyci_model::{BuildId, Job, Trigger};

use super::LoadError;

/// Port: what jobs must pass before they are in a build.
#[async_trait]
pub trait Gate: Send + Sync {
    /// The jobs of a script as they are to be in the build, before any of them is a fact. An engine that ends half way is
    /// followed by one that asks again.
    ///
    /// # Errors
    /// Which job is not let through, and why; the build ends so.
    async fn admit(&self, build: &BuildId, trigger: &Trigger, jobs: Vec<Job>) -> Result<Vec<Job>, LoadError>;
}
