//! Who builds what was put on the desk: a controller is started for it, and ends when it is done.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use monkeyci_api::account::Account;
use oci_services::Retry;
use oci_services::container_instances::{
    ContainerInstances, CreateContainer, CreateContainerInstance, Lifecycle, RestartPolicy, ShapeConfig, Vnic,
};
use tokio::process::Command;
use tokio::sync::{OnceCell, Semaphore};

use super::settings::{Container, Start};

/// Programs that run at once; what waits then is looked for again later.
const PROGRAMS: usize = 8;

/// Instances that have ended which are removed at once, after another was made: they count until they are.
const REMOVED: usize = 10;

/// By this tag, controllers are known.
const TAG: (&str, &str) = ("monkeyci-role", "controller");

/// Seconds that a controller has to end when it is asked to.
const GRACE: u64 = 30;

/// How long Container Instances has for an answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Starts controllers.
pub struct Controller {
    start: Option<Start>,
    account: Account,
    instances: OnceCell<ContainerInstances>,
    programs: Arc<Semaphore>,
}

impl Controller {
    /// Starts them so.
    pub fn new(start: Option<Start>, account: Account) -> Self {
        let programs = Arc::new(Semaphore::new(PROGRAMS));
        Self { start, account, instances: OnceCell::new(), programs }
    }

    /// Whether any is started from here.
    pub fn is_there(&self) -> bool {
        self.start.is_some()
    }

    /// Starts one, which takes what waits, or goes on with a build. `id` is the same when the same is asked for again: where
    /// that can be told, one is started then.
    ///
    /// # Errors
    /// Why none was started.
    pub async fn start(&self, id: &str, build: Option<&str>) -> Result<(), String> {
        match &self.start {
            None => Ok(()),
            Some(Start::Program(words)) => self.program(words, build),
            Some(Start::Container(container)) => self.container(container, id, build).await,
        }
    }

    fn program(&self, words: &[String], build: Option<&str>) -> Result<(), String> {
        let Ok(room) = Arc::clone(&self.programs).try_acquire_owned() else {
            tracing::info!("{PROGRAMS} controllers run already: what waits is looked for again");
            return Ok(());
        };
        let (program, arguments) = words.split_first().ok_or("no program is named")?;
        let mut command = Command::new(program);
        command.args(arguments).args(build.into_iter().flat_map(|build| ["--build", build]));
        // What is told of a failure is in its own log; ours is on the same stream.
        let started = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn();
        let mut child = started.map_err(|error| format!("`{program}` cannot be started: {error}"))?;
        let program = program.clone();
        tokio::spawn(async move {
            match child.wait().await {
                Ok(status) if status.success() => tracing::info!(program, "a controller has ended"),
                Ok(status) => tracing::warn!(program, %status, "a controller has ended"),
                Err(error) => tracing::error!(program, %error, "a controller cannot be waited for"),
            }
            drop(room);
        });
        Ok(())
    }

    async fn container(&self, container: &Container, id: &str, build: Option<&str>) -> Result<(), String> {
        let instances = self.instances.get_or_try_init(|| self.open(container)).await?;
        let mut full = String::new();
        for domain in &container.availability_domains {
            // Another in another place: one token stands for one and the same instance.
            let token = blake3::hash(format!("{id}\n{domain}").as_bytes()).to_hex();
            match instances.create(&wanted(container, domain, build), &token).await {
                Ok(created) => {
                    tracing::info!(instance = created.instance.id, "a controller is started");
                    self.tidy(instances, container).await;
                    return Ok(());
                }
                // Others may have room: limits, too, are those of an availability domain.
                Err(error) if error.is_capacity() || error.is_limit() => full = error.to_string(),
                Err(error) if error.is_not_found() => {
                    return Err(format!(
                        "whoever asks may not make container instances, or compartment or subnet are not there; policies \
                         allow it: `allow dynamic-group NAME to manage compute-container-family in compartment NAME`, and \
                         `to use virtual-network-family` ({error})"
                    ));
                }
                Err(error) => return Err(error.to_string()),
            }
        }
        Err(format!("no availability domain has room: {full}"))
    }

    /// Removes controllers that have ended. What fails is done by the next one.
    async fn tidy(&self, instances: &ContainerInstances, container: &Container) {
        let listed = match instances.list_all(&container.compartment).await {
            Ok(listed) => listed,
            Err(error) => return tracing::warn!(%error, "controllers that have ended cannot be listed"),
        };
        let ended = listed.iter().filter(|instance| {
            let is_ours = instance.freeform_tags.get(TAG.0).is_some_and(|role| role == TAG.1);
            is_ours && matches!(instance.lifecycle_state, Lifecycle::Inactive | Lifecycle::Failed)
        });
        for instance in ended.take(REMOVED) {
            if let Err(error) = instances.delete(&instance.id).await {
                tracing::warn!(%error, instance = instance.id, "a controller that has ended cannot be removed");
            }
        }
    }

    async fn open(&self, container: &Container) -> Result<ContainerInstances, String> {
        let (client, region) = self.account.client().await.map_err(|error| error.to_string())?;
        let instances = match &container.endpoint {
            Some(endpoint) => ContainerInstances::at(client, endpoint),
            None => ContainerInstances::in_region(client, &region),
        };
        let retry = Retry { attempts: 2, base: Duration::from_millis(200), ..Retry::default() };
        let instances = instances.map_err(|error| error.to_string())?;
        Ok(instances.with(|service| service.retrying(retry).patient(PATIENCE)))
    }
}

/// The instance that a controller runs in: one container, which has the rights of the instance.
fn wanted(settings: &Container, domain: &str, build: Option<&str>) -> CreateContainerInstance {
    let arguments = settings.arguments.iter().cloned();
    let of_build = build.into_iter().flat_map(|build| ["--build".to_owned(), build.to_owned()]);
    let container = CreateContainer {
        display_name: Some("controller".into()),
        image_url: settings.image.clone(),
        arguments: arguments.chain(of_build).collect(),
        environment_variables: settings.environment.clone(),
        is_resource_principal_disabled: Some(false),
        ..CreateContainer::default()
    };
    CreateContainerInstance {
        display_name: Some("monkeyci-controller".into()),
        compartment_id: settings.compartment.clone(),
        availability_domain: domain.to_owned(),
        shape: settings.shape.clone(),
        shape_config: ShapeConfig { ocpus: settings.ocpus, memory_in_gbs: Some(settings.memory) },
        containers: vec![container],
        vnics: vec![Vnic {
            subnet_id: settings.subnet.clone(),
            nsg_ids: settings.security_groups.clone(),
            ..Vnic::default()
        }],
        graceful_shutdown_timeout_in_seconds: Some(GRACE),
        container_restart_policy: Some(RestartPolicy::Never),
        freeform_tags: BTreeMap::from([(TAG.0.to_owned(), TAG.1.to_owned())]),
        ..CreateContainerInstance::default()
    }
}
