//! The jobs of a build.

use std::ops::Index;

use crate::extension::{Extension, Hooks};
use crate::job::Job;

/// The jobs of a build, in order.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    jobs: Vec<Job>,
    warnings: Vec<String>,
    extensions: Vec<Extension>,
}

impl Plan {
    /// No jobs yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a job, several, or none.
    #[must_use]
    pub fn with(mut self, jobs: impl Into<Plan>) -> Self {
        let Plan { jobs, warnings, extensions } = jobs.into();
        self.jobs.extend(jobs);
        self.warnings.extend(warnings);
        extensions.into_iter().fold(self, Self::using)
    }

    /// Lets a plugin act on the jobs that have its property. One of a name that is there already takes its place.
    #[must_use]
    pub fn using(mut self, extension: Extension) -> Self {
        self.extensions.retain(|other| other.key() != extension.key());
        self.extensions.push(extension);
        self
    }

    /// Adds what the author should know, though the build goes on.
    #[must_use]
    pub fn warning(mut self, warning: impl Into<String>) -> Self {
        self.warnings.push(warning.into());
        self
    }

    /// Changes every job, as a plugin does.
    #[must_use]
    pub fn map(mut self, change: impl FnMut(Job) -> Job) -> Self {
        self.jobs = self.jobs.into_iter().map(change).collect();
        self
    }

    /// The ids of its jobs.
    #[must_use]
    pub fn ids(&self) -> Vec<&str> {
        self.jobs.iter().map(Job::id).collect()
    }

    /// Its jobs.
    #[must_use]
    pub fn jobs(&self) -> &[Job] {
        &self.jobs
    }

    /// A job, when there is one of that id.
    #[must_use]
    pub fn job(&self, id: &str) -> Option<&Job> {
        self.jobs.iter().find(|job| job.id() == id)
    }

    /// The plan as MonkeyCI reads it.
    #[must_use]
    pub fn to_model(&self) -> monkeyci_model::Plan {
        let jobs: Vec<_> = self.jobs.iter().map(|job| self.marked(job)).collect();
        let extensions =
            self.extensions.iter().map(|extension| (extension.key().to_owned(), extension.hooks().moments()));
        monkeyci_model::Plan { warnings: self.warnings.clone(), extensions: extensions.collect(), ..jobs.into() }
    }

    /// A job as MonkeyCI reads it, marked with the moments at which the script is asked about it.
    pub(crate) fn marked(&self, job: &Job) -> monkeyci_model::Job {
        monkeyci_model::Job { hooks: self.hooks(job).moments(), ..job.model().clone() }
    }

    /// What is done to a job beside running it: first what is its own, then what plugins do.
    pub(crate) fn hooks(&self, job: &Job) -> Hooks {
        self.extensions(job.model()).fold(job.hooks.clone(), |hooks, extension| hooks.and(extension.hooks()))
    }

    /// The plugins that act on a job.
    pub(crate) fn extensions(&self, job: &monkeyci_model::Job) -> impl Iterator<Item = &Extension> {
        self.extensions.iter().filter(|extension| job.extensions.contains_key(extension.key()))
    }
}

/// # Panics
/// When there is no job of that id; [`Plan::job`] answers instead.
impl Index<&str> for Plan {
    type Output = Job;

    fn index(&self, id: &str) -> &Job {
        self.job(id).unwrap_or_else(|| panic!("the plan has no job `{id}`, it has {:?}", self.ids()))
    }
}

impl From<()> for Plan {
    fn from((): ()) -> Self {
        Self::default()
    }
}

impl From<Job> for Plan {
    fn from(job: Job) -> Self {
        Self { jobs: vec![job], ..Self::default() }
    }
}

impl<P: Into<Plan>> From<Option<P>> for Plan {
    fn from(plan: Option<P>) -> Self {
        plan.map_or_else(Self::default, Into::into)
    }
}

impl<P: Into<Plan>> From<Vec<P>> for Plan {
    fn from(plans: Vec<P>) -> Self {
        plans.into_iter().fold(Self::default(), Self::with)
    }
}

impl<P: Into<Plan>, const N: usize> From<[P; N]> for Plan {
    fn from(plans: [P; N]) -> Self {
        plans.into_iter().fold(Self::default(), Self::with)
    }
}

impl<P: Into<Plan>> FromIterator<P> for Plan {
    fn from_iter<T: IntoIterator<Item = P>>(plans: T) -> Self {
        plans.into_iter().fold(Self::default(), Self::with)
    }
}

macro_rules! tuples {
    ($(($($name:ident)+))+) => {
        $(impl<$($name: Into<Plan>),+> From<($($name,)+)> for Plan {
            #[expect(non_snake_case, reason = "the type's name serves for its value as well")]
            fn from(($($name,)+): ($($name,)+)) -> Self {
                Self::default()$(.with($name))+
            }
        })+
    };
}

tuples! { (A) (A B) (A B C) (A B C D) (A B C D E) (A B C D E F) (A B C D E F G) (A B C D E F G H) }

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::process;

    #[test]
    fn a_plan_is_made_from_jobs_some_jobs_and_no_jobs() {
        let many: Vec<Job> = (1..=2).map(|number| process(&format!("part-{number}"))).collect();
        let plan = Plan::from((process("a"), None::<Job>, many, Some(process("b")), [process("c")]));
        assert_eq!(plan.ids(), ["a", "part-1", "part-2", "b", "c"]);
        let plan = plan.map(|job| job.label("team", "web")).warning("old").with(());
        assert!(plan.jobs().iter().all(|job| job.model().labels["team"] == "web"));
        assert_eq!(plan.to_model().warnings, ["old"]);
        assert!(plan.job("z").is_none());
    }

    #[test]
    #[should_panic(expected = r#"the plan has no job `b`, it has ["a"]"#)]
    fn a_job_that_is_not_there_is_named() {
        let _ = Plan::from(process("a"))["b"];
    }
}
