//! What a person wants of a build that no process may run just now.

use monkeyci_model::{BuildId, JobId};
use serde::{Deserialize, Serialize};
use ulid::Ulid;

use crate::engine::{Actor, BuildHandle, EngineError};
use crate::store::StoreError;
use crate::store::object::Bucket;

/// What somebody wants of a build. It waits in the store until a controller has done it, and is done once more where one
/// dies in between, which changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Command {
    /// Who wants it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What.
    #[serde(flatten)]
    pub what: What,
}

/// What is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "lowercase")]
#[non_exhaustive]
pub enum What {
    /// A job that waits for approval goes on.
    Approve {
        /// The job.
        job: JobId,
    },
    /// A job that waits for approval does not run.
    Reject {
        /// The job.
        job: JobId,
    },
    /// The build is stopped.
    Cancel,
}

/// A command that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    key: String,
    /// What is wanted.
    pub command: Command,
}

impl Command {
    /// Has it wait for the controller of a build.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn send(&self, bucket: &Bucket, build: &BuildId) -> Result<(), StoreError> {
        // Named by time and lot: they are done in the order in which they came, but for those of one millisecond.
        bucket.create_json(&format!("{}/{}", above(build), Ulid::new()), self).await.map(drop)
    }

    /// What waits for the controller of a build, oldest first. What cannot be understood is put aside, and told in the log.
    ///
    /// # Errors
    /// When that cannot be read.
    pub async fn waiting(bucket: &Bucket, build: &BuildId) -> Result<Vec<Waiting>, StoreError> {
        let mut waiting = Vec::new();
        for key in bucket.list(&above(build)).await? {
            match bucket.get_json::<Self>(&key).await {
                Ok(Some(command)) => waiting.push(Waiting { key, command }),
                Ok(None) => {}
                Err(error @ StoreError::Damaged { .. }) => {
                    tracing::warn!(%build, %error, "a command is not understood");
                    bucket.delete(&key).await?;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(waiting)
    }

    /// Does what is wanted. What cannot be done as the build stands is no error: it may have been done before.
    ///
    /// # Errors
    /// When that cannot be written.
    pub async fn give(&self, build: &BuildHandle) -> Result<(), EngineError> {
        let actor = self.actor.as_deref().map(Actor::from);
        let reason = self.reason.as_deref();
        let done = match &self.what {
            What::Approve { job } => build.approve(job, actor).await,
            What::Reject { job } => build.reject(job, actor, reason).await,
            What::Cancel => build.cancel_as(actor, reason.unwrap_or("canceled")).await,
        };
        match done {
            Err(error @ (EngineError::Illegal { .. } | EngineError::NotOpen { .. })) => {
                tracing::info!(build = %build.id(), %error, "a command changes nothing");
                Ok(())
            }
            done => done,
        }
    }
}

impl Waiting {
    /// Says that it is done.
    ///
    /// # Errors
    /// When it cannot be taken away.
    pub async fn done(&self, bucket: &Bucket) -> Result<(), StoreError> {
        bucket.delete(&self.key).await
    }
}

fn above(build: &BuildId) -> String {
    Bucket::beneath(build, "commands")
}
