//! Queue: what is asked, and what is read of the answers.

use std::collections::BTreeMap;
use std::time::Duration;

use oci_services::queue::{Metadata, PutMessage, Queue, Queues, Receive};
use serde_json::json;

use crate::golden::assert_like;
use crate::listener::{Listener, Reply};

const QUEUE: &str = "ocid1.queue.oc1.eu-frankfurt-1.aaaaq";

#[tokio::test]
async fn a_queue_is_asked_as_oracle_s_own_client_does_it() {
    let described = json!({ "id": QUEUE, "lifecycleState": "ACTIVE", "messagesEndpoint": "https://cell-1.example.com",
        "visibilityInSeconds": 30, "tomorrow": [1] });
    let put = json!({ "messages": [{ "id": 1, "expireAfter": "2026-11-22T16:30:00Z" }, { "id": 2, "expireAfter": "2026-11-22T16:30:00Z" }] });
    let received = json!({ "messages": [{ "id": 1, "content": "x", "receipt": "a/+=", "deliveryCount": 3,
        "visibleAfter": "2026-11-22T16:30:00Z", "expireAfter": "2026-11-22T16:30:00Z", "createdAt": "2026-11-22T16:30:00Z",
        "metadata": { "channelId": "ch1", "customProperties": { "k": "v" } } }] });
    let held = json!({ "clientFailures": 1, "serverFailures": 0,
        "entries": [{ "id": 1, "visibleAfter": "2026-11-22T16:30:00Z" }, { "errorCode": 404, "errorMessage": "gone" }] });
    let stats = json!({ "queue": { "visibleMessages": 2, "inFlightMessages": 1, "sizeInBytes": 9 },
        "dlq": { "visibleMessages": 4, "inFlightMessages": 0, "sizeInBytes": 9 } });
    let listener = Listener::answering([
        Reply::new(200, described),
        Reply::new(200, put),
        Reply::new(200, received),
        Reply::new(200, json!({ "messages": [] })),
        Reply::new(200, held),
        Reply::new(200, json!({ "clientFailures": 0, "serverFailures": 0, "entries": [{}, {}] })),
        Reply::new(200, stats),
    ])
    .await;
    let queues = Queues::at(listener.client.clone(), &listener.url).expect("an address");
    let said = queues.get(QUEUE).await.expect("there");
    assert_eq!((said.messages_endpoint.as_str(), said.visibility_in_seconds), ("https://cell-1.example.com", Some(30)));

    let queue = Queue::at(listener.client.clone(), &listener.url, QUEUE).expect("an address");
    let metadata =
        Metadata { channel_id: Some("ch1".into()), custom_properties: BTreeMap::from([("k".into(), "v".into())]) };
    let messages = [
        PutMessage { content: r#"{"type":"build/queued"}"#.into(), metadata: Some(metadata) },
        PutMessage { content: "grüße \"&\n".into(), metadata: None },
    ];
    assert_eq!(queue.put(&messages).await.expect("put").len(), 2);
    let how = Receive {
        limit: 10,
        wait: Duration::from_secs(20),
        visibility: Some(Duration::from_secs(30)),
        channel: Some("ch 1&=ü"),
        group: None,
    };
    let received = queue.receive(how).await.expect("one");
    assert_eq!((received[0].receipt.as_str(), received[0].delivery_count), ("a/+=", 3));
    let group = Some("ocid1.consumergroup.oc1..g");
    let how = Receive { limit: 20, wait: Duration::ZERO, visibility: None, channel: None, group };
    assert!(queue.receive(how).await.expect("none").is_empty());
    let failed = queue.extend(&["a/+=", "b"], Duration::from_secs(60)).await.expect("partly");
    assert!(failed.len() == 1 && failed[0].index == 1 && failed[0].is_stale(), "{failed:?}");
    assert!(queue.delete(&["a/+=", "b"]).await.expect("deleted").is_empty());
    let (waiting, dead) = queue.stats().await.expect("numbers");
    assert_eq!((waiting.visible_messages, dead.visible_messages), (2, 4));

    let ops = [
        "queue_get_queue",
        "queue_put_messages",
        "queue_get_messages",
        "queue_get_messages_of_a_group",
        "queue_update_messages",
        "queue_delete_messages",
        "queue_get_stats",
    ];
    let asked = listener.asked();
    assert_eq!(asked.len(), ops.len());
    for (op, asked) in ops.into_iter().zip(asked) {
        assert_like(op, &asked);
        assert!(asked.header("authorization").is_some_and(|signed| signed.contains("rsa-sha256")), "{op}");
    }
}
