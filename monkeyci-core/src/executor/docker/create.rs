//! Creating a job's container, or finding that it is there.

use bollard::models::ContainerCreateBody;
use bollard::query_parameters::{ContainerArchiveInfoOptionsBuilder, CreateContainerOptionsBuilder};

use super::container::{FENCE, INSTANCE};
use super::{Docker, ExecutorError, place, said, status};
use crate::executor::Order;

/// What came of the wish for a container.
pub(super) enum Created {
    New,
    /// It was there; true when the job directory is mounted in it.
    Adopted(bool),
    /// The engine does not see our files.
    Blind,
}

impl Docker {
    /// Creates the job's container, or finds that this very attempt has it already.
    pub(super) async fn create(&self, order: &Order, body: ContainerCreateBody) -> Result<Created, ExecutorError> {
        let name = order.attempt.name();
        let mut again = true;
        loop {
            let mut options = CreateContainerOptionsBuilder::default().name(&name);
            let platform = order.job.resources.arch.map(|arch| format!("linux/{}", arch.oci_name()));
            if let Some(platform) = &platform {
                options = options.platform(platform);
            }
            let Err(error) = self.api.create_container(Some(options.build()), body.clone()).await else {
                return Ok(Created::New);
            };
            let message = said(&error);
            if again && (status(&error) == Some(409) || message.contains("already in use")) {
                again = false;
                if let Some(mounted) = self.adopt(order).await? {
                    return Ok(Created::Adopted(mounted));
                }
                self.remove_container(&name).await?;
                continue;
            }
            return match status(&error) {
                Some(400) if message.contains(&*order.dir.root().to_string_lossy()) => Ok(Created::Blind),
                Some(404) => {
                    let image = order.job.image.clone().unwrap_or_default();
                    self.forget(&image);
                    Err(ExecutorError::Image { image, reason: message })
                }
                Some(400) => Err(ExecutorError::Unsupported(format!("{} refuses the job: {message}", self.host))),
                _ => Err(self.broke("creating the container", &error)),
            };
        }
    }

    /// Whether this very attempt has a container that has started, and then whether the job directory is mounted in it.
    pub(super) async fn adopt(&self, order: &Order) -> Result<Option<bool>, ExecutorError> {
        let name = order.attempt.name();
        let broke = |error| self.broke("looking for the container", &error);
        let Some(found) = self.inspect(&name).await.map_err(broke)? else { return Ok(None) };
        let labels = found.config.and_then(|config| config.labels).unwrap_or_default();
        let is = |label: &str, value: &str| labels.get(label).is_some_and(|found| found == value);
        if !is(INSTANCE, &order.attempt.instance) || !is(FENCE, &order.attempt.fence.to_string()) {
            let reason = format!("there is a container `{name}` which is not MonkeyCI's; remove or rename it");
            return Err(ExecutorError::Engine { what: "creating the container", reason });
        }
        let started = self.find(&name).await.map_err(broke)?;
        let mounts = found.mounts.unwrap_or_default();
        let mounted = mounts.iter().any(|mount| mount.destination.as_deref() == Some(place::CONTROL));
        Ok(started.filter(|standing| standing.started).map(|_| mounted))
    }

    /// Whether a container that has the beacon mounted shows what is in it.
    ///
    /// Docker refuses to mount what it does not see. Podman makes an empty folder of that name.
    pub(super) async fn sees(&self, name: &str) -> Result<bool, ExecutorError> {
        if !self.facts.podman {
            return Ok(true);
        }
        let options = ContainerArchiveInfoOptionsBuilder::default().path(place::SEEN_FILE).build();
        match self.api.get_container_archive_info(name, Some(options)).await {
            Ok(_) => Ok(true),
            Err(error) if status(&error) == Some(404) => Ok(false),
            Err(error) => Err(self.broke("looking for our files in the container", &error)),
        }
    }
}
