//! A loss of power at a server: what its disk was not told to keep is gone, and nothing that was acknowledged is.
//!
//! The state is on a file system of its own, in a file. What was not written through by the time of the loss is in the
//! kernel's memory alone, and so not in a copy of that file.

use std::collections::HashSet;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::place::Place;
use crate::served::Served;
use crate::shell::until;

/// Waits for a person, so that nothing of it runs.
const SCRIPT: &str = "- {id: unit, blocked: true, script: [echo done]}";

const REPO: &str = "/v1/orgs/acme/repos/web";

/// What is in a file that nobody writes through.
const UNSYNCED: &str = "of this the disk was told nothing";

/// Those who deliver and start builds at the same time.
const CLIENTS: usize = 4;

/// A file system in a file.
struct Disk {
    folder: TempDir,
    at: PathBuf,
}

impl Disk {
    /// One at that place, where this user may make one.
    fn mount(at: PathBuf) -> Option<Self> {
        std::fs::create_dir_all(&at).expect("a folder");
        let disk = Self { folder: tempfile::tempdir().expect("a folder"), at };
        let image = disk.image("power");
        std::fs::File::create(&image).and_then(|file| file.set_len(96 << 20)).expect("a file");
        let made = Command::new("mkfs.ext4").args(["-q", "-F"]).arg(&image).status();
        if made.is_ok_and(|made| made.success()) && disk.attach(&image) {
            return Some(disk);
        }
        let required = std::env::var("MONKEYCI_TEST_REQUIRE").unwrap_or_default();
        assert!(!required.split(',').any(|name| ["loop", "all"].contains(&name)), "required: loop");
        eprintln!("skipped: loop: this user cannot mount a file system");
        None
    }

    fn image(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The kernel writes nothing back by itself for ten minutes, as it may.
    fn attach(&self, image: &Path) -> bool {
        let mounted = Command::new("mount").args(["-o", "loop,commit=600"]).arg(image).arg(&self.at).output();
        mounted.is_ok_and(|output| output.status.success())
    }

    fn detach(&self) {
        let gone = Command::new("umount").arg("-l").arg(&self.at).status();
        assert!(gone.is_ok_and(|gone| gone.success()), "it is detached");
    }

    /// What a loss of power would leave now.
    fn take(&self) {
        std::fs::copy(self.image("power"), self.image("left")).expect("copies");
        // Whatever was on its way while that was read has arrived when it reads the same again.
        while !is_same(&self.image("power"), &self.image("left")) {
            std::fs::copy(self.image("power"), self.image("left")).expect("copies");
        }
    }

    /// Puts what was left in the place of what there is.
    fn give(&self) {
        self.detach();
        std::fs::rename(self.image("left"), self.image("power")).expect("renamed");
        assert!(self.attach(&self.image("power")), "what was left is a file system");
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _gone = Command::new("umount").arg("-l").arg(&self.at).status();
    }
}

fn is_same(one: &Path, other: &Path) -> bool {
    Command::new("cmp").arg("-s").arg(one).arg(other).status().expect("cmp runs").success()
}

/// What was acknowledged: deliveries by id, and builds by the key that they were asked for with.
#[derive(Default)]
struct Acknowledged {
    deliveries: Vec<String>,
    builds: Vec<(String, u64)>,
}

/// Somebody who asks with the rights of the first person.
#[derive(Clone, Copy)]
struct Client<'a> {
    port: u16,
    token: &'a str,
}

impl Client<'_> {
    /// What the server answers; nothing where it is gone.
    fn ask(&self, method: &str, path: &str, headers: &str, body: &Value) -> Option<(u16, Value)> {
        let Self { port, token } = self;
        let mut connection = TcpStream::connect(("127.0.0.1", *port)).ok()?;
        connection.set_read_timeout(Some(Duration::from_secs(30))).ok()?;
        let (body, who) = (body.to_string(), format!("Authorization: Bearer {token}\r\n"));
        let head = format!("Host: here\r\nConnection: close\r\nContent-Type: application/json\r\n{who}{headers}");
        let length = body.len();
        write!(connection, "{method} {path} HTTP/1.1\r\n{head}Content-Length: {length}\r\n\r\n{body}").ok()?;
        let mut answer = String::new();
        connection.read_to_string(&mut answer).ok()?;
        let status = answer.split(' ').nth(1)?.parse().ok()?;
        let (_, body) = answer.split_once("\r\n\r\n")?;
        Some((status, serde_json::from_str(body).unwrap_or(Value::Null)))
    }

    fn get(&self, path: &str) -> Value {
        let (status, shown) = self.ask("GET", path, "", &json!({})).expect("it answers");
        assert_eq!(status, 200, "{path}: {shown}");
        shown
    }

    /// Whether a delivery of this id is acknowledged.
    fn deliver(&self, hook: &Hook, id: &str) -> bool {
        let secret = &hook.secret;
        let headers = format!("X-Gitlab-Token: {secret}\r\nX-Gitlab-Event: Note Hook\r\nIdempotency-Key: {id}\r\n");
        let answer = self.ask("POST", &hook.path, &headers, &json!({ "object_kind": "note", "id": id }));
        matches!(answer, Some((202, _)))
    }

    /// The build that is begun with this key, if that is acknowledged.
    fn build(&self, key: &str) -> Option<u64> {
        let headers = format!("Idempotency-Key: {key}\r\n");
        match self.ask("POST", &format!("{REPO}/builds"), &headers, &json!({ "branch": "main" }))? {
            (201, begun) => begun["number"].as_u64(),
            _ => None,
        }
    }
}

/// A file that nobody writes through: a new one each time, since what is written over is written through as it is closed.
fn unsynced(disk: &Disk, round: usize) -> PathBuf {
    disk.at.join(format!("unsynced-{round}"))
}

struct Hook {
    path: String,
    secret: String,
}

/// Delivers and starts builds until the power is lost; returns what was acknowledged by then.
fn work_until_the_power_is_lost(served: &mut Served, disk: &Disk, hook: &Hook, round: usize) -> Acknowledged {
    let token = served.token().to_owned();
    let client = Client { port: served.port, token: &token };
    let (all, over, next) = (Mutex::new(Acknowledged::default()), AtomicBool::new(false), AtomicUsize::new(0));
    let work = || {
        while !over.load(Ordering::Relaxed) {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let id = format!("d-{round}-{number}");
            if client.deliver(hook, &id) {
                all.lock().expect("whole").deliveries.push(id);
            }
            let key = format!("key-{round}-{number}");
            if number % 5 == 0
                && let Some(build) = client.build(&key)
            {
                all.lock().expect("whole").builds.push((key, build));
            }
        }
    };
    let mut known = Acknowledged::default();
    std::thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(work);
        }
        until("enough is acknowledged", || {
            let all = all.lock().expect("whole");
            all.deliveries.len() >= 40 && all.builds.len() >= 8
        });
        std::fs::write(unsynced(disk, round), UNSYNCED).expect("written");
        let taken = || {
            known = std::mem::take(&mut *all.lock().expect("whole"));
            over.store(true, Ordering::Relaxed);
            disk.take();
        };
        served.lose_power(taken, || disk.give());
    });
    known
}

#[test]
fn whatever_was_acknowledged_is_there_after_the_power_was_lost() {
    let place = Place::empty();
    let Some(disk) = Disk::mount(place.data().join("server")) else { return };
    place.write(".monkeyci/build.yaml", SCRIPT);
    let mut served = Served::of(place, "");
    let token = served.token().to_owned();
    let client = Client { port: served.port, token: &token };
    let (_, made) = client.ask("POST", &format!("{REPO}/hooks"), "", &json!({ "forge": "gitlab" })).expect("answers");
    let url = made["url"].as_str().unwrap_or_else(|| panic!("{made}"));
    let path = url.split_once("://").and_then(|(_, rest)| rest.find('/').map(|at| rest[at..].to_owned()));
    let hook = Hook { path: path.expect("a path"), secret: made["secret"].as_str().expect("a secret").to_owned() };
    let name = made["name"].as_str().expect("a name").to_owned();
    let (mut deliveries, mut builds) = (Vec::new(), Vec::new());
    let long = std::env::var("MONKEYCI_TEST_LONG").is_ok_and(|value| !value.is_empty());
    for round in 0..if long { 20 } else { 3 } {
        let known = work_until_the_power_is_lost(&mut served, &disk, &hook, round);
        deliveries.extend(known.deliveries);
        builds.extend(known.builds);
        // That it was lost indeed: what nobody had written through is not there.
        let kept = std::fs::read_to_string(unsynced(&disk, round)).unwrap_or_default();
        assert_ne!(kept, UNSYNCED, "round {round}: the power was not lost");

        let mut there = HashSet::new();
        let mut cursor = String::new();
        loop {
            let page = client.get(&format!("{REPO}/hooks/{name}/deliveries?limit=100{cursor}"));
            let ids = page["items"].as_array().expect("items").iter().filter_map(|one| one["deliveryId"].as_str());
            there.extend(ids.map(str::to_owned));
            let Some(next) = page["next"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        let lost: Vec<_> = deliveries.iter().filter(|id| !there.contains(*id)).collect();
        assert!(lost.is_empty(), "round {round}: {lost:?} were acknowledged, and are lost");
        for (key, number) in &builds {
            // The same build, and not another: its key was acknowledged with it.
            assert_eq!(client.build(key), Some(*number), "round {round}: {key}");
        }
    }
    // Each of them comes to an end.
    for (_, number) in &builds {
        let one = format!("{REPO}/builds/{number}");
        let ended = ["success", "failure", "error", "canceled"];
        client.ask("POST", &format!("{one}/cancel"), "", &json!({}));
        until(&one, || client.get(&one)["status"].as_str().is_some_and(|status| ended.contains(&status)));
    }
    drop(served);
}
