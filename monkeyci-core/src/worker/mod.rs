//! Runs leased jobs.
//!
//! A [`Worker`] takes leases, up to a number of jobs at once, and answers each with a result:
//!
//! 1. `site`: a private copy of the checkout, and the job as the script's program wants it, which may ask its build by
//!    the `api`; `prepare`: caches, artifacts, [variables], secrets (in memory and in the control half only, which the
//!    supervisor reads and unlinks);
//! 2. [`Executor::run`](crate::executor::Executor::run); meanwhile the job's report is read, masked and shipped as its
//!    log, the lease is renewed, and a revoked claim stops the job;
//! 3. `outcome`: a cause and a sentence for people; test reports, and what the script's program says of the result;
//!    `save`: artifacts, caches;
//! 4. people who want a shell are let in beside the lines (`host`), and after them where the job's place is held (`hold`);
//! 5. the result, and then nothing is left of the attempt.
//!
//! Nothing that happens to a job keeps its result from being told: not a full disk, not a panic of ours, not an
//! executor that hangs. A worker whose future is dropped tells nothing and removes nothing: its jobs go on for as long
//! as their leases do, and the next worker that is leased the same attempts takes them up where they are.

mod action;
mod api;
mod caches;
mod clock;
mod debug;
mod desk;
mod halt;
mod hold;
mod host;
mod outcome;
mod prepare;
mod registries;
mod run;
mod save;
mod settings;
mod shipping;
mod site;
mod sweep;
mod transcript;
mod variables;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use monkeyci_model::{Cause, JobResult};
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::job_dir::JobDir;
use crate::lease::{Ask, Lease};
use desk::{Desk, OnDesk};
use halt::Why;

pub use debug::{Debug, Opened};
pub use registries::Registries;
pub use settings::{Ports, Settings, Supplies, Supply};
pub use sweep::sweep;
pub use variables::variables;

/// How often a worker says that it lives, and lets its jobs go on.
const RENEW: Duration = Duration::from_secs(5);

/// How often a worker looks for what it runs and nobody wants.
const SWEEP: Duration = Duration::from_secs(15);

/// How long a worker waits when it was answered with no job at all.
const ASK_AGAIN: Duration = Duration::from_secs(1);

/// Runs leased jobs. A clone is another handle of the same worker.
#[derive(Clone)]
pub struct Worker {
    shared: Arc<Shared>,
}

struct Shared {
    settings: Settings,
    ports: Ports,
    desk: Arc<Desk>,
    drain: CancellationToken,
    left: CancellationToken,
    /// Whether all is in hand that an earlier worker of its name had, and that is still wanted.
    succeeded: CancellationToken,
}

impl Worker {
    /// A worker that does nothing until it [runs](Self::run).
    #[must_use]
    pub fn new(settings: Settings, ports: Ports) -> Self {
        let [drain, left, succeeded] = std::array::from_fn(|_| CancellationToken::new());
        Self { shared: Arc::new(Shared { settings, ports, desk: Arc::default(), drain, left, succeeded }) }
    }

    /// Takes and runs jobs until it is told to [drain](Self::drain) or [shut down](Self::shut_down), and the jobs that
    /// it has are over; or until it [leaves](Self::leave) them.
    pub async fn run(&self) {
        let work = self.take_leases();
        let upkeep = async {
            tokio::join!(self.renew(), self.sweep());
        };
        tokio::select! {
            () = work => {}
            () = upkeep => {}
        }
    }

    /// Takes no more jobs; those that run come to their end.
    pub fn drain(&self) {
        self.shared.drain.cancel();
    }

    /// Takes no more jobs, and stops those that run; they end as lost, so that another worker may try.
    pub fn shut_down(&self) {
        self.drain();
        self.shared.desk.stop(&Why::Shutdown);
    }

    /// Leaves those that run as they are, for the next worker of this name to take up. Once [`run`](Self::run) has
    /// returned, nothing here touches them any more.
    pub fn leave(&self) {
        self.shared.left.cancel();
    }

    /// Lets the running jobs go on for a week without this process: call it before the process stops itself for its
    /// terminal (Ctrl-Z), and [`resume`](Self::resume) when it goes on.
    pub fn hold(&self) {
        self.shared.desk.hold();
    }

    /// Ends what [`hold`](Self::hold) began.
    pub fn resume(&self) {
        self.shared.desk.grant(self.shared.settings.lease);
    }

    async fn take_leases(&self) {
        let Shared { settings, ports, desk, drain, left, succeeded } = &*self.shared;
        let mut running = JoinSet::new();
        // What was leased and has not ended, whether it has begun or not.
        let mut holds: HashMap<tokio::task::Id, u64> = HashMap::new();
        let ask = |room, holds: &HashMap<_, u64>| Ask {
            worker: settings.name.clone(),
            room,
            holds: holds.values().copied().collect(),
            offer: settings.offer.clone(),
            begins: room > 0 && !succeeded.is_cancelled(),
        };
        // Kept over the turns of the loop: a wait that is dropped could lose what was just leased.
        let mut wait = None;
        while !(drain.is_cancelled() && running.is_empty()) {
            let room = settings.jobs.max(1).saturating_sub(running.len());
            if wait.is_none() && room > 0 && !drain.is_cancelled() {
                wait = Some(ports.leases.lease(ask(room, &holds)));
            }
            tokio::select! {
                biased;
                () = left.cancelled() => {
                    running.shutdown().await;
                    settings.making.close();
                    return settings.making.wait().await;
                }
                () = drain.cancelled(), if !drain.is_cancelled() => {
                    wait = None;
                    // What was leased just now, and is not here, is given back.
                    let _none = ports.leases.lease(ask(0, &holds)).await;
                }
                Some(ended) = running.join_next_with_id(), if !running.is_empty() => {
                    let id = ended.map_or_else(|error| error.id(), |(id, ())| id);
                    holds.remove(&id);
                }
                leases = async { wait.as_mut().expect("asked only when there is one").await }, if wait.is_some() => {
                    wait = None;
                    if leases.is_empty() && succeeded.is_cancelled() {
                        // Who is asked has nothing to say, as an engine that is going down: no reason to hurry.
                        let asks = ask(room, &holds);
                        wait = Some(async move {
                            tokio::time::sleep(ASK_AGAIN).await;
                            ports.leases.lease(asks).await
                        }.boxed());
                    }
                    for lease in leases {
                        let (fence, on_desk) = (lease.attempt.fence, desk.put(&lease.attempt));
                        holds.insert(running.spawn(self.clone().serve(lease, on_desk)).id(), fence);
                    }
                    succeeded.cancel();
                }
            }
        }
    }

    /// Runs one attempt, tells its result and removes what is left of it.
    async fn serve(self, lease: Lease, on_desk: OnDesk) {
        let Shared { settings, ports, .. } = &*self.shared;
        let halt = on_desk.halt();

        let run = AssertUnwindSafe(run::run(settings, ports, &lease, &on_desk)).catch_unwind();
        let heed = async {
            halt.heed(ports.leases.revoked(&lease.attempt).await);
            // The job's end decides, not ours.
            std::future::pending::<()>().await;
        };
        let mut result = tokio::select! {
            // What was revoked by now is known before the job is even prepared.
            biased;
            () = heed => return,
            result = run => result.unwrap_or_else(|panic| crashed(&*panic)),
        };
        let kept = settings.keep.then(|| settings.folder.join(format!("kept-{}", lease.attempt.name())));
        if let Some(kept) = &kept {
            result.warnings.push(format!("its workspace is kept at `{}`", kept.display()));
        }
        if !halt.is_stale() {
            // Whether it still counted makes no difference: nothing is left of the attempt either way.
            let _claim = ports.leases.result(&lease.attempt, result).await;
        }
        on_desk.is_over();
        remove(JobDir::at(settings.folder.join(lease.attempt.name())), kept).await;
    }

    async fn renew(&self) {
        let Shared { settings, ports, desk, .. } = &*self.shared;
        let mut tick = tokio::time::interval(RENEW);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            let hands = desk.all();
            if hands.is_empty() {
                continue;
            }
            let attempts: Vec<_> = hands.iter().map(|hand| hand.attempt.clone()).collect();
            let claims = ports.leases.renew(&attempts).await;
            for (hand, claim) in hands.iter().zip(claims) {
                hand.halt.heed(claim);
                hand.grant(settings.lease);
            }
        }
    }

    async fn sweep(&self) {
        let Shared { settings, ports, desk, succeeded, .. } = &*self.shared;
        // Before that, it would end what goes on and is about to be leased to it again, however long that takes.
        succeeded.cancelled().await;
        let mut tick = tokio::time::interval(SWEEP);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            let wanted = |fence| desk.has(fence);
            let swept = sweep(&*ports.executor, &settings.instance, &settings.folder, &wanted).await;
            match swept {
                Ok(removed) if removed.is_empty() => {}
                Ok(removed) => tracing::info!(?removed, "removed what nobody wanted"),
                Err(error) => tracing::warn!(%error, "could not look for what nobody wants"),
            }
        }
    }
}

/// The result of an attempt that our own code did not survive.
fn crashed(panic: &(dyn std::any::Any + Send)) -> JobResult {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    // The panic's own text could hold anything; it goes to the operator only.
    tracing::error!(panic = text.unwrap_or("without a message"), "the worker broke while it ran a job");
    JobResult::failed(Cause::Infrastructure, "MonkeyCI itself broke while it ran this job; its log says where")
}

/// Removes an attempt's folder. A workspace that is `kept` is moved away first: the rest may hold secrets.
async fn remove(dir: JobDir, kept: Option<PathBuf>) {
    let shown = dir.root().display().to_string();
    let removed = tokio::task::spawn_blocking(move || {
        if let Some(kept) = kept
            && let Err(error) = std::fs::rename(dir.work(), &kept)
        {
            tracing::warn!(kept = %kept.display(), %error, "an attempt's workspace could not be kept");
        }
        dir.remove()
    });
    match removed.await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(folder = shown, %error, "an attempt's folder could not be removed"),
        Err(error) => tracing::warn!(folder = shown, %error, "an attempt's folder could not be removed"),
    }
}
