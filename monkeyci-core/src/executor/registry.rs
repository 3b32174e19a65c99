//! Who we are at private registries, and which registry an image is of.

use std::fmt;

/// The names that the registry of short names goes by.
const HUB: [&str; 4] = ["docker.io", "index.docker.io", "registry-1.docker.io", "https://index.docker.io/v1/"];

/// The credentials of a private registry.
#[derive(Clone, PartialEq, Eq)]
pub struct RegistryAuth {
    /// The registry's host, with its port where it has one.
    pub host: String,
    /// The user; `<token>` when the password is an identity token, as programs that keep credentials for Docker say it.
    pub username: String,
    /// The password or token.
    pub password: String,
}

impl RegistryAuth {
    /// Whether an image, as a job names it, comes from this registry.
    #[must_use]
    pub fn is_for(&self, image: &str) -> bool {
        let host = host_of(image);
        self.host == host || (HUB.contains(&self.host.as_str()) && HUB.contains(&host.as_str()))
    }
}

/// Without the password.
impl fmt::Debug for RegistryAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RegistryAuth").field("host", &self.host).finish_non_exhaustive()
    }
}

/// The name of an image with registry and tag, which no engine can take for another image.
#[must_use]
pub fn full_name(image: &str) -> String {
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

/// The host of the registry that an image comes from.
#[must_use]
pub fn host_of(image: &str) -> String {
    full_name(image).split('/').next().unwrap_or_default().to_owned()
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
        let known = ["registry.example.com", "index.docker.io"].map(|host| RegistryAuth {
            host: host.into(),
            username: host.into(),
            password: "p4ssw0rd".into(),
        });
        let user = |image: &str| known.iter().find(|known| known.is_for(image)).map(|known| known.username.as_str());
        assert_eq!(user("registry.example.com/web"), Some("registry.example.com"));
        assert_eq!(user("alpine"), Some("index.docker.io"));
        assert_eq!(user("other.example.com/web"), None);
        assert_eq!(user("registry.example.com.evil.example/web"), None);
        assert!(!format!("{known:?}").contains("p4ssw0rd"));
    }
}
