//! Events that a server publishes in Oracle Cloud, and what the doctor says of all that builds stand on there.

use std::collections::BTreeSet;

use monkeyci_api::account::Account;
use monkeyci_api::config::Events;
use monkeyci_api::doctor::Health;
use monkeyci_api::doctor::tenancy::{Tenancy, examine};
use monkeyci_api::table::followed::{self, Reader};
use oracle_emulator::{Fault, Oracle};
use serde_json::{Value, json};

use super::house::House;

const QUEUE: &str = "ocid1.queue.oc1.eu-frankfurt-1.aaaa";
const BUILDS: &str = "/v1/orgs/acme/repos/web/builds";
const SCRIPT: &str = "[{id: greet, script: ['echo hello']}]";

/// Oracle Cloud, and somebody who is known there.
async fn cloud() -> (Oracle, tempfile::TempDir, Account) {
    let (oracle, dir) = (Oracle::start().await, tempfile::tempdir().expect("a folder"));
    let config = oracle.user().write(dir.path()).expect("written");
    (oracle, dir, Account { config_file: Some(config), ..Account::default() })
}

/// What was published, in the order in which it came.
fn published(oracle: &Oracle) -> Vec<Value> {
    let (contents, _) = oracle.state().queued(QUEUE);
    contents.iter().map(|text| serde_json::from_str(text).expect("a message")).collect()
}

/// Waits until the ends of so many builds are published.
async fn ends_are_told(oracle: &Oracle, builds: usize) {
    let ends = || {
        let ends = published(oracle).into_iter().filter(|message| message["type"] == "build/end");
        ends.map(|message| message["subject"].to_string()).collect::<BTreeSet<_>>().len()
    };
    let begun = std::time::Instant::now();
    while ends() < builds {
        assert!(begun.elapsed().as_secs() < 60, "{:#?}", published(oracle));
        tokio::time::sleep(std::time::Duration::from_millis(10)).await; // poll
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_happens_in_builds_is_published_to_a_queue() {
    let (oracle, _dir, oci) = cloud().await;
    oracle.state().queue(QUEUE, 30, 0);
    // It is busy at first, and its first answer is lost.
    oracle.state().faults.push_back(Fault::lost().on("POST", "/messages"));
    oracle.state().faults.push_back(Fault::too_many(None).on("POST", "/messages"));
    let events = Events { to: Some(QUEUE.into()), endpoint: Some(oracle.url()), oci };
    let mut house = House::with(SCRIPT, move |config| config.events = events.clone()).await;
    house.post(BUILDS, json!({})).await.must(201);
    house.ended(1).await;
    ends_are_told(&oracle, 1).await;
    let told = published(&oracle);
    let positions: Vec<u64> = told.iter().map(|message| message["data"]["position"].as_u64().expect("one")).collect();
    let each: BTreeSet<u64> = positions.iter().copied().collect();
    assert_eq!(each, (1..=*each.last().expect("some")).collect(), "none is missing: {positions:?}");
    for message in &told {
        assert_eq!((&message["specversion"], &message["subject"]), (&json!("1.0"), &json!("acme/web/build-1")));
        assert_eq!(message["id"], message["data"]["position"].to_string(), "what comes twice is known by its id");
    }

    // A server that is started again publishes what follows, and not all of it once more.
    let last = *each.last().expect("some");
    let noted = async || {
        let read = house.state().tables.read(|sql| followed::position(sql, Reader::Publish));
        read.await.expect("reads") >= last
    };
    let begun = std::time::Instant::now();
    while !noted().await {
        assert!(begun.elapsed().as_secs() < 60, "how far it is, is not noted");
        tokio::time::sleep(std::time::Duration::from_millis(10)).await; // poll
    }
    let before = published(&oracle).len();
    house.again().await;
    house.post(BUILDS, json!({})).await.must(201);
    house.ended(2).await;
    ends_are_told(&oracle, 2).await;
    let told = published(&oracle);
    let again = told[before..].iter().filter(|message| message["subject"] == "acme/web/build-1").count();
    assert!(again < before, "at the most what was not noted comes again: {told:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_builds_stand_on_is_looked_at_and_told_with_what_to_do() {
    let (oracle, _dir, account) = cloud().await;
    let subnet = "ocid1.subnet.oc1.eu-frankfurt-1.jobs";
    let tenancy = Tenancy {
        account,
        endpoint: Some(oracle.url()),
        compartment: Some("ocid1.compartment.oc1..ci".into()),
        subnet: Some(subnet.into()),
        queue: Some(QUEUE.into()),
        bucket: Some("ci".into()),
    };
    let look = async || {
        let found = examine(&tenancy).await;
        found.into_iter().map(|finding| (finding.what, finding.health, finding.told)).collect::<Vec<_>>()
    };
    let find = |found: &[(&'static str, Health, String)], what: &str| {
        let found = found.iter().find(|(name, ..)| *name == what).expect("it was looked at");
        (found.1, found.2.clone())
    };

    // Nothing is there yet, or may be used: these look alike.
    let found = look().await;
    for (what, policy) in
        [("network", "use virtual-network-family"), ("queue", "use queues"), ("bucket", "manage object-family")]
    {
        let (health, told) = find(&found, what);
        assert!(health == Health::Bad && told.contains(policy), "{told}");
    }
    assert_eq!(find(&found, "container instances").0, Health::Good, "{found:?}");
    assert!(find(&found, "shapes").1.contains("CI.Standard"), "{found:?}");

    {
        let mut state = oracle.state();
        state.queue(QUEUE, 30, 0);
        state.bucket("ci");
        state.subnet(subnet, true, &[("natgateway", "0.0.0.0/0"), ("servicegateway", "all-fra-services")]);
        let forbidden = Fault::missing().on("GET", "/containerInstances?").times(1);
        state.faults.push_back(forbidden);
    }
    let found = look().await;
    for what in ["network", "queue"] {
        assert_eq!(find(&found, what).0, Health::Good, "{found:?}");
    }
    assert_ne!(find(&found, "bucket").0, Health::Bad, "{found:?}");
    let (health, told) = find(&found, "container instances");
    assert!(health == Health::Bad && told.contains("manage compute-container-family"), "{told}");

    // How much room there is, for each kind of machine and each availability domain.
    let limits = async || {
        let found = look().await.into_iter().filter(|(what, ..)| *what == "limits");
        found.map(|(_, health, told)| (health, told)).collect::<Vec<_>>()
    };
    let found = limits().await;
    assert!(found.len() == 4 && found.iter().all(|(health, _)| *health == Health::Good), "{found:?}");
    let domain = "Uocm:EU-FRANKFURT-1-AD-1";
    let all = format!("CI.Standard.E4.Flex: {domain} has 2000 of 2000 OCPUs and 32000 of 32000 GB; ");
    assert!(found.iter().any(|(_, told)| told.starts_with(&all)), "{found:?}");
    {
        let settings = &mut oracle.state().settings;
        settings.limits.insert("standard-e4-core-count".into(), 0);
        settings.quotas.insert("standard-e5-memory-count".into(), 20);
    }
    let found = limits().await;
    assert!(
        found.iter().any(|(_, told)| told.contains("384 of 384 OCPUs and 20 of 20 GB")),
        "a quota allows less: {found:?}"
    );
    let (health, told) = found.last().expect("what there is no room for");
    assert!(*health == Health::Doubtful && told.contains("no room for CI.Standard.E4.Flex: "), "{told}");
    oracle.state().settings.limits.values_mut().for_each(|most| *most = 0);
    let found = limits().await;
    assert!(
        matches!(&found[..], [(Health::Bad, told)] if told.contains("no job") && told.contains("console")),
        "{found:?}"
    );
    oracle.state().faults.push_back(Fault::missing().on("GET", "/limitValues").times(1));
    let found = limits().await;
    assert!(
        matches!(&found[..], [(Health::Doubtful, told)] if told.contains("read resource-availability")),
        "{found:?}"
    );

    for (routes, is_private, health, advice) in [
        (&[][..], true, Health::Bad, "NAT gateway"),
        (&[("internetgateway", "0.0.0.0/0")][..], true, Health::Bad, "public addresses"),
        (&[("internetgateway", "0.0.0.0/0")][..], false, Health::Doubtful, "public addresses"),
        (&[("natgateway", "0.0.0.0/0")][..], true, Health::Doubtful, "service gateway"),
    ] {
        oracle.state().subnet(subnet, is_private, routes);
        let (seen, told) = find(&look().await, "network");
        assert!(seen == health && told.contains(advice), "{told}");
    }
}
