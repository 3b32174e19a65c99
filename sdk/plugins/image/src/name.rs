use std::fmt;

/// The name of an image without a tag: a registry, and a repository there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Name {
    text: String,
    registry: String,
    repository: String,
}

/// The registry of names that have none, by the name that images have, and by that of its server.
const HUB: &str = "docker.io";
const HUB_SERVER: &str = "registry-1.docker.io";
/// What clients call it in their file of passwords.
const HUB_LOGIN: &str = "https://index.docker.io/v1/";

impl Name {
    /// As Docker reads it: what stands before the first `/` is a registry when it can be a host.
    pub(crate) fn parse(text: &str) -> Self {
        let is_host = |first: &str| first.contains(['.', ':']) || first == "localhost";
        let (registry, repository) = match text.split_once('/') {
            Some((first, rest)) if is_host(first) => (first, rest.to_owned()),
            Some(_) => (HUB, text.to_owned()),
            None => (HUB, format!("library/{text}")),
        };
        Self { text: text.to_owned(), registry: registry.to_owned(), repository }
    }

    /// Under which name clients look for the password.
    pub(crate) fn login(&self) -> &str {
        if self.registry == HUB { HUB_LOGIN } else { &self.registry }
    }

    /// The URL of the repository (OCI distribution specification, "Endpoints").
    pub(crate) fn url(&self, insecure: bool) -> String {
        let scheme = if insecure { "http" } else { "https" };
        let server = if self.registry == HUB { HUB_SERVER } else { &self.registry };
        format!("{scheme}://{server}/v2/{}", self.repository)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_where_the_image_is() {
        let url = |text: &str| Name::parse(text).url(false);
        assert_eq!(url("ghcr.io/acme/web"), "https://ghcr.io/v2/acme/web");
        assert_eq!(url("busybox"), "https://registry-1.docker.io/v2/library/busybox");
        assert_eq!(url("acme/web"), "https://registry-1.docker.io/v2/acme/web");
        assert_eq!(Name::parse("localhost:5000/web").url(true), "http://localhost:5000/v2/web");
        assert_eq!(Name::parse("docker.io/acme/web").login(), "https://index.docker.io/v1/");
    }
}
