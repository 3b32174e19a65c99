//! Removing what is ours: at the end of a job, and whatever a crash left.

use oci_services::container_instances::InstanceSummary;

use super::record::Record;
use super::{Oci, instance};
use crate::executor::{ExecutorError, Order, Wanted};

impl Oci {
    /// Deletes the instance of an attempt, in whatever state it is: what has ended counts against limits until it is deleted.
    pub(super) async fn remove(&self, order: &Order) -> Result<(), ExecutorError> {
        match Record::of(&order.dir)?.id {
            Some(id) => self.delete(&id).await,
            None => Ok(()),
        }
    }

    /// Deletes an instance; one that is gone is deleted already.
    pub(super) async fn delete(&self, id: &str) -> Result<(), ExecutorError> {
        let deleted = self.instances.delete(id).await;
        deleted.map(drop).map_err(|error| Self::broke("deleting a container instance", &error))
    }

    /// Deletes what carries `instance` and no wanted fence, in every state but those of what is gone.
    pub(super) async fn sweep_unwanted(
        &self,
        instance: &str,
        wanted: Wanted<'_>,
    ) -> Result<Vec<String>, ExecutorError> {
        let listed = self.instances.list_all(&self.settings.compartment).await;
        let listed = listed.map_err(|error| Self::broke("listing container instances", &error))?;
        let mut removed = Vec::new();
        for one in listed {
            // What carries our instance and no fence that can be read is damaged, and kept: we did not make it so.
            let unwanted =
                instance::owner(&one.freeform_tags).is_some_and(|(owner, fence)| owner == instance && !wanted(fence));
            if unwanted && !one.lifecycle_state.is_gone() {
                self.delete(&one.id).await?;
                removed.push(one.display_name);
            }
        }
        Ok(removed)
    }

    /// Deletes another instance of this very attempt, which an engine before us may have made without knowing of ours.
    pub(super) async fn remove_twin(&self, order: &Order, ours: &str, seen: &InstanceSummary) {
        let is_twin = instance::owner(&seen.freeform_tags)
            == Some((order.attempt.instance.as_str(), order.attempt.fence))
            && seen.id != ours
            && !seen.lifecycle_state.is_gone();
        if is_twin && self.is_ours().await {
            tracing::warn!(instance = seen.id, attempt = %order.attempt, "a second instance of one attempt is deleted");
            if let Err(error) = self.delete(&seen.id).await {
                // The next sweep sees it again.
                tracing::warn!(instance = seen.id, %error, "it stays for now");
            }
        }
    }
}
