//! The front door before Oracle Cloud: a queue, secrets of Vault, and controllers in container instances.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use monkeyci_core::transport::{Channel, Consumer, Message, Queue, Worked};
use monkeyci_core::trigger::Queued;
use oci_services::container_instances::{ContainerInstances, Lifecycle};
use oracle_emulator::{Fault, Oracle, settings::Place as NoRoom};
use tokio::runtime::Runtime;

use crate::front::{Front, SECRET, settings};
use crate::place::Place;

const COMMIT: &str = "89abcdef0123456789abcdef0123456789abcdef";
const QUEUE: &str = "ocid1.queue.oc1.eu-frankfurt-1.triggers";
const VAULT: &str = "ocid1.vaultsecret.oc1.eu-frankfurt-1.web";
const COMPARTMENT: &str = "ocid1.compartment.oc1..ci";

/// Oracle Cloud with a front door before it.
struct Cloud {
    runtime: Runtime,
    oracle: Oracle,
    front: Front,
}

impl Cloud {
    /// With these settings beside those of the queue.
    fn new(change: impl FnOnce(String, &Oracle) -> String) -> Self {
        let runtime = Runtime::new().expect("threads");
        let oracle = runtime.block_on(Oracle::start());
        oracle.state().queue(QUEUE, 30, 0);
        let place = Place::empty();
        let config = oracle.user().write(&place.repo().join("oci")).expect("written");
        let oci = format!("endpoint = \"{}\"\n[oci]\nconfig-file = \"{}\"\n[[hook]]", oracle.url(), config.display());
        let text = change(settings(QUEUE).replacen("[[hook]]", &oci, 1), &oracle);
        let front = Front::open(place, &text);
        Self { runtime, oracle, front }
    }

    /// Somebody else who is known there.
    fn client(&self, folder: &Path) -> oci_signer::Client {
        let config = self.oracle.user().write(folder).expect("written");
        let account = monkeyci_api::account::Account { config_file: Some(config), ..Default::default() };
        self.runtime.block_on(account.client()).expect("a client").0
    }

    fn queued(&self) -> usize {
        self.oracle.state().queued(QUEUE).0.len()
    }
}

#[test]
fn a_signed_push_goes_through_a_queue_to_whoever_builds_it() {
    let cloud = Cloud::new(|settings, _| settings);
    assert_eq!(cloud.front.push("d-1", COMMIT, "forged").status, 401);
    assert_eq!(cloud.queued(), 0, "the queue does not hear of what is forged");
    // It is busy, and one answer is lost: the forge hears nothing of that.
    cloud.oracle.state().faults.push_back(Fault::too_many(None).on("POST", "/messages"));
    cloud.oracle.state().faults.push_back(Fault::lost().on("POST", "/messages"));
    let answer = cloud.front.push("d-1", COMMIT, SECRET);
    assert_eq!(answer.status, 202, "{answer:?} {}", cloud.front.log());
    let key = answer.body["queued"][0].as_str().expect("a key").to_owned();

    let dir = tempfile::tempdir().expect("a folder");
    let messages = oci_services::queue::Queue::at(cloud.client(dir.path()), &cloud.oracle.url(), QUEUE);
    let hold = std::time::Duration::from_secs(60);
    let queue = std::sync::Arc::new(Queue::new(messages.expect("an address"), hold));
    let consumer = Consumer::new(queue, std::sync::Arc::new(Channel::new(hold)));
    let mut seen = Vec::new();
    cloud.runtime.block_on(async {
        loop {
            let worked = consumer.one(std::time::Duration::from_secs(1), async |message: &Message| {
                let queued: Queued = serde_json::from_value(message.data.clone()).map_err(|error| error.to_string())?;
                assert_eq!((message.id.as_str(), queued.key.as_str()), (key.as_str(), key.as_str()));
                assert_eq!(queued.trigger.branch(), Some("main"));
                seen.push(queued.key);
                Ok(())
            });
            match worked.await.expect("receives") {
                Worked::Idle => break,
                worked => assert_eq!(worked, Worked::Done),
            }
        }
    });
    assert!(!seen.is_empty() && seen.len() <= 2, "what came twice has one key: {seen:?}");
    assert_eq!(cloud.queued(), 0);
}

#[test]
fn a_secret_of_vault_may_be_replaced_while_deliveries_come() {
    let cloud = Cloud::new(|settings, oracle| {
        let both = format!("[\"vault:{VAULT}\", \"vault:{VAULT}#previous\"]");
        oracle.state().secrets.insert(VAULT.into(), vec![STANDARD.encode("the first secret\n")]);
        settings.replace("[\"env:WEB_SECRET\"]", &both).replacen(
            "endpoint =",
            &format!("vault-endpoint = \"{}\"\nendpoint =", oracle.url()),
            1,
        )
    });
    let answer = cloud.front.push("d-1", COMMIT, "the first secret");
    assert_eq!(answer.status, 202, "{answer:?} {}", cloud.front.log());
    assert_eq!(cloud.front.push("d-2", COMMIT, "a guess").status, 401);
    let log = cloud.front.log();
    assert!(!log.contains("the first secret"), "{log}");
    // Vault is not asked for each delivery, nor for each guess.
    let asked = || cloud.oracle.state().seen.iter().filter(|(target, _)| target.contains("secretbundles")).count();
    let before = asked();
    for number in 0..5 {
        cloud.front.push(&format!("g-{number}"), COMMIT, "a guess");
    }
    assert_eq!(asked(), before);
}

#[test]
fn a_controller_is_made_once_for_a_delivery_where_there_is_room() {
    let cloud = Cloud::new(|settings, oracle| {
        let mut state = oracle.state();
        let full = state.settings.availability_domains[0].clone();
        let domains = format!("{:?}", state.settings.availability_domains);
        state.settings.out_of_capacity.push(NoRoom { availability_domain: Some(full), shape: None });
        state.settings.entrypoints.insert("fra.ocir.io/acme/monkeyci:0.1".into(), vec!["/bin/true".into()]);
        format!(
            "{settings}[start.container]\ncompartment = \"{COMPARTMENT}\"\navailability-domains = {domains}\n\
             subnet = \"ocid1.subnet.oc1.eu-frankfurt-1.jobs\"\nimage = \"fra.ocir.io/acme/monkeyci:0.1\"\n\
             arguments = [\"run-build\", \"--store\", \"oci://acme/ci\"]\nendpoint = \"{}\"\n",
            oracle.url()
        )
    });
    let dir = tempfile::tempdir().expect("a folder");
    let instances = ContainerInstances::at(cloud.client(dir.path()), &cloud.oracle.url()).expect("an address");
    let list = || {
        let all = cloud.runtime.block_on(instances.list_all(COMPARTMENT)).expect("lists");
        all.into_iter()
            .filter(|one| !matches!(one.lifecycle_state, Lifecycle::Deleted | Lifecycle::Deleting))
            .collect::<Vec<_>>()
    };
    // It looks once as it begins, and would find what is put before that.
    crate::shell::until("it does not look", || {
        let looked =
            |(asked, status): &(String, u16)| asked.starts_with("GET") && asked.contains("/stats") && *status == 200;
        cloud.oracle.state().seen.iter().any(looked)
    });
    for _ in 0..2 {
        let answer = cloud.front.push("d-1", COMMIT, SECRET);
        assert_eq!(answer.status, 202, "{answer:?}");
    }
    let made = list();
    assert_eq!(made.len(), 1, "{made:?} {}", cloud.front.log());
    assert_eq!(made[0].freeform_tags.get("monkeyci-role").map(String::as_str), Some("controller"));
    let created = || {
        let seen = &cloud.oracle.state().seen;
        seen.iter()
            .filter(|(target, status)| target.starts_with("POST /20210415/containerInstances") && *status == 200)
            .count()
    };
    assert_eq!(created(), 2, "asked for twice, made once");

    // Nobody is started for what comes while there is no room at all; it is safe all the same.
    let everywhere = NoRoom { availability_domain: None, shape: None };
    cloud.oracle.state().settings.out_of_capacity = vec![everywhere];
    assert_eq!(cloud.front.push("d-2", COMMIT, SECRET).status, 202);
    assert!(cloud.front.log().contains("no availability domain has room"), "{}", cloud.front.log());
    assert_eq!(cloud.queued(), 3);

    // Limits are told with their names: whoever reads the log knows what to ask for.
    {
        let settings = &mut cloud.oracle.state().settings;
        settings.out_of_capacity.clear();
        settings.limits.insert("standard-a1-core-count".into(), 0);
    }
    assert_eq!(cloud.front.push("d-3", COMMIT, SECRET).status, 202);
    assert!(cloud.front.log().contains("exceeded: standard-a1-core-count"), "{}", cloud.front.log());
}
