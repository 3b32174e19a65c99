//! Traces of builds, as a collector of OpenTelemetry gets them.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use http::StatusCode;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::house::House;

/// How long something that must happen may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Takes traces, once it was asked a second time for the first of them.
struct Collector {
    url: String,
    came: Arc<watch::Sender<Vec<Value>>>,
}

impl Collector {
    async fn open() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("listens");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let came = Arc::new(watch::Sender::new(Vec::new()));
        let app = Router::new().route("/v1/traces", axum::routing::post(take)).with_state(Arc::clone(&came));
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { url, came }
    }

    async fn came(&self, count: usize) -> Vec<Value> {
        let mut came = self.came.subscribe();
        let all = tokio::time::timeout(PATIENCE, came.wait_for(|all| all.len() >= count)).await;
        all.expect("so many come").expect("it is there").clone()
    }
}

async fn take(State(came): State<Arc<watch::Sender<Vec<Value>>>>, body: String) -> StatusCode {
    came.send_modify(|all| all.push(serde_json::from_str(&body).expect("JSON")));
    if came.borrow().len() == 1 { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK }
}

/// What an attribute of a span says.
fn said<'v>(span: &'v Value, key: &str) -> &'v Value {
    let all = span["attributes"].as_array().expect("attributes");
    &all.iter().find(|one| one["key"] == key).unwrap_or_else(|| panic!("{key}: {span:#}"))["value"]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_build_that_has_ended_is_one_trace_which_is_sent_until_it_is_taken() {
    let collector = Collector::open().await;
    let endpoint = collector.url.clone();
    let script = "[{id: unit, script: [echo a]}, {id: lint, script: [exit 3], dependencies: [unit]}]";
    let house = House::with(script, move |config| config.traces.endpoint = Some(endpoint.clone())).await;
    let build = house.post("/v1/orgs/acme/repos/web/builds", json!({})).await.must(201).json();
    assert_eq!(house.ended(1).await["status"], "failure", "{build}");
    let came = collector.came(2).await;
    assert_eq!(came[0], came[1], "it is the same when it is sent again");
    let spans = came[0]["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().expect("spans");
    let named =
        |name: &str| spans.iter().find(|span| span["name"] == name).unwrap_or_else(|| panic!("{name}: {spans:#?}"));
    let (root, unit, lint) = (named("RUN acme/web"), named("unit"), named("lint"));
    assert!(root.get("parentSpanId").is_none());
    assert_eq!(said(root, "cicd.pipeline.result")["stringValue"], "failure");
    assert_eq!((root["status"]["code"].as_u64(), unit["status"]["code"].as_u64()), (Some(2), Some(1)));
    for span in [unit, lint, named("load the script")] {
        assert_eq!((&span["traceId"], &span["parentSpanId"]), (&root["traceId"], &root["spanId"]));
        let at = |span: &Value, key: &str| span[key].as_str().expect("a text").parse::<u64>().expect("nanoseconds");
        assert!(at(root, "startTimeUnixNano") <= at(span, "startTimeUnixNano"));
        assert!(at(span, "endTimeUnixNano") <= at(root, "endTimeUnixNano"));
    }
    assert_eq!(said(lint, "cicd.pipeline.task.run.result")["stringValue"], "failure");
    assert_eq!(root["traceId"].as_str().map(str::len), Some(32));
    // Another server goes on behind it.
    house.post("/v1/orgs/acme/repos/web/builds", json!({})).await.must(201);
    house.ended(2).await;
    let came = collector.came(3).await;
    assert_ne!(came[2]["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["traceId"], root["traceId"]);
}

/// What a metric says.
async fn metric(house: &House, name: &str) -> f64 {
    let text = house.ask(None, http::Method::GET, "/metrics", None).await.must(200).text;
    let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("{name}: {text}"));
    line.rsplit(' ').next().and_then(|value| value.parse().ok()).expect("a number")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trace_that_is_never_taken_and_a_collector_that_is_down_hold_up_nothing_behind_them() {
    // It takes everything but the first build's.
    let came = Arc::new(watch::Sender::new(Vec::<String>::new()));
    let seen = Arc::clone(&came);
    let picky = async move |body: String| {
        let trace: Value = serde_json::from_str(&body).expect("JSON");
        let root = &trace["resourceSpans"][0]["scopeSpans"][0]["spans"][0];
        let build = said(root, "cicd.pipeline.run.id")["stringValue"].as_str().expect("a build").to_owned();
        let is_first = build.ends_with("build-1");
        seen.send_modify(|all| all.push(build));
        if is_first { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("listens");
    let address = listener.local_addr().expect("an address");
    let endpoint = format!("http://{address}");
    let app = Router::new().route("/v1/traces", axum::routing::post(picky));
    let script = "[{id: unit, script: [echo a]}]";
    let house = House::with(script, move |config| config.traces.endpoint = Some(endpoint.clone())).await;
    // Nobody answers yet: the connection waits in a queue, and builds go on.
    for number in 1..=3 {
        house.post("/v1/orgs/acme/repos/web/builds", json!({})).await.must(201);
        assert_eq!(house.ended(number).await["status"], "success");
    }
    assert!(metric(&house, "monkeyci_traces_total{how=\"sent\"}").await < 1.0);
    tokio::spawn(async move { axum::serve(listener, app).await });
    let mut all = came.subscribe();
    let both = all.wait_for(|all| ["build-2", "build-3"].iter().all(|end| all.iter().any(|one| one.ends_with(end))));
    tokio::time::timeout(PATIENCE, both).await.expect("they come").expect("it is there");
    let settled = async {
        while metric(&house, "monkeyci_traces_total{how=\"sent\"}").await < 2.0 {
            tokio::time::sleep(Duration::from_millis(10)).await; // poll
        }
    };
    tokio::time::timeout(PATIENCE, settled).await.expect("two are sent");
    assert!(metric(&house, "monkeyci_traces_waiting").await >= 1.0, "the first still waits");
}
