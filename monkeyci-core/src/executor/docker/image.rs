//! Images: what they are called, whether they are here, and how they come here.

use bollard::auth::DockerCredentials;
use bollard::query_parameters::CreateImageOptions;
use futures::StreamExt;
use monkeyci_model::job::{Arch, PullPolicy, Service};

use super::refusal::{self, Refusal};
use super::{Docker, ExecutorError, status};
use crate::executor::{Order, RegistryAuth, registry};

/// An image that is here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Image {
    /// The name that the engine knows it by.
    pub name: String,
    /// Its programs run as root.
    pub as_root: bool,
    /// The architecture of its programs.
    pub arch: Arch,
}

/// An image that somebody needs.
pub(super) struct Wanted<'a> {
    /// As it stands in the job.
    pub image: &'a str,
    /// Who needs it, for messages.
    pub by: String,
    /// The architecture that its programs must be for.
    pub arch: Option<Arch>,
    /// When it is pulled.
    pub pull: PullPolicy,
    /// The credentials that there are.
    pub registries: &'a [RegistryAuth],
}

impl<'a> Wanted<'a> {
    /// The image of a job itself.
    pub(super) fn by_job(order: &'a Order, image: &'a str) -> Self {
        let job = &order.job;
        let by = format!("job `{}`", job.id);
        Self { image, by, arch: job.resources.arch, pull: job.pull, registries: &order.registries }
    }

    /// The image of a service beside a job.
    pub(super) fn by_service(order: &'a Order, service: &'a Service) -> Self {
        let by = format!("service `{}` of job `{}`", service.id, order.job.id);
        Self { by, ..Self::by_job(order, &service.image) }
    }

    /// The name with registry and tag, which no engine can take for another image.
    pub(super) fn full_name(&self) -> String {
        registry::full_name(self.image)
    }

    /// The registry that it comes from.
    pub(super) fn host(&self) -> String {
        registry::host_of(self.image)
    }

    /// What its registry is told of who we are.
    pub(super) fn credentials(&self) -> Option<&'a RegistryAuth> {
        self.registries.iter().find(|known| known.is_for(self.image))
    }
}

impl Docker {
    /// Makes sure that an image is here, and tells what must be known of it.
    pub(super) async fn image(&self, wanted: &Wanted<'_>) -> Result<Image, ExecutorError> {
        if wanted.pull != PullPolicy::Always {
            if let Some(found) = self.inspect_image(wanted, wanted.image).await? {
                return Ok(found);
            }
            if wanted.pull == PullPolicy::Never {
                return Err(self.refused(wanted, "find", format!("{} does not have it", self.host)));
            }
        }
        self.pull(wanted).await?;
        let found = self.inspect_image(wanted, &wanted.full_name()).await?;
        found.ok_or_else(|| self.refused(wanted, "find", "it is not there though it was pulled".into()))
    }

    /// The id of an image, which is pulled where it is not there.
    pub(super) async fn id_of(&self, image: &str, registries: &[RegistryAuth]) -> Result<String, ExecutorError> {
        let by = "a script".to_owned();
        let wanted = Wanted { image, by, arch: None, pull: PullPolicy::IfMissing, registries };
        let found = self.image(&wanted).await?;
        let found = self.api.inspect_image(&found.name).await;
        let id = found.map_err(|error| self.broke("looking for an image", &error))?.id.unwrap_or_default();
        // Podman leaves out what hash it is.
        Ok(if id.contains(':') { id } else { format!("sha256:{id}") })
    }

    /// The image of a container that is there, by its id.
    pub(super) async fn image_of(&self, wanted: &Wanted<'_>, id: &str) -> Result<Image, ExecutorError> {
        let found = self.inspect_image(&Wanted { by: wanted.by.clone(), arch: None, ..*wanted }, id).await?;
        found.ok_or_else(|| self.refused(wanted, "find", "its container is there, but not the image of it".into()))
    }

    /// The error that an image cannot be had.
    pub(super) fn refused(&self, wanted: &Wanted<'_>, what: &'static str, answer: String) -> ExecutorError {
        let refusal = Refusal { wanted, engine: self.engine.name(), what, answer };
        ExecutorError::Image { image: wanted.image.to_owned(), reason: refusal.to_string() }
    }

    async fn inspect_image(&self, wanted: &Wanted<'_>, name: &str) -> Result<Option<Image>, ExecutorError> {
        let found = match self.api.inspect_image(name).await {
            Ok(found) => found,
            Err(error) if status(&error) == Some(404) => return Ok(None),
            Err(error) if refusal::is_answer(&error) => {
                return Err(self.refused(wanted, "look at", refusal::answer(&error)));
            }
            Err(error) => return Err(self.broke("looking for an image", &error)),
        };
        let its = match found.architecture.as_deref() {
            Some("arm64" | "aarch64") => Arch::Arm,
            Some("amd64" | "x86_64") => Arch::Amd,
            _ => self.facts.arch,
        };
        if wanted.arch.is_some_and(|wanted| wanted != its) {
            return Ok(None);
        }
        let user = found.config.unwrap_or_default().user.unwrap_or_default();
        let user = user.split(':').next().unwrap_or_default();
        Ok(Some(Image { name: name.to_owned(), as_root: matches!(user, "" | "0" | "root"), arch: its }))
    }

    async fn pull(&self, wanted: &Wanted<'_>) -> Result<(), ExecutorError> {
        let options = CreateImageOptions {
            from_image: Some(wanted.full_name()),
            platform: wanted.arch.map(|arch| format!("linux/{}", arch.oci_name())).unwrap_or_default(),
            ..CreateImageOptions::default()
        };
        let credentials = wanted.credentials().map(|known| {
            let (user, password) = (Some(known.username.clone()), Some(known.password.clone()));
            let server = DockerCredentials { serveraddress: Some(known.host.clone()), ..DockerCredentials::default() };
            match known.username.as_str() {
                "<token>" => DockerCredentials { identitytoken: password, ..server },
                _ => DockerCredentials { username: user, password, ..server },
            }
        });
        let mut progress = self.api.create_image(Some(options), None, credentials);
        while let Some(step) = progress.next().await {
            match step {
                Ok(_) => {}
                Err(error) if refusal::is_answer(&error) => {
                    return Err(self.refused(wanted, "pull", refusal::answer(&error)));
                }
                Err(error) => return Err(self.broke("pulling an image", &error)),
            }
        }
        Ok(())
    }
}
