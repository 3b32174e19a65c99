//! The double of Oracle Cloud, held against Oracle's documentation and Oracle's own clients.

mod containers;
mod faults;
mod functions;
mod goldens;
mod node;
mod program;
mod python;
mod refusals;
mod storage;
mod streams;

use std::time::Duration;

use oci_signer::{Client, ConfigFile, Covers, Principal, Signer};
use oracle_emulator::Oracle;
use reqwest::Method;
use serde_json::{Value, json};

const COMPARTMENT: &str = "ocid1.compartment.oc1..aaaatest";

/// The double, and a user of it.
struct Caller {
    oracle: Oracle,
    client: Client,
    folder: tempfile::TempDir,
}

/// An answer.
#[derive(Debug)]
struct Answer {
    status: u16,
    headers: http::HeaderMap,
    body: bytes::Bytes,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// What it says, where it has this status.
    #[track_caller]
    fn must(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text());
        self
    }

    /// Status and code.
    fn refusal(&self) -> (u16, String) {
        (self.status, self.json()["code"].as_str().unwrap_or_default().to_owned())
    }
}

impl Caller {
    async fn new() -> Self {
        Self::of(Oracle::start().await)
    }

    fn of(oracle: Oracle) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let config = oracle.user().write(folder.path()).expect("writes");
        let profile = ConfigFile::find(Some(&config)).expect("a file").profile("DEFAULT").expect("a profile");
        let client = Client::new(Signer::new(Principal::of_profile(profile).expect("a user"))).expect("a client");
        Self { oracle, client, folder }
    }

    async fn send(&self, method: &str, target: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Answer {
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let is_content = method == Method::PUT && (target.contains("/o/") || target.contains("/u/"));
        let is_put =
            method == Method::POST && target.starts_with("/20180418/streams/") && target.ends_with("/messages");
        let covers = if is_content || is_put { Covers::Head } else { Covers::Everything };
        let mut request = self.client.http().request(method, format!("{}{target}", self.oracle.url()));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if covers == Covers::Head && !headers.iter().any(|(name, _)| *name == "content-type") {
            request = request.header("content-type", "application/json");
        }
        let request = request.body(body).build().expect("a request");
        let answer = self.client.send_covering(request, covers).await.expect("an answer");
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        Answer { status, headers, body: answer.bytes().await.expect("a body") }
    }

    async fn get(&self, target: &str) -> Answer {
        self.send("GET", target, &[], Vec::new()).await
    }

    async fn delete(&self, target: &str) -> Answer {
        self.send("DELETE", target, &[], Vec::new()).await
    }

    async fn post(&self, target: &str, body: &Value) -> Answer {
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        self.send("POST", target, &[], body).await
    }

    /// Asks until an answer is as it should be.
    async fn until(&self, target: &str, is_right: impl Fn(&Value) -> bool) -> Value {
        let mut last = Value::Null;
        for _ in 0..1500 {
            last = self.get(target).await.must(200).json();
            if is_right(&last) {
                return last;
            }
            tokio::time::sleep(Duration::from_millis(20)).await; // poll
        }
        panic!("{target} stays {last:#}")
    }
}

/// What a container instance is created from, with these containers.
fn instance(containers: Value) -> Value {
    json!({
        "displayName": "build-1-test", "compartmentId": COMPARTMENT, "availabilityDomain": "Uocm:EU-FRANKFURT-1-AD-1",
        "shape": "CI.Standard.E4.Flex", "shapeConfig": { "ocpus": 1, "memoryInGBs": 2 },
        "containers": containers, "vnics": [{ "subnetId": "ocid1.subnet.oc1.eu-frankfurt-1.aaaasub" }],
        "containerRestartPolicy": "NEVER", "freeformTags": { "job-id": "j" },
    })
}
