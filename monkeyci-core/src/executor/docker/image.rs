//! Images: what they are called, whether they are here, and how they come here.

use bollard::auth::DockerCredentials;
use bollard::query_parameters::CreateImageOptions;
use futures::StreamExt;
use monkeyci_model::job::{Arch, PullPolicy};

use super::{Docker, ExecutorError, said, status};
use crate::executor::RegistryAuth;

/// An image that is here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Image {
    /// The name that the engine knows it by.
    pub name: String,
    /// Its programs run as root.
    pub as_root: bool,
    /// The architecture of its programs.
    pub arch: Arch,
    /// What it runs when not told otherwise: the entrypoint is part of it.
    pub entrypoint: Vec<String>,
}

impl Docker {
    /// Makes sure that an image is here, and tells what must be known of it. Asked once for each image while its policy
    /// allows that.
    pub(super) async fn image(
        &self,
        image: &str,
        arch: Option<Arch>,
        pull: PullPolicy,
        registries: &[RegistryAuth],
    ) -> Result<Image, ExecutorError> {
        let key = (image.to_owned(), arch);
        if pull != PullPolicy::Always {
            if let Some(known) = self.images.lock().expect("nothing panics while it holds the lock").get(&key) {
                return Ok(known.clone());
            }
            if let Some(found) = self.inspect_image(image, arch).await? {
                return Ok(self.remember(key, found));
            }
            if pull == PullPolicy::Never {
                return Err(missing(image, format!("{} does not have it, and pull is `never`", self.host)));
            }
        }
        self.pull(image, arch, registries).await?;
        let found = self.inspect_image(&full_name(image), arch).await?;
        found
            .map(|found| self.remember(key, found))
            .ok_or_else(|| missing(image, "the engine does not have it though it was pulled".into()))
    }

    /// Forgets what is known of an image, because the engine no longer has it.
    pub(super) fn forget(&self, image: &str) {
        self.images.lock().expect("nothing panics while it holds the lock").retain(|(name, _), _| name != image);
    }

    fn remember(&self, key: (String, Option<Arch>), image: Image) -> Image {
        self.images.lock().expect("nothing panics while it holds the lock").insert(key, image.clone());
        image
    }

    async fn inspect_image(&self, name: &str, arch: Option<Arch>) -> Result<Option<Image>, ExecutorError> {
        let found = match self.api.inspect_image(name).await {
            Ok(found) => found,
            Err(error) if status(&error) == Some(404) => return Ok(None),
            Err(error) => return Err(missing(name, said(&error))),
        };
        let its = match found.architecture.as_deref() {
            Some("arm64" | "aarch64") => Arch::Arm,
            Some("amd64" | "x86_64") => Arch::Amd,
            _ => self.facts.arch,
        };
        if arch.is_some_and(|wanted| wanted != its) {
            return Ok(None);
        }
        let config = found.config.unwrap_or_default();
        let user = config.user.unwrap_or_default();
        let user = user.split(':').next().unwrap_or_default();
        Ok(Some(Image {
            name: name.to_owned(),
            as_root: matches!(user, "" | "0" | "root"),
            arch: its,
            entrypoint: config.entrypoint.unwrap_or_default(),
        }))
    }

    async fn pull(&self, image: &str, arch: Option<Arch>, registries: &[RegistryAuth]) -> Result<(), ExecutorError> {
        let name = full_name(image);
        let options = CreateImageOptions {
            from_image: Some(name.clone()),
            platform: arch.map(|arch| format!("linux/{}", arch.oci_name())).unwrap_or_default(),
            ..CreateImageOptions::default()
        };
        let mut progress = self.api.create_image(Some(options), None, credentials(&name, registries));
        while let Some(step) = progress.next().await {
            let step = step.map_err(|error| missing(image, said(&error)))?;
            if let Some(message) = step.error_detail.and_then(|detail| detail.message) {
                return Err(missing(image, message));
            }
        }
        Ok(())
    }
}

fn missing(image: &str, reason: String) -> ExecutorError {
    ExecutorError::Image { image: image.to_owned(), reason }
}

/// The name with registry and tag, which no engine can take for another image.
fn full_name(image: &str) -> String {
    if image.starts_with("sha256:") {
        return image.to_owned();
    }
    let (first, rest) = image.split_once('/').unwrap_or(("", image));
    let mut name = if first == "localhost" || first.contains(['.', ':']) {
        image.to_owned()
    } else if first.is_empty() {
        format!("docker.io/library/{rest}")
    } else {
        format!("docker.io/{image}")
    };
    let last = name.rsplit('/').next().unwrap_or_default();
    if !last.contains([':', '@']) {
        name.push_str(":latest");
    }
    name
}

fn credentials(name: &str, registries: &[RegistryAuth]) -> Option<DockerCredentials> {
    const HUB: [&str; 4] = ["docker.io", "index.docker.io", "registry-1.docker.io", "https://index.docker.io/v1/"];
    let host = name.split('/').next().unwrap_or_default();
    let same = |known: &str| known == host || (HUB.contains(&known) && HUB.contains(&host));
    registries.iter().find(|registry| same(&registry.host)).map(|registry| DockerCredentials {
        username: Some(registry.username.clone()),
        password: Some(registry.password.clone()),
        serveraddress: Some(registry.host.clone()),
        ..DockerCredentials::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_names_mean_the_same_on_every_engine() {
        for (short, full) in [
            ("alpine", "docker.io/library/alpine:latest"),
            ("alpine:3", "docker.io/library/alpine:3"),
            ("acme/web", "docker.io/acme/web:latest"),
            ("localhost/web:1", "localhost/web:1"),
            ("registry.example.com:5000/web", "registry.example.com:5000/web:latest"),
            ("registry.example.com/a/web@sha256:00", "registry.example.com/a/web@sha256:00"),
            ("sha256:00", "sha256:00"),
        ] {
            assert_eq!(full_name(short), full);
        }
    }

    #[test]
    fn credentials_go_to_their_own_registry_only() {
        let registries = [
            RegistryAuth { host: "registry.example.com".into(), username: "a".into(), password: "p".into() },
            RegistryAuth { host: "index.docker.io".into(), username: "b".into(), password: "p".into() },
        ];
        let user = |image: &str| credentials(&full_name(image), &registries).and_then(|found| found.username);
        assert_eq!(user("registry.example.com/web").as_deref(), Some("a"));
        assert_eq!(user("alpine").as_deref(), Some("b"));
        assert_eq!(user("other.example.com/web"), None);
        assert_eq!(user("registry.example.com.evil.example/web"), None);
    }
}
