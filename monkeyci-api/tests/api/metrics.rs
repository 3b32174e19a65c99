use axum::body::Body;
use http::{Method, Request};
use serde_json::json;

use super::house::{Answer, House};

/// The value of a sample, by its name with labels.
fn sample(answer: &Answer, name: &str) -> Option<f64> {
    let line = answer.text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.map(|value| value.parse().expect("a number"))
}

async fn metrics(house: &House) -> Answer {
    house.ask(None, Method::GET, "/metrics", None).await.must(200)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_happens_is_counted_for_whoever_gathers_it() {
    let house = House::with_script("[{id: unit, script: [exit 1]}, {id: deploy, blocked: true}]").await;
    let before = metrics(&house).await;
    assert!(before.headers["content-type"].to_str().expect("text").starts_with("text/plain; version=0.0.4"));
    assert_eq!(sample(&before, "monkeyci_builds_ended_total{status=\"failure\"}"), Some(0.0), "{}", before.text);

    house.post("/v1/orgs/acme/repos/web/builds", json!({})).await.must(201);
    house.until("/v1/orgs/acme/repos/web/builds/1", |build| build["status"] == "blocked").await;
    let blocked = metrics(&house).await;
    assert_eq!(sample(&blocked, "monkeyci_jobs{status=\"blocked\"}"), Some(1.0), "{}", blocked.text);
    assert!(sample(&blocked, "monkeyci_database_position") > Some(3.0), "{}", blocked.text);

    let hook = house.post("/v1/orgs/acme/repos/web/hooks", json!({ "forge": "gitlab" })).await.must(201).json();
    let address = hook["url"].as_str().expect("an address").replace("https://ci.example.com", "");
    let push = Request::post(address)
        .header("x-gitlab-token", hook["secret"].as_str().expect("a secret"))
        .header("x-gitlab-event", "Nothing Hook")
        .body(Body::from(r#"{"object_kind":"nothing"}"#));
    house.send(push.expect("a request")).await.must(202);
    let listed = "/v1/orgs/acme/repos/web/hooks/gitlab/deliveries";
    house.until(listed, |page| page["items"][0]["state"] != "received").await;

    house.post("/v1/orgs/acme/repos/web/builds/1/cancel", json!({})).await.must(202);
    house.ended(1).await;
    // An end is counted after it is told.
    let counted = async {
        loop {
            let after = metrics(&house).await;
            if sample(&after, "monkeyci_builds_ended_total{status=\"canceled\"}") == Some(1.0) {
                return after;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await; // poll
        }
    };
    let after = tokio::time::timeout(std::time::Duration::from_secs(60), counted).await.expect("it is counted");
    for (name, value) in [
        ("monkeyci_builds_begun_total", 1.0),
        ("monkeyci_builds_ended_total{status=\"canceled\"}", 1.0),
        ("monkeyci_jobs{status=\"blocked\"}", 0.0),
        ("monkeyci_deliveries_total{state=\"received\"}", 1.0),
        ("monkeyci_deliveries_waiting", 0.0),
        ("monkeyci_http_requests_total{route=\"/v1/orgs/{org}\",method=\"PUT\",status=\"2xx\"}", 1.0),
        ("monkeyci_http_request_duration_seconds_count{route=\"/v1/orgs/{org}\",method=\"PUT\"}", 1.0),
    ] {
        assert_eq!(sample(&after, name), Some(value), "{name}: {}", after.text);
    }
    assert!(!after.text.contains("acme"), "a label would name what there is without end: {}", after.text);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_strangers_ask_for_makes_no_labels() {
    let house = House::empty().await;
    for path in ["/v1/orgs/one", "/v1/orgs/two", "/nowhere/one", "/nowhere/two"] {
        let strange = Method::from_bytes(format!("GO{}", path.len()).as_bytes()).expect("a method");
        house.ask(None, strange, path, None).await;
        house.ask(None, Method::GET, path, None).await;
    }
    let text = metrics(&house).await.text;
    let requests: Vec<_> = text.lines().filter(|line| line.starts_with("monkeyci_http_requests_total")).collect();
    assert_eq!(requests.len(), 4, "two routes by two methods: {requests:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_open_stream_is_counted_until_its_listener_is_gone() {
    let house = House::with_script("[{id: deploy, blocked: true}]").await;
    house.post("/v1/orgs/acme/repos/web/builds", json!({})).await.must(201);
    house.until("/v1/orgs/acme/repos/web/builds/1", |build| build["status"] == "blocked").await;
    let request = Request::get("/v1/orgs/acme/repos/web/builds/1/events")
        .header("authorization", format!("Bearer {}", house.token))
        .header("accept", "text/event-stream");
    let stream = house.open(request.body(Body::empty()).expect("a request")).await;
    assert_eq!(sample(&metrics(&house).await, "monkeyci_streams_open"), Some(1.0));
    drop(stream);
    assert_eq!(sample(&metrics(&house).await, "monkeyci_streams_open"), Some(0.0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_has_the_id_of_its_request() {
    let house = House::empty().await;
    let ask = async |id: &str| {
        let request = Request::get("/healthz").header("x-request-id", id).body(Body::empty()).expect("a request");
        house.send(request).await.headers["x-request-id"].to_str().expect("text").to_owned()
    };
    assert_eq!(ask("from-the-proxy.1").await, "from-the-proxy.1");
    let other = ask("what \"is no word\"").await;
    assert_eq!(other.len(), 26, "it has a new one: {other}");
}
