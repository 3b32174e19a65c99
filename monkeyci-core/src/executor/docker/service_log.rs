//! What services wrote, as far as it can be had.

use bollard::container::LogOutput;
use bollard::query_parameters::LogsOptionsBuilder;
use futures::StreamExt;

use super::Docker;
use super::service::container_name;
use crate::executor::Order;

/// The last lines of a service's log that are kept.
const LOG_LINES: &str = "1000";
/// The most bytes of a service's log that are kept.
const LOG_BYTES: usize = 1024 * 1024;

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
            keep(&mut log, piece);
        }
        log
    }
}

/// Takes a piece of output as far as it fits.
pub(super) fn keep(to: &mut Vec<u8>, piece: LogOutput) {
    let bytes = piece.into_bytes();
    let room = LOG_BYTES - to.len();
    to.extend_from_slice(&bytes[..bytes.len().min(room)]);
}
