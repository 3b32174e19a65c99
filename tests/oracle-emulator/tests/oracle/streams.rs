//! Streams, and groups that share them.

use std::time::Duration;

use serde_json::{Value, json};

use crate::Caller;

const STREAM: &str = "/20180418/streams/ocid1.stream.oc1..s";

impl Caller {
    /// Puts messages with these keys, and the numbers of their order as values.
    async fn put_all(&self, keys: &[&str]) -> Value {
        let messages: Vec<_> = keys.iter().map(|key| json!({ "key": key, "value": "eA==" })).collect();
        self.post(&format!("{STREAM}/messages"), &json!({ "messages": messages })).await.must(200).json()
    }

    /// What is there at a cursor, and the next one.
    async fn read(&self, cursor: &str) -> (Vec<Value>, String) {
        let cursor: String = cursor.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let read = self.get(&format!("{STREAM}/messages?cursor={cursor}&limit=100")).await.must(200);
        (read.json().as_array().expect("an array").clone(), read.header("opc-next-cursor").to_owned())
    }

    async fn cursor(&self, what: &str, said: Value) -> String {
        let made = self.post(&format!("{STREAM}/{what}"), &said).await.must(200).json();
        made["value"].as_str().expect("a cursor").to_owned()
    }
}

#[tokio::test]
async fn a_stream_is_read_from_anywhere_for_as_long_as_it_is_kept() {
    let caller = Caller::new().await;
    caller.oracle.state().stream("ocid1.stream.oc1..s", 3);
    let put = caller.put_all(&["YQ==", "YQ==", "YQ=="]).await;
    let partition = put["entries"][0]["partition"].clone();
    assert!(put["entries"].as_array().expect("some").iter().all(|entry| entry["partition"] == partition), "{put}");
    let offsets = async |said: Value| {
        let (messages, next) = caller.read(&caller.cursor("cursors", said).await).await;
        (messages.iter().map(|message| message["offset"].as_u64()).collect::<Vec<_>>(), next)
    };
    let of = |kind: &str, offset: u64| json!({ "partition": partition, "type": kind, "offset": offset });
    assert_eq!(offsets(json!({ "partition": partition, "type": "TRIM_HORIZON" })).await.0, [Some(0), Some(1), Some(2)]);
    assert_eq!(offsets(of("AT_OFFSET", 1)).await.0, [Some(1), Some(2)]);
    assert_eq!(offsets(of("AFTER_OFFSET", 1)).await.0, [Some(2)]);
    let (none, next) = offsets(json!({ "partition": partition, "type": "LATEST" })).await;
    assert_eq!(none, []);
    // The next cursor goes on, also after nothing; an old one ends.
    caller.oracle.clock().advance(Duration::from_secs(60));
    caller.put_all(&["YQ=="]).await;
    let (messages, next) = caller.read(&next).await;
    assert_eq!(messages.len(), 1);
    caller.oracle.clock().advance(Duration::from_secs(301));
    let escaped: String = next.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let refused = caller.get(&format!("{STREAM}/messages?cursor={escaped}")).await;
    assert_eq!(refused.refusal(), (400, "InvalidParameter".into()));
    // After a day what is older is gone, and offsets go on.
    caller.oracle.clock().advance(Duration::from_secs(24 * 3600));
    caller.put_all(&["YQ=="]).await;
    assert_eq!(offsets(json!({ "partition": partition, "type": "TRIM_HORIZON" })).await.0, [Some(4)]);
    // Of a batch some fail.
    caller.oracle.state().settings.fail_every = 2;
    let put = caller.put_all(&["YQ==", "YQ==", "YQ=="]).await;
    let failures = put["failures"].as_u64();
    assert!(matches!(failures, Some(1 | 2)), "{put}");
    let failed = put["entries"].as_array().expect("some").iter().filter(|entry| entry["error"].is_string()).count();
    assert_eq!(u64::try_from(failed).ok(), failures);
}

#[tokio::test]
async fn instances_of_a_group_share_a_stream_and_take_over_from_those_that_are_gone() {
    let caller = Caller::new().await;
    caller.oracle.state().stream("ocid1.stream.oc1..s", 2);
    let keys: Vec<String> =
        (0..20_u8).map(|number| format!("{}==", ["YQ", "Yg", "Yw", "ZA"][usize::from(number % 4)])).collect();
    let keys: Vec<_> = keys.iter().map(String::as_str).collect();
    let join = |instance: &str| json!({ "type": "TRIM_HORIZON", "groupName": "g", "instanceName": instance, "timeoutInMs": 30_000, "commitOnGet": true });
    let (one, two) =
        (caller.cursor("groupCursors", join("one")).await, caller.cursor("groupCursors", join("two")).await);
    // Each takes a part; the first gives up what it had alone.
    let (_, one) = caller.read(&one).await;
    let (_, two) = caller.read(&two).await;
    let (_, one) = caller.read(&one).await;
    let (_, two) = caller.read(&two).await;
    caller.put_all(&keys).await;
    let ((first, _), (second, next)) = (caller.read(&one).await, caller.read(&two).await);
    assert_eq!(first.len() + second.len(), 20, "nobody reads what another reads: {first:?} {second:?}");
    let parts = |all: &[Value]| {
        all.iter().map(|message| message["partition"].to_string()).collect::<std::collections::BTreeSet<_>>()
    };
    assert!(parts(&first).is_disjoint(&parts(&second)));
    // The first is gone without having come back, so that what it read is not committed: the other reads it.
    caller.oracle.clock().advance(Duration::from_secs(31));
    let (again, _) = caller.read(&next).await;
    assert_eq!(again.len(), first.len());
    let group = caller.get(&format!("{STREAM}/groups/g")).await.must(200).json();
    let reserved = group["reservations"].as_array().expect("some").iter().map(|one| one["reservedInstance"].as_str());
    assert!(reserved.clone().all(|name| name == Some("two")), "{group:#}");
}
