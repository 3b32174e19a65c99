//! A build, told by its events. Pure: the same events always give the same story.

use monkeyci_client::model::result::TestCase;
use monkeyci_client::model::{
    BuildId, BuildStatus, Cause, Event, EventKind, Job, JobId, JobResult, JobStatus, Millis, Trigger,
};

use super::text::clip;

/// Tests that are named of a job.
const TESTS: usize = 5;

/// Lines of a job's script that are known, and characters of each.
const LINES: usize = 50;
const WIDTH: usize = 100;

/// What is known of a build.
#[derive(Debug, Clone, PartialEq)]
pub struct Story {
    /// Which build.
    pub id: BuildId,
    /// The `seq` of its last event.
    pub seq: u64,
    /// When that was.
    pub time: Millis,
    /// When it was asked for.
    pub created: Millis,
    /// Why it runs, and on what.
    pub trigger: Trigger,
    /// Its jobs, in the order of its script.
    pub jobs: Vec<JobStory>,
    /// Where it stands.
    pub status: BuildStatus,
    /// Why it ended as it did.
    pub message: Option<String>,
    /// Who stopped it, and why.
    pub stopped: Option<Decision>,
    /// What came of jobs of another build, until those of this one are known.
    taken: Vec<(JobId, BuildId, u32, JobResult)>,
}

/// What is known of a job.
#[derive(Debug, Clone, PartialEq)]
pub struct JobStory {
    /// Which job.
    pub id: JobId,
    /// Where it stands.
    pub status: JobStatus,
    /// Its newest attempt.
    pub attempt: u32,
    /// When its first line ran.
    pub started: Option<Millis>,
    /// When it ended.
    pub ended: Option<Millis>,
    /// The environment that it works on.
    pub environment: Option<String>,
    /// Whether its failure counts as success.
    pub allowed: bool,
    /// What went wrong.
    pub failure: Option<Failure>,
    /// Tests that failed in attempts before the newest.
    pub earlier: Vec<String>,
    /// What a person said who was waited for.
    pub decision: Option<Decision>,
    /// The build and the attempt in which it ran, where how it ended is taken over.
    pub taken: Option<(BuildId, u32)>,
    /// Its first lines; secrets in them are references.
    script: Vec<String>,
}

/// What went wrong in a job.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Failure {
    /// Why it did not end well.
    pub cause: Option<Cause>,
    /// For people.
    pub message: Option<String>,
    /// The exit code of the line that failed.
    pub exit: Option<i32>,
    /// That line, as the script has it.
    pub line: Option<String>,
    /// Tests that failed.
    pub tests: Vec<String>,
    /// How many more did.
    pub more: usize,
    /// What the first of them said.
    pub said: Option<String>,
    /// Bytes of its log.
    pub log_bytes: u64,
}

/// What a person decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Who.
    pub actor: Option<String>,
    /// Whether they let it go on.
    pub approved: bool,
    /// Why.
    pub reason: Option<String>,
    /// When.
    pub time: Millis,
}

impl Story {
    /// The story of a build of which nothing is known yet.
    #[must_use]
    pub fn new(id: BuildId) -> Self {
        Self {
            id,
            seq: 0,
            time: 0,
            created: 0,
            trigger: Trigger::default(),
            jobs: Vec::new(),
            status: BuildStatus::Pending,
            message: None,
            stopped: None,
            taken: Vec::new(),
        }
    }

    /// Goes on with an event. One that was told before, or belongs elsewhere, changes nothing.
    pub fn apply(&mut self, event: &Event) {
        if event.subject != self.id || event.seq <= self.seq {
            return;
        }
        self.seq = event.seq;
        self.time = event.time;
        self.take(event);
        if !self.status.is_terminal() && self.status != BuildStatus::Pending && !self.jobs.is_empty() {
            self.status = if self.is_waiting() { BuildStatus::Blocked } else { BuildStatus::Running };
        }
    }

    fn take(&mut self, event: &Event) {
        let time = event.time;
        match &event.kind {
            EventKind::BuildTriggered { trigger } => {
                self.created = time;
                self.trigger = (**trigger).clone();
            }
            EventKind::JobTaken { job_id, from, attempt, result } => {
                self.taken.push((job_id.clone(), from.clone(), *attempt, (**result).clone()));
            }
            EventKind::BuildInitializing {} => self.status = BuildStatus::Initializing,
            EventKind::BuildStart { trigger } => {
                if let Some(trigger) = trigger {
                    self.trigger = (**trigger).clone();
                }
            }
            EventKind::ScriptStart { jobs, .. } => {
                let story = |job: &Job| JobStory {
                    id: job.id.clone(),
                    status: JobStatus::Pending,
                    attempt: 0,
                    started: None,
                    ended: None,
                    environment: job.environment.clone(),
                    allowed: job.allow_failure,
                    failure: None,
                    earlier: Vec::new(),
                    decision: None,
                    taken: None,
                    script: job.script.iter().take(LINES).map(|line| clip(&line.to_string(), WIDTH)).collect(),
                };
                self.jobs = jobs.iter().map(story).collect();
                for (id, from, attempt, result) in std::mem::take(&mut self.taken) {
                    if let Some(job) = self.job_mut(&id) {
                        job.failure = Failure::of(&result, &job.script);
                        job.taken = Some((from, attempt));
                    }
                }
                self.status = BuildStatus::Running;
            }
            EventKind::BuildCanceled { actor, reason, .. } => {
                self.stopped = Some(Decision { actor: actor.clone(), approved: false, reason: reason.clone(), time });
            }
            EventKind::ScriptEnd { message, .. } => self.message = message.clone().or(self.message.take()),
            EventKind::BuildEnd { status, message } => {
                self.status = *status;
                self.message = message.clone().or(self.message.take());
            }
            kind => {
                if let Some(job) = kind.job_id().cloned().and_then(|id| self.job_mut(&id)) {
                    job.take(kind, time);
                }
            }
        }
    }

    fn job_mut(&mut self, id: &JobId) -> Option<&mut JobStory> {
        self.jobs.iter_mut().find(|job| job.id == *id)
    }

    /// A job of it.
    #[must_use]
    pub fn job(&self, id: &str) -> Option<&JobStory> {
        self.jobs.iter().find(|job| job.id.as_str() == id)
    }

    /// Jobs that wait for a person.
    pub fn waiting(&self) -> impl Iterator<Item = &JobStory> {
        self.jobs.iter().filter(|job| job.status == JobStatus::Blocked)
    }

    /// Jobs that did not end well, and count.
    pub fn failed(&self) -> impl Iterator<Item = &JobStory> {
        self.jobs.iter().filter(|job| job.is_bad())
    }

    /// Jobs that have put something into their environment.
    pub fn deployed(&self) -> impl Iterator<Item = &JobStory> {
        // What was taken over of another build did not run.
        let is_done = |job: &&JobStory| job.status == JobStatus::Success && job.attempt > 0;
        self.jobs.iter().filter(is_done).filter(|job| job.environment.is_some())
    }

    /// How many jobs have ended.
    #[must_use]
    pub fn done(&self) -> usize {
        self.jobs.iter().filter(|job| job.status.is_terminal()).count()
    }

    /// Whether it failed, or will.
    #[must_use]
    pub fn is_bad(&self) -> bool {
        match self.status {
            BuildStatus::Failure | BuildStatus::Error => true,
            status if status.is_terminal() => false,
            _ => self.stopped.is_none() && self.failed().next().is_some(),
        }
    }

    /// Tests that failed in one attempt, and not in the last, which ended well.
    pub fn flaky(&self) -> impl Iterator<Item = &str> {
        let well = self.jobs.iter().filter(|job| job.status == JobStatus::Success);
        well.flat_map(|job| job.earlier.iter().map(String::as_str))
    }

    /// The commit that it is of, where that is known.
    #[must_use]
    pub fn commit(&self) -> Option<&str> {
        self.trigger.git.as_ref()?.commit_id.as_deref()
    }

    /// Milliseconds that it has taken so far.
    #[must_use]
    pub fn took(&self) -> Millis {
        self.time - self.created
    }

    /// The full ref that it is of, or the pull request: builds of the same one are compared.
    #[must_use]
    pub fn line(&self) -> String {
        if let Some(request) = &self.trigger.pull_request {
            return format!("pull/{}", request.number);
        }
        self.trigger.git.as_ref().and_then(|git| git.reference.clone()).unwrap_or_default()
    }

    /// What that is called.
    #[must_use]
    pub fn place(&self) -> String {
        let named = self.trigger.branch().or_else(|| self.trigger.tag()).map(str::to_owned);
        named.unwrap_or_else(|| self.line())
    }

    /// Whether all that has not ended waits for a person, or for what does.
    fn is_waiting(&self) -> bool {
        let open = || self.jobs.iter().filter(|job| !job.status.is_terminal());
        open().any(|job| job.status == JobStatus::Blocked)
            && open().all(|job| matches!(job.status, JobStatus::Blocked | JobStatus::Pending))
    }
}

impl JobStory {
    /// Whether it did not end well, and that counts.
    #[must_use]
    pub fn is_bad(&self) -> bool {
        matches!(self.status, JobStatus::Failure | JobStatus::Error) && !self.allowed
    }

    /// Milliseconds that it ran, until `now` where it still does.
    #[must_use]
    pub fn ran(&self, now: Millis) -> Option<Millis> {
        Some(self.ended.unwrap_or(now) - self.started?)
    }

    fn take(&mut self, kind: &EventKind, time: Millis) {
        match kind {
            EventKind::JobQueued { attempt, .. } => {
                self.status = JobStatus::Queued;
                self.attempt = *attempt;
                let tests = self.failure.take().map(|failure| failure.tests).unwrap_or_default();
                let new = tests.into_iter().filter(|test| !self.earlier.contains(test)).collect::<Vec<_>>();
                self.earlier.extend(new);
            }
            EventKind::JobBlocked { .. } => self.status = JobStatus::Blocked,
            EventKind::JobUnblocked { actor, .. } => {
                self.status = JobStatus::Pending;
                self.decision = Some(Decision { actor: actor.clone(), approved: true, reason: None, time });
            }
            EventKind::JobCanceled { actor, reason, .. } => {
                self.decision = Some(Decision { actor: actor.clone(), approved: false, reason: reason.clone(), time });
            }
            EventKind::JobInitializing { attempt, .. } => {
                self.status = JobStatus::Initializing;
                self.attempt = *attempt;
            }
            EventKind::JobStart { .. } => {
                self.status = JobStatus::Running;
                self.started = Some(time);
                self.failure = None;
            }
            EventKind::JobExecuted { result, .. } => self.failure = Failure::of(result, &self.script),
            EventKind::JobSkipped { .. } => {
                self.status = JobStatus::Skipped;
                self.ended = Some(time);
            }
            EventKind::JobEnd { status, cause, .. } => {
                self.status = *status;
                self.ended = Some(time);
                if matches!(status, JobStatus::Failure | JobStatus::Error) {
                    let failure = self.failure.get_or_insert_default();
                    failure.cause = failure.cause.or(*cause);
                } else {
                    self.failure = None;
                }
            }
            _ => {}
        }
    }
}

impl Failure {
    fn of(result: &JobResult, script: &[String]) -> Option<Self> {
        result.cause?;
        let broke = result.lines.iter().find(|line| line.exit.is_none_or(|exit| exit != 0));
        let line = broke.and_then(|line| script.get(line.index as usize)).cloned();
        let cases = result.tests.iter().flat_map(|suite| &suite.test_cases);
        let failed: Vec<_> = cases.filter(|case| !case.failures.is_empty() || !case.errors.is_empty()).collect();
        let name = |case: &&TestCase| match case.class_name.as_str() {
            "" => case.test_case.clone(),
            class => format!("{class}::{}", case.test_case),
        };
        let said = failed.first().and_then(|case| case.failures.first().or_else(|| case.errors.first()));
        let said = said.map(|problem| if problem.message.is_empty() { &problem.description } else { &problem.message });
        Some(Self {
            cause: result.cause,
            message: result.message.clone(),
            exit: result.exit.filter(|exit| *exit != 0),
            line,
            tests: failed.iter().take(TESTS).map(name).collect(),
            more: failed.len().saturating_sub(TESTS),
            said: said.filter(|said| !said.is_empty()).cloned(),
            log_bytes: result.log_bytes.unwrap_or_default(),
        })
    }
}
