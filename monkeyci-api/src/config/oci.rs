//! Where in Oracle Cloud jobs run.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use monkeyci_core::executor::oci::Settings;
use monkeyci_core::executor::route::Connect;
use monkeyci_core::executor::{Executor, ExecutorError, Oci};
use oci_services::object_storage::ObjectStorage;
use serde::{Deserialize, Serialize};

use crate::account::Account;

/// Container instances of Oracle Cloud, in which jobs run where `engine` is `oci`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct ContainerInstances {
    /// The id of the compartment that they are made in. Nothing of anybody else's in it is touched.
    #[cfg_attr(feature = "schema", schemars(example = "ocid1.compartment.oc1..aaaa"))]
    pub compartment: Option<String>,
    /// The availability domains that are tried in turn, as `Uocm:EU-FRANKFURT-1-AD-1`.
    pub availability_domains: Vec<String>,
    /// The shapes that are tried in turn, of those that have the architecture of the job: those of ARM are called as `A1`.
    pub shapes: Vec<String>,
    /// The id of their subnet: one for all availability domains, or one for each of them in the same order.
    pub subnets: Vec<String>,
    /// The ids of the network security groups that they are in.
    pub security_groups: Vec<String>,
    /// Whether they have an address that the internet can send to. Without one, the subnet needs a gateway to it.
    pub public_ip: bool,
    /// The image of the sidecar, which is that of MonkeyCI itself.
    #[cfg_attr(feature = "schema", schemars(example = "fra.ocir.io/acme/monkeyci:0.1"))]
    pub sidecar_image: Option<String>,
    /// The bucket that workspaces and reports go through, under `jobs/`.
    #[cfg_attr(feature = "schema", schemars(example = &"monkeyci"))]
    pub bucket: Option<String>,
    /// The namespace of the bucket; that of whoever asks when that is not said.
    #[cfg_attr(feature = "schema", schemars(example = &"acme"))]
    pub namespace: Option<String>,
    /// The ids of secrets of Vault that hold credentials of private registries, by the registry's host. What an organisation
    /// has for a host comes before.
    pub pull_secrets: BTreeMap<String, String>,
    /// Minutes that a job waits for room.
    pub wait_minutes: u32,
    /// Seconds between two looks at all instances of the compartment.
    pub poll_seconds: u32,
    /// Where instances are made, for a private endpoint; the address of the region's service when that is not said.
    #[cfg_attr(
        feature = "schema",
        schemars(example = "https://compute-containers.eu-frankfurt-1.oci.oraclecloud.com")
    )]
    pub instances_endpoint: Option<String>,
    /// Where the bucket is, for a private endpoint; the address of the region's service when that is not said.
    #[cfg_attr(feature = "schema", schemars(example = "https://objectstorage.eu-frankfurt-1.oraclecloud.com"))]
    pub storage_endpoint: Option<String>,
    /// As whom they are made.
    pub account: Account,
}

impl Default for ContainerInstances {
    fn default() -> Self {
        Self {
            compartment: None,
            availability_domains: Vec::new(),
            shapes: Settings::SHAPES.map(Into::into).to_vec(),
            subnets: Vec::new(),
            security_groups: Vec::new(),
            public_ip: false,
            sidecar_image: None,
            bucket: None,
            namespace: None,
            pull_secrets: BTreeMap::new(),
            wait_minutes: whole(Settings::PATIENCE.as_secs() / 60),
            poll_seconds: whole(Settings::POLL.as_secs()),
            instances_endpoint: None,
            storage_endpoint: None,
            account: Account::default(),
        }
    }
}

fn whole(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

impl ContainerInstances {
    /// Reads them from TOML.
    ///
    /// # Errors
    /// What is wrong and where, in words for people.
    pub fn from_toml(text: &str) -> Result<Self, String> {
        let read: Self = toml::from_str(text).map_err(|error| error.to_string().trim_end().to_owned())?;
        read.check()?;
        Ok(read)
    }

    /// Looks for what cannot be used.
    ///
    /// # Errors
    /// The first key that is wrong, and why.
    pub fn check(&self) -> Result<(), String> {
        if self.poll_seconds == 0 {
            return Err("poll-seconds: 0 would ask without end".into());
        }
        // Those that are only known once somebody was asked are as good as any.
        self.settings("region", "namespace").check()
    }

    fn settings(&self, region: &str, namespace: &str) -> Settings {
        let said = |value: &Option<String>| value.clone().unwrap_or_default();
        Settings {
            region: region.to_owned(),
            compartment: said(&self.compartment),
            availability_domains: self.availability_domains.clone(),
            shapes: self.shapes.clone(),
            subnets: self.subnets.clone(),
            security_groups: self.security_groups.clone(),
            public_ip: self.public_ip,
            sidecar_image: said(&self.sidecar_image),
            namespace: self.namespace.clone().unwrap_or_else(|| namespace.to_owned()),
            bucket: said(&self.bucket),
            pull_secrets: self.pull_secrets.clone(),
            patience: Duration::from_secs(u64::from(self.wait_minutes) * 60),
            poll: Duration::from_secs(u64::from(self.poll_seconds)),
            instances_endpoint: self.instances_endpoint.clone(),
            storage_endpoint: self.storage_endpoint.clone(),
        }
    }

    /// The executor of it.
    ///
    /// # Errors
    /// What is wrong, in words for people: a key, who asks, or that nobody answers.
    pub async fn open(&self) -> Result<Oci, String> {
        self.check()?;
        let (client, region) = self.account.client().await.map_err(|error| format!("account: {error}"))?;
        let mut settings = self.settings(&region, "");
        if self.namespace.is_none() {
            let storage = match &self.storage_endpoint {
                Some(endpoint) => ObjectStorage::at(client.clone(), endpoint),
                None => ObjectStorage::in_region(client.clone(), &region),
            };
            let storage = storage.map_err(|error| format!("storage-endpoint: {error}"))?;
            let namespace = storage.namespace().await;
            settings.namespace = namespace.map_err(|error| format!("the namespace of Object Storage: {error}"))?;
        }
        Oci::new(settings, client)
    }

    /// The same once the first job needs it.
    #[must_use]
    pub fn lazily(&self) -> Connect {
        let this = self.clone();
        Box::new(move || {
            let this = this.clone();
            async move {
                let opened = this.open().await;
                let opened = opened.map_err(|reason| ExecutorError::Engine { what: "Oracle Cloud", reason })?;
                Ok(Arc::new(opened) as Arc<dyn Executor>)
            }
            .boxed()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = "compartment = \"ocid1.compartment.oc1..aaaa\"\navailability-domains = [\"AD-1\"]\n\
        subnets = [\"ocid1.subnet.oc1..aaaa\"]\nsidecar-image = \"fra.ocir.io/acme/monkeyci:1\"\nbucket = \"monkeyci\"\n";

    #[test]
    fn what_is_missing_or_wrong_is_named() {
        assert!(ContainerInstances::from_toml(WHOLE).is_ok());
        for (text, told) in [
            ("", "compartment: "),
            (&WHOLE.replace("bucket", "# bucket"), "bucket: it is missing"),
            (&WHOLE.replace("ocid1.subnet", "ocid1.vcn"), "subnets: `ocid1.vcn.oc1..aaaa` is no id"),
            (&format!("{WHOLE}poll-seconds = 0\n"), "poll-seconds: "),
            (&format!("{WHOLE}shape = \"E4\"\n"), "unknown field `shape`"),
            (&format!("{WHOLE}[account]\nauth = \"magic\"\n"), "unknown variant `magic`"),
        ] {
            let error = ContainerInstances::from_toml(text).expect_err("refused");
            assert!(error.contains(told), "{error}");
        }
    }
}
