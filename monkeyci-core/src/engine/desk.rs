use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use monkeyci_model::{BuildId, BuildStatus, EventKind, JobId, JobStatus};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::call::{Call, Reply};
use super::open_build::OpenBuild;
use super::progress::Progress;
use super::roll::Roll;
use super::shared::{Shared, now};
use super::{BuildRequest, EngineError};
use crate::attempt::Attempt;
use crate::build::{Build, IllegalEvent, JobState};
use crate::lease::Claim;
use crate::queue::{Queue, Waiting};
use crate::store::StoreError;

/// Calls that are taken in before one commit.
const BATCH: usize = 256;

/// How long the news that a job started waits for other news, to be written together with it.
const COMPANY: Duration = Duration::from_millis(20);

/// How often silent workers and broken builds are looked after.
const TICK: Duration = Duration::from_millis(500);

/// Hears whether facts are durable, or why not.
type Tell = Box<dyn FnOnce(Result<(), &StoreError>) + Send>;

/// What is done once facts are durable, or are known not to be.
struct Answer {
    /// The builds whose facts they are.
    of: Vec<BuildId>,
    tell: Tell,
}

/// The one loop: owns every open build.
pub(super) struct Desk {
    pub(super) shared: Arc<Shared>,
    pub(super) calls: mpsc::WeakSender<Call>,
    pub(super) builds: HashMap<BuildId, OpenBuild>,
    /// Builds with facts that are not durable yet, in the order in which they were touched.
    dirty: Vec<BuildId>,
    pub(super) queue: Queue,
    pub(super) fences: std::ops::Range<u64>,
    pub(super) asking: VecDeque<super::leases::Asking>,
    /// Workers that were heard of.
    pub(super) roll: Roll,
    /// Builds whose facts could not be written, and why: they end as errors as soon as that can be.
    pub(super) broken: HashMap<BuildId, String>,
    answers: Vec<Answer>,
    stop: CancellationToken,
}

impl Desk {
    pub(super) fn new(shared: Arc<Shared>, calls: mpsc::WeakSender<Call>, stop: CancellationToken) -> Self {
        Self {
            shared,
            calls,
            builds: HashMap::new(),
            dirty: Vec::new(),
            queue: Queue::default(),
            fences: 0..0,
            asking: VecDeque::new(),
            roll: Roll::default(),
            broken: HashMap::new(),
            answers: Vec::new(),
            stop,
        }
    }

    /// Works until it is stopped or nobody can call any more.
    pub(super) async fn run(mut self, mut inbox: mpsc::Receiver<Call>) {
        let rhythm = TICK.min(self.shared.lease / 4).max(Duration::from_millis(1));
        let mut tick = tokio::time::interval(rhythm);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut batch = Vec::with_capacity(BATCH);
        loop {
            tokio::select! {
                biased;
                () = self.stop.cancelled() => break,
                // Before the calls: a loop that never runs out of them must still look after what is silent.
                _ = tick.tick() => self.look_after().await,
                calls = inbox.recv_many(&mut batch, BATCH) => if calls == 0 { break },
            }
            // A short job is soon over: one commit less for each of them.
            let may_grant = self.queue.is_any_ready();
            let company = async {
                let mut open = !batch.is_empty();
                while open && batch.iter().all(|call| is_in_no_hurry(call, may_grant)) {
                    open = inbox.recv_many(&mut batch, BATCH).await > 0;
                }
            };
            let _alone = tokio::time::timeout(COMPANY, company).await;
            for call in batch.drain(..) {
                self.take(call);
            }
            // What follows from a commit may be the next one's cause.
            loop {
                self.grant().await;
                self.commit().await;
                if self.dirty.is_empty() && self.answers.is_empty() {
                    break;
                }
            }
        }
    }

    fn take(&mut self, call: Call) {
        match call {
            Call::Begin { build, request, reply } => self.begin(build, *request, reply),
            Call::Adopt { build, state, events, request, reply } => self.adopt(build, *state, events, request, reply),
            Call::Tell { build, cause, reply } => self.tell(build, *cause, reply),
            Call::Why { build, job, reply } => tell(reply, self.why(&build, &job)),
            Call::Fetched { build, outcome } => self.fetched(&build, *outcome),
            Call::Loaded { build, outcome } => self.loaded(&build, outcome),
            Call::Lease { asking } => self.ask(asking),
            Call::NotTaken { attempt } => self.not_taken(&attempt),
            Call::Gone { worker, why } => self.gone(&worker, &why),
            Call::Started { attempt, started } => self.started(&attempt, *started),
            Call::Held { attempt, until, message } => self.held(&attempt, until, message),
            Call::Jobs { attempt, only, reply } => tell(reply, self.jobs(&attempt, only.as_ref())),
            Call::Result { attempt, result, reply } => {
                if self.executed(&attempt, result) {
                    let claim = |well| if well { Claim::Holds } else { Claim::Stale };
                    self.answer([attempt.build], move |written| tell(reply, claim(written.is_ok())));
                } else {
                    tell(reply, Claim::Stale);
                }
            }
        }
    }

    fn begin(&mut self, id: BuildId, request: BuildRequest, reply: Reply<Result<(), EngineError>>) {
        if self.builds.contains_key(&id) {
            // Somebody else begins it with the same key.
            return self.answer([id], move |written| tell(reply, written.map_err(|error| error.clone().into())));
        }
        let trigger = Box::new(request.trigger.clone());
        self.builds.insert(id.clone(), OpenBuild::new(id.clone(), Build::default(), 0, Some(request)));
        for cause in [EventKind::BuildTriggered { trigger }, EventKind::BuildInitializing {}] {
            self.stage(&id, cause).expect("a new build can begin");
        }
        self.answer([id], move |written| tell(reply, written.map_err(|error| error.clone().into())));
    }

    fn tell(&mut self, id: BuildId, cause: EventKind, reply: Reply<Result<(), EngineError>>) {
        match self.stage(&id, cause) {
            Ok(()) => self.answer([id], move |written| tell(reply, written.map_err(|error| error.clone().into()))),
            Err(error) => tell(reply, Err(error)),
        }
    }

    fn why(&self, id: &BuildId, job: &JobId) -> Option<String> {
        let build = &self.builds.get(id)?.build;
        let job = build.job(job.as_str())?;
        match job.status() {
            JobStatus::Blocked => Some("waits for approval".into()),
            JobStatus::Queued => self.queue.waiting(id, &job.job().id).map(|waiting| self.waits(id, job, &waiting)),
            JobStatus::Pending => {
                let is_open = |id: &&JobId| build.job(id.as_str()).is_some_and(|job| !job.status().is_terminal());
                let open = job.job().dependencies.iter().filter(is_open).map(|id| format!("`{id}`"));
                Some(format!("waits for {}", open.collect::<Vec<_>>().join(", ")))
            }
            _ => None,
        }
    }

    fn waits(&self, id: &BuildId, job: &JobState, waiting: &Waiting) -> String {
        let is_here = |worker: &str| {
            self.asking.iter().any(|asking| asking.ask.worker == worker) || self.shared.claims.has(worker)
        };
        let needs = self.queue.needs(id, &job.job().id).filter(|_| matches!(waiting, Waiting::Capacity { .. }));
        match needs.filter(|needs| !self.roll.has(needs, is_here)) {
            Some(needs) => format!("there is no worker {needs}"),
            None => waiting.to_string(),
        }
    }

    /// How the jobs of an attempt's build stand, or one of them.
    fn jobs(&self, attempt: &Attempt, only: Option<&JobId>) -> Option<Vec<JobState>> {
        let build = &self.builds.get(&attempt.build).filter(|_| self.holds(attempt))?.build;
        Some(match only {
            Some(id) => build.job(id.as_str()).cloned().into_iter().collect(),
            None => build.jobs().to_vec(),
        })
    }

    /// Whether the attempt is the newest of its job.
    pub(super) fn holds(&self, attempt: &Attempt) -> bool {
        let job = self.builds.get(&attempt.build).and_then(|open| open.build.job(attempt.job.as_str()));
        job.is_some_and(|job| job.fence() == attempt.fence && job.attempt() == attempt.number)
    }

    /// Applies a cause to an open build. What follows is durable and told with the next commit.
    pub(super) fn stage(&mut self, id: &BuildId, cause: EventKind) -> Result<(), EngineError> {
        let open = self.builds.get_mut(id).ok_or_else(|| EngineError::NotOpen { build: id.clone() })?;
        let was_dirty = open.is_dirty();
        let illegal = |source: IllegalEvent| EngineError::Illegal { build: id.clone(), source };
        let first = open.apply(cause).map_err(illegal)?;
        if !was_dirty {
            self.dirty.push(id.clone());
        }
        self.line_up(id, first);
        Ok(())
    }

    /// The same for what a replayed build demands by itself.
    pub(super) fn settle(&mut self, id: &BuildId) {
        let Some(open) = self.builds.get_mut(id) else { return };
        let first = open.settle();
        if open.is_dirty() {
            self.dirty.push(id.clone());
        }
        self.line_up(id, first);
    }

    /// Keeps the queue in step with the facts, so that a job can be leased in the very commit in which it is queued.
    fn line_up(&mut self, id: &BuildId, first: usize) {
        let open = &self.builds[id];
        for fact in &open.facts()[first..] {
            match fact {
                EventKind::JobQueued { job_id, .. } => {
                    let job = open.build.job(job_id.as_str()).expect("what is queued is a job");
                    self.queue.push(id, job.job());
                }
                EventKind::JobExecuted { job_id, .. }
                | EventKind::JobSkipped { job_id, .. }
                | EventKind::JobEnd { job_id, .. } => self.queue.release(id, job_id),
                _ => {}
            }
        }
    }

    /// Does something once what is staged of these builds is durable, or is known not to be.
    pub(super) fn answer(
        &mut self,
        of: impl IntoIterator<Item = BuildId>,
        tell: impl FnOnce(Result<(), &StoreError>) + Send + 'static,
    ) {
        self.answers.push(Answer { of: of.into_iter().collect(), tell: Box::new(tell) });
    }

    /// Makes everything durable that was staged, then tells and does what follows from it.
    pub(super) async fn commit(&mut self) {
        let dirty = std::mem::take(&mut self.dirty);
        let answers = std::mem::take(&mut self.answers);
        let time = now();
        let (mut written, mut failed) = (Vec::new(), HashMap::new());
        for batch in dirty.chunks(self.shared.store.most_builds().max(1)) {
            let commits = batch.iter().filter_map(|id| Some(self.builds.get_mut(id)?.commit(time))).collect();
            match self.shared.store.commit(commits).await {
                Ok(events) => written.extend(events),
                Err(error) => {
                    tracing::error!(%error, builds = batch.len(), "facts could not be written");
                    failed.extend(batch.iter().map(|id| (id.clone(), error.clone())));
                }
            }
        }
        // Claims, effects and progress first: whoever is answered may count on them at once.
        written.iter().for_each(|event| self.act(event));
        for id in &dirty {
            match failed.get(id) {
                None => self.note(id),
                Some(error) => self.break_off(id, error.to_string()),
            }
        }
        for Answer { of, tell } in answers {
            tell(of.iter().find_map(|id| failed.get(id)).map_or(Ok(()), Err));
        }
        written.iter().for_each(|event| self.shared.report(event));
    }

    /// Notes how far a build has come, and lets go of it when it has ended.
    fn note(&mut self, id: &BuildId) {
        // What acting on its facts has already led to is told once that is durable as well.
        let Some(open) = self.builds.get(id).filter(|open| !open.is_dirty()) else { return };
        let status = open.build.status();
        self.shared.progress.note(id, Progress { events: open.events, status });
        if status.is_terminal() {
            self.builds.remove(id);
            self.clean(id);
        }
    }

    /// Lets go of a build whose facts could not be written: what is in memory is not what is stored.
    fn break_off(&mut self, id: &BuildId, reason: String) {
        let Some(open) = self.builds.remove(id) else { return };
        open.cancel.cancel();
        for job in open.build.jobs() {
            self.queue.release(id, &job.job().id);
            self.shared.claims.revoke(job.fence());
        }
        self.broken.insert(id.clone(), reason);
    }

    /// Ends a build that cannot go on, wherever it stands.
    pub(super) fn fail(&mut self, id: &BuildId, status: BuildStatus, message: String) {
        let Some(open) = self.builds.get(id) else { return };
        let message = Some(message);
        let cause = match open.build.phase() {
            crate::build::Phase::Loading | crate::build::Phase::Scripting => EventKind::ScriptEnd { status, message },
            _ => EventKind::BuildEnd { status, message },
        };
        if let Err(error) = self.stage(id, cause) {
            // It has ended already, or is being ended: there is nothing left to do.
            tracing::debug!(%error, "the build needs no end");
        }
    }
}

/// Whether nobody waits for a call to be durable.
fn is_in_no_hurry(call: &Call, may_grant: bool) -> bool {
    match call {
        Call::Started { .. } => true,
        Call::Lease { .. } => !may_grant,
        _ => false,
    }
}

/// Nobody is left waiting, however the loop ends.
impl Drop for Desk {
    fn drop(&mut self) {
        // Before all claims are taken back, so that who asks for a worker elsewhere can tell why.
        self.stop.cancel();
        self.builds.values().for_each(|open| open.cancel.cancel());
        self.shared.claims.revoke_all();
        self.shared.progress.clear();
        self.shared.logs.close_all(|_| true);
    }
}

/// Answers whoever asked; one that no longer waits needs no answer.
pub(super) fn tell<T>(reply: Reply<T>, answer: T) {
    let _unheard = reply.send(answer);
}
