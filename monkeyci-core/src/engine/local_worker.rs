use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::Engine;
use crate::blob::{Blobs, Caches};
use crate::executor::Executor;
use crate::offer::Offer;
use crate::worker::{Debug, Ports, Registries, Settings, Worker};

/// The name of the worker inside the process.
pub const LOCAL: &str = "local";

/// What only this worker is given.
pub(super) struct Given {
    /// Where caches are kept.
    pub(super) caches: Blobs,
    /// The credentials of private registries.
    pub(super) registries: Registries,
    /// The job that is opened for a person, if one is.
    pub(super) debug: Option<Debug>,
    /// What it can run.
    pub(super) offer: Offer,
}

/// How the worker ends.
pub(super) struct Ends {
    /// It stops what it runs once this is cancelled.
    pub(super) stop: CancellationToken,
    /// It leaves what it runs as it is once this is.
    pub(super) leave: CancellationToken,
    /// Cancelled once it has.
    pub(super) ended: CancellationToken,
}

/// Starts the worker inside this process.
pub(super) fn start(
    engine: &Engine,
    executor: Arc<dyn Executor>,
    given: Given,
    Ends { stop, leave, ended }: Ends,
) -> Worker {
    let shared = &engine.shared;
    let mut settings = Settings::new(LOCAL, &shared.instance, shared.state.join("jobs"));
    // The engine counts what runs. The worker asks for the next job while it still clears away the last ones, so that it
    // is leased in the very commit that ends the one before; and a disk that is slow to remove files holds nobody up.
    settings.jobs = shared.most_jobs.map_or(settings.jobs, |most| most.saturating_mul(4));
    settings.debug = given.debug;
    settings.offer = given.offer;
    settings.keep = shared.keep;
    settings.registries = given.registries;
    settings.log_limit = shared.log_limit;
    let ports = Ports {
        leases: engine.leases(),
        executor,
        artifacts: shared.artifacts.clone(),
        caches: Caches::new(given.caches),
        secrets: Arc::default(),
        registries: Vec::new(),
        keeper: Some(Arc::clone(&shared.keeper)),
        programs: shared.programs.clone(),
        supplies: None,
    };
    let worker = Worker::new(settings, ports);
    let (running, at_end) = (worker.clone(), ended.drop_guard());
    tokio::spawn(async move {
        let told = async {
            tokio::select! {
                () = leave.cancelled() => running.leave(),
                () = stop.cancelled() => running.shut_down(),
            }
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = running.run() => {}
            () = told => {}
        }
        drop(at_end);
    });
    worker
}
