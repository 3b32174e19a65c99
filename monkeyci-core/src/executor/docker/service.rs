//! Services: containers beside a job, on a network of its own.

use std::collections::HashMap;

use bollard::models::{ContainerCreateBody, EndpointSettings, HostConfig, NetworkCreateRequest, NetworkingConfig};
use bollard::query_parameters::{CreateContainerOptionsBuilder, StartContainerOptions};
use futures::future::try_join_all;
use monkeyci_model::job::Service;
use tokio_util::sync::CancellationToken;

use super::image::{Image, Wanted};
use super::service_log::bounded;
use super::{Docker, ExecutorError, container, place, said};
use crate::attempt::Attempt;
use crate::executor::Order;

/// What a job's container is connected to.
pub(super) struct Surroundings {
    /// The network mode of the job's container; the engine's default when none.
    pub network: Option<String>,
    /// Whether that is the network of a service, whose ports are then the job's as well.
    pub shared: bool,
    /// Names of services that the job's container has to be told, as `name:address`.
    pub hosts: Vec<String>,
}

pub(super) fn container_name(attempt: &Attempt, service: &Service) -> String {
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
            return Ok(Some(Surroundings { network: lonely, shared: false, hosts: Vec::new() }));
        };
        let shared = self.facts.podman && self.facts.rootless;
        let network = if shared {
            refuse_clashes(services)?;
            format!("container:{}", container_name(attempt, first))
        } else {
            self.create_network(attempt).await?;
            attempt.name()
        };
        let here: Vec<_> = services.iter().map(|service| format!("{}:127.0.0.1", service.id)).collect();
        for (index, service) in services.iter().enumerate() {
            let mode = if shared && index == 0 { lonely.clone() } else { Some(network.clone()) };
            let log_config = Some(bounded());
            let mut host = HostConfig { network_mode: mode, log_config, ..container::hardened(&self.facts, false) };
            if shared && index == 0 {
                host.extra_hosts = Some(here.clone());
                host.port_bindings = Some(container::published(&order.job.expose));
            }
            let wanted = Wanted::by_service(order, service);
            let Some(image) = cancel.run_until_cancelled(self.image(&wanted)).await else { return Ok(None) };
            self.start_service(order, service, image?, host, (!shared).then_some(&network)).await?;
        }
        let ready = try_join_all(services.iter().map(|service| self.ready(attempt, service)));
        let Some(ready) = cancel.run_until_cancelled(ready).await else { return Ok(None) };
        ready?;
        let hosts = if shared {
            here
        } else if self.facts.podman {
            // It knows names of a network only with a plugin that is not everywhere.
            let hosts = try_join_all(services.iter().map(|service| self.host(attempt, service, &network))).await?;
            hosts.into_iter().flatten().collect()
        } else {
            Vec::new()
        };
        Ok(Some(Surroundings { network: Some(network), shared, hosts }))
    }

    /// A service and its address in the job's network; one that has ended has none.
    async fn host(&self, attempt: &Attempt, service: &Service, network: &str) -> Result<Option<String>, ExecutorError> {
        let seen = self.api.inspect_container(&container_name(attempt, service), None).await;
        let seen = seen.map_err(|error| self.broke("looking for the address of a service", &error))?;
        let networks = seen.network_settings.and_then(|settings| settings.networks).unwrap_or_default();
        let address = networks.get(network).and_then(|endpoint| endpoint.ip_address.as_deref());
        Ok(address.filter(|address| !address.is_empty()).map(|address| format!("{}:{address}", service.id)))
    }

    /// The network of a container that needs none of ours: the engine's default, or nothing where it has none.
    fn lonely_network(&self) -> Option<String> {
        (self.facts.podman && self.facts.rootless && !has_user_network()).then(|| "none".to_owned())
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

/// Whether an ordinary user's containers can have a network here: that takes a tunnel, and a program at its other end.
fn has_user_network() -> bool {
    let tunnel = std::fs::OpenOptions::new().read(true).write(true).open("/dev/net/tun").is_ok();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<_> =
        std::env::split_paths(&path).chain(["/usr/bin".into(), "/usr/libexec/podman".into()]).collect();
    let is_there = |program: &str| folders.iter().any(|folder| folder.join(program).is_file());
    tunnel && ["slirp4netns", "pasta"].iter().any(|program| is_there(program))
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
}
