//! Requests that Oracle's SDK for Python once sent, byte for byte with their signatures: they are believed and done.

use std::time::{Duration, SystemTime};

use base64::Engine as _;
use oci_signer::PrivateKey;
use oracle_emulator::Oracle;
use serde_json::{Value, json};

use crate::Caller;

/// The key that they are signed by.
const VECTORS: &str = include_str!("../../../../cloud/oci-signer/tests/signer/vectors.json");
const GOLDENS: &str = include_str!("goldens.json");

/// What there is, so that they find something.
async fn furnished() -> Caller {
    let oracle = Oracle::start().await;
    let vectors: Value = serde_json::from_str(VECTORS).expect("JSON");
    let text = |name: &str| vectors[name].as_str().expect("a text");
    let key = PrivateKey::from_pem(text("private_key_pem"), None).expect("a key");
    let id = [text("tenancy"), text("user"), text("fingerprint")].join("/");
    // 16:30 on the day that they were sent, where time stands.
    oracle.clock().stand(SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_365_000));
    {
        let mut state = oracle.state();
        state.keys.insert(id, key.public_key().to_vec());
        state.settings.namespace = "myns".into();
        state.bucket("bkt");
        state.put_object("bkt", "a/b", b"x");
        state.queue("ocid1.queue.oc1.eu-frankfurt-1.aaaaq", 30, 0);
        state.stream("ocid1.stream.oc1.eu-frankfurt-1.aaaas", 1);
        state.kms_key("ocid1.key.oc1..k");
        state.secret_names.insert(("ocid1.vault.oc1..v".into(), "enc-key".into()), "s".into());
        state.secrets.insert("s".into(), vec!["c2VjcmV0".into()]);
    }
    Caller::of(oracle)
}

/// What becomes of each: its status, or why it cannot be one of success.
fn expected(op: &str) -> Result<u16, &'static str> {
    Ok(match op {
        "list_container_instances" => return Err("its page is one of ours, and not of Oracle's"),
        "get_container_instance"
        | "error_404"
        | "error_429"
        | "get_container"
        | "retrieve_logs"
        | "get_work_request"
        | "delete_container_instance"
        | "stop_container_instance"
        | "queue_update_message"
        | "queue_delete_message"
        | "stream_get_messages"
        | "stream_commit"
        | "stream_heartbeat"
        | "os_upload_part"
        | "os_commit_multipart"
        | "os_abort_multipart"
        | "kms_decrypt"
        | "fn_invoke" => {
            return Err("it names what another answer gave out");
        }
        "os_delete_object" => 204,
        // There is one of this name already.
        "vault_create_secret" => 409,
        "os_get_object" => 206,
        _ => 200,
    })
}

#[tokio::test]
async fn what_the_sdk_sent_is_believed_and_done() {
    let caller = furnished().await;
    let goldens: Value = serde_json::from_str(GOLDENS).expect("JSON");
    let calls = goldens["calls"].as_array().expect("some");
    assert_eq!(calls.len(), 43);
    let host = calls[0]["headers"]["host"].as_str().expect("a host");
    caller.oracle.state().hosts.push(host.into());
    let http = reqwest::Client::new();
    let mut done = 0;
    for call in calls {
        let text = |name: &str| call[name].as_str().expect("a text");
        let op = text("op");
        let method = reqwest::Method::from_bytes(text("method").as_bytes()).expect("a method");
        let mut request = http.request(method, format!("{}{}", caller.oracle.url(), text("path")));
        for (name, value) in call["headers"].as_object().expect("headers") {
            request = request.header(name.as_str(), value.as_str().expect("a text"));
        }
        let answer = request.body(text("body").to_owned()).send().await.expect("an answer");
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let body = answer.text().await.expect("a text");
        match expected(op) {
            Ok(wanted) => {
                assert_eq!(status, wanted, "{op}: {body}");
                if status < 300 {
                    answers_alike(call, &headers, &body);
                }
                done += 1;
            }
            Err(_) => assert!(matches!(status, 200 | 202 | 204 | 400 | 404), "{op}: {status} {body}"),
        }
        assert_ne!(status, 401, "{op}: {body}");
    }
    assert!(done >= 20, "{done}");
}

/// What the SDK has read in Oracle's answer is in ours.
fn answers_alike(call: &Value, headers: &http::HeaderMap, body: &str) {
    let names =
        |list: &str| call[list].as_array().expect("a list").iter().filter_map(Value::as_str).collect::<Vec<_>>();
    let said: Value = serde_json::from_str(body).unwrap_or_default();
    for name in names("said") {
        assert!(!said[name].is_null(), "{}: `{name}` is missing: {body}", call["op"]);
    }
    for name in names("answered") {
        assert!(headers.contains_key(name), "{}: the header `{name}` is missing: {headers:?}", call["op"]);
    }
}

#[test]
fn the_key_is_the_one_of_the_vectors() {
    let vectors: Value = serde_json::from_str(VECTORS).expect("JSON");
    let goldens: Value = serde_json::from_str(GOLDENS).expect("JSON");
    let said = goldens["calls"][0]["headers"]["authorization"].as_str().expect("a text");
    assert!(said.contains(vectors["fingerprint"].as_str().expect("a text")), "{said}");
    let body = goldens["calls"][0]["body"].as_str().expect("a text");
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, body.as_bytes());
    let digest = base64::engine::general_purpose::STANDARD.encode(digest);
    assert_eq!(goldens["calls"][0]["headers"]["x-content-sha256"], json!(digest));
}
