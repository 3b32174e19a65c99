//! What an instance is made of.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use serde_json::{Map, Value};

use super::health::HealthCheck;
use super::security::{ContainerSecurity, InstanceSecurity};
use super::volume::{Volume, VolumeMount};

/// What an instance is made of. All of it but the passwords of registries is shown to whoever may read the instance.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateContainerInstance {
    /// Its name: at most 255 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// The compartment that it is made in.
    pub compartment_id: String,
    /// The availability domain that it runs in.
    pub availability_domain: String,
    /// The part of that which it runs in; any when none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault_domain: Option<String>,
    /// Its kind of machine.
    pub shape: String,
    /// How much of that it gets.
    pub shape_config: ShapeConfig,
    /// What its containers share: at most 32.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub volumes: Vec<Volume>,
    /// Its containers, which start together: 1 to 60.
    pub containers: Vec<CreateContainer>,
    /// Its networks: exactly one.
    pub vnics: Vec<Vnic>,
    /// Where names are looked up; as in its network when none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dns_config: Option<DnsConfig>,
    /// Seconds between asking its containers to end and killing them; none at all when that is not said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub graceful_shutdown_timeout_in_seconds: Option<u64>,
    /// Who we are at private registries.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub image_pull_secrets: Vec<ImagePullSecret>,
    /// When containers are started again; always when that is not said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container_restart_policy: Option<RestartPolicy>,
    /// What is written on it.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub freeform_tags: BTreeMap<String, String>,
    /// What is written on it by the tenancy's own namespaces of tags.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub defined_tags: BTreeMap<String, Map<String, Value>>,
    /// What holds for all its volumes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub security_context: Option<InstanceSecurity>,
}

/// How much of a machine an instance gets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct ShapeConfig {
    /// Processors: an OCPU is two virtual ones on x86, and one on ARM.
    pub ocpus: f64,
    /// Memory, in GB.
    #[serde(rename = "memoryInGBs", skip_serializing_if = "Option::is_none")]
    pub memory_in_gbs: Option<f64>,
}

/// What a container is made of.
#[derive(Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateContainer {
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Its image.
    pub image_url: String,
    /// In place of the image's entrypoint.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<String>,
    /// In place of the image's arguments: at most 64 KB.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub arguments: Vec<String>,
    /// The folder that it begins in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub working_directory: Option<String>,
    /// Its variables: at most 64 KB.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub environment_variables: BTreeMap<String, String>,
    /// The volumes that it sees.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub volume_mounts: Vec<VolumeMount>,
    /// Whether it has no rights in the cloud; it has those of the instance when that is not said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_resource_principal_disabled: Option<bool>,
    /// How much of the instance it may use; all of it when that is not said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_config: Option<ResourceConfig>,
    /// How it is known to be well.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub health_checks: Vec<HealthCheck>,
    /// As whom it runs, and what it may do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub security_context: Option<ContainerSecurity>,
    /// What is written on it.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub freeform_tags: BTreeMap<String, String>,
}

/// How much of an instance a container may use.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct ResourceConfig {
    /// Virtual processors.
    #[serde(rename = "vcpusLimit", skip_serializing_if = "Option::is_none")]
    pub vcpus_limit: Option<f64>,
    /// Memory, in GB.
    #[serde(rename = "memoryLimitInGBs", skip_serializing_if = "Option::is_none")]
    pub memory_limit_in_gbs: Option<f64>,
}

/// The network of an instance.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Vnic {
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// The name of the instance in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hostname_label: Option<String>,
    /// Whether it is reached from outside.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_public_ip_assigned: Option<bool>,
    /// Whether it may send for others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skip_source_dest_check: Option<bool>,
    /// The security groups that it is in.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub nsg_ids: Vec<String>,
    /// Its address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub private_ip: Option<String>,
    /// The subnet that it is in.
    pub subnet_id: String,
}

/// Where names are looked up.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct DnsConfig {
    /// Addresses of servers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub nameservers: Vec<String>,
    /// Domains that short names are looked for in.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub searches: Vec<String>,
    /// Options of the resolver.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<String>,
}

/// Who we are at a private registry.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "secretType", rename_all_fields = "camelCase")]
pub enum ImagePullSecret {
    /// By name and password.
    #[serde(rename = "BASIC")]
    Basic {
        /// The registry's host.
        registry_endpoint: String,
        /// The name, in base64.
        username: String,
        /// The password, in base64.
        password: String,
    },
    /// By a secret of Vault, `{"username": …, "password": …}`.
    #[serde(rename = "VAULT")]
    Vault {
        /// The registry's host.
        registry_endpoint: String,
        /// The id of the secret.
        secret_id: String,
    },
}

/// When containers are started again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RestartPolicy {
    /// Whenever they end.
    Always,
    /// Never.
    Never,
    /// When they end with another code than 0.
    OnFailure,
}

/// Without values of variables and arguments, which may be anything.
impl fmt::Debug for CreateContainer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { display_name, image_url, environment_variables, .. } = self;
        let variables: Vec<_> = environment_variables.keys().collect();
        f.debug_struct("CreateContainer")
            .field("display_name", display_name)
            .field("image_url", image_url)
            .field("environment_variables", &variables)
            .finish_non_exhaustive()
    }
}

/// Without the password.
impl fmt::Debug for ImagePullSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Basic { registry_endpoint, .. } => {
                f.debug_struct("Basic").field("registry_endpoint", registry_endpoint).finish_non_exhaustive()
            }
            Self::Vault { registry_endpoint, secret_id } => f
                .debug_struct("Vault")
                .field("registry_endpoint", registry_endpoint)
                .field("secret_id", secret_id)
                .finish(),
        }
    }
}
