//! What services wrote, as far as it can be had.

use std::collections::HashMap;

use bollard::container::LogOutput;
use bollard::models::HostConfigLogConfig;
use bollard::query_parameters::LogsOptionsBuilder;
use futures::StreamExt;

use super::Docker;
use super::service::container_name;
use crate::executor::Order;

/// The last lines of a service's log that are kept.
const LOG_LINES: &str = "1000";
/// The most bytes of a service's log that are kept: the last ones.
const LOG_BYTES: usize = 1024 * 1024;

/// Has the engine keep the end of a log and no more, on its disk and in every answer: one line may be of any length.
pub(super) fn bounded() -> HostConfigLogConfig {
    let config = [("max-size", "1m"), ("max-file", "2")].map(|(name, value)| (name.to_owned(), value.to_owned()));
    HostConfigLogConfig { typ: Some("json-file".into()), config: Some(HashMap::from(config)) }
}

impl Docker {
    /// The logs of a job's services, as far as they can be had.
    pub(super) async fn service_logs(&self, order: &Order) -> Vec<(String, Vec<u8>)> {
        let mut logs = Vec::new();
        for service in &order.job.services {
            logs.push((service.id.to_string(), self.log(&container_name(&order.attempt, service)).await));
        }
        logs
    }

    pub(super) async fn log(&self, name: &str) -> Vec<u8> {
        let options = LogsOptionsBuilder::default().stdout(true).stderr(true).tail(LOG_LINES).build();
        let mut pieces = std::pin::pin!(self.api.logs(name, Some(options)));
        let mut log = Vec::new();
        while let Some(Ok(piece)) = pieces.next().await {
            keep(&mut log, &piece);
        }
        log
    }
}

/// Takes a piece of output in, and drops what came first where it is too much: the end tells what went wrong.
pub(super) fn keep(to: &mut Vec<u8>, piece: &LogOutput) {
    let bytes: &[u8] = piece.as_ref();
    let bytes = &bytes[bytes.len().saturating_sub(LOG_BYTES)..];
    to.drain(..(to.len() + bytes.len()).saturating_sub(LOG_BYTES));
    to.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_log_is_kept() {
        let mut log = Vec::new();
        for piece in [vec![b'a'; LOG_BYTES - 1], vec![b'b'; 3], vec![b'c'; LOG_BYTES + 9], vec![b'd'; 2]] {
            keep(&mut log, &LogOutput::StdOut { message: piece.into() });
            assert!(log.len() <= LOG_BYTES);
        }
        assert!(log.starts_with(b"cc") && log.ends_with(b"cdd") && log.len() == LOG_BYTES);
    }
}
