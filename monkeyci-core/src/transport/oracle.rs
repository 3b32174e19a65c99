//! Queues and streams against the double of Oracle Cloud, which fails as the real one may.

use std::sync::atomic::{AtomicU32, Ordering};

use oci_services::{Retry, queue, streaming};
use oci_signer::{Client, ConfigFile, Principal, Signer};
use oracle_emulator::{Fault, Oracle};
use serde_json::json;

use super::contract::holds;
use super::cursor::{Cursors, InMemory, InTables, MIGRATIONS};
use super::*;
use crate::store::{Sqlite, Tables};

/// How long a test waits for what must come.
const SOON: Duration = Duration::from_secs(20);

/// Somebody who signs.
async fn client(oracle: &Oracle) -> Client {
    let dir = tempfile::tempdir().expect("a folder");
    let path = oracle.user().write(dir.path()).expect("written");
    let profile = ConfigFile::find(Some(&path)).expect("reads").profile("DEFAULT").expect("is there");
    let principal = Principal::of_profile(profile).expect("is whole");
    let signer = Signer::new(principal);
    // The key is read before its file is gone.
    signer.identity().await.expect("a key");
    Client::new(signer).expect("a client")
}

/// Tries again soon, and not for long.
fn quick(service: oci_services::Service) -> oci_services::Service {
    service.retrying(Retry { attempts: 6, base: Duration::from_millis(5), ..Retry::default() })
}

fn queue_of(oracle: &Oracle, client: Client, number: u32, hold: Duration) -> Queue {
    let id = format!("ocid1.queue.oc1.eu-frankfurt-1.q{number}");
    oracle.state().queue(&id, 30, 0);
    Queue::new(queue::Queue::at(client, &oracle.url(), &id).expect("an address").with(quick), hold)
}

fn stream_of(
    oracle: &Oracle,
    client: Client,
    number: u32,
    cursors: std::sync::Arc<dyn Cursors>,
    hold: Duration,
) -> Stream {
    let id = format!("ocid1.stream.oc1.eu-frankfurt-1.s{number}");
    oracle.state().stream(&id, 3);
    let stream = streaming::Stream::at(client, &oracle.url(), &id).expect("an address").with(quick);
    Stream::new(stream, 3, "test", cursors, hold)
}

fn messages(ids: std::ops::Range<u32>) -> Vec<Message> {
    let of = |id: u32| Message {
        id: id.to_string(),
        source: "test".into(),
        kind: "build/end".into(),
        subject: format!("acme/web/build-{}", id % 7),
        data: json!({ "id": id }),
    };
    ids.map(of).collect()
}

/// Receives and removes all there is; the ids, as often as they came.
async fn drain(transport: &dyn Transport) -> Vec<u32> {
    let mut all = Vec::new();
    loop {
        let parcels = transport.receive(10, Duration::from_millis(1500)).await.expect("receives");
        if parcels.is_empty() {
            return all;
        }
        all.extend(parcels.iter().map(|parcel| parcel.message().expect("one").id.parse::<u32>().expect("a number")));
        transport.remove(&parcels).await.expect("removes");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_holds() {
    let oracle = Oracle::start().await;
    let (client, count) = (client(&oracle).await, AtomicU32::new(0));
    holds(async |hold| queue_of(&oracle, client.clone(), count.fetch_add(1, Ordering::Relaxed), hold)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_holds() {
    let oracle = Oracle::start().await;
    let (client, count) = (client(&oracle).await, AtomicU32::new(0));
    holds(async |hold| {
        let cursors = std::sync::Arc::new(InMemory::default());
        stream_of(&oracle, client.clone(), count.fetch_add(1, Ordering::Relaxed), cursors, hold)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_where_answers_are_and_services_are_busy() {
    let oracle = Oracle::start().await;
    let client = client(&oracle).await;
    let cursors = std::sync::Arc::new(InMemory::default());
    let queue: Box<dyn Transport> = Box::new(queue_of(&oracle, client.clone(), 1, Duration::from_secs(60)));
    let stream: Box<dyn Transport> = Box::new(stream_of(&oracle, client, 1, cursors, Duration::from_secs(60)));
    for transport in [queue, stream] {
        let faults = [
            Fault::lost().on("POST", "/messages"),
            Fault::too_many(None).on("POST", "/messages").after(1),
            Fault::refuse(503, "ServiceUnavailable", "told to").on("POST", "/messages").after(2),
        ];
        oracle.state().faults.extend(faults);
        transport.publish(&messages(0..100)).await.expect("publishes");
        // One in five of whatever comes in batches fails from now on.
        oracle.state().settings.fail_every = 5;
        transport.publish(&messages(100..150)).await.expect("publishes");
        let mut all = drain(&*transport).await;
        oracle.state().settings.fail_every = 0;
        all.extend(drain(&*transport).await);
        all.sort_unstable();
        assert!(all.len() >= 150, "some may come twice, none is lost: {}", all.len());
        all.dedup();
        assert_eq!(all, (0..150).collect::<Vec<_>>());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_delivered_to_two_is_known_by_its_id() {
    let oracle = Oracle::start().await;
    let queue = queue_of(&oracle, client(&oracle).await, 1, Duration::from_secs(60));
    queue.publish(&messages(0..20)).await.expect("publishes");
    oracle.state().settings.redeliver_every = 4;
    let of = |parcels: &[Parcel]| -> Vec<String> {
        parcels.iter().map(|parcel| parcel.message().expect("one").id).collect()
    };
    let (first, second) = (queue.receive(20, SOON).await, queue.receive(20, SOON).await);
    let (first, second) = (first.expect("receives"), second.expect("receives"));
    let (all, again) = (of(&first), of(&second));
    assert!(all.len() == 20 && !again.is_empty() && again.iter().all(|id| all.contains(id)), "{all:?} {again:?}");
    oracle.state().settings.redeliver_every = 0;
    // Both have dealt with it, and both say so.
    queue.remove(&second).await.expect("removes");
    queue.remove(&first).await.expect("removes");
    assert_eq!(oracle.state().queued("ocid1.queue.oc1.eu-frankfurt-1.q1").0, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_held_a_message_for_too_long_is_told() {
    let oracle = Oracle::start().await;
    let queue = queue_of(&oracle, client(&oracle).await, 1, Duration::from_secs(60));
    queue.publish(&messages(1..2)).await.expect("publishes");
    let held = queue.receive(1, SOON).await.expect("receives");
    queue.extend(&held).await.expect("it is ours");
    assert_eq!(queue.waiting().await, Ok(Some(0)));
    oracle.clock().advance(Duration::from_secs(61));
    let again = queue.receive(1, SOON).await.expect("receives");
    assert_eq!((again[0].deliveries, again.len()), (2, 1));
    assert_eq!(queue.extend(&held).await, Err(TransportError::Lost));
    queue.remove(&again).await.expect("removes");
    queue.remove(&held).await.expect("it is gone, which is what was wanted");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_of_a_stream_goes_on_where_it_was() {
    let oracle = Oracle::start().await;
    let (client, dir) = (client(&oracle).await, tempfile::tempdir().expect("a folder"));
    let open = async || {
        let store = Sqlite::open(dir.path().join("db")).expect("opens");
        let tables = Tables::open(std::sync::Arc::new(store), "transport", MIGRATIONS).await.expect("opens");
        let cursors = std::sync::Arc::new(InTables::new(tables));
        stream_of(&oracle, client.clone(), 1, cursors, Duration::from_secs(60))
    };
    let mut seen = Vec::new();
    {
        let stream = open().await;
        stream.publish(&messages(0..40)).await.expect("publishes");
        for _ in 0..3 {
            let parcels = stream.receive(5, SOON).await.expect("receives");
            seen.extend(
                parcels.iter().map(|parcel| parcel.message().expect("one").id.parse::<u32>().expect("a number")),
            );
            stream.remove(&parcels).await.expect("removes");
        }
        // What is received and not removed is nobody's once the process is gone.
        assert!(!stream.receive(5, SOON).await.expect("receives").is_empty());
    }
    let stream = open().await;
    let first = stream.receive(1, SOON).await.expect("receives");
    assert_eq!(first[0].deliveries, 2, "that it was received before is known");
    stream.remove(&first).await.expect("removes");
    seen.push(first[0].message().expect("one").id.parse().expect("a number"));
    // Cursors of the service end after five minutes; ours does not.
    oracle.clock().advance(Duration::from_secs(301));
    seen.extend(drain(&stream).await);
    seen.sort_unstable();
    assert_eq!(seen, (0..40).collect::<Vec<_>>(), "each came once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_that_is_not_there_is_told_as_one_that_may_not_be_used() {
    let oracle = Oracle::start().await;
    let queue = queue::Queue::at(client(&oracle).await, &oracle.url(), "ocid1.queue.oc1..none").expect("an address");
    let queue = Queue::new(queue.with(quick), SOON);
    let error = queue.publish(&messages(0..1)).await.expect_err("there is none").to_string();
    assert!(error.contains("NotAuthorizedOrNotFound") && error.contains("ocid1.queue.oc1..none"), "{error}");
}
