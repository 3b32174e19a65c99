//! Does what the host says while the job runs.

use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::beat;
use super::depot::Depot;
use super::order::Order;
use super::place::Place;

/// How often the host's beat is looked at: as soon as this a job is told to end.
const LOOK: Duration = Duration::from_secs(1);

/// How long after its lease and its grace a job is waited for that should have ended by itself.
const SLACK: Duration = Duration::from_secs(60);

/// Looks at what the host says.
pub(super) struct Heed<'a> {
    pub(super) depot: &'a dyn Depot,
    pub(super) order: &'a Order,
    pub(super) place: &'a Place,
    /// Cancelled when the job's container is over, or is waited for no longer.
    pub(super) over: &'a CancellationToken,
    /// Cancelled when this sidecar is told to end.
    pub(super) stop: &'a CancellationToken,
}

impl Heed<'_> {
    /// Passes on leases and a cancel until nothing was heard of the host for too long; how long that was.
    pub(super) async fn run(&self) -> Duration {
        let grace = Duration::from_millis(self.order.grace_ms);
        let mut lease = Duration::from_millis(self.order.lease_ms);
        let (mut known, mut canceled, mut heard) = (beat::Host::default(), false, Instant::now());
        loop {
            match beat::get::<beat::Host>(self.depot, beat::HOST).await {
                Ok(Some(said)) if said != known => {
                    heard = Instant::now();
                    if said.renewed != known.renewed {
                        lease = Duration::from_millis(said.lease_ms);
                        self.place.tell("lease", said.lease_ms.to_string().as_bytes());
                    }
                    known = said;
                }
                Ok(_) => {}
                Err(error) => tracing::warn!(%error, "the host is not heard"),
            }
            if !canceled && (known.cancel || self.stop.is_cancelled()) {
                canceled = true;
                self.place.tell("cancel", b"");
            }
            if known.over {
                self.over.cancel();
            }
            let silent = heard.elapsed();
            if silent >= lease.saturating_add(grace).saturating_add(SLACK) {
                self.over.cancel();
                return silent;
            }
            tokio::select! {
                () = self.stop.cancelled(), if !canceled => {}
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    }
}
