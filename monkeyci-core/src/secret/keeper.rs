use std::sync::Arc;

use async_trait::async_trait;
use monkeyci_model::{BuildId, Job, SecretRef, Trigger};

use super::Secrets;
use crate::attempt::Attempt;
use crate::executor::RegistryAuth;

/// Port: where the values of secrets are kept.
#[async_trait]
pub trait Keeper: Send + Sync {
    /// The secrets that a build with this trigger may know: those that its params refer to.
    ///
    /// # Errors
    /// Why they cannot be had, for people; never a value.
    async fn secrets(&self, trigger: &Trigger) -> Result<Arc<Secrets>, String>;

    /// The secrets that an attempt of a job may know: those of its build, and where the job has some of its own those too.
    /// Its ID tokens are among them, under the names of [`id_token`]; they are the same whenever they are asked for, so that
    /// a worker that takes the attempt up can mask them.
    ///
    /// # Errors
    /// Why they cannot be had, for people; never a value.
    async fn of_job(&self, _attempt: &Attempt, trigger: &Trigger, _job: &Job) -> Result<Arc<Secrets>, String> {
        self.secrets(trigger).await
    }

    /// Who the build is at private registries, where images of its jobs and its script are pulled. Jobs never see that.
    ///
    /// # Errors
    /// Why that cannot be had, for people; never a password.
    async fn registries(&self, _build: &BuildId, _trigger: &Trigger) -> Result<Vec<RegistryAuth>, String> {
        Ok(Vec::new())
    }

    /// Whether jobs get ID tokens from it. Where they do not, a build with a job that asks for one ends before it begins.
    fn gives_id_tokens(&self) -> bool {
        false
    }
}

/// The name under which a job finds the ID token of a variable.
#[must_use]
pub fn id_token(variable: &str) -> SecretRef {
    SecretRef { name: format!("id-token/{variable}"), version: 1 }
}

/// Every build knows the same.
#[async_trait]
impl Keeper for Arc<Secrets> {
    async fn secrets(&self, _: &Trigger) -> Result<Self, String> {
        Ok(Self::clone(self))
    }
}
