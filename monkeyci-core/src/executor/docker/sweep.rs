//! Removing what is ours: at the end of a job, and whatever a crash left.

use std::collections::HashMap;
use std::time::Duration;

use bollard::query_parameters::{
    ListContainersOptionsBuilder, ListNetworksOptionsBuilder, RemoveContainerOptionsBuilder,
};
use tokio::time::Instant;

use super::container::{FENCE, INSTANCE};
use super::{Docker, ExecutorError, Wanted, status};

/// How long a removal that does not succeed is tried again: engines restart, and finish what they are at.
const INSISTENCE: Duration = Duration::from_secs(15);

impl Docker {
    /// Removes what carries `instance` and no wanted fence.
    pub(super) async fn sweep_unwanted(
        &self,
        instance: &str,
        wanted: Wanted<'_>,
    ) -> Result<Vec<String>, ExecutorError> {
        self.remove_labelled(&format!("{INSTANCE}={instance}"), |labels| {
            // What carries our instance and no fence that can be read is damaged, and kept: we did not make it so.
            let fence = labels.get(FENCE).and_then(|fence| fence.parse().ok());
            fence.is_some_and(|fence: u64| !wanted(fence))
                && labels.get(INSTANCE).is_some_and(|label| label == instance)
        })
        .await
    }

    /// Removes every container and network with this label that `unwanted` says yes to, and tells their names.
    pub(super) async fn remove_labelled(
        &self,
        label: &str,
        unwanted: impl Fn(&HashMap<String, String>) -> bool,
    ) -> Result<Vec<String>, ExecutorError> {
        let filters = HashMap::from([("label", vec![label])]);
        let listed = ListContainersOptionsBuilder::default().all(true).filters(&filters).build();
        let containers = self.api.list_containers(Some(listed)).await;
        let containers = containers.map_err(|error| self.broke("listing containers", &error))?;
        let containers = containers.into_iter().filter_map(|container| {
            unwanted(&container.labels.unwrap_or_default()).then(|| {
                let name = container.names.unwrap_or_default().pop().or(container.id).unwrap_or_default();
                name.trim_start_matches('/').to_owned()
            })
        });
        let mut removed = self.remove_containers(containers.collect()).await?;
        let listed = ListNetworksOptionsBuilder::default().filters(&filters).build();
        let networks = self.api.list_networks(Some(listed)).await;
        for network in networks.map_err(|error| self.broke("listing networks", &error))? {
            if unwanted(&network.labels.unwrap_or_default()) {
                // By id: an engine may have two networks of one name.
                let name = network.name.unwrap_or_default();
                self.remove_network(network.id.as_deref().unwrap_or(&name)).await?;
                removed.push(name);
            }
        }
        Ok(removed)
    }

    /// Removes containers, of which some may use the network of others: Podman refuses to remove those before.
    async fn remove_containers(&self, mut left: Vec<String>) -> Result<Vec<String>, ExecutorError> {
        let mut removed = Vec::new();
        loop {
            let (before, tried) = (left.len(), std::mem::take(&mut left));
            for name in tried {
                match self.try_remove(&name).await {
                    Err(error) if status(&error) != Some(404) => left.push(name),
                    _ => removed.push(name),
                }
            }
            if left.len() == before {
                break;
            }
        }
        for name in left {
            self.remove_container(&name).await?;
            removed.push(name);
        }
        Ok(removed)
    }

    async fn try_remove(&self, name: &str) -> Result<(), bollard::errors::Error> {
        let options = RemoveContainerOptionsBuilder::default().force(true).v(true).build();
        self.api.remove_container(name, Some(options)).await
    }

    /// Kills and removes a container with its anonymous volumes; one that is not there is removed already.
    pub(super) async fn remove_container(&self, name: &str) -> Result<(), ExecutorError> {
        self.insist("removing the container", || self.try_remove(name)).await
    }

    async fn remove_network(&self, id: &str) -> Result<(), ExecutorError> {
        self.insist("removing the network", || self.api.remove_network(id)).await
    }

    /// Tries a removal again when the engine is busy with the very thing, as it is just after a kill.
    async fn insist<F>(&self, what: &'static str, mut remove: impl FnMut() -> F) -> Result<(), ExecutorError>
    where
        F: Future<Output = Result<(), bollard::errors::Error>>,
    {
        let (begun, mut pause) = (Instant::now(), Duration::from_millis(50));
        loop {
            match remove().await {
                Ok(()) => return Ok(()),
                Err(error) if status(&error) == Some(404) => return Ok(()),
                Err(error) if begun.elapsed() + pause > INSISTENCE => return Err(self.broke(what, &error)),
                Err(_) => tokio::time::sleep(pause).await,
            }
            pause = (pause * 2).min(Duration::from_secs(1));
        }
    }
}
