//! Oracle Cloud, as the double of it that runs containers as processes of this machine.

use std::sync::Arc;
use std::time::Duration;

use monkeyci_core::attempt::Attempt;
use monkeyci_core::executor::Oci;
use monkeyci_core::executor::oci::Settings;
use monkeyci_core::sidecar::{Attendant, HttpDepot, ORDER, Order};
use oci_services::container_instances::{ContainerInstances, InstanceSummary};
use oci_services::object_storage::ObjectStorage;
use oci_signer::{Client, ConfigFile, Principal, Resource, Signer};
use oracle_emulator::Oracle;
use tokio_util::sync::CancellationToken;

use crate::fixture::Fixture;
use crate::gate;

/// The image of jobs, which is only a name to the double: the machine's own files are in it.
pub const IMAGE: &str = "registry.example.com/tools:1";
/// The image of the sidecar.
const SIDECAR: &str = "registry.example.com/monkeyci:1";
const BUCKET: &str = "monkeyci";
const COMPARTMENT: &str = "ocid1.compartment.oc1..aaaa";

/// By these this program knows that it is to be a sidecar: where its order is, and of which Object Storage.
const PLACE: &str = "MONKEYCI_CONTRACT_ORDER";
const STORAGE: &str = "MONKEYCI_CONTRACT_STORAGE";

/// The double, and how it is reached.
pub struct Cloud {
    pub oracle: Oracle,
    pub settings: Settings,
    pub client: Client,
}

impl Cloud {
    /// A double where there is room, with a bucket and a sidecar.
    pub async fn start(home: &std::path::Path) -> Self {
        let oracle = Oracle::start().await;
        let config = oracle.user().write(&home.join("oci")).expect("a configuration file");
        let profile = ConfigFile::read(&config).and_then(|file| file.profile("DEFAULT")).expect("a profile");
        let client = Client::new(Signer::new(Principal::of_profile(profile).expect("a user"))).expect("a client");
        let program = std::env::current_exe().expect("this program").display().to_string();
        // Its arguments are those of `monkeyci`: `sidecar --oci PLACE --endpoint URL`.
        let script =
            format!("{PLACE}=\"$3\" {STORAGE}=\"$5\" exec '{program}' --exact oracle::this_is_the_sidecar --nocapture");
        let settings = {
            let mut state = oracle.state();
            state.bucket(BUCKET);
            let entrypoint = ["/bin/sh", "-c", &script, "monkeyci"].map(str::to_owned).to_vec();
            state.settings.entrypoints.insert(SIDECAR.into(), entrypoint);
            Settings {
                region: state.settings.region.clone(),
                compartment: COMPARTMENT.into(),
                availability_domains: state.settings.availability_domains.clone(),
                shapes: ["CI.Standard.E4.Flex", "CI.Standard.E5.Flex"].map(Into::into).to_vec(),
                subnets: vec!["ocid1.subnet.oc1.eu-frankfurt-1.aaaa".into()],
                security_groups: Vec::new(),
                public_ip: false,
                sidecar_image: SIDECAR.into(),
                namespace: state.settings.namespace.clone(),
                bucket: BUCKET.into(),
                pull_secrets: Default::default(),
                patience: Duration::from_secs(60),
                poll: Duration::from_millis(300),
                instances_endpoint: Some(oracle.url()),
                storage_endpoint: Some(oracle.url()),
            }
        };
        Self { oracle, settings, client }
    }

    /// An executor of its own, as another process has it.
    pub fn executor(&self) -> Oci {
        Oci::new(self.settings.clone(), self.client.clone()).expect("fit settings")
    }

    /// Asks the double itself.
    pub fn instances(&self) -> ContainerInstances {
        ContainerInstances::at(self.client.clone(), &self.oracle.url()).expect("an address")
    }

    /// The instances that are there and are not being deleted.
    pub async fn there(&self) -> Vec<InstanceSummary> {
        let all = self.instances().list_all(COMPARTMENT).await.expect("a list");
        all.into_iter().filter(|one| !one.lifecycle_state.is_gone()).collect()
    }

    /// What is left of an attempt: instances and objects.
    pub async fn left(&self, attempt: &Attempt) -> Vec<String> {
        let (name, prefix) = (attempt.name(), format!("jobs/{}/", attempt.name()));
        let instances = self.there().await.into_iter().map(|one| one.display_name).filter(|known| *known == name);
        let objects = self.oracle.state().objects(BUCKET).into_iter().filter(|object| object.starts_with(&prefix));
        instances.chain(objects).collect()
    }

    /// Has the double do something to an instance: `fail` or `vanish`.
    pub async fn have(&self, instance: &str, what: &str) {
        let url = format!("{}/_control/instances/{instance}/{what}", self.oracle.url());
        let body = r#"{"lifecycleDetails": "the host caught fire"}"#;
        let answer = self.client.http().post(url).body(body).send().await.expect("an answer");
        assert!(answer.status().is_success(), "{answer:?}");
    }
}

/// The executor of Oracle Cloud, over the double.
pub async fn fixture() -> Option<Fixture> {
    if !rustix::process::geteuid().is_root() {
        gate::skip("root", "the double of Oracle Cloud makes containers of processes, which takes root");
        return None;
    }
    let home = tempfile::tempdir().expect("a folder");
    let cloud = Cloud::start(home.path()).await;
    Some(Fixture::of_cloud(home, Arc::new(cloud)))
}

/// No story: this is what runs in the sidecar's container.
#[tokio::test]
async fn this_is_the_sidecar() {
    let (Ok(place), Ok(storage)) = (std::env::var(PLACE), std::env::var(STORAGE)) else { return };
    let resource = Resource::from_env().expect("a resource principal");
    let client = Client::new(Signer::new(Principal::Resource(resource))).expect("a client");
    let storage = ObjectStorage::at(client, &storage).expect("an address");
    let (bucket, prefix) = place.split_once('/').expect("a bucket and a prefix");
    let bucket = storage.bucket(storage.namespace().await.expect("a namespace"), bucket);
    let found = bucket.get(&format!("{prefix}{ORDER}"), None, None).await.expect("Object Storage");
    let order = found.expect("an order").bytes(1 << 20).await.expect("an order");
    let order = Order::from_json(&order).expect("an order");
    let depot = HttpDepot::new(&order.depot, None).expect("an address");
    let attendant = Attendant::new(order, Arc::new(depot), "/nowhere");
    attendant.attend(&CancellationToken::new()).await.expect("the job is attended");
}
