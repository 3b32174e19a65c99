//! Container Instances (version 20210415): groups of containers that run without a machine of one's own.

mod container;
mod create;
mod health;
mod instance;
mod lifecycle;
mod security;
mod shape;
mod volume;

use reqwest::Method;

pub use container::{Container, ContainerSummary};
pub use create::{
    CreateContainer, CreateContainerInstance, DnsConfig, ImagePullSecret, ResourceConfig, RestartPolicy, ShapeConfig,
    Vnic,
};
pub use health::{Check, FailureAction, HealthCheck, HealthHeader};
pub use instance::{ContainerInstance, ContainerName, InstanceSummary};
pub use lifecycle::Lifecycle;
pub use security::{Capabilities, ContainerSecurity, FsGroupChange, InstanceSecurity};
pub use shape::{MemoryOptions, OcpuOptions, Shape};
pub use volume::{BackingStore, ConfigFile, Volume, VolumeMount};

use crate::call::Call;
use crate::error::Error;
use crate::page::Page;
use crate::service::{Service, in_region};
use crate::work_request::{WorkRequest, WorkRequestError};

/// The version of the service, which begins all paths.
const VERSION: &str = "20210415";
/// Instances on one page.
const PAGE: u32 = 100;
/// Bytes of a log that the service keeps: the last ones.
const LOG_BYTES: usize = 256 * 1024;

/// Container Instances of one region.
#[derive(Debug, Clone)]
pub struct ContainerInstances {
    service: Service,
}

/// Which instances are listed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter<'a> {
    /// Those of this state.
    pub lifecycle_state: Option<Lifecycle>,
    /// Those of this name.
    pub display_name: Option<&'a str>,
    /// Those of this availability domain.
    pub availability_domain: Option<&'a str>,
    /// The number on one page.
    pub limit: Option<u32>,
    /// The page.
    pub page: Option<&'a str>,
    /// In this order: `ASC` or `DESC`.
    pub sort_order: Option<&'a str>,
    /// By this: `timeCreated` or `displayName`.
    pub sort_by: Option<&'a str>,
}

/// An instance as it was just created.
#[derive(Debug, Clone, PartialEq)]
pub struct Created {
    /// The instance.
    pub instance: ContainerInstance,
    /// By this is known what comes of it.
    pub work_request: Option<String>,
}

in_region!(ContainerInstances, "compute-containers", VERSION);

impl ContainerInstances {
    /// Creates an instance. Of several calls with one `retry_token`, within a day, one does.
    ///
    /// # Errors
    /// When the service refuses, as where there is no room: [`Error::is_capacity`].
    pub async fn create(&self, wanted: &CreateContainerInstance, retry_token: &str) -> Result<Created, Error> {
        let call = self.service.call("CreateContainerInstance", Method::POST, &["containerInstances"]);
        call.retry_token(retry_token)
            .json(wanted)
            .answered(async |answer| {
                let work_request = answer.work_request();
                Ok(Created { instance: answer.value().await?, work_request })
            })
            .await
    }

    /// An instance.
    ///
    /// # Errors
    /// When there is none of this id, or none that we may see.
    pub async fn get(&self, id: &str) -> Result<ContainerInstance, Error> {
        self.service.call("GetContainerInstance", Method::GET, &["containerInstances", id]).value().await
    }

    /// One page of the instances of a compartment. There is no filter by tags, and no containers are shown.
    ///
    /// # Errors
    /// When the service refuses.
    pub async fn list(&self, compartment: &str, filter: &Filter<'_>) -> Result<Page<InstanceSummary>, Error> {
        let call = self.service.call("ListContainerInstances", Method::GET, &["containerInstances"]);
        Page::of(filter.of(call.query("compartmentId", Some(compartment)))).await
    }

    /// All instances of a compartment, deleted ones too, for as long as the service shows them.
    ///
    /// # Errors
    /// When the service refuses.
    pub async fn list_all(&self, compartment: &str) -> Result<Vec<InstanceSummary>, Error> {
        Page::all("ListContainerInstances", |page| async move {
            let filter = Filter { limit: Some(PAGE), page: page.as_deref(), ..Filter::default() };
            self.list(compartment, &filter).await
        })
        .await
    }

    /// Deletes an instance, in whatever state; one that is not there is deleted already. What comes of it is known by a
    /// work request.
    ///
    /// # Errors
    /// When the service refuses.
    pub async fn delete(&self, id: &str) -> Result<Option<String>, Error> {
        let call = self.service.call("DeleteContainerInstance", Method::DELETE, &["containerInstances", id]);
        match call.send().await {
            Ok(answer) => Ok(answer.work_request()),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Stops an instance: its containers are asked to end, and get its grace time. What is on its `EMPTYDIR`s is lost.
    ///
    /// # Errors
    /// When the service refuses.
    pub async fn stop(&self, id: &str) -> Result<Option<String>, Error> {
        let path = ["containerInstances", id, "actions", "stop"];
        let call = self.service.call("StopContainerInstance", Method::POST, &path);
        // Stopped twice is stopped.
        Ok(call.harmless_twice(true).send().await?.work_request())
    }

    /// A container: here is how it ended.
    ///
    /// # Errors
    /// When there is none of this id, or none that we may see.
    pub async fn container(&self, id: &str) -> Result<Container, Error> {
        self.service.call("GetContainer", Method::GET, &["containers", id]).value().await
    }

    /// All containers of a compartment in a state, those of all instances.
    ///
    /// # Errors
    /// When the service refuses.
    pub async fn containers(&self, compartment: &str, state: Lifecycle) -> Result<Vec<ContainerSummary>, Error> {
        Page::all("ListContainers", |page| async move {
            let call = self.service.call("ListContainers", Method::GET, &["containers"]);
            let call = call.query("compartmentId", Some(compartment)).query("lifecycleState", Some(state.name()));
            Page::of(call.query("limit", Some(PAGE)).query("page", page)).await
        })
        .await
    }

    /// The last 256 KB of what a container wrote.
    ///
    /// # Errors
    /// When there is none of this id, or we may not see its log.
    pub async fn log(&self, container: &str) -> Result<Vec<u8>, Error> {
        let call =
            self.service.call("RetrieveLogs", Method::POST, &["containers", container, "actions", "retrieveLogs"]);
        let call = call.header("accept", Some("application/json, text/plain")).harmless_twice(true);
        call.answered(async |answer| answer.bytes(2 * LOG_BYTES).await).await
    }

    /// The shapes of a compartment.
    ///
    /// # Errors
    /// When the service refuses.
    pub async fn shapes(&self, compartment: &str) -> Result<Vec<Shape>, Error> {
        Page::all("ListContainerInstanceShapes", |page| async move {
            let call = self.service.call("ListContainerInstanceShapes", Method::GET, &["containerInstanceShapes"]);
            Page::of(call.query("compartmentId", Some(compartment)).query("page", page)).await
        })
        .await
    }

    /// How far a work request is.
    ///
    /// # Errors
    /// When there is none of this id, or none that we may see.
    pub async fn work_request(&self, id: &str) -> Result<WorkRequest, Error> {
        self.service.call("GetWorkRequest", Method::GET, &["workRequests", id]).value().await
    }

    /// Why a work request failed.
    ///
    /// # Errors
    /// When there is none of this id, or none that we may see.
    pub async fn work_request_errors(&self, id: &str) -> Result<Vec<WorkRequestError>, Error> {
        Page::all("ListWorkRequestErrors", |page| async move {
            let call = self.service.call("ListWorkRequestErrors", Method::GET, &["workRequests", id, "errors"]);
            Page::of(call.query("page", page)).await
        })
        .await
    }
}

impl Filter<'_> {
    fn of<'a>(&self, call: Call<'a>) -> Call<'a> {
        call.query("lifecycleState", self.lifecycle_state.as_ref().map(Lifecycle::name))
            .query("displayName", self.display_name)
            .query("availabilityDomain", self.availability_domain)
            .query("limit", self.limit)
            .query("page", self.page)
            .query("sortOrder", self.sort_order)
            .query("sortBy", self.sort_by)
    }
}
