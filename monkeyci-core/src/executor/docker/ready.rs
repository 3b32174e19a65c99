//! Waiting until a service is ready.

use std::fmt::Write;
use std::time::Duration;

use bollard::exec::{CreateExecOptions, StartExecResults};
use futures::StreamExt;
use monkeyci_model::job::{Health, Service};
use tokio::time::Instant;

use super::service::container_name;
use super::service_log::keep;
use super::{Docker, ExecutorError, place, said};
use crate::attempt::Attempt;

/// The longest pause between two looks at a service's health.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

impl Docker {
    /// Returns once a service is ready: its health command ends with 0, or all its ports accept connections.
    pub(super) async fn ready(&self, attempt: &Attempt, service: &Service) -> Result<(), ExecutorError> {
        let name = container_name(attempt, service);
        let timeout = service.health.as_ref().map_or(Health::DEFAULT_TIMEOUT_MS, |health| health.timeout);
        let ports: Vec<String> = service.ports.iter().map(u16::to_string).collect();
        let command: Vec<String> = match &service.health {
            Some(health) => vec!["/bin/sh".into(), "-c".into(), health.command.clone()],
            None if ports.is_empty() => return Ok(()),
            None => [place::SUPERVISOR.to_owned(), "connect".to_owned()].into_iter().chain(ports.clone()).collect(),
        };
        let deadline = Instant::now() + Duration::from_millis(timeout);
        let mut pause = Duration::from_millis(100);
        let mut last = String::new();
        loop {
            match tokio::time::timeout_at(deadline, self.execute(&name, command.clone())).await {
                Ok(Ok((0, _))) => return Ok(()),
                Ok(Ok((_, output))) => last = output,
                Ok(Err(error)) => last = said(&error),
                Err(_) => {}
            }
            let standing = self.standing(&name).await?;
            let mut reason = if !standing.running {
                format!("it ended with code {} before it was ready", standing.code)
            } else if Instant::now() >= deadline {
                let awaited = match &service.health {
                    Some(health) => format!("`{}` did not end with 0", health.command),
                    None => format!("port {} did not accept connections", ports.join(" or ")),
                };
                format!("{awaited} within {} s", timeout as f64 / 1000.0)
            } else {
                tokio::time::sleep_until(deadline.min(Instant::now() + pause)).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
                continue;
            };
            for (what, text) in [("check", last.as_str()), ("log", &String::from_utf8_lossy(&self.log(&name).await))] {
                let tail = tail(text);
                if !tail.is_empty() {
                    let _ = write!(reason, "; its {what} ends with: {tail}");
                }
            }
            return Err(ExecutorError::Service { service: service.id.to_string(), reason });
        }
    }

    /// Runs a command in a container; its code and what it wrote.
    async fn execute(&self, name: &str, command: Vec<String>) -> Result<(i64, String), bollard::errors::Error> {
        let exec = CreateExecOptions {
            cmd: Some(command),
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            ..CreateExecOptions::default()
        };
        let exec = self.api.create_exec(name, exec).await?;
        let mut written = Vec::new();
        if let StartExecResults::Attached { mut output, .. } = self.api.start_exec(&exec.id, None).await? {
            while let Some(piece) = output.next().await {
                keep(&mut written, &piece?);
            }
        }
        let code = self.api.inspect_exec(&exec.id).await?.exit_code.unwrap_or(-1);
        Ok((code, String::from_utf8_lossy(&written).into_owned()))
    }
}

/// The last lines of a text, for a message.
fn tail(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
    lines[lines.len().saturating_sub(3)..].join(" | ").chars().take(500).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_holds_the_last_lines_only() {
        assert_eq!(tail("a\nb\n\nc\nd\n"), "b | c | d");
        assert_eq!(tail(&"x".repeat(9000)).len(), 500);
    }
}
