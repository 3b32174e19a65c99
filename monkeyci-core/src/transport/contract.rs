//! What every transport must do, run on each of them.

use std::collections::BTreeSet;
use std::sync::Arc;

use object_store::memory::InMemory;
use serde_json::json;
use tokio::sync::Barrier;

use super::*;

/// How long a test waits for what must come.
const SOON: Duration = Duration::from_secs(20);

/// How long it waits for what must not come.
const NEVER: Duration = Duration::from_millis(300);

/// How long a message is held that is to come again: long beside what a machine that is busy needs between two calls.
const HOLD: Duration = Duration::from_secs(4);

fn message(id: &str, subject: &str) -> Message {
    let (source, kind) = ("test".to_owned(), "build/end".to_owned());
    Message { id: id.into(), source, kind, subject: subject.into(), data: json!({ "said": format!("{id} \"ü\"\n") }) }
}

fn messages(ids: std::ops::Range<u32>) -> Vec<Message> {
    ids.map(|id| message(&id.to_string(), "acme/web/build-1")).collect()
}

fn ids(parcels: &[Parcel]) -> Vec<String> {
    parcels.iter().map(|parcel| parcel.message().expect("a message").id).collect()
}

/// Receives until so many have come.
async fn receive(transport: &dyn Transport, count: usize) -> Vec<Parcel> {
    let mut received = Vec::new();
    while received.len() < count {
        let parcels = transport.receive(count - received.len(), SOON).await.expect("receives");
        assert!(!parcels.is_empty(), "{} of {count} came", received.len());
        received.extend(parcels);
    }
    received
}

/// Runs the whole suite. `open` makes a transport with nothing in it each time, whose messages are held for so long.
pub(super) async fn holds<T: Transport + 'static>(open: impl AsyncFn(Duration) -> T) {
    what_is_published_is_received_once_it_is_removed(&open(SOON).await).await;
    an_empty_one_has_whoever_waits_wait(&open(SOON).await).await;
    what_is_not_removed_comes_again(&open(HOLD).await).await;
    what_is_held_longer_does_not_come_again(&open(HOLD).await).await;
    a_message_that_is_too_long_is_refused_and_the_longest_travels(&open(SOON).await).await;
    work_that_fails_is_tried_again_and_parked(open(HOLD).await).await;
    work_that_lasts_holds_its_message(open(HOLD).await).await;
    what_is_no_message_is_parked(open(SOON).await).await;
}

async fn what_is_published_is_received_once_it_is_removed(transport: &dyn Transport) {
    transport.publish(&messages(1..48)).await.expect("publishes");
    transport.publish(&[]).await.expect("nothing is published");
    let (mut seen, mut total) = (BTreeSet::new(), 0);
    while seen.len() < 47 {
        let parcels = receive(transport, 1).await;
        total += parcels.len();
        seen.extend(ids(&parcels));
        assert!(parcels.iter().all(|parcel| parcel.deliveries == 1), "{parcels:?}");
        let said = parcels[0].message().expect("a message");
        assert_eq!(said, message(&said.id, "acme/web/build-1"), "it arrives as it was published");
        transport.remove(&parcels).await.expect("removes");
        transport.remove(&parcels).await.expect("what is gone is none too few");
    }
    assert_eq!(total, 47, "none comes twice");
    assert_eq!(transport.receive(1, NEVER).await.expect("receives"), []);
}

async fn an_empty_one_has_whoever_waits_wait(transport: &(impl Transport + 'static)) {
    assert_eq!(transport.receive(1, Duration::ZERO).await.expect("receives"), []);
    let published = message("late", "acme/web/build-2");
    let barrier = Barrier::new(2);
    let (received, ()) = tokio::join!(
        async {
            barrier.wait().await;
            receive(transport, 1).await
        },
        async {
            barrier.wait().await;
            tokio::task::yield_now().await;
            transport.publish(std::slice::from_ref(&published)).await.expect("publishes");
        }
    );
    assert_eq!(ids(&received), ["late"]);
}

async fn what_is_not_removed_comes_again(transport: &dyn Transport) {
    transport.publish(&messages(1..2)).await.expect("publishes");
    let first = receive(transport, 1).await;
    assert_eq!(transport.receive(1, NEVER).await.expect("receives"), [], "it is held");
    let again = receive(transport, 1).await;
    assert_eq!((ids(&again), again[0].deliveries), (ids(&first), 2));
    transport.remove(&again).await.expect("removes");
}

async fn what_is_held_longer_does_not_come_again(transport: &dyn Transport) {
    transport.publish(&messages(1..2)).await.expect("publishes");
    let held = receive(transport, 1).await;
    let end = tokio::time::Instant::now() + HOLD + HOLD / 4;
    while tokio::time::Instant::now() < end {
        transport.extend(&held).await.expect("holds");
        assert_eq!(transport.receive(1, NEVER).await.expect("receives"), [], "it is held");
    }
    transport.remove(&held).await.expect("removes");
    assert_eq!(transport.receive(1, HOLD + NEVER).await.expect("receives"), [], "it is removed");
}

async fn a_message_that_is_too_long_is_refused_and_the_longest_travels(transport: &dyn Transport) {
    let of = |bytes: usize| {
        let mut long = message("long", "acme/web/build-3");
        long.data = json!("");
        let around = long.text().len();
        long.data = json!("x".repeat(bytes - around));
        long
    };
    let longest = of(transport.longest());
    assert_eq!(longest.text().len(), transport.longest());
    transport.publish(std::slice::from_ref(&longest)).await.expect("publishes");
    let received = receive(transport, 1).await;
    assert_eq!(received[0].message().expect("a message"), longest);
    transport.remove(&received).await.expect("removes");
    let error = transport.publish(&[of(transport.longest() + 1024 * 1024)]).await.expect_err("is too long");
    assert!(matches!(&error, TransportError::TooLong { id, .. } if id == "long"), "{error}");
    assert_eq!(transport.receive(1, NEVER).await.expect("receives"), []);
}

async fn work_that_fails_is_tried_again_and_parked(transport: impl Transport + 'static) {
    let (transport, parking) = (Arc::new(transport), Arc::new(Channel::new(SOON)));
    let consumer = Consumer::new(transport.clone(), parking.clone()).tries(2);
    transport.publish(&messages(1..2)).await.expect("publishes");
    let fails = async |_: &Message| Err("no room".to_owned());
    assert_eq!(consumer.one(SOON, fails).await, Ok(Worked::Failed("no room".into())));
    assert_eq!(consumer.one(SOON, fails).await, Ok(Worked::Parked("no room".into())));
    assert_eq!(consumer.one(NEVER, fails).await, Ok(Worked::Idle));
    let parked = receive(&*parking, 1).await.remove(0).message().expect("a message");
    assert_eq!((parked.id.as_str(), parked.kind.as_str()), ("1", Message::PARKED));
    assert_eq!((&parked.data["why"], &parked.data["message"]["id"]), (&json!("no room"), &json!("1")));
}

async fn work_that_lasts_holds_its_message(transport: impl Transport + 'static) {
    let (transport, parking) = (Arc::new(transport), Arc::new(Channel::new(SOON)));
    let consumer = Consumer::new(transport.clone(), parking);
    transport.publish(&messages(1..2)).await.expect("publishes");
    let other = Arc::clone(&transport);
    let worked = consumer.one(SOON, async move |message: &Message| {
        assert_eq!(message.id, "1");
        // Longer than it is held.
        assert_eq!(other.receive(1, HOLD + HOLD / 4).await, Ok(Vec::new()), "nobody else has it");
        Ok(())
    });
    assert_eq!(worked.await, Ok(Worked::Done));
    assert_eq!(transport.receive(1, HOLD + NEVER).await, Ok(Vec::new()), "it is removed");
}

/// Others may publish too: what is no message stops nobody.
async fn what_is_no_message_is_parked(transport: impl Transport + 'static) {
    let (transport, parking) = (Arc::new(Strange(transport)), Arc::new(Channel::new(SOON)));
    let consumer = Consumer::new(transport.clone(), parking.clone());
    transport.publish(&messages(1..2)).await.expect("publishes");
    let worked = consumer.one(SOON, async |_: &Message| unreachable!("it is no message")).await.expect("receives");
    assert!(matches!(&worked, Worked::Parked(why) if why.contains("CloudEvent")), "{worked:?}");
    let parked = receive(&*parking, 1).await.remove(0).message().expect("a message");
    assert_eq!(parked.data["text"], json!("hello"));
    assert_eq!(transport.receive(1, NEVER).await, Ok(Vec::new()));
}

/// A transport by which somebody else's texts come.
struct Strange<T>(T);

#[async_trait]
impl<T: Transport> Transport for Strange<T> {
    fn longest(&self) -> usize {
        self.0.longest()
    }

    fn hold(&self) -> Duration {
        self.0.hold()
    }

    async fn publish(&self, messages: &[Message]) -> Result<(), TransportError> {
        self.0.publish(messages).await
    }

    async fn receive(&self, most: usize, patience: Duration) -> Result<Vec<Parcel>, TransportError> {
        let parcels = self.0.receive(most, patience).await?;
        Ok(parcels.into_iter().map(|parcel| Parcel { text: "hello".into(), ..parcel }).collect())
    }

    async fn extend(&self, parcels: &[Parcel]) -> Result<(), TransportError> {
        self.0.extend(parcels).await
    }

    async fn waiting(&self) -> Result<Option<u64>, TransportError> {
        self.0.waiting().await
    }

    async fn remove(&self, parcels: &[Parcel]) -> Result<(), TransportError> {
        self.0.remove(parcels).await
    }
}

#[tokio::test]
async fn a_channel_holds() {
    holds(async |hold| Channel::new(hold)).await;
}

#[tokio::test]
async fn a_folder_holds() {
    let dir = tempfile::tempdir().expect("a folder");
    let count = std::sync::atomic::AtomicU32::new(0);
    holds(async |hold| {
        let number = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        Folder::at(&dir.path().join(number.to_string()), hold).expect("opens")
    })
    .await;
}

#[tokio::test]
async fn a_prefix_of_a_store_holds() {
    holds(async |hold| Folder::new(Arc::new(InMemory::new()), "triggers", hold)).await;
}

#[tokio::test]
async fn of_many_who_receive_from_a_folder_each_message_is_one_s() {
    let dir = tempfile::tempdir().expect("a folder");
    let open = || Folder::at(dir.path(), SOON).expect("opens");
    open().publish(&messages(1..41)).await.expect("publishes");
    // What is published twice waits once.
    open().publish(&messages(1..41)).await.expect("publishes");
    assert_eq!(open().waiting().await, Ok(Some(40)));
    let mut receivers = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let folder = open();
        receivers.spawn(async move {
            let mut seen = Vec::new();
            loop {
                let parcels = folder.receive(1, Duration::ZERO).await.expect("receives");
                if parcels.is_empty() {
                    return seen;
                }
                seen.extend(ids(&parcels));
                folder.remove(&parcels).await.expect("removes");
            }
        });
    }
    let mut all: Vec<String> = receivers.join_all().await.concat();
    all.sort_by_key(|id| id.parse::<u32>().expect("a number"));
    assert_eq!(all, (1..41).map(|id: u32| id.to_string()).collect::<Vec<_>>());
}

#[tokio::test]
async fn the_events_of_a_store_are_published_by_their_positions() {
    use monkeyci_model::{BuildId, BuildStatus, EventKind};

    use crate::store::{BuildRow, Commit, Memory, Store as _};

    let (store, channel) = (Memory::default(), Channel::new(SOON));
    let build = BuildId::new("acme".parse().expect("an id"), "web".parse().expect("an id"), 1);
    let status = BuildStatus::Running;
    let row = BuildRow {
        build: build.clone(),
        status,
        message: None,
        request: None,
        trigger: None,
        created: None,
        ended: None,
        events: 0,
    };
    let facts = vec![EventKind::BuildInitializing {}; 250];
    store.commit(vec![Commit { after: 0, facts, time: 7, build: row, jobs: Vec::new() }]).await.expect("commits");
    let mut position = 0;
    loop {
        let reached = feed::publish(&store, &channel, "https://ci.example.com", position).await.expect("publishes");
        if reached == position {
            break;
        }
        position = reached;
    }
    assert_eq!(position, 250);
    let received = receive(&channel, 250).await;
    assert_eq!(ids(&received), (1..251).map(|id: u32| id.to_string()).collect::<Vec<_>>());
    let first = received[0].message().expect("a message");
    assert_eq!((first.kind.as_str(), first.subject.as_str()), ("build/initializing", "acme/web/build-1"));
    assert_eq!(first.data["position"], json!(1));
}
