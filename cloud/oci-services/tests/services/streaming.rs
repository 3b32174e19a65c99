//! Streaming: what is asked, and what is read of the answers.

use oci_services::streaming::{PutMessage, Start, Stream, Streams};
use serde_json::json;

use crate::golden::assert_like;
use crate::listener::{Listener, Reply};

const STREAM: &str = "ocid1.stream.oc1.eu-frankfurt-1.aaaas";

#[tokio::test]
async fn a_stream_is_asked_as_oracle_s_own_client_does_it() {
    let described = json!({ "id": STREAM, "name": "builds", "lifecycleState": "ACTIVE", "partitions": 1,
        "messagesEndpoint": "https://cell-1.example.com", "retentionInHours": 24, "tomorrow": [1] });
    let put = json!({ "failures": 1, "entries": [{ "partition": "0", "offset": 7, "timestamp": "2026-11-22T16:30:00Z" },
        { "error": "InternalServerError", "errorMessage": "it broke" }] });
    let cursor = || Reply::new(200, json!({ "value": "c" }));
    let read = json!([{ "stream": "builds", "partition": "0", "key": null, "value": "eA==", "offset": 7,
        "timestamp": "2026-11-22T16:30:00Z" }]);
    let listener = Listener::answering([
        Reply::new(200, described),
        Reply::new(200, put),
        cursor(),
        cursor(),
        cursor(),
        cursor(),
        Reply::new(200, read).with("opc-next-cursor", "NEXT"),
    ])
    .await;
    let streams = Streams::at(listener.client.clone(), &listener.url).expect("an address");
    assert_eq!(streams.get(STREAM).await.expect("there").partitions, 1);

    let stream = Stream::at(listener.client.clone(), &listener.url, STREAM).expect("an address");
    let message = |key: &[u8], value: &[u8]| PutMessage { key: key.to_vec(), value: value.to_vec() };
    let failed = stream.put(&[message(b"k", br#"{"a":1}"#), message(b"", &[0xff, 0xef])]).await.expect("partly");
    assert!(failed.len() == 1 && failed[0].index == 1 && failed[0].error == "InternalServerError", "{failed:?}");
    for start in [Start::Oldest, Start::At(7), Start::After(7), Start::Newest] {
        assert_eq!(stream.cursor("0", start).await.expect("a cursor"), "c");
    }
    let (messages, next) = stream.read("CUR+S/OR==", 10).await.expect("one");
    assert_eq!((messages[0].value.as_slice(), messages[0].offset, next.as_str()), (&b"x"[..], 7, "NEXT"));

    let ops = [
        "stream_get_stream",
        "stream_put_messages",
        "stream_cursor_oldest",
        "stream_cursor_at",
        "stream_cursor_after",
        "stream_cursor_newest",
        "stream_get_messages",
    ];
    let asked = listener.asked();
    assert_eq!(asked.len(), ops.len());
    for (op, asked) in ops.into_iter().zip(asked) {
        assert_like(op, &asked);
        // The service wants no body in the signature of messages that are put, and everywhere else it does.
        let is_whole = asked.header("x-content-sha256").is_some();
        assert_eq!(is_whole, asked.method == "POST" && op != "stream_put_messages", "{op}");
    }
}
