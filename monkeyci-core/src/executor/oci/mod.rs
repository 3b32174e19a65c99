//! Jobs in container instances of Oracle Cloud.
//!
//! Each job is an instance of its own: its container, a [sidecar](crate::sidecar) beside it, which shares two empty
//! volumes with it, and one container for each of its services. Files and the report go through a bucket, under a prefix
//! that a signed address opens for this attempt alone; nothing calls the instance. What the sidecar tells is believed of the
//! job, and what the service tells of the instance: that is how a job which nobody hears of any more is judged.
//!
//! An instance is made once. Before it is asked for, it is written down where; the service knows each request by a token
//! that follows from the attempt; and whoever takes an attempt up again, in this process or after it, finds both.

mod accompany;
mod autopsy;
mod create;
mod depot;
mod handover;
mod instance;
mod place;
mod record;
mod remove;
mod roster;
mod run;
mod service;
mod settings;
mod shape;

use std::time::Duration;

use async_trait::async_trait;
use oci_services::container_instances::{ContainerInstances, Filter};
use oci_services::object_storage::{Bucket, Listing, ObjectStorage};
use oci_services::{Error, Retry};
use oci_signer::Client;
use tokio::sync::Semaphore;

pub use handover::Owner;
pub use settings::Settings;

use super::{Capabilities, Executor, ExecutorError, Exit, Order, RegistryAuth, Sitting, Wanted, Watch, registry};

/// Instances that are asked for at once.
const TURNS: usize = 16;
/// How long the service has to say that it makes one. A job that is cancelled meanwhile waits for that.
const ANSWER: Duration = Duration::from_secs(20);

/// Runs jobs in container instances of Oracle Cloud.
#[derive(Debug)]
pub struct Oci {
    settings: Settings,
    instances: ContainerInstances,
    /// The same for what is asked again by us and not by it.
    create: ContainerInstances,
    bucket: Bucket,
    /// By this the depots of all jobs are reached.
    depots: reqwest::Client,
    roster: roster::Roster,
    turns: Semaphore,
    /// Who runs its attempts, where they may be handed over.
    owner: Option<std::sync::Arc<dyn Owner>>,
}

impl Oci {
    /// Runs jobs where `settings` say. `client` signs as somebody who may make container instances there, and read and write
    /// the bucket. Nothing is asked yet.
    ///
    /// # Errors
    /// What is wrong with the settings, by the name that it has in files.
    pub fn new(settings: Settings, client: Client) -> Result<Self, String> {
        settings.check()?;
        let wrong = |key: &str| {
            let key = key.to_owned();
            move |error: Error| format!("{key}: {error}")
        };
        let instances = match &settings.instances_endpoint {
            Some(endpoint) => ContainerInstances::at(client.clone(), endpoint).map_err(wrong("instances-endpoint"))?,
            None => ContainerInstances::in_region(client.clone(), &settings.region).map_err(wrong("region"))?,
        };
        let storage = match &settings.storage_endpoint {
            Some(endpoint) => ObjectStorage::at(client, endpoint).map_err(wrong("storage-endpoint"))?,
            None => ObjectStorage::in_region(client, &settings.region).map_err(wrong("region"))?,
        };
        let bucket = storage.bucket(settings.namespace.clone(), settings.bucket.clone());
        let roster = roster::Roster::new(settings.compartment.clone(), settings.poll);
        let depots = crate::sidecar::HttpDepot::client(None).map_err(|error| error.to_string())?;
        let create = instances.clone().with(|service| service.retrying(Retry::never()).patient(ANSWER));
        Ok(Self { settings, instances, create, bucket, depots, roster, turns: Semaphore::new(TURNS), owner: None })
    }

    /// Looks whether its instances and what is in its bucket are shown to us.
    ///
    /// # Errors
    /// When one of them is not.
    pub async fn look(&self) -> Result<(), ExecutorError> {
        let filter = Filter { limit: Some(1), ..Filter::default() };
        let listed = self.instances.list(&self.settings.compartment, &filter).await;
        listed.map_err(|error| Self::broke("listing container instances", &error))?;
        let listing = Listing { prefix: Some(depot::JOBS), limit: Some(1), ..Listing::default() };
        let listed = self.bucket.list(listing).await;
        listed.map(drop).map_err(|error| Self::broke("listing the bucket", &error))
    }

    fn broke(what: &'static str, error: &Error) -> ExecutorError {
        ExecutorError::Engine { what, reason: error.to_string() }
    }
}

#[async_trait]
impl Executor for Oci {
    fn name(&self) -> &'static str {
        "oci"
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { images: true, services: true, limits: true, ..Capabilities::default() }
    }

    async fn run(&self, order: &Order, watch: Watch) -> Result<Exit, ExecutorError> {
        self.run_job(order, &watch).await
    }

    async fn shell(&self, order: &Order, sitting: Sitting) -> Result<Option<i32>, ExecutorError> {
        let (_, job) = (sitting, &order.job.id);
        Err(ExecutorError::Unsupported(format!(
            "no shell can be opened for job `{job}` in Oracle Cloud: nothing reaches into a container instance; run the job \
             on another executor for that, as `monkeyci debug --executor docker` does"
        )))
    }

    /// Nothing is pulled here: an image is what its name says, and changes unseen where that names no digest.
    async fn image_id(&self, image: &str, registries: &[RegistryAuth]) -> Result<String, ExecutorError> {
        let _ = registries;
        Ok(registry::full_name(image))
    }

    async fn sweep(&self, instance: &str, wanted: Wanted<'_>) -> Result<Vec<String>, ExecutorError> {
        let removed = self.sweep_unwanted(instance, wanted).await?;
        self.sweep_depots(instance, wanted).await?;
        Ok(removed)
    }
}
