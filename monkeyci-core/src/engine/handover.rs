use tokio::runtime::Handle;
use tokio::sync::mpsc;

use super::call::Call;
use crate::lease::Lease;

/// Leases on their way to a worker. Those that one inside this process never takes cannot have begun: they are told as
/// never begun, however the worker went away.
pub(super) struct Handover {
    leases: Vec<Lease>,
    calls: Option<mpsc::WeakSender<Call>>,
    runtime: Handle,
}

impl Handover {
    /// To be called on the engine's loop.
    pub(super) fn new(leases: Vec<Lease>, calls: mpsc::WeakSender<Call>) -> Self {
        Self { leases, calls: Some(calls), runtime: Handle::current() }
    }

    /// For a worker elsewhere: what does not reach it, it is leased again as soon as it asks again.
    pub(super) fn lasting(leases: Vec<Lease>) -> Self {
        Self { leases, calls: None, runtime: Handle::current() }
    }

    /// What a worker does as it gets them.
    pub(super) fn take(mut self) -> Vec<Lease> {
        std::mem::take(&mut self.leases)
    }
}

impl Drop for Handover {
    fn drop(&mut self) {
        let leases = std::mem::take(&mut self.leases);
        let Some(calls) = self.calls.as_ref().and_then(mpsc::WeakSender::upgrade).filter(|_| !leases.is_empty()) else {
            return;
        };
        self.runtime.spawn(async move {
            for Lease { attempt, .. } in leases {
                // The loop may be gone: then the next engine finds the job as it is.
                drop(calls.send(Call::NotTaken { attempt }).await);
            }
        });
    }
}
