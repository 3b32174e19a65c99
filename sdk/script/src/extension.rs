//! What a plugin does to jobs beyond making them.
//!
//! A plugin is an ordinary crate. It may contribute jobs, which is to return them; and it may act on a property of jobs,
//! which is an [`Extension`]: just before a job with that property starts it can change it, and just after it has run
//! it can add to its result, or fail it. A script registers it with [`Plan::using`](crate::plan::Plan::using); jobs of
//! files beside the script may then have the property as well.
//!
//! ```
//! use monkeyci_sdk::prelude::*;
//!
//! /// Jobs with `quiet: true` run with `QUIET=1`.
//! fn quiet() -> Extension {
//!     extension("quiet").prepare(|_: &Act, job: Job| job.env("QUIET", "1"))
//! }
//!
//! /// Jobs with `shortest: N` fail when they ran fewer tests.
//! fn shortest() -> Extension {
//!     extension("shortest").after(|act: &Act, result: &JobResult| {
//!         let wanted: usize = act.job().config("shortest")?;
//!         let ran: usize = result.tests.iter().map(|suite| suite.test_cases.len()).sum();
//!         let outcome = Outcome::success().value("ran", ran);
//!         Ok::<_, String>(if ran < wanted { Outcome::failure("too few tests ran") } else { outcome })
//!     })
//! }
//!
//! let test = process("test").run("make test").extension("quiet", true);
//! let plan = Plan::from(test).using(quiet()).using(shortest());
//! assert_eq!(plan.to_model().extensions.keys().collect::<Vec<_>>(), ["quiet", "shortest"]);
//! ```

use std::collections::BTreeSet;
use std::fmt::{self, Display};
use std::sync::Arc;

use monkeyci_model::JobResult;
use monkeyci_model::job::Hook;

use crate::action::{Act, IntoOutcome, Outcome};
use crate::job::Job;

/// Changes a job just before it starts.
pub(crate) type Prepare = Arc<dyn Fn(&Act, Job) -> Result<Job, String> + Send + Sync>;

/// Looks at the result of a job just after it has run.
pub(crate) type After = Arc<dyn Fn(&Act, &JobResult) -> Outcome + Send + Sync>;

/// What is done to a job beside running it.
#[derive(Clone, Default)]
pub(crate) struct Hooks {
    pub(crate) prepare: Vec<Prepare>,
    pub(crate) after: Vec<After>,
}

/// What a plugin does to jobs that have a property of its own.
#[derive(Clone)]
pub struct Extension {
    key: String,
    hooks: Hooks,
}

/// Acts on jobs with a property of this name, among their [extensions](Job::extension).
#[must_use]
pub fn extension(key: &str) -> Extension {
    Extension { key: key.to_owned(), hooks: Hooks::default() }
}

impl Extension {
    /// Changes a job just before it starts: all but what decides when it runs. An error keeps the job from running, and
    /// fails it.
    #[must_use]
    pub fn prepare<R: IntoJob>(mut self, change: impl Fn(&Act, Job) -> R + Send + Sync + 'static) -> Self {
        self.hooks.preparing(change);
        self
    }

    /// Looks at what came out of a job: an [`Outcome`] adds its message, warnings and values to the result of the job,
    /// and fails it when it is a failure. What is registered later sees the result with all that.
    #[must_use]
    pub fn after<R: IntoOutcome>(mut self, look: impl Fn(&Act, &JobResult) -> R + Send + Sync + 'static) -> Self {
        self.hooks.concluding(look);
        self
    }

    /// The property's name.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    pub(crate) fn hooks(&self) -> &Hooks {
        &self.hooks
    }
}

impl Hooks {
    pub(crate) fn preparing<R: IntoJob>(&mut self, change: impl Fn(&Act, Job) -> R + Send + Sync + 'static) {
        self.prepare.push(Arc::new(move |act, job| change(act, job).into_job()));
    }

    pub(crate) fn concluding<R: IntoOutcome>(&mut self, look: impl Fn(&Act, &JobResult) -> R + Send + Sync + 'static) {
        self.after.push(Arc::new(move |act, result| look(act, result).into_outcome()));
    }

    pub(crate) fn and(mut self, other: &Self) -> Self {
        self.prepare.extend(other.prepare.iter().cloned());
        self.after.extend(other.after.iter().cloned());
        self
    }

    /// At which moments there is something to do.
    pub(crate) fn moments(&self) -> BTreeSet<Hook> {
        let moments = [(Hook::Prepare, self.prepare.is_empty()), (Hook::After, self.after.is_empty())];
        moments.into_iter().filter(|(_, none)| !none).map(|(hook, _)| hook).collect()
    }

    /// The job as it is to run.
    pub(crate) fn prepared(&self, act: impl Fn(&Job) -> Act, job: Job) -> Result<Job, String> {
        self.prepare.iter().try_fold(job, |job, prepare| prepare(&act(&job), job))
    }

    /// What is added to the result of a job; the first failure is the one that is told. Each sees what those before it
    /// have added.
    pub(crate) fn concluded(&self, act: &Act, result: &JobResult) -> Outcome {
        let mut result = result.clone();
        self.after.iter().fold(Outcome::success(), |outcome, after| {
            let next = after(act, &result);
            next.answer().clone().add_to(&mut result);
            outcome.and(next)
        })
    }
}

/// What a function may return to change a job: a [`Job`], or a `Result` with one, whose error fails the job.
pub trait IntoJob {
    /// The job, or why it cannot run.
    ///
    /// # Errors
    /// When it cannot.
    fn into_job(self) -> Result<Job, String>;
}

impl IntoJob for Job {
    fn into_job(self) -> Result<Job, String> {
        Ok(self)
    }
}

impl<E: Display> IntoJob for Result<Job, E> {
    fn into_job(self) -> Result<Job, String> {
        self.map_err(|error| error.to_string())
    }
}

impl fmt::Debug for Extension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Extension").field("key", &self.key).field("moments", &self.hooks.moments()).finish()
    }
}
