use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use monkeyci_model::script::api::JobView;
use monkeyci_model::{Cause, EventKind, JobId, JobResult, Millis};
use tokio::sync::{mpsc, oneshot};

use super::call::{Call, Reply};
use super::claims::Grant;
use super::desk::{Desk, tell};
use super::handover::Handover;
use super::log_room::LogRoom;
use super::shared::Shared;
use crate::attempt::Attempt;
use crate::build::JobState;
use crate::lease::{Ask, Claim, Lease, Leases, Started};
use crate::log::{Chunk, LogError, LogId};
use crate::queue::{Key, Taker};
use crate::store::Sequence;
use crate::visit::Visit;

/// Fences that are taken out of the store at once; those that a crash leaves unused are lost, which harms nothing.
const FENCES: u64 = 1024;

/// A worker that has room, and waits for jobs.
pub(super) struct Asking {
    pub(super) ask: Ask,
    pub(super) is_inside: bool,
    pub(super) reply: Reply<Handover>,
}

impl Desk {
    /// A worker asks for jobs.
    pub(super) fn ask(&mut self, asking: Asking) {
        let Asking { ask, is_inside, reply } = asking;
        self.roll.note(&ask.worker, &ask.offer);
        let owed = self.shared.claims.owed(&ask.worker, &ask.holds, is_inside);
        if ask.room == 0 && !is_inside {
            owed.iter().for_each(|lease| self.not_taken(&lease.attempt));
            tell(reply, Handover::lasting(Vec::new()));
        } else if owed.is_empty() && !ask.begins {
            self.asking.push_back(Asking { ask, is_inside, reply });
        } else {
            tell(reply, self.handover(owed, is_inside));
        }
    }

    /// Hands out jobs for as long as there are some, and somebody who asks and can run them.
    pub(super) async fn grant(&mut self) {
        self.asking.retain(|asking| asking.ask.room > 0 && !asking.reply.is_closed());
        let mut next = 0;
        while let Some(Asking { ask, is_inside, .. }) = self.asking.get(next) {
            let room = if *is_inside { ask.room.min(self.free()) } else { ask.room };
            let taker = Taker { offer: &ask.offer, is_inside: *is_inside };
            let keys = self.queue.take(room, taker);
            if keys.is_empty() {
                next += 1;
                continue;
            }
            let Some(asking) = self.asking.remove(next) else { return };
            if let Err(error) = self.take_fences(keys.len()).await {
                tracing::error!(%error, "jobs cannot be leased");
                for (build, job) in keys {
                    self.queue.release(&build, &job);
                    self.fail(&build, monkeyci_model::BuildStatus::Error, error.to_string());
                }
                continue;
            }
            let leases: Vec<Lease> = keys.into_iter().filter_map(|key| self.lease(key, &asking)).collect();
            let builds: Vec<_> = leases.iter().map(|lease| lease.attempt.build.clone()).collect();
            let handover = self.handover(leases, asking.is_inside);
            self.answer(builds, move |written| {
                if written.is_ok() {
                    tell(asking.reply, handover);
                }
            });
        }
    }

    fn handover(&self, leases: Vec<Lease>, is_inside: bool) -> Handover {
        if is_inside { Handover::new(leases, self.calls.clone()) } else { Handover::lasting(leases) }
    }

    /// How many more jobs may run inside this process.
    pub(super) fn free(&self) -> usize {
        self.shared.most_jobs.map_or(usize::MAX, |most| most.saturating_sub(self.queue.inside()))
    }

    fn lease(&mut self, (build, job): Key, asking: &Asking) -> Option<Lease> {
        let open = self.builds.get(&build)?;
        let state = open.build.job(job.as_str())?;
        let fence = self.fences.next().expect("enough fences were taken");
        let lease = self.shared.lease_of(open, state, fence);
        let number = lease.attempt.number;
        let room = LogRoom::new(&lease.job, self.shared.log_limit);
        // Nobody knows its fence before it is durable; and whatever ends the job from here on takes the claim away.
        let silence = (!asking.is_inside).then_some(self.shared.lease);
        let grant = Grant { worker: &asking.ask.worker, room, is_left: false, silence };
        self.shared.claims.grant(&lease, grant);
        let worker = asking.ask.worker.clone();
        self.stage(&build, EventKind::JobInitializing { job_id: job, attempt: number, fence, worker })
            .expect("a queued job can be leased");
        Some(lease)
    }

    async fn take_fences(&mut self, count: usize) -> Result<(), crate::store::StoreError> {
        let have = usize::try_from(self.fences.end - self.fences.start).unwrap_or(usize::MAX);
        if have < count {
            let take = FENCES.max(count as u64);
            let first = self.shared.store.reserve(Sequence::Fence, take).await?;
            self.fences = first..first + take;
        }
        Ok(())
    }

    pub(super) fn started(&mut self, attempt: &Attempt, started: Started) {
        let Started { guarantee, job, addresses } = started;
        let (job_id, number) = (attempt.job.clone(), attempt.number);
        let started = EventKind::JobStart { job_id, attempt: number, guarantee, job, addresses };
        if self.holds(attempt)
            && let Err(error) = self.stage(&attempt.build, started)
        {
            tracing::debug!(%attempt, %error, "the job has started already, or is over");
        }
    }

    pub(super) fn held(&mut self, attempt: &Attempt, until: Millis, message: Option<String>) {
        let held = EventKind::JobHeld { job_id: attempt.job.clone(), attempt: attempt.number, until, message };
        if self.holds(attempt)
            && let Err(error) = self.stage(&attempt.build, held)
        {
            tracing::debug!(%attempt, %error, "the job is over, and its place is not held");
        }
    }

    /// Ends an attempt, when it is the newest of its job and has not ended; tells whether it was.
    pub(super) fn executed(&mut self, attempt: &Attempt, result: Box<JobResult>) -> bool {
        let cause = EventKind::JobExecuted { job_id: attempt.job.clone(), attempt: attempt.number, result };
        let is_news = self.holds(attempt) && self.stage(&attempt.build, cause).is_ok();
        if is_news {
            let (shared, attempt) = (Arc::clone(&self.shared), attempt.clone());
            self.answer([attempt.build.clone()], move |written| {
                if written.is_ok() {
                    shared.claims.revoke(attempt.fence);
                    shared.logs.close(&LogId::from(&attempt));
                }
            });
        }
        is_news
    }

    /// Ends an attempt that no worker has begun.
    pub(super) fn not_taken(&mut self, attempt: &Attempt) {
        self.lose(attempt, "the worker left before it got the job");
    }

    /// Loses all that a worker held.
    pub(super) fn gone(&mut self, worker: &str, why: &str) {
        self.roll.strike(worker);
        for attempt in self.shared.claims.of(worker) {
            self.lose(&attempt, why);
        }
    }

    /// Ends an attempt of which nobody will hear again; its retry rules decide what follows.
    pub(super) fn lose(&mut self, attempt: &Attempt, message: &str) {
        if !self.executed(attempt, Box::new(JobResult::failed(Cause::Lost, message))) {
            tracing::debug!(%attempt, "the attempt had ended already");
        }
    }
}

/// The interface that workers of this engine see.
pub(super) struct EngineLeases {
    shared: Arc<Shared>,
    calls: mpsc::WeakSender<Call>,
    is_inside: bool,
}

impl EngineLeases {
    /// Does not keep the engine alive: a worker waits for work as long as there is an engine, not the other way round.
    pub(super) fn new(shared: Arc<Shared>, calls: mpsc::Sender<Call>, is_inside: bool) -> Self {
        Self { shared, calls: calls.downgrade(), is_inside }
    }

    /// Whether there is still a loop to hear it. One that ends before it answers does so by dropping the call.
    async fn call(&self, call: Call) -> bool {
        match self.calls.upgrade() {
            Some(calls) => calls.send(call).await.is_ok(),
            None => false,
        }
    }

    /// How the jobs of an attempt's build stand. The loop shares them; whoever asks copies what it needs.
    async fn states(&self, attempt: &Attempt, only: Option<&JobId>) -> Option<Vec<JobState>> {
        let (reply, answer) = oneshot::channel();
        self.call(Call::Jobs { attempt: attempt.clone(), only: only.cloned(), reply }).await;
        answer.await.unwrap_or(None)
    }
}

#[async_trait]
impl Leases for EngineLeases {
    async fn lease(&self, ask: Ask) -> Vec<Lease> {
        let waits = ask.room > 0 && !ask.begins;
        if ask.room == 0 && self.is_inside {
            return Vec::new();
        }
        loop {
            let (reply, answer) = oneshot::channel();
            let asking = Asking { ask: ask.clone(), is_inside: self.is_inside, reply };
            if !self.call(Call::Lease { asking }).await {
                return Vec::new();
            }
            // Leases that could not be written come as none: there will be others.
            let leases = answer.await.map(Handover::take).unwrap_or_default();
            if !leases.is_empty() || !waits {
                return leases;
            }
        }
    }

    async fn renew(&self, attempts: &[Attempt]) -> Vec<Claim> {
        attempts.iter().map(|attempt| self.shared.renew(attempt)).collect()
    }

    async fn revoked(&self, attempt: &Attempt) -> Claim {
        let Some(mut claim) = self.shared.claims.follow(attempt) else { return Claim::Stale };
        match claim.wait_for(|claim| *claim != Claim::Holds).await {
            Ok(claim) => *claim,
            Err(_) => Claim::Stale,
        }
    }

    async fn started(&self, attempt: &Attempt, started: Started) -> Claim {
        let claim = self.shared.renew(attempt);
        if claim != Claim::Stale {
            // That the job started need not be durable before it does: its lease is.
            self.call(Call::Started { attempt: attempt.clone(), started: Box::new(started) }).await;
        }
        claim
    }

    async fn held(&self, attempt: &Attempt, until: Millis, message: Option<String>) -> Claim {
        let claim = self.shared.renew(attempt);
        if claim != Claim::Stale {
            self.call(Call::Held { attempt: attempt.clone(), until, message }).await;
        }
        claim
    }

    async fn visit(&self, attempt: &Attempt) -> Option<Visit> {
        self.shared.claims.visitors(attempt)?.lock().await.recv().await
    }

    async fn jobs(&self, attempt: &Attempt, only: Option<&JobId>) -> Option<Vec<JobView>> {
        Some(self.states(attempt, only).await?.iter().map(JobState::view).collect())
    }

    async fn read_log(
        &self,
        attempt: &Attempt,
        job: &JobId,
        offset: u64,
        most: usize,
    ) -> Result<Option<Bytes>, LogError> {
        let states = self.states(attempt, Some(job)).await;
        let Some(newest) = states.and_then(|states| states.first().map(JobState::attempt)) else { return Ok(None) };
        let log = LogId { build: attempt.build.clone(), job: job.clone(), attempt: newest };
        if newest == 0 {
            return Ok(Some(Bytes::new()));
        }
        let logs = self.shared.logs.clone();
        match tokio::task::spawn_blocking(move || logs.read(&log, offset, most)).await {
            Ok(read) => read.map(Some),
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Err(_) => Ok(None),
        }
    }

    async fn log(&self, attempt: &Attempt, chunk: Chunk) -> Result<Claim, LogError> {
        let Some(room) = self.shared.claims.log_room(attempt, self.shared.lease) else { return Ok(Claim::Stale) };
        room.admit(&chunk)?;
        let (shared, attempt) = (Arc::clone(&self.shared), attempt.clone());
        // A disk takes its time. The worker sends no chunk before it has the answer to the last, so order is kept.
        let appended = tokio::task::spawn_blocking(move || {
            let id = LogId::from(&attempt);
            shared.logs.append(&id, &chunk)?;
            let claim = shared.renew(&attempt);
            if claim == Claim::Stale {
                // The attempt ended meanwhile, and its log may have been closed before it was just opened again.
                shared.logs.close(&id);
            }
            Ok(claim)
        });
        match appended.await {
            Ok(claim) => claim,
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            // The runtime ends, and with it everybody who would wait for more.
            Err(_) => Ok(Claim::Stale),
        }
    }

    async fn result(&self, attempt: &Attempt, result: JobResult) -> Claim {
        let (reply, answer) = oneshot::channel();
        self.call(Call::Result { attempt: attempt.clone(), result: Box::new(result), reply }).await;
        answer.await.unwrap_or(Claim::Stale)
    }
}
