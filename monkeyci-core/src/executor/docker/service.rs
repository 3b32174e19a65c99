//! Services: containers beside a job, on a network of its own.

use std::collections::HashMap;
use std::fmt::Write;
use std::time::Duration;

use bollard::container::LogOutput;
use bollard::exec::{CreateExecOptions, StartExecResults};
use bollard::models::{ContainerCreateBody, EndpointSettings, HostConfig, NetworkCreateRequest, NetworkingConfig};
use bollard::query_parameters::{CreateContainerOptionsBuilder, LogsOptionsBuilder, StartContainerOptions};
use futures::StreamExt;
use futures::future::try_join_all;
use monkeyci_model::job::{Health, Service};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::image::Image;
use super::{Docker, ExecutorError, container, place, said};
use crate::attempt::Attempt;
use crate::executor::Order;

/// The last lines of a service's log that are kept.
const LOG_LINES: &str = "1000";
/// The most bytes of a service's log that are kept.
const LOG_BYTES: usize = 1024 * 1024;
/// The longest pause between two looks at a service's health.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// What a job's container is connected to.
pub(super) struct Surroundings {
    /// The network mode of the job's container; the engine's default when none.
    pub network: Option<String>,
    /// Whether that is the network of a service, whose ports are then the job's as well.
    pub shared: bool,
}

fn container_name(attempt: &Attempt, service: &Service) -> String {
    format!("{}-{}", attempt.name(), service.id)
}

impl Docker {
    /// Starts the services of a job and returns once all are ready; none when the job was cancelled before.
    pub(super) async fn start_services(
        &self,
        order: &Order,
        cancel: &CancellationToken,
    ) -> Result<Option<Surroundings>, ExecutorError> {
        let (attempt, services) = (&order.attempt, &order.job.services);
        let lonely = self.lonely_network();
        let Some(first) = services.first() else {
            return Ok(Some(Surroundings { network: lonely, shared: false }));
        };
        let shared = self.facts.podman && self.facts.rootless;
        let network = if shared {
            refuse_clashes(services)?;
            format!("container:{}", container_name(attempt, first))
        } else {
            self.create_network(attempt).await?;
            attempt.name()
        };
        for (index, service) in services.iter().enumerate() {
            let mode = if shared && index == 0 { lonely.clone() } else { Some(network.clone()) };
            let mut host = HostConfig { network_mode: mode, ..container::hardened(&self.facts, false) };
            if shared && index == 0 {
                host.extra_hosts = Some(services.iter().map(|service| format!("{}:127.0.0.1", service.id)).collect());
                host.port_bindings = Some(container::published(&order.job.expose));
            }
            let image = self.image(&service.image, order.job.resources.arch, order.job.pull, &order.registries);
            let Some(image) = cancel.run_until_cancelled(image).await else { return Ok(None) };
            self.start_service(order, service, image?, host, (!shared).then_some(&network)).await?;
        }
        let ready = try_join_all(services.iter().map(|service| self.ready(attempt, service)));
        let Some(ready) = cancel.run_until_cancelled(ready).await else { return Ok(None) };
        ready.map(|_| Some(Surroundings { network: Some(network), shared }))
    }

    /// The network of a container that needs none of ours: the engine's default, or nothing where it has none.
    fn lonely_network(&self) -> Option<String> {
        let tunnel = || std::fs::OpenOptions::new().read(true).write(true).open("/dev/net/tun").is_ok();
        (self.facts.podman && self.facts.rootless && !tunnel()).then(|| "none".to_owned())
    }

    async fn create_network(&self, attempt: &Attempt) -> Result<(), ExecutorError> {
        let network = NetworkCreateRequest {
            name: attempt.name(),
            labels: Some(container::labels(attempt)),
            ..NetworkCreateRequest::default()
        };
        let made = self.api.create_network(network).await;
        made.map(drop).map_err(|error| self.broke("creating the job's network", &error))
    }

    async fn start_service(
        &self,
        order: &Order,
        service: &Service,
        image: Image,
        host: HostConfig,
        network: Option<&String>,
    ) -> Result<(), ExecutorError> {
        let failed = |reason: String| ExecutorError::Service { service: service.id.to_string(), reason };
        let attempt = &order.attempt;
        let plain = |text: &monkeyci_model::Text| {
            let resolved = text.resolve(|_| None);
            resolved.map_err(|secret| ExecutorError::Unsupported(format!("secret `{secret}` was not filled in")))
        };
        let env = service.env.iter().map(|(name, value)| Ok(format!("{name}={}", plain(value)?)));
        let command = service.command.iter().map(plain).collect::<Result<Vec<_>, _>>()?;
        let aliases = EndpointSettings { aliases: Some(vec![service.id.to_string()]), ..EndpointSettings::default() };
        let body = ContainerCreateBody {
            image: Some(image.name),
            env: Some(env.collect::<Result<_, ExecutorError>>()?),
            cmd: (!command.is_empty()).then_some(command),
            labels: Some(container::labels(attempt)),
            host_config: Some(host),
            networking_config: network.map(|network| NetworkingConfig {
                endpoints_config: Some(HashMap::from([(network.clone(), aliases)])),
            }),
            ..ContainerCreateBody::default()
        };
        let name = container_name(attempt, service);
        let options = CreateContainerOptionsBuilder::default().name(&name).build();
        self.api.create_container(Some(options), body).await.map_err(|error| failed(said(&error)))?;
        if service.health.is_none() && !service.ports.is_empty() {
            self.put(&name, self.program(image.arch)?, place::SUPERVISOR).await?;
        }
        let started = self.api.start_container(&name, None::<StartContainerOptions>).await;
        started.map_err(|error| failed(said(&error)))
    }

    /// Returns once a service is ready: its health command ends with 0, or all its ports accept connections.
    async fn ready(&self, attempt: &Attempt, service: &Service) -> Result<(), ExecutorError> {
        let name = container_name(attempt, service);
        let timeout = service.health.as_ref().map_or(Health::DEFAULT_TIMEOUT_MS, |health| health.timeout);
        let ports: Vec<String> = service.ports.iter().map(u16::to_string).collect();
        let command: Vec<String> = match &service.health {
            Some(health) => vec!["/bin/sh".into(), "-c".into(), health.command.clone()],
            None if ports.is_empty() => return Ok(()),
            None => [place::SUPERVISOR.to_owned(), "connect".to_owned()].into_iter().chain(ports.clone()).collect(),
        };
        let deadline = Instant::now() + Duration::from_millis(timeout);
        let mut pause = Duration::from_millis(100);
        let mut last = String::new();
        loop {
            match tokio::time::timeout_at(deadline, self.execute(&name, command.clone())).await {
                Ok(Ok((0, _))) => return Ok(()),
                Ok(Ok((_, output))) => last = output,
                Ok(Err(error)) => last = said(&error),
                Err(_) => {}
            }
            let standing = self.standing(&name).await?;
            let mut reason = if !standing.running {
                format!("it ended with code {} before it was ready", standing.code)
            } else if Instant::now() >= deadline {
                let awaited = match &service.health {
                    Some(health) => format!("`{}` did not end with 0", health.command),
                    None => format!("port {} did not accept connections", ports.join(" or ")),
                };
                format!("{awaited} within {} s", timeout as f64 / 1000.0)
            } else {
                tokio::time::sleep_until(deadline.min(Instant::now() + pause)).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
                continue;
            };
            for (what, text) in [("check", last.as_str()), ("log", &String::from_utf8_lossy(&self.log(&name).await))] {
                let tail = tail(text);
                if !tail.is_empty() {
                    let _ = write!(reason, "; its {what} ends with: {tail}");
                }
            }
            return Err(ExecutorError::Service { service: service.id.to_string(), reason });
        }
    }

    /// Runs a command in a container; its code and what it wrote.
    async fn execute(&self, name: &str, command: Vec<String>) -> Result<(i64, String), bollard::errors::Error> {
        let exec = CreateExecOptions {
            cmd: Some(command),
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            ..CreateExecOptions::default()
        };
        let exec = self.api.create_exec(name, exec).await?;
        let mut written = Vec::new();
        if let StartExecResults::Attached { mut output, .. } = self.api.start_exec(&exec.id, None).await? {
            while let Some(piece) = output.next().await {
                keep(&mut written, piece?);
            }
        }
        let code = self.api.inspect_exec(&exec.id).await?.exit_code.unwrap_or(-1);
        Ok((code, String::from_utf8_lossy(&written).into_owned()))
    }

    /// The logs of a job's services, as far as they can be had.
    pub(super) async fn service_logs(&self, order: &Order) -> Vec<(String, Vec<u8>)> {
        let mut logs = Vec::new();
        for service in &order.job.services {
            logs.push((service.id.to_string(), self.log(&container_name(&order.attempt, service)).await));
        }
        logs
    }

    async fn log(&self, name: &str) -> Vec<u8> {
        let options = LogsOptionsBuilder::default().stdout(true).stderr(true).tail(LOG_LINES).build();
        let mut pieces = std::pin::pin!(self.api.logs(name, Some(options)));
        let mut log = Vec::new();
        while let Some(Ok(piece)) = pieces.next().await {
            keep(&mut log, piece);
        }
        log
    }
}

fn keep(to: &mut Vec<u8>, piece: LogOutput) {
    let bytes = piece.into_bytes();
    let room = LOG_BYTES - to.len();
    to.extend_from_slice(&bytes[..bytes.len().min(room)]);
}

/// The last lines of a text, for a message.
fn tail(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
    lines[lines.len().saturating_sub(3)..].join(" | ").chars().take(500).collect()
}

/// On one shared network, two services cannot have the same port.
fn refuse_clashes(services: &[Service]) -> Result<(), ExecutorError> {
    let mut owners = HashMap::new();
    for service in services {
        for port in &service.ports {
            if let Some(other) = owners.insert(port, &service.id) {
                return Err(ExecutorError::Unsupported(format!(
                    "services `{other}` and `{}` both use port {port}, and rootless Podman has one network for all; \
                     give one of them another port",
                    service.id
                )));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use monkeyci_model::JobId;

    use super::*;

    fn service(id: &str, ports: &[u16]) -> Service {
        Service {
            id: JobId::new(id).expect("an id"),
            image: "postgres:17".into(),
            ports: ports.to_vec(),
            env: Default::default(),
            command: Vec::new(),
            health: None,
        }
    }

    #[test]
    fn services_that_would_share_a_port_are_named() {
        assert!(refuse_clashes(&[service("db", &[5432]), service("web", &[80, 443])]).is_ok());
        let error = refuse_clashes(&[service("db", &[5432]), service("copy", &[5432])]).expect_err("a clash");
        assert!(error.to_string().starts_with("services `db` and `copy` both use port 5432"), "{error}");
    }

    #[test]
    fn a_message_holds_the_last_lines_only() {
        assert_eq!(tail("a\nb\n\nc\nd\n"), "b | c | d");
        assert_eq!(tail(&"x".repeat(9000)).len(), 500);
    }
}
