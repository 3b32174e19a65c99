//! A depot in Oracle's Object Storage, as its double has it: a signed address for the job, and an order in the bucket.

use std::fs;

use monkeyci_core::job_dir::Program;
use monkeyci_core::sidecar::{Host, HttpDepot};
use oci_signer::{Client, ConfigFile, Principal, Signer};
use oracle_emulator::{Oracle, token};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::jobs::wait_until;
use crate::story::{Running, Story, has_namespaces, program};

/// The double with a bucket, and a story whose depot is a prefix of it.
struct Place {
    story: Story,
    oracle: Oracle,
    client: Client,
    /// What signed addresses are made and removed at.
    addresses: String,
    /// The id of the story's.
    address: String,
}

impl Place {
    fn new(given: Program) -> Self {
        let story = Story::new(given, &["made"]);
        let keys = story.home.path().join("keys");
        let oracle = story.runtime.block_on(Oracle::start());
        let user = oracle.user();
        let config = user.write(&keys).expect("written");
        let mut state = oracle.state();
        state.bucket("builds");
        // The container of the sidecar has the same key by another name.
        let public = state.keys.get(&user.key_id()).expect("a key").clone();
        let token = token(3600, "sidecar");
        fs::write(keys.join("rpst"), &token).expect("a file");
        state.keys.insert(format!("ST${token}"), public);
        drop(state);
        let profile = ConfigFile::find(Some(&config)).and_then(|file| file.profile("DEFAULT")).expect("a profile");
        let client = Client::new(Signer::new(Principal::of_profile(profile).expect("a user"))).expect("a client");
        let mut place = Self { story, oracle, client, addresses: String::new(), address: String::new() };
        let namespace = place.ask("GET", &format!("{}/n", place.oracle.url()), None);
        let namespace = namespace.as_str().expect("a namespace").to_owned();
        place.addresses = format!("{}/n/{namespace}/b/builds/p", place.oracle.url());
        let made = place.ask("POST", &place.addresses, Some(json!({
            "name": "job", "accessType": "AnyObjectReadWrite", "objectName": "jobs/a-1/", "timeExpires": "2099-01-01T00:00:00Z",
        })));
        let uri = made["accessUri"].as_str().expect("an address");
        place.story.order.depot = format!("{}{uri}jobs/a-1/", place.oracle.url());
        place.address = made["id"].as_str().expect("an id").to_owned();
        place
    }

    fn ask(&self, method: &str, url: &str, body: Option<Value>) -> Value {
        let http = self.client.http();
        let request = match method {
            "GET" => http.get(url),
            "DELETE" => http.delete(url),
            _ => http.post(url).header("content-type", "application/json"),
        };
        let request = request.body(body.map(|body| body.to_string()).unwrap_or_default()).build().expect("a request");
        self.story.runtime.block_on(async {
            let answer = self.client.send(request).await.expect("sent");
            let (status, text) = (answer.status(), answer.text().await.expect("text"));
            assert!(status.is_success(), "{method} {url}: {status} {text}");
            serde_json::from_str(&text).unwrap_or_default()
        })
    }

    fn host(&self) -> Host {
        let depot = HttpDepot::new(&self.story.order.depot, None).expect("an address");
        Host::new(std::sync::Arc::new(depot), self.story.dir.clone())
    }

    /// A sidecar that knows the bucket, and who it is.
    fn sidecar(&self) -> Running {
        let url = self.oracle.url();
        let mut command = program(&["sidecar", "--oci", "builds/jobs/a-1", "--endpoint", &url]);
        let keys = self.story.home.path().join("keys");
        for (name, value) in [
            ("VERSION", "2.2".to_owned()),
            ("RPST", keys.join("rpst").display().to_string()),
            ("PRIVATE_PEM", keys.join("key.pem").display().to_string()),
            ("REGION", "eu-frankfurt-1".to_owned()),
        ] {
            command.env(format!("OCI_RESOURCE_PRINCIPAL_{name}"), value);
        }
        Running(command.spawn().expect("starts"))
    }
}

fn lines(line: &str) -> Program {
    Program { lines: vec![line.as_bytes().to_vec()], lease_ms: 8_000, ..Program::default() }
}

#[test]
fn a_sidecar_finds_its_order_by_who_it_is_and_its_depot_by_a_signed_address() {
    if !has_namespaces() {
        return;
    }
    let place = Place::new(lines("cat given; echo made >made"));
    fs::write(place.story.dir.work().join("given"), "given\n").expect("a file");
    // There before its order is.
    let mut sidecar = place.sidecar();
    wait_until(|| {
        place.oracle.state().seen.iter().any(|(asked, status)| asked.contains("order.json") && *status == 404)
    });
    let _job = place.story.job();
    let (host, order, runtime) = (place.host(), &place.story.order, &place.story.runtime);
    runtime.block_on(host.prepare(order)).expect("prepared");
    let end = runtime.block_on(host.mirror(order, &CancellationToken::new())).expect("it ends");
    runtime.block_on(host.collect(order, &end)).expect("collected");
    let ran = place.story.read(end);
    assert_eq!((ran.outcome().code, ran.output().as_str()), (Some(0), "given\n"));
    assert_eq!(fs::read_to_string(place.story.dir.work().join("made")).expect("collected"), "made\n");
    assert_eq!(sidecar.ends(), Some(0));
}

#[test]
fn an_address_that_is_taken_back_ends_the_sidecar_and_the_job_by_its_lease() {
    if !has_namespaces() {
        return;
    }
    let place = Place::new(lines("while :; do echo on; sleep 0.1; done"));
    place.story.runtime.block_on(place.host().prepare(&place.story.order)).expect("prepared");
    let (mut sidecar, _job) = (place.sidecar(), place.story.job());
    wait_until(|| place.oracle.state().seen.iter().any(|(asked, _)| asked.contains("report/")));
    place.ask("DELETE", &format!("{}/{}", place.addresses, place.address), None);
    assert_eq!(sidecar.ends(), Some(4));
    place.story.nothing_is_left();
}
