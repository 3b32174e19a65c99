//! Where jobs of builds run that are not one's own. A script is not trusted: what has no image runs in the script image,
//! and as a plain process of this machine only where the operator allows that to a repository, and never for a fork.

use async_trait::async_trait;
use globset::{Error, Glob, GlobSet, GlobSetBuilder};
use monkeyci_model::BuildId;

use super::route::Route;
use super::{Capabilities, Executor, ExecutorError, Exit, Order, RegistryAuth, Sitting, Wanted, Watch};
use crate::job_dir::Program;

/// Runs jobs as the operator of this machine allows them.
pub struct Trusting {
    route: Route,
    script_image: Option<String>,
    processes: GlobSet,
}

impl Trusting {
    /// Jobs go by this route. Those without an image run in the script image, if there is one, and as processes for
    /// repositories like `acme/*` that one of the globs matches.
    ///
    /// # Errors
    /// When one of them is no glob.
    pub fn new<T: AsRef<str>>(
        route: Route,
        script_image: Option<String>,
        processes: impl IntoIterator<Item = T>,
    ) -> Result<Self, Error> {
        let mut allowed = GlobSetBuilder::new();
        for glob in processes {
            allowed.add(Glob::new(glob.as_ref())?);
        }
        Ok(Self { route, script_image, processes: allowed.build()? })
    }

    /// Looks for a container engine now, and says whether one answers.
    pub async fn has_engine(&self) -> bool {
        self.route.connect().await.is_ok()
    }

    /// Whether it runs jobs without an image at all.
    #[must_use]
    pub fn takes_bare_jobs(&self) -> bool {
        self.script_image.is_some() || !self.processes.is_empty()
    }

    /// Whether there is a script image.
    #[must_use]
    pub fn has_script_image(&self) -> bool {
        self.script_image.is_some()
    }

    /// The order as it may run.
    fn allowed(&self, order: &Order) -> Result<Option<Order>, ExecutorError> {
        if order.job.image.is_some() {
            return Ok(None);
        }
        let Some(image) = self.stand_in(&order.attempt.build, order.fork)? else { return Ok(None) };
        let mut job = order.job.clone();
        job.image = Some(image);
        Ok(Some(order.with_job(job)))
    }
}

#[async_trait]
impl Executor for Trusting {
    fn name(&self) -> &'static str {
        "trusting"
    }

    fn capabilities(&self) -> Capabilities {
        self.route.capabilities()
    }

    async fn run(&self, order: &Order, watch: Watch) -> Result<Exit, ExecutorError> {
        match self.allowed(order)? {
            Some(order) => self.route.run(&order, watch).await,
            None => self.route.run(order, watch).await,
        }
    }

    async fn shell(&self, order: &Order, sitting: Sitting) -> Result<Option<i32>, ExecutorError> {
        match self.allowed(order)? {
            Some(order) => self.route.shell(&order, sitting).await,
            None => self.route.shell(order, sitting).await,
        }
    }

    async fn enter(&self, order: &Order, program: Program, sitting: Sitting) -> Result<Option<i32>, ExecutorError> {
        match self.allowed(order)? {
            Some(order) => self.route.enter(&order, program, sitting).await,
            None => self.route.enter(order, program, sitting).await,
        }
    }

    fn stand_in(&self, build: &BuildId, fork: bool) -> Result<Option<String>, ExecutorError> {
        let repo = format!("{}/{}", build.org, build.repo);
        if !fork && self.processes.is_match(&repo) {
            return Ok(None);
        }
        match &self.script_image {
            Some(image) => Ok(Some(image.clone())),
            None if fork => Err(ExecutorError::Unsupported(
                "this build is of a fork, whose jobs need an image: give the job one, or the worker a script image"
                    .into(),
            )),
            None => Err(ExecutorError::Unsupported(format!(
                "this worker runs no plain processes for `{repo}`: give the job an image, or have the operator add \
                 `{repo}` to `processes`, or set a script image"
            ))),
        }
    }

    async fn image_id(&self, image: &str, registries: &[RegistryAuth]) -> Result<String, ExecutorError> {
        self.route.image_id(image, registries).await
    }

    async fn sweep(&self, instance: &str, wanted: Wanted<'_>) -> Result<Vec<String>, ExecutorError> {
        self.route.sweep(instance, wanted).await
    }
}
