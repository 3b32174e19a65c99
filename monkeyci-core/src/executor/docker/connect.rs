//! Finding the engine's socket, and what the engine behind it is like.

use std::path::PathBuf;

use bollard::API_DEFAULT_VERSION;
use monkeyci_model::job::Arch;

use super::ExecutorError;

/// Which engine is meant: it decides where its socket is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Engine {
    /// Docker.
    Docker,
    /// Podman, over its Docker-compatible interface.
    Podman,
}

/// Seconds until an answer must begin; a wait that takes longer is asked again.
const ANSWER_SECONDS: u64 = 120;

/// Capabilities of the engine and its host, asked once.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Facts {
    /// Podman answers, whatever the socket was called.
    pub podman: bool,
    /// The engine runs as an ordinary user.
    pub rootless: bool,
    /// Limits of processor and memory hold.
    pub limits: bool,
    /// A container's root is not the root that our files need: mounts of our folders would not be writable.
    pub foreign_mounts: bool,
    /// Processors of the engine's host.
    pub cpus: f64,
    /// The engine's own architecture.
    pub arch: Arch,
}

impl Engine {
    /// The name that a person chooses it by.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Docker => "docker",
            Self::Podman => "podman",
        }
    }

    /// Where its socket may be, most wanted first. A host that is set by variable is the only one.
    fn hosts(self, var: impl Fn(&str) -> Option<String>) -> Vec<String> {
        let set = |name: &str| var(name).filter(|value| !value.is_empty());
        let under = |name: &str, path: &str| set(name).map(|folder| format!("unix://{folder}/{path}"));
        let (chosen, found) = match self {
            Self::Docker => (
                set("DOCKER_HOST"),
                [
                    Some("unix:///var/run/docker.sock".to_owned()),
                    under("XDG_RUNTIME_DIR", "docker.sock"),
                    under("HOME", ".docker/run/docker.sock"),
                ],
            ),
            Self::Podman => (
                set("CONTAINER_HOST"),
                [
                    under("XDG_RUNTIME_DIR", "podman/podman.sock"),
                    Some("unix:///run/podman/podman.sock".to_owned()),
                    None,
                ],
            ),
        };
        chosen.map_or_else(|| found.into_iter().flatten().collect(), |host| vec![host])
    }

    fn advice(self) -> &'static str {
        match self {
            Self::Docker => "start Docker, or set DOCKER_HOST to its socket",
            Self::Podman => {
                "start it with `systemctl --user start podman.socket` or `podman system service -t 0`, or set \
                 CONTAINER_HOST to its socket"
            }
        }
    }
}

/// Connects to the first engine that answers.
pub(super) async fn connect(
    engine: Engine,
    host: Option<&str>,
) -> Result<(bollard::Docker, String, Facts), ExecutorError> {
    let hosts = host.map_or_else(|| engine.hosts(|name| std::env::var(name).ok()), |host| vec![host.to_owned()]);
    let mut tried = Vec::new();
    for host in hosts {
        match answer(&host).await {
            Ok((api, facts)) => return Ok((api, host, facts)),
            Err(reason) => tried.push(format!("{host} ({reason})")),
        }
    }
    let reason = format!("no answer from {}; {}", tried.join(" nor from "), engine.advice());
    Err(ExecutorError::Engine { what: engine.name(), reason })
}

async fn answer(host: &str) -> Result<(bollard::Docker, Facts), String> {
    let api = open(host)?;
    let text = |error: bollard::errors::Error| super::said(&error);
    let api = api.negotiate_version().await.map_err(text)?;
    let version = api.version().await.map_err(text)?;
    let info = api.info().await.map_err(text)?;
    let podman = version.components.unwrap_or_default().iter().any(|part| part.name == "Podman Engine");
    let options = info.security_options.unwrap_or_default();
    let has = |name: &str| options.iter().any(|option| option.split(',').any(|part| part == format!("name={name}")));
    let rootless = has("rootless") || is_a_user_s(host).await;
    let cgroup_v1 = info.cgroup_version.is_some_and(|version| version.to_string() == "1");
    let arm = info.architecture.is_some_and(|arch| matches!(arch.as_str(), "aarch64" | "arm64"));
    let facts = Facts {
        podman,
        rootless,
        limits: info.memory_limit.unwrap_or(true) && !(rootless && cgroup_v1),
        foreign_mounts: has("userns") || has("selinux"),
        #[expect(clippy::cast_precision_loss, reason = "no host has 2^52 processors")]
        cpus: info.ncpu.unwrap_or(1).max(1) as f64,
        arch: if arm { Arch::Arm } else { Arch::Amd },
    };
    Ok((api, facts))
}

/// Whether an ordinary user's process listens at `host`: Podman before version 5 does not say that it is rootless where
/// Docker does.
async fn is_a_user_s(host: &str) -> bool {
    let Some(path) = host.strip_prefix("unix://") else { return false };
    let peer = tokio::net::UnixStream::connect(path).await.and_then(|socket| socket.peer_cred());
    peer.is_ok_and(|peer| peer.uid() != 0)
}

fn open(host: &str) -> Result<bollard::Docker, String> {
    let text = |error: bollard::errors::Error| super::said(&error);
    if let Some(path) = host.strip_prefix("unix://") {
        if !PathBuf::from(path).exists() {
            return Err("there is no such socket".into());
        }
        return bollard::Docker::connect_with_unix(path, ANSWER_SECONDS, API_DEFAULT_VERSION).map_err(text);
    }
    if host.starts_with("tcp://") || host.starts_with("http://") {
        return bollard::Docker::connect_with_http(host, ANSWER_SECONDS, API_DEFAULT_VERSION).map_err(text);
    }
    Err("only unix:// and tcp:// without TLS can be used".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_set_by_variable_is_the_only_one_tried() {
        let var = |name: &str| match name {
            "DOCKER_HOST" => Some("tcp://engine.example.com:2375".to_owned()),
            "XDG_RUNTIME_DIR" => Some("/run/user/1000".to_owned()),
            _ => None,
        };
        assert_eq!(Engine::Docker.hosts(var), ["tcp://engine.example.com:2375"]);
        assert_eq!(
            Engine::Podman.hosts(var),
            ["unix:///run/user/1000/podman/podman.sock", "unix:///run/podman/podman.sock"]
        );
    }

    #[tokio::test]
    async fn an_engine_that_is_down_is_named_with_what_was_tried_and_what_to_do() {
        let error = connect(Engine::Docker, Some("unix:///nowhere/docker.sock")).await.expect_err("no socket there");
        assert_eq!(
            error.to_string(),
            "docker: no answer from unix:///nowhere/docker.sock (there is no such socket); start Docker, or set \
             DOCKER_HOST to its socket"
        );
        let error = connect(Engine::Podman, Some("ssh://example.com")).await.expect_err("not this way");
        assert!(error.to_string().contains("only unix:// and tcp:// without TLS"), "{error}");
    }
}
