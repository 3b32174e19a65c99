//! What instances there are: listed once for all jobs that wait, because each list counts against the same limits.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use oci_services::Error;
use oci_services::container_instances::{ContainerInstances, InstanceSummary, Lifecycle};
use oci_services::retry::jitter;
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep_until};

use super::instance;

/// The instances of a compartment, as they were last listed.
#[derive(Debug)]
pub(super) struct Roster {
    compartment: String,
    pace: Duration,
    last: Mutex<Option<Arc<Look>>>,
}

/// One look at a compartment.
#[derive(Debug)]
pub(super) struct Look {
    /// When it was begun: what happened before is seen.
    pub at: Instant,
    /// What was seen; or why nothing was.
    pub seen: Result<Seen, Error>,
}

/// What was seen of a compartment.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// The instances, by ids.
    pub instances: HashMap<String, InstanceSummary>,
    /// Those whose job's own container is over, whatever the others do.
    pub over: HashSet<String>,
    /// Those whose sidecar is over, by itself or by somebody who killed it.
    pub unattended: HashSet<String>,
}

impl Roster {
    /// Lists a compartment about every `pace`, as long as somebody asks.
    pub(super) fn new(compartment: String, pace: Duration) -> Self {
        Self { compartment, pace, last: Mutex::new(None) }
    }

    /// A look that was begun after `since`. Of all that wait for one, one looks, and the others see what it saw.
    pub(super) async fn after(&self, instances: &ContainerInstances, since: Instant) -> Arc<Look> {
        // Whoever holds this waits until it is time; whoever comes later finds what it saw.
        let mut last = self.last.lock().await;
        if let Some(look) = last.as_ref() {
            if look.at > since {
                return Arc::clone(look);
            }
            sleep_until(look.at + self.pace + jitter(self.pace / 4)).await;
        }
        let at = Instant::now();
        let seen = self.look(instances).await;
        Arc::clone(last.insert(Arc::new(Look { at, seen })))
    }
    /// Instances in lists do not show their containers, which are listed for themselves: those that are over, of which there
    /// are few.
    async fn look(&self, instances: &ContainerInstances) -> Result<Seen, Error> {
        let mut seen = Seen::default();
        for state in [Lifecycle::Inactive, Lifecycle::Failed] {
            for container in instances.containers(&self.compartment, state).await? {
                let of = match container.display_name.as_deref() {
                    Some(instance::JOB) => &mut seen.over,
                    Some(instance::SIDECAR) => &mut seen.unattended,
                    _ => continue,
                };
                of.insert(container.container_instance_id);
            }
        }
        let all = instances.list_all(&self.compartment).await?;
        seen.instances = all.into_iter().map(|one| (one.id.clone(), one)).collect();
        Ok(seen)
    }
}
