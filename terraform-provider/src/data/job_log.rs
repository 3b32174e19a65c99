//! `data.monkeyci_job_log`.

use monkeyci_client::ClientError;
use tfplugin::check::between;
use tfplugin::{Computed, Context, DataSource, Diagnostic, Object, Result};

use super::unread;
use crate::server::Server;

/// Bytes that are read of a log, from its end.
const MOST: u64 = 256 * 1024;

/// The end of what a job wrote. Secrets are masked, as everywhere.
#[derive(Debug, Object)]
pub struct JobLog {
    /// The `id` of the repository: `acme/web`.
    repo: String,
    /// The number of the build.
    number: u64,
    /// The job.
    job: String,
    /// Which attempt of it; the newest when it is not set.
    #[attribute(optional)]
    attempt: Computed<u32>,
    /// Lines, at most.
    #[attribute(default = 50, check(between(1..=1000)))]
    lines: u32,
    /// How the job stands.
    status: Computed<String>,
    /// They.
    text: Computed<String>,
}

impl DataSource for JobLog {
    type Client = Server;
    const NAME: &'static str = "job_log";

    async fn read(self, cx: &Context<Server>) -> Result<Self> {
        let job = cx.client.repo(&self.repo)?.build(self.number).job(&self.job);
        let found = job.get().await.map_err(unread("job"))?;
        let attempt = self.attempt.known().copied().unwrap_or(found.attempt);
        if attempt == 0 {
            let detail = format!("Job {:?} has not run, so that it has no log.", self.job);
            return Err(Diagnostic::error("There is no log", detail).at("job").into());
        }
        let log = job.attempt(attempt).log();
        let length = found.result.as_ref().filter(|_| attempt == found.attempt).and_then(|result| result.log_bytes);
        let begin = length.map_or(0, |length| length.saturating_sub(MOST));
        let mut bytes = Vec::new();
        loop {
            match log.read(begin + bytes.len() as u64, MOST).await {
                Ok(piece) if piece.is_empty() => break,
                Ok(piece) => bytes.extend_from_slice(&piece),
                Err(ClientError::NotFound(_)) => break,
                Err(error) => return Err(unread("log")(error)),
            }
            let excess = bytes.len().saturating_sub(4 * 1024 * 1024);
            if excess > 0 {
                return Err(Diagnostic::error("The log is too long", "Read a job that has ended.").at("job").into());
            }
        }
        let text = String::from_utf8_lossy(&bytes);
        let all: Vec<&str> = text.lines().collect();
        let last = &all[all.len().saturating_sub(self.lines as usize)..];
        let text = last.join("\n");
        Ok(Self { attempt: attempt.into(), status: found.status.as_str().to_owned().into(), text: text.into(), ..self })
    }
}
