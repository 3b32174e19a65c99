//! Waiting for a container's end, also across a restart of its engine.

use std::time::Duration;

use bollard::errors::Error;
use bollard::models::ContainerInspectResponse;
use bollard::query_parameters::WaitContainerOptionsBuilder;
use futures::StreamExt;
use tokio::time::Instant;

use super::{Docker, ExecutorError, said, status};

/// How long an engine may be away before its jobs are given up.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long an answer that cannot be read may be only a passing state's.
const PASSING: Duration = Duration::from_secs(10);
/// How often it is asked for again.
const LOOK: Duration = Duration::from_millis(50);

/// How a container stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Standing {
    pub running: bool,
    /// It was running once.
    pub started: bool,
    pub code: i64,
    pub out_of_memory: bool,
}

impl Standing {
    pub(super) fn of(found: &ContainerInspectResponse) -> Self {
        let state = found.state.as_ref();
        Self {
            running: state.and_then(|state| state.running).unwrap_or(false),
            // Engines write the year 1 for what has not happened.
            started: state
                .and_then(|state| state.started_at.as_ref())
                .is_some_and(|time| !time.is_empty() && !time.starts_with("0001-")),
            code: state.and_then(|state| state.exit_code).unwrap_or(0),
            out_of_memory: state.and_then(|state| state.oom_killed).unwrap_or(false),
        }
    }
}

impl Docker {
    /// Returns once the container runs no more. An engine that goes away is asked again for up to [`PATIENCE`].
    pub(super) async fn ended(&self, name: &str) -> Result<(), ExecutorError> {
        loop {
            let options = WaitContainerOptionsBuilder::default().condition("not-running").build();
            let mut answer = std::pin::pin!(self.api.wait_container(name, Some(options)));
            match answer.next().await {
                // Podman answers -1 for a container that it cannot ask about just now.
                Some(Ok(ended)) if ended.status_code >= 0 => return Ok(()),
                Some(Err(Error::DockerContainerWaitError { .. })) => return Ok(()),
                Some(Err(Error::RequestTimeoutError)) => continue,
                _ => {}
            }
            if !self.standing(name).await?.running {
                return Ok(());
            }
            // It runs, and the engine does not wait for it: asked without a pause, it would do nothing else.
            tokio::time::sleep(LOOK).await;
        }
    }

    /// How a container stands. An engine that is away is asked again for up to [`PATIENCE`].
    pub(super) async fn standing(&self, name: &str) -> Result<Standing, ExecutorError> {
        let begun = Instant::now();
        let mut pause = Duration::from_millis(50);
        loop {
            let error = match self.find(name).await {
                Ok(Some(standing)) => return Ok(standing),
                Ok(None) => {
                    let reason = format!("container `{name}` is gone: something else than MonkeyCI removed it");
                    return Err(ExecutorError::Engine { what: "waiting for the job", reason });
                }
                Err(error) => error,
            };
            if begun.elapsed() > PATIENCE {
                let (engine, host, seconds) = (self.engine.name(), &self.host, PATIENCE.as_secs());
                let reason = format!("{engine} at {host} has not answered for {seconds} s: {}", said(&error));
                return Err(ExecutorError::Engine { what: "waiting for the job", reason });
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(2));
        }
    }

    /// How a container stands; none when there is none of this name.
    pub(super) async fn find(&self, name: &str) -> Result<Option<Standing>, Error> {
        Ok(self.inspect(name).await?.as_ref().map(Standing::of))
    }

    /// What the engine knows of a container; none when there is none of this name.
    pub(super) async fn inspect(&self, name: &str) -> Result<Option<ContainerInspectResponse>, Error> {
        let begun = Instant::now();
        loop {
            match self.api.inspect_container(name, None).await {
                Ok(found) => return Ok(Some(found)),
                Err(error) if status(&error) == Some(404) => return Ok(None),
                // Podman is for a moment in states that Docker does not have, such as `stopped`.
                Err(Error::JsonDataError { .. }) if begun.elapsed() < PASSING => tokio::time::sleep(LOOK).await,
                Err(error) => return Err(error),
            }
        }
    }
}
