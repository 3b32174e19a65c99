//! What the job is told, from the job directory here to the depot.

use std::time::{Duration, UNIX_EPOCH};

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::Host;
use crate::sidecar::order::Order;
use crate::sidecar::{beat, now};

/// How often the control half is looked at.
const LOOK: Duration = Duration::from_millis(100);

impl Host {
    /// Passes on a cancel, leases, and that the job's container is `over`; never returns.
    pub(super) async fn pass_on(&self, order: &Order, over: &CancellationToken) {
        // Another number than a host before us had, whose job goes on.
        let mut said = beat::Host { count: now(), lease_ms: order.lease_ms, ..beat::Host::default() };
        let mut next = Instant::now();
        loop {
            let wanted = self.wanted(&said, over);
            if wanted != said || Instant::now() >= next {
                said = beat::Host { count: said.count + 1, ..wanted };
                match beat::put(&*self.hasty, beat::HOST, &said).await {
                    Ok(()) => next = Instant::now() + beat::EVERY,
                    Err(error) => {
                        tracing::warn!(%error, "the sidecar cannot be told");
                        next = Instant::now() + beat::EVERY / 5;
                    }
                }
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// What is to be said, by the control half here.
    fn wanted(&self, said: &beat::Host, over: &CancellationToken) -> beat::Host {
        let control = self.dir.control();
        let lease = control.join("lease");
        let changed = lease.metadata().and_then(|found| found.modified()).ok();
        let renewed = changed.and_then(|time| u64::try_from(time.duration_since(UNIX_EPOCH).ok()?.as_millis()).ok());
        let renewed = renewed.unwrap_or(said.renewed);
        let granted = || std::fs::read_to_string(&lease).ok()?.trim().parse().ok();
        let lease_ms = if renewed == said.renewed { said.lease_ms } else { granted().unwrap_or(said.lease_ms) };
        let (cancel, over) = (control.join("cancel").exists(), over.is_cancelled());
        beat::Host { count: said.count, renewed, lease_ms, cancel, over }
    }
}
