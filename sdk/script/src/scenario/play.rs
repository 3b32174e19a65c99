use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;

use monkeyci_model::script::api::JobView;
use monkeyci_model::{Cause, JobResult, JobStatus};

use super::Scenario;
use super::files::{Copy, Files, kept, put};
use super::stage::Stage;
use crate::action::{Act, Outcome};
use crate::context::Ctx;
use crate::job::Job;

/// Plays the jobs of a scenario, one by one.
pub(super) struct Player<'a> {
    scenario: &'a Scenario,
    files: Rc<RefCell<Files>>,
}

/// One job of a build that was played.
#[derive(Debug, Clone)]
pub(super) struct Played {
    /// As it ran.
    pub(super) job: Job,
    pub(super) status: JobStatus,
    pub(super) outcome: Option<Outcome>,
    pub(super) result: Option<JobResult>,
    pub(super) failed_before: bool,
    pub(super) open_before: bool,
}

impl<'a> Player<'a> {
    pub(super) fn new(scenario: &'a Scenario) -> Self {
        Self { scenario, files: Rc::default() }
    }

    /// Plays a job, after these.
    pub(super) fn play(&self, job: &Job, played: &[Played]) -> Played {
        let is_real = job.action.is_some() || !self.scenario.plan.hooks(job).moments().is_empty();
        match &self.scenario.acting {
            Some((ctx, checkout)) if is_real => self.act(ctx, checkout, job, played),
            _ => {
                let result = self.result(job).unwrap_or_default();
                self.files.borrow_mut().save_written(job, result.cause.is_some(), self.written(job));
                Played::ended(job.clone(), outcome(&result), result)
            }
        }
    }

    /// Plays a job in a copy of the checkout, with all that happens there for real.
    fn act(&self, ctx: &Ctx, checkout: &Path, job: &Job, played: &[Played]) -> Played {
        let copy = Copy::of(checkout).unwrap_or_else(|error| panic!("copying `{}`: {error}", checkout.display()));
        let (dir, jobs) = (copy.work_dir(job), self.views(job, played));
        let files = Rc::clone(&self.files);
        let stage = Rc::new(Stage { ctx: ctx.clone(), dir: dir.clone(), files, jobs, told: RefCell::default() });
        let act = Act::new(ctx.clone(), job.clone(), dir.clone(), stage.clone());
        let hooks = self.scenario.plan.hooks(job);
        let job = match hooks.prepared(|job| act.about(job), job.clone()) {
            Ok(job) => job,
            Err(why) => {
                let result = JobResult::failed(Cause::Failure, &why);
                return Played::ended(job.clone(), Outcome::failure(why), result);
            }
        };
        for artifact in &job.model().restore_artifacts {
            let restored = self.files.borrow().restore(artifact, &dir);
            restored.unwrap_or_else(|error| panic!("restoring `{}`: {error}", artifact.id));
        }
        for (path, content) in self.written(&job) {
            put(&dir.join(path), content).unwrap_or_else(|error| panic!("writing `{}`: {error}", path.display()));
        }
        let (ran, mut result) = match (self.result(&job), &job.action) {
            (None, Some(action)) => {
                let ran = action(&act.about(&job));
                // Read once the action has told all that it had to.
                let (ran, mut result) = (stage.told.take().and(ran), JobResult::default());
                ran.answer().clone().add_to(&mut result);
                (ran, result)
            }
            (result, _) => {
                let (told, mut result) = (stage.told.take(), result.unwrap_or_default());
                told.answer().clone().add_to(&mut result);
                (told.and(outcome(&result)), result)
            }
        };
        let judged = hooks.concluded(&act.about(&job), &result).and(stage.told.take());
        judged.answer().clone().add_to(&mut result);
        let outcome = ran.and(judged);
        for artifact in kept(&job, outcome.is_failure()) {
            self.files.borrow_mut().save(artifact, &dir);
        }
        Played::ended(job, outcome, result)
    }

    /// What the test says that comes out of a job.
    fn result(&self, job: &Job) -> Option<JobResult> {
        self.scenario.results.get(job.id()).cloned()
    }

    /// What the test says that a job writes.
    fn written(&self, job: &Job) -> impl Iterator<Item = (&'a Path, &'a [u8])> {
        let id = job.id().to_owned();
        let of_job = self.scenario.writes.iter().filter(move |(job, ..)| *job == id);
        of_job.map(|(_, path, content)| (path.as_path(), content.as_slice()))
    }

    /// All jobs as they stand while this one runs.
    fn views(&self, running: &Job, played: &[Played]) -> Vec<JobView> {
        let plan = &self.scenario.plan;
        let view = |job: &Job| {
            let ended = played.iter().find(|played| played.job.id() == job.id());
            let open = if job.id() == running.id() { JobStatus::Running } else { JobStatus::Pending };
            JobView {
                job: plan.marked(job),
                status: ended.map_or(open, |ended| ended.status),
                attempt: u32::from(ended.is_some_and(|ended| ended.result.is_some()) || job.id() == running.id()),
                result: ended.and_then(|ended| ended.result.clone()),
                addresses: Vec::new(),
            }
        };
        plan.jobs().iter().map(view).collect()
    }
}

/// What a result means for whoever looks at the run.
fn outcome(result: &JobResult) -> Outcome {
    match result.cause {
        Some(cause) => Outcome::failure(result.message.clone().unwrap_or_else(|| format!("{cause:?}"))),
        None => Outcome::success(),
    }
}

impl Played {
    /// A job that did not run.
    pub(super) fn standing(job: Job, status: JobStatus) -> Self {
        Self { job, status, outcome: None, result: None, failed_before: false, open_before: false }
    }

    fn ended(job: Job, outcome: Outcome, result: JobResult) -> Self {
        let status = if outcome.is_failure() { JobStatus::Failure } else { JobStatus::Success };
        Self { outcome: Some(outcome), result: Some(result), ..Self::standing(job, status) }
    }

    fn failed(&self) -> bool {
        self.status == JobStatus::Failure
    }

    pub(super) fn ended_well(&self) -> bool {
        self.status == JobStatus::Success || (self.failed() && self.job.model().allow_failure)
    }

    /// Whether it waits for a person, or was skipped while something before it does, so that it is not known yet whether
    /// anything failed.
    pub(super) fn is_open(&self) -> bool {
        match self.status {
            JobStatus::Blocked | JobStatus::Pending => true,
            JobStatus::Skipped => self.open_before,
            _ => false,
        }
    }

    /// A skipped job passes on that something before it failed.
    pub(super) fn passes_on_failure(&self) -> bool {
        !self.ended_well() && (self.failed() || (self.status == JobStatus::Skipped && self.failed_before))
    }
}
