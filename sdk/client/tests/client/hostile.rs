use futures::StreamExt;
use monkeyci_client::{Client, ClientError};
use serde_json::json;

use crate::server::{Server, answer, cut, json};

#[tokio::test]
async fn whatever_answers_is_an_error_of_the_protocol_and_tells_no_token() {
    for answer in [
        answer(200, "", "<html>hello</html>"),
        answer(200, "", ""),
        json(&json!([1, 2, 3])),
        json(&json!({"name": 7, "admin": "yes"})),
        answer(200, "", &"[".repeat(100_000)),
        answer(200, "", "{\"name\": \"\u{0}"),
    ] {
        let server = Server::new(vec![answer]).await;
        let error = server.client().me().await.expect_err("nonsense");
        assert!(matches!(error, ClientError::Protocol { .. }), "{error:?}");
        assert!(!format!("{error:?} {error}").contains("s3cret"));
    }
}

#[tokio::test]
async fn a_refusal_that_is_no_problem_is_told_by_its_status() {
    for body in ["", "<html>", "null", "{\"title\": 1}", &"x".repeat(1024 * 1024)] {
        let server = Server::new(vec![answer(403, "", body)]).await;
        let error = server.client().me().await.expect_err("refused");
        assert_eq!(error.to_string(), "the server answers with 403 Forbidden");
    }
    // Nor is its own word on its status believed.
    let server = Server::new(vec![answer(404, "", r#"{"title": "", "status": 200, "detail": "none"}"#)]).await;
    assert!(matches!(server.client().me().await, Err(ClientError::NotFound(_))));
}

#[tokio::test]
async fn what_speaks_no_http_is_unreachable() {
    for bytes in [&b"SSH-2.0-OpenSSH_9.2\r\n"[..], b"\0\xff\0\xff", b"HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n"] {
        let server = Server::new(vec![bytes.to_vec(); 4]).await;
        let error = server.client().me().await.expect_err("no server");
        assert!(matches!(error, ClientError::Unreachable { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn nobody_at_the_address_is_unreachable_and_says_where() {
    // A port that no system gives away.
    let url = "http://127.0.0.1:1";
    let error = Client::new(url, Some("mci_s3cret")).expect("a client").me().await.expect_err("nobody").to_string();
    assert!(error.starts_with(&format!("the server at {url} cannot be reached: ")), "{error}");
    assert!(!error.contains("s3cret"), "{error}");
}

#[tokio::test]
async fn an_answer_without_an_end_is_not_read_to_it() {
    let server = Server::new(vec![answer(200, "", &" ".repeat(65 * 1024 * 1024))]).await;
    let error = server.client().me().await.expect_err("endless").to_string();
    assert!(error.contains("longer than any answer may be"), "{error}");
}

#[tokio::test]
async fn nonsense_among_events_ends_them() {
    for messages in ["data: nonsense\n\n", "data: {}\n\n", "id: 5\ndata: {\"type\":\"build/begin\"}\n\n"] {
        let server = Server::new(vec![cut(messages)]).await;
        let mut events = server.client().org("acme").repo("web").build(1).events(0);
        let error = events.next().await.expect("an answer").expect_err("nonsense");
        assert!(matches!(error, ClientError::Protocol { .. }), "{error:?}");
        assert!(events.next().await.is_none());
    }
}
