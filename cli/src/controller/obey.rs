//! Does what people want of a build while it runs.

use std::time::Duration;

use monkeyci_core::controller::Command;
use monkeyci_core::engine::BuildHandle;
use monkeyci_core::store::object::Bucket;
use tokio::task::JoinHandle;

use crate::error::{CliError, chain};
use crate::stored::ours;

/// How often it is looked for what somebody wants. Each time costs a request.
const LOOK: Duration = Duration::from_secs(2);

/// Looks for commands as long as this is there.
pub struct Obeying(JoinHandle<()>);

impl Obeying {
    /// Begins to look.
    pub fn begin(bucket: Bucket, build: BuildHandle) -> Self {
        Self(tokio::spawn(async move {
            loop {
                tokio::time::sleep(LOOK).await;
                if let Err(error) = obey(&bucket, &build).await {
                    tracing::warn!(build = %build.id(), %error, "commands are looked for later");
                }
            }
        }))
    }
}

impl Drop for Obeying {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Does all that waits; tells whether something did.
pub async fn obey(bucket: &Bucket, build: &BuildHandle) -> Result<bool, CliError> {
    let waiting = Command::waiting(bucket, build.id()).await.map_err(ours)?;
    for waiting in &waiting {
        waiting.command.give(build).await.map_err(|error| CliError::ours(chain(&error)))?;
        // Only what is durable is taken away.
        waiting.done(bucket).await.map_err(ours)?;
    }
    Ok(!waiting.is_empty())
}
