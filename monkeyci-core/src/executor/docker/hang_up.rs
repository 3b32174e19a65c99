//! Ending what shells left in a container that goes on.
//!
//! An engine has no way to end a program that it was asked to start beside others. So every shell has a mark among its
//! variables, which what it starts inherits, and the supervisor ends from within whatever has it.

use std::time::Duration;

use bollard::exec::{CreateExecOptions, StartExecResults};
use futures::StreamExt as _;

use super::{Docker, place, said, status};

/// The variable that is the mark; its value names the shell.
pub(super) const MARK: &str = "MONKEYCI_SHELL";

/// How long that may take.
const LIMIT: Duration = Duration::from_secs(5);

impl Docker {
    /// Ends all that the shell of this name started in a container; of every shell when the name is empty.
    pub(super) async fn hang_up(&self, container: &str, name: &str) {
        let end = async {
            let exec = CreateExecOptions {
                attach_stdout: Some(true),
                attach_stderr: Some(true),
                cmd: Some(vec![place::SUPERVISOR.to_owned(), "hang-up".into(), format!("{MARK}={name}")]),
                ..CreateExecOptions::default()
            };
            let exec = self.api.create_exec(container, exec).await?;
            if let StartExecResults::Attached { mut output, .. } = self.api.start_exec(&exec.id, None).await? {
                while output.next().await.is_some() {}
            }
            Ok::<_, bollard::errors::Error>(())
        };
        match tokio::time::timeout(LIMIT, end).await {
            Ok(Ok(())) => {}
            // With its container, everything in it ended.
            Ok(Err(error)) if matches!(status(&error), Some(404 | 409)) => {}
            Ok(Err(error)) => tracing::warn!(container, error = said(&error), "a shell may go on with its job"),
            Err(_) => tracing::warn!(container, "a shell may go on with its job: the engine does not answer"),
        }
    }
}
