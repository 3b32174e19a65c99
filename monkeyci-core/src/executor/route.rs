//! Sends each job to the executor for its kind: those with an image to a container engine, the others to processes.

use std::sync::Arc;

use async_trait::async_trait;
use futures::future::BoxFuture;
use monkeyci_model::Job;
use tokio::sync::OnceCell;

use super::{Capabilities, Executor, ExecutorError, Exit, Order, RegistryAuth, Sitting, Wanted, Watch};
use crate::job_dir::Program;

/// Connects to a container engine.
pub type Connect = Box<dyn Fn() -> BoxFuture<'static, Result<Arc<dyn Executor>, ExecutorError>> + Send + Sync>;

/// Sends each job to the executor for its kind.
///
/// A container engine is looked for when the first job needs one, so that a build without images neither waits for
/// one nor fails for want of it.
pub struct Route {
    processes: Arc<dyn Executor>,
    engines: Vec<Connect>,
    connected: OnceCell<Arc<dyn Executor>>,
}

impl Route {
    /// Jobs with an image go to the first of `engines` that answers, all others to `processes`.
    #[must_use]
    pub fn new(processes: Arc<dyn Executor>, engines: Vec<Connect>) -> Self {
        Self { processes, engines, connected: OnceCell::new() }
    }

    /// Looks for a container engine now, for what an earlier process may have left in it.
    ///
    /// # Errors
    /// When none answers.
    pub async fn connect(&self) -> Result<(), ExecutorError> {
        self.engine().await.map(drop)
    }

    async fn engine(&self) -> Result<&Arc<dyn Executor>, ExecutorError> {
        self.connected.get_or_try_init(|| self.first()).await
    }

    async fn first(&self) -> Result<Arc<dyn Executor>, ExecutorError> {
        let mut reasons = Vec::new();
        for engine in &self.engines {
            match engine().await {
                Ok(engine) => return Ok(engine),
                Err(error) => reasons.push(error.to_string()),
            }
        }
        if reasons.is_empty() {
            reasons.push("none is configured".into());
        }
        Err(ExecutorError::Engine {
            what: "no container engine answers",
            reason: format!(
                "{}; start Docker or Podman, or leave out the job's `image` to run it as a plain process",
                reasons.join("; ")
            ),
        })
    }

    async fn of(&self, job: &Job) -> Result<&Arc<dyn Executor>, ExecutorError> {
        // Services are containers, whatever their job is.
        if job.image.is_some() || !job.services.is_empty() { self.engine().await } else { Ok(&self.processes) }
    }
}

#[async_trait]
impl Executor for Route {
    fn name(&self) -> &'static str {
        "auto"
    }

    fn capabilities(&self) -> Capabilities {
        let engine = self.connected.get().map(Executor::capabilities);
        Capabilities {
            images: engine.as_ref().map_or(!self.engines.is_empty(), |engine| engine.images),
            processes: true,
            services: engine.as_ref().map_or(!self.engines.is_empty(), |engine| engine.services),
            limits: engine.is_some_and(|engine| engine.limits),
            plays: false,
        }
    }

    async fn run(&self, order: &Order, watch: Watch) -> Result<Exit, ExecutorError> {
        self.of(&order.job).await?.run(order, watch).await
    }

    async fn shell(&self, order: &Order, sitting: Sitting) -> Result<Option<i32>, ExecutorError> {
        self.of(&order.job).await?.shell(order, sitting).await
    }

    async fn enter(&self, order: &Order, program: Program, sitting: Sitting) -> Result<Option<i32>, ExecutorError> {
        self.of(&order.job).await?.enter(order, program, sitting).await
    }

    async fn image_id(&self, image: &str, registries: &[RegistryAuth]) -> Result<String, ExecutorError> {
        self.engine().await?.image_id(image, registries).await
    }

    async fn sweep(&self, instance: &str, wanted: Wanted<'_>) -> Result<Vec<String>, ExecutorError> {
        let mut removed = self.processes.sweep(instance, wanted).await?;
        // An engine that nobody has connected to holds nothing of this process.
        if let Some(engine) = self.connected.get() {
            removed.extend(engine.sweep(instance, wanted).await?);
        }
        Ok(removed)
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;
    use monkeyci_model::BuildId;
    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::attempt::Attempt;
    use crate::job_dir::JobDir;

    /// Says who ran, in the logs of a service.
    struct Named(&'static str);

    #[async_trait]
    impl Executor for Named {
        fn name(&self) -> &'static str {
            self.0
        }
        fn capabilities(&self) -> Capabilities {
            Capabilities::default()
        }
        async fn run(&self, _: &Order, _: Watch) -> Result<Exit, ExecutorError> {
            Ok(Exit { service_logs: vec![(self.0.into(), Vec::new())], ..Exit::default() })
        }
        async fn shell(&self, _: &Order, _: Sitting) -> Result<Option<i32>, ExecutorError> {
            Ok(None)
        }
        async fn sweep(&self, _: &str, _: Wanted<'_>) -> Result<Vec<String>, ExecutorError> {
            Ok(vec![self.0.into()])
        }
    }

    fn engine(name: &'static str, answers: bool) -> Connect {
        Box::new(move || {
            let refused = ExecutorError::Engine { what: name, reason: "no such socket".into() };
            async move { if answers { Ok(Arc::new(Named(name)) as Arc<dyn Executor>) } else { Err(refused) } }.boxed()
        })
    }

    async fn ran_by(route: &Route, image: Option<&str>) -> Result<String, ExecutorError> {
        let id = || "x".parse().expect("an id");
        let mut job = Job::new("test".parse().expect("an id"));
        job.image = image.map(str::to_owned);
        let build = BuildId::new("acme".parse().expect("an id"), "web".parse().expect("an id"), 1);
        let attempt = Attempt { instance: "i".into(), build, job: id(), number: 1, fence: 1 };
        let dir = JobDir::at("/nowhere");
        let order = Order { attempt, job, dir, collect: vec![], fork: false, registries: vec![] };
        let watch = Watch { cancel: CancellationToken::new(), started: Arc::new(|_| {}) };
        let mut exit = route.run(&order, watch).await?;
        Ok(exit.service_logs.pop().expect("who ran").0)
    }

    #[tokio::test]
    async fn each_job_goes_where_it_can_run() {
        let route = Route::new(Arc::new(Named("process")), vec![engine("docker", false), engine("podman", true)]);
        assert_eq!(ran_by(&route, None).await.expect("runs"), "process");
        assert_eq!(route.sweep("i", &|_| false).await.expect("swept"), ["process"]);
        assert_eq!(ran_by(&route, Some("busybox")).await.expect("runs"), "podman");
        assert_eq!(route.sweep("i", &|_| false).await.expect("swept"), ["process", "podman"]);
    }

    #[tokio::test]
    async fn without_an_engine_only_jobs_with_an_image_fail_and_are_told_what_to_do() {
        let route = Route::new(Arc::new(Named("process")), vec![engine("docker", false)]);
        assert_eq!(ran_by(&route, None).await.expect("runs"), "process");
        let error = ran_by(&route, Some("busybox")).await.expect_err("no engine").to_string();
        assert!(error.contains("no such socket") && error.contains("start Docker or Podman"), "{error}");
    }
}
