//! Creating a job's container, or finding that it is there.

use bollard::models::ContainerCreateBody;
use bollard::query_parameters::{ContainerArchiveInfoOptionsBuilder, CreateContainerOptionsBuilder};

use super::container::{FENCE, INSTANCE};
use super::image::Wanted;
use super::run::Running;
use super::wait::Standing;
use super::{Docker, ExecutorError, place, said, status};
use crate::executor::Order;

/// What there is of an attempt before it is run.
pub(super) enum Found {
    /// Its job runs, or has run.
    Running(Running),
    /// A container that never started.
    Remains,
    Nothing,
}

/// What came of the wish for a container.
pub(super) enum Created {
    New,
    /// The engine does not see our files.
    Blind,
}

impl Docker {
    /// What there is of this very attempt.
    ///
    /// # Errors
    /// When a container has its name and is not ours: it is nobody's to remove but its owner's.
    pub(super) async fn look_for(&self, order: &Order, wanted: &Wanted<'_>) -> Result<Found, ExecutorError> {
        let name = order.attempt.name();
        let found = self.inspect(&name).await.map_err(|error| self.broke("looking for the container", &error))?;
        let Some(found) = found else { return Ok(Found::Nothing) };
        let standing = Standing::of(&found);
        let labels = found.config.and_then(|config| config.labels).unwrap_or_default();
        let is = |label: &str, value: &str| labels.get(label).is_some_and(|found| found == value);
        if !is(INSTANCE, &order.attempt.instance) || !is(FENCE, &order.attempt.fence.to_string()) {
            let reason = format!("there is a container `{name}` which is not MonkeyCI's; remove or rename it");
            return Err(ExecutorError::Engine { what: "creating the container", reason });
        }
        if !standing.started {
            return Ok(Found::Remains);
        }
        let image = self.image_of(wanted, &found.image.unwrap_or_default()).await?;
        let mounts = found.mounts.unwrap_or_default();
        let mounted = mounts.iter().any(|mount| mount.destination.as_deref() == Some(place::CONTROL));
        Ok(Found::Running(Running { name, image, mounted, _beacon: None }))
    }

    /// Creates the job's container.
    pub(super) async fn create(
        &self,
        order: &Order,
        wanted: &Wanted<'_>,
        body: ContainerCreateBody,
    ) -> Result<Created, ExecutorError> {
        let name = order.attempt.name();
        let mut options = CreateContainerOptionsBuilder::default().name(&name);
        let platform = wanted.arch.map(|arch| format!("linux/{}", arch.oci_name()));
        if let Some(platform) = &platform {
            options = options.platform(platform);
        }
        let Err(error) = self.api.create_container(Some(options.build()), body).await else {
            return Ok(Created::New);
        };
        let message = said(&error);
        match status(&error) {
            Some(400) if message.contains(&*order.dir.root().to_string_lossy()) => Ok(Created::Blind),
            Some(404) => Err(self.refused(wanted, "use", message)),
            Some(400) => Err(ExecutorError::Unsupported(format!("{} refuses the job: {message}", self.host))),
            _ => Err(self.broke("creating the container", &error)),
        }
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
