//! Addresses that lead inside: a server that may not reach private networks asks nobody there.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::house::House;
use super::receiver::Receiver;

/// Hosts that are this machine, its network, or what a cloud tells its machines.
const INSIDE: &[(&str, &str)] = &[
    ("N2 this machine", "127.0.0.1"),
    ("N3 this machine, in short", "127.1"),
    ("N4 this machine, as nobody", "0"),
    ("N5 this machine, as one number", "2130706433"),
    ("N6 this machine, in octal", "0177.0.0.1"),
    ("N7 this machine, in hexadecimal", "0x7f.1"),
    ("N8 this machine, in the new way", "[::1]"),
    ("N9 this machine, the old way within the new", "[::ffff:127.0.0.1]"),
    ("N10 this machine, behind a translator of addresses", "[64:ff9b::7f00:1]"),
    ("N11 this machine, at the end of a tunnel", "[2002:7f00:1::]"),
    ("N12 what a cloud tells its machines", "169.254.169.254"),
    ("N13 a private network", "10.0.0.1"),
    ("N14 the network of a carrier", "100.64.0.1"),
    ("N15 a private network, in the new way", "[fd00:ec2::254]"),
    ("N16 a name that leads here", "localhost"),
    ("N17 the same with a dot at its end", "localhost."),
    ("N18 the same in capitals", "LOCALHOST"),
    ("N19 digits of another width", "\u{ff11}\u{ff12}\u{ff17}.0.0.1"),
    ("N20 another host, as a user", "example.com@127.0.0.1"),
];

/// Whoever listens here is asked by nobody.
struct Canary {
    port: u16,
    asked: Arc<AtomicUsize>,
}

impl Canary {
    async fn listen() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("listens");
        let (port, asked) = (listener.local_addr().expect("an address").port(), Arc::new(AtomicUsize::new(0)));
        let seen = Arc::clone(&asked);
        tokio::spawn(async move {
            while listener.accept().await.is_ok() {
                seen.fetch_add(1, Ordering::SeqCst);
            }
        });
        Self { port, asked }
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

/// A server for which private networks are out of reach, with a repository whose builds fail.
async fn house() -> House {
    let house = House::set_up(|config| {
        config.executor.processes = vec!["acme/*".into()];
        config.sources.private = false;
    })
    .await;
    house.commit("[{id: unit, script: ['false']}]");
    house.put("/v1/orgs/acme", json!({})).await.must(201);
    let url = format!("file://{}", house.repository().display());
    house.put("/v1/orgs/acme/repos/web", json!({ "url": url })).await.must(201);
    house
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_inside_is_asked_for_a_repository() {
    let (house, canary) = (house().await, Canary::listen().await);
    for (number, (case, host)) in INSIDE.iter().enumerate() {
        let repo = format!("/v1/orgs/acme/repos/r{number}");
        let made = house.put(&repo, json!({ "url": format!("http://{host}:{}/a.git", canary.port) })).await;
        if made.status.as_u16() == 422 {
            continue;
        }
        made.must(201);
        house.post(&format!("{repo}/builds"), json!({ "branch": "main" })).await.must(201);
        let build = house.until(&format!("{repo}/builds/1"), |build| build["ended"].is_i64()).await;
        let told = build["message"].as_str().unwrap_or_default();
        // A name with a dot at its end is unknown to some machines.
        let is_out_of_reach =
            ["may not be reached", "refused", "cannot be reached"].iter().any(|why| told.contains(why));
        assert!(build["status"] == "error" && is_out_of_reach, "{case}: {build}");
    }
    assert_eq!(canary.asked(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_inside_is_sent_a_notice_or_a_status() {
    let (house, canary) = (house().await, Canary::listen().await);
    let mut taken = Vec::new();
    for (number, (case, host)) in INSIDE.iter().enumerate() {
        let address = format!("http://{host}:{}/hook", canary.port);
        let report = json!({ "forge": "gitea", "api": address, "project": "acme/web" });
        let body = json!({ "url": "https://example.com/acme/x.git", "report": report });
        // A name is looked at when it is looked up.
        let is_name = host.to_lowercase().starts_with("localhost");
        let status = house.put(&format!("/v1/orgs/acme/repos/r{number}"), body).await.status.as_u16();
        assert_eq!(status, if is_name { 201 } else { 422 }, "{case}");
        let path = format!("/v1/orgs/acme/subscriptions/s{number}");
        let made = house.put(&path, json!({ "to": { "webhook": { "url": address } } })).await;
        assert_eq!(made.status.as_u16(), if is_name { 201 } else { 422 }, "{case}: {}", made.text);
        if is_name {
            taken.push((*case, path));
        }
    }
    // Case N21: other schemes than those of the web.
    for url in
        ["file:///etc/passwd", "gopher://127.0.0.1/x", "unix:/var/run/docker.sock", "ftp://example.com", "data:,x"]
    {
        let body = json!({ "to": { "webhook": { "url": url } } });
        house.put("/v1/orgs/acme/subscriptions/x", body).await.must(422);
    }
    assert_eq!(taken.len(), 3);
    house.post("/v1/orgs/acme/repos/web/builds", json!({ "branch": "main" })).await.must(201);
    house.ended(1).await;
    for (case, path) in taken {
        let is_tried = |list: &Value| list["items"][0]["note"].is_string();
        let listed = house.until(&format!("{path}/deliveries"), is_tried).await;
        let note = listed["items"][0]["note"].as_str().expect("a note");
        assert!(note.contains("private network") || note.contains("failed to lookup"), "{case}: {note}");
    }
    assert_eq!(canary.asked(), 0);
}

/// Case N22: a receiver that leads elsewhere.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_that_leads_elsewhere_is_not_followed() {
    let house = House::with_script("[{id: unit, script: ['false']}]").await;
    let (receiver, canary) = (Receiver::open().await, Canary::listen().await);
    receiver.lead(&format!("http://127.0.0.1:{}/", canary.port));
    let body = json!({ "to": { "webhook": { "url": receiver.url } } });
    house.put("/v1/orgs/acme/subscriptions/x", body).await.must(201);
    house.post("/v1/orgs/acme/repos/web/builds", json!({ "branch": "main" })).await.must(201);
    house.ended(1).await;
    let is_tried = |list: &Value| list["items"][0]["note"].is_string();
    let listed = house.until("/v1/orgs/acme/subscriptions/x/deliveries", is_tried).await;
    assert!(listed["items"][0]["note"].to_string().contains("redirects are not followed"), "{listed}");
    assert_eq!((receiver.came(1).await.len(), canary.asked()), (1, 0));
}
