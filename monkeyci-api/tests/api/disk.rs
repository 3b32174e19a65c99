//! A server whose disk is full.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use axum::body::Body;
use http::{Method, Request};
use serde_json::{Value, json};

use super::house::{Answer, House};
use crate::postgres::PostgresServer;

const HOOKS: &str = "/v1/orgs/acme/repos/web/hooks";

/// A small disk, gone when it is dropped.
struct Disk(PathBuf);

impl Disk {
    fn mount(at: PathBuf) -> Option<Self> {
        std::fs::create_dir_all(&at).expect("a folder");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=32m", "none"]).arg(&at).output();
        if mounted.is_ok_and(|output| output.status.success()) {
            return Some(Self(at));
        }
        let required = std::env::var("MONKEYCI_TEST_REQUIRE").unwrap_or_default();
        assert!(!required.split(',').any(|name| ["tmpfs", "all"].contains(&name)), "required: tmpfs");
        eprintln!("skipped: tmpfs: only root can mount one");
        None
    }

    /// The same for a server of PostgreSQL, which puts tables there.
    fn of(server: &PostgresServer) -> Option<Self> {
        let disk = Self::mount(server.folder("small"))?;
        server.give(&disk.0);
        let make = format!("CREATE TABLESPACE small LOCATION '{}'", disk.0.display());
        server.ask("psql", &["-X", "-q", "-d", "postgres", "-c", &make]);
        Some(disk)
    }

    /// Takes all the room that there is but so many bytes, in a file.
    fn fill_but(&self, left: u64) -> PathBuf {
        let path = self.0.join("filler");
        let mut file = std::fs::File::create(&path).expect("a file");
        for piece in [&[7; 64 * 1024][..], &[7; 1024], &[7]] {
            while file.write_all(piece).is_ok() {}
        }
        let taken = file.metadata().expect("a file").len();
        file.set_len(taken.saturating_sub(left)).expect("made shorter");
        path
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _gone = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// So many letters that no database can make fewer of.
fn noise(seed: &str, letters: usize) -> String {
    let mut text = String::with_capacity(letters + 64);
    let mut block = hmac_sha256::Hash::hash(seed.as_bytes());
    while text.len() < letters {
        text.extend(block.iter().map(|byte| format!("{byte:02x}")));
        block = hmac_sha256::Hash::hash(&block);
    }
    text.truncate(letters);
    text
}

/// A delivery that nothing is built on, of so many bytes.
async fn deliver(house: &House, hook: &Value, id: &str, bytes: usize) -> Answer {
    let path = hook["url"].as_str().and_then(|url| url.strip_prefix("https://ci.example.com")).expect("a path");
    let body = json!({ "zen": noise(id, bytes) }).to_string();
    let mac = hmac_sha256::HMAC::mac(body.as_bytes(), hook["secret"].as_str().expect("a secret").as_bytes());
    let hex: String = mac.iter().map(|byte| format!("{byte:02x}")).collect();
    let request = Request::builder()
        .method(Method::POST)
        .uri(path)
        .header("content-type", "application/json")
        .header("x-github-event", "ping")
        .header("x-github-delivery", id)
        .header("x-hub-signature-256", format!("sha256={hex}"));
    house.send(request.body(Body::from(body)).expect("a request")).await
}

fn room(path: &Path) -> u64 {
    rustix::fs::statvfs(path).map(|disk| disk.f_bavail * disk.f_frsize).expect("a disk")
}

/// Delivers until it was refused so often because the disk is full; returns what was acknowledged.
async fn deliver_until_full(house: &House, hook: &Value) -> Vec<String> {
    let (mut acknowledged, mut refused) = (Vec::new(), 0);
    for number in 0..400 {
        let id = format!("d-{number}");
        let answer = deliver(house, hook, &id, 100_000).await;
        match answer.status.as_u16() {
            202 => acknowledged.push(id),
            503 => refused += 1,
            other => panic!("{other}: {}", answer.text),
        }
        if refused == 5 {
            assert!(answer.text.contains("disk is full"), "{}", answer.text);
            return acknowledged;
        }
    }
    panic!("{} were taken", acknowledged.len());
}

/// What was acknowledged is there once all of it was looked at, and nothing else.
async fn must_have(house: &House, acknowledged: &[String]) {
    let is_settled = |page: &Value| {
        let items = page["items"].as_array().expect("items");
        items.iter().all(|delivery| delivery["state"] != "received")
    };
    let page = house.until(&format!("{HOOKS}/github/deliveries?limit=1000"), is_settled).await;
    let items = page["items"].as_array().expect("items");
    for id in acknowledged {
        assert!(items.iter().any(|delivery| delivery["deliveryId"] == id.as_str()), "{id} is lost: {page}");
    }
    assert_eq!(items.len(), acknowledged.len(), "what was refused is not there");
}

/// Case D6: a server whose disk gets full under deliveries, and has room again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_on_a_full_disk_loses_nothing_says_so_and_recovers() {
    let mut mounted = None;
    let mut house = House::set_up(|config| mounted = Disk::mount(config.state.clone())).await;
    let Some(disk) = mounted else { return };
    if house.is_elsewhere() {
        return;
    }
    house.commit("- {id: unit, script: [echo done]}");
    house.put("/v1/orgs/acme", json!({})).await.must(201);
    let url = format!("file://{}", house.repository().display());
    house.put("/v1/orgs/acme/repos/web", json!({ "url": url })).await.must(201);
    let hook = house.post(HOOKS, json!({ "forge": "github" })).await.must(201).json();
    let ready = async |house: &House| house.ask(None, Method::GET, "/readyz", None).await;
    ready(&house).await.must(200);
    house.post("/v1/orgs/acme/repos/web/builds", json!({})).await.must(201);
    house.ended(1).await;

    let filler = disk.fill_but(3_000_000);
    let mut acknowledged = deliver_until_full(&house, &hook).await;
    assert!(!acknowledged.is_empty() && room(&disk.0) < 2_000_000, "{} bytes are left", room(&disk.0));
    let told = ready(&house).await.must(503);
    assert!(told.text.contains("make room"), "{}", told.text);
    // What is there is still read, and what is asked for is refused and not half done.
    house.get("/v1/orgs/acme/repos/web/builds/1").await.must(200);
    let begun = house.post("/v1/orgs/acme/repos/web/builds", json!({})).await;
    assert!(matches!(begun.status.as_u16(), 201 | 503), "{} {}", begun.status, begun.text);

    std::fs::remove_file(filler).expect("removed");
    ready(&house).await.must(200);
    deliver(&house, &hook, "after", 100_000).await.must(202);
    acknowledged.push("after".into());
    house.again().await;
    must_have(&house, &acknowledged).await;
    let next = house.post("/v1/orgs/acme/repos/web/builds", json!({ "branch": "main" })).await.must(201).json();
    assert_eq!(house.ended(next["number"].as_u64().expect("a number")).await["status"], "success");
}

/// Case D7: a server whose PostgreSQL has a full disk, and has room again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_elsewhere_whose_disk_is_full_is_told_of_and_used_again_once_it_has_room() {
    let Some(server) = PostgresServer::start(&["fsync=off"]) else { return };
    let Some(disk) = Disk::of(&server) else { return };
    server.ask("createdb", &["-T", "template0", "-D", "small", "full"]);
    let url = server.database().url();
    let url = format!("{}/full", url.rsplit_once('/').expect("a path").0);
    let house = House::set_up(|config| config.database = Some(url)).await;
    house.commit("- {id: unit, script: [echo done]}");
    house.put("/v1/orgs/acme", json!({})).await.must(201);
    let source = format!("file://{}", house.repository().display());
    house.put("/v1/orgs/acme/repos/web", json!({ "url": source })).await.must(201);
    let hook = house.post(HOOKS, json!({ "forge": "github" })).await.must(201).json();

    let filler = disk.fill_but(3_000_000);
    let mut acknowledged = deliver_until_full(&house, &hook).await;
    assert!(!acknowledged.is_empty(), "some were taken");
    // What is there is still read.
    house.get("/v1/orgs/acme/repos/web").await.must(200);
    std::fs::remove_file(filler).expect("removed");
    deliver(&house, &hook, "after", 100_000).await.must(202);
    acknowledged.push("after".into());
    must_have(&house, &acknowledged).await;
    let next = house.post("/v1/orgs/acme/repos/web/builds", json!({ "branch": "main" })).await.must(201).json();
    assert_eq!(house.ended(next["number"].as_u64().expect("a number")).await["status"], "success");
    drop(house);
    server.ask("dropdb", &["--force", "full"]);
}
