//! The second clock: for when an executor does not come back.
//!
//! The supervisor keeps a job's time. Should it, its container or the engine around it hang, this clock ends the wait.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

/// How long an executor may take beyond what a job may.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// What one attempt may take from its first line on.
    pub(super) timeout: Duration,
    /// From being asked to end to being killed.
    pub(super) grace: Duration,
    /// What the executor needs on top.
    pub(super) slack: Duration,
}

/// Returns when an executor is overdue: some time after the job should have ended, or after it was told to stop.
///
/// Pulling images and waiting for services is the executor's own to limit: time counts once the job has `begun`.
pub(super) async fn overdue(patience: Patience, begun: &CancellationToken, stop: &CancellationToken) {
    let Patience { timeout, grace, slack } = patience;
    let late = async {
        begun.cancelled().await;
        awake(timeout + grace + slack).await;
    };
    let deaf = async {
        stop.cancelled().await;
        awake(grace + slack).await;
    };
    tokio::select! {
        () = late => {}
        () = deaf => {}
    }
}

/// Sleeps in short steps, so that time in which this process was stopped (Ctrl-Z, a closed lid) hardly counts.
async fn awake(time: Duration) {
    const STEP: Duration = Duration::from_secs(1);
    let mut left = time;
    while !left.is_zero() {
        let step = left.min(STEP);
        tokio::time::sleep(step).await;
        left -= step;
    }
}
