use std::sync::Arc;

use async_trait::async_trait;
use monkeyci_model::{BuildId, Job, Trigger};

use super::Secrets;

/// Port: where the values of secrets are kept.
#[async_trait]
pub trait Keeper: Send + Sync {
    /// The secrets that a build with this trigger may know: those that its params refer to.
    ///
    /// # Errors
    /// Why they cannot be had, for people; never a value.
    async fn secrets(&self, trigger: &Trigger) -> Result<Arc<Secrets>, String>;

    /// The secrets that a job of a build may know: those of its build, and where the job has some of its own those too.
    ///
    /// # Errors
    /// Why they cannot be had, for people; never a value.
    async fn of_job(&self, _build: &BuildId, trigger: &Trigger, _job: &Job) -> Result<Arc<Secrets>, String> {
        self.secrets(trigger).await
    }
}

/// Every build knows the same.
#[async_trait]
impl Keeper for Arc<Secrets> {
    async fn secrets(&self, _: &Trigger) -> Result<Self, String> {
        Ok(Self::clone(self))
    }
}
