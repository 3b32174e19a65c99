//! The front door as a plain service.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::front::{Front, SECRET, ask, push, settings, signed, try_ask, waiting};
use crate::place::{Place, wait_for};
use crate::served::Served;

const COMMIT: &str = "89abcdef0123456789abcdef0123456789abcdef";

/// A front door that puts triggers into a folder.
fn with_folder() -> (Front, std::path::PathBuf) {
    let place = Place::empty();
    let folder = place.repo().join("triggers");
    let to = format!("file://{}", folder.display());
    (Front::open(place, &settings(&to)), folder)
}

#[test]
fn a_signed_push_waits_to_be_built_and_a_forged_one_does_not() {
    let (front, folder) = with_folder();
    let answer = front.push("d-1", COMMIT, SECRET);
    assert_eq!(answer.status, 202, "{answer:?}");
    let waits = waiting(&folder);
    assert_eq!(waits.len(), 1, "{waits:?}");
    assert_eq!(answer.body, json!({ "queued": [waits[0]["id"]] }));
    let queued = &waits[0]["data"];
    assert_eq!((&waits[0]["type"], &waits[0]["subject"]), (&json!("build/queued"), &json!("acme/web")));
    assert_eq!((&queued["org"], &queued["repo"], &queued["version"]), (&json!("acme"), &json!("web"), &json!(1)));
    assert_eq!(queued["trigger"]["git"]["commitId"], COMMIT);
    let url = &queued["trigger"]["git"]["url"];
    assert_eq!(url, "https://git.example.com/acme/web.git", "no delivery says where it is cloned from");

    // Whoever does not know the secret learns nothing, not even whether there is such a hook.
    let forged = front.push("d-2", COMMIT, "another secret");
    let (headers, body) = push("d-3", COMMIT, SECRET);
    let unknown = ask(front.connect(), "POST", "/webhook/github/other", &headers, &body);
    let unsigned = ask(front.connect(), "POST", "/webhook/github/web", &headers[..3], &body);
    let other_forge = ask(front.connect(), "POST", "/webhook/gitlab/web", &headers, &body);
    for refused in [&forged, &unknown, &unsigned, &other_forge] {
        assert_eq!((refused.status, &refused.body), (401, &forged.body), "{refused:?}");
    }
    assert_eq!(waiting(&folder).len(), 1);
    assert!(!front.log().contains(SECRET), "{}", front.log());
    front.end();
}

#[test]
fn what_is_delivered_twice_waits_once_and_what_builds_nothing_does_not_wait() {
    let (front, folder) = with_folder();
    for _ in 0..3 {
        assert_eq!(front.push("d-1", COMMIT, SECRET).status, 202);
    }
    assert_eq!(waiting(&folder).len(), 1);
    let (headers, body) = signed("ping", "d-2", SECRET, b"{\"zen\": \"Keep it logically awesome.\"}".to_vec());
    let answer = ask(front.connect(), "POST", "/webhook/github/web", &headers, &body);
    assert_eq!((answer.status, &answer.body["queued"]), (202, &json!([])), "{answer:?}");
    let skipped = push("d-4", COMMIT, SECRET).1;
    let skipped = String::from_utf8(skipped).expect("text").replace("Begin", "Begin [skip ci]").into_bytes();
    let (headers, body) = signed("push", "d-4", SECRET, skipped);
    assert_eq!(ask(front.connect(), "POST", "/webhook/github/web", &headers, &body).body["queued"], json!([]));
    assert_eq!(waiting(&folder).len(), 1);
}

#[test]
fn a_branch_that_is_gone_is_told_to_whoever_builds_it() {
    let (front, folder) = with_folder();
    let body = String::from_utf8(push("d-1", &"0".repeat(40), SECRET).1).expect("text");
    let body = body.replace("\"created\":true", "\"created\":false,\"deleted\":true");
    let body = body.replacen(&format!("\"before\":\"{}\"", "0".repeat(40)), &format!("\"before\":\"{COMMIT}\""), 1);
    let (headers, body) = signed("push", "d-1", SECRET, body.into_bytes());
    let answer = ask(front.connect(), "POST", "/webhook/github/web", &headers, &body);
    assert_eq!((answer.status, &answer.body), (202, &json!({ "queued": [], "gone": ["refs/heads/main"] })));
    let waits = waiting(&folder);
    assert_eq!((waits.len(), &waits[0]["type"]), (1, &json!("build/gone")), "{waits:?}");
    assert_eq!(waits[0]["data"]["reference"], "refs/heads/main");
}

#[test]
fn what_is_no_delivery_is_refused_with_words() {
    let (front, folder) = with_folder();
    let (headers, body) = push("d-1", COMMIT, SECRET);
    let asked = |method: &str, path: &str, body: &[u8]| ask(front.connect(), method, path, &headers, body).status;
    assert_eq!(asked("GET", "/webhook/github/web", b""), 405);
    assert_eq!(asked("POST", "/", &body), 404);
    assert_eq!(asked("POST", "/webhook/github/web/more", &body), 404);
    assert_eq!(asked("GET", "/healthz", b""), 200);
    let (broken, text) = signed("push", "d-5", SECRET, b"{\"ref\": 7".to_vec());
    assert_eq!(ask(front.connect(), "POST", "/webhook/github/web", &broken, &text).status, 422);
    // As long as GitHub sends, and then one byte more.
    let long = vec![b' '; 25 * 1024 * 1024 + 1];
    let answer = try_ask(front.connect(), "POST", "/webhook/github/web", &headers, &long);
    assert!(answer.is_none_or(|answer| answer.status == 413));
    assert_eq!(waiting(&folder), Vec::<serde_json::Value>::new());
    // It lives, whatever came.
    assert_eq!(front.push("d-6", COMMIT, SECRET).status, 202);
}

#[test]
fn both_secrets_are_good_while_one_replaces_the_other() {
    let place = Place::empty();
    let (old, new) = (place.repo().join("old"), place.repo().join("new"));
    std::fs::write(&old, "the former secret\n").expect("written");
    let folder = place.repo().join("triggers");
    let files = format!("[\"file:{}\", \"file:{}\"]", new.display(), old.display());
    let settings = settings(&format!("file://{}", folder.display())).replace("[\"env:WEB_SECRET\"]", &files);
    let front = Front::open(place, &settings);
    // The new one is not there yet.
    assert_eq!(front.push("d-1", COMMIT, "the former secret").status, 202);
    std::fs::write(&new, "the newer secret").expect("written");
    assert_eq!(front.push("d-2", COMMIT, "the newer secret").status, 202);
    assert_eq!(front.push("d-3", COMMIT, "the former secret").status, 202);
    std::fs::remove_file(&old).expect("removed");
    assert_eq!(front.push("d-4", COMMIT, "the former secret").status, 401);
    std::fs::remove_file(&new).expect("removed");
    assert_eq!(front.push("d-5", COMMIT, "the newer secret").status, 503, "nothing can be known now");
}

#[test]
fn a_controller_is_started_once_the_trigger_is_safe() {
    let place = Place::empty();
    let (folder, marker) = (place.repo().join("triggers"), place.marker());
    let script = format!("ls '{}/waiting' > '{}'", folder.display(), marker.display());
    let start = format!("[start]\nprogram = [\"sh\", \"-c\", {script:?}]\n");
    let front = Front::open(place, &format!("{}{start}", settings(&format!("file://{}", folder.display()))));
    assert_eq!(front.push("d-1", COMMIT, SECRET).status, 202);
    wait_for(&marker);
    let is_seen = || std::fs::read_to_string(&marker).is_ok_and(|seen| seen.contains(".json"));
    let begun = Instant::now();
    while !is_seen() {
        assert!(begun.elapsed() < Duration::from_secs(30), "it saw no trigger");
        std::thread::sleep(Duration::from_millis(5)); // poll
    }
}

/// A queue that takes what is sent, and never answers.
fn silent_queue(place: &Place) -> (TcpListener, String) {
    let queue = TcpListener::bind("127.0.0.1:0").expect("a port");
    let endpoint = format!("http://{}", queue.local_addr().expect("an address"));
    let runtime = tokio::runtime::Runtime::new().expect("threads");
    let oracle = runtime.block_on(oracle_emulator::Oracle::start());
    let config = oracle.user().write(&place.repo().join("oci")).expect("written");
    let settings = settings("ocid1.queue.oc1.eu-frankfurt-1.aaaa").replacen(
        "[[hook]]",
        &format!("endpoint = \"{endpoint}\"\n[oci]\nconfig-file = \"{}\"\n[[hook]]", config.display()),
        1,
    );
    (queue, settings)
}

#[test]
fn a_queue_that_is_slow_is_told_to_the_forge_while_it_waits() {
    let place = Place::empty();
    let (_queue, settings) = silent_queue(&place);
    let front = Front::open(place, &settings);
    let begun = Instant::now();
    let answer = front.push("d-1", COMMIT, SECRET);
    assert_eq!(answer.status, 503, "{answer:?} {}", front.log());
    assert!(answer.head.contains("retry-after: "), "{answer:?}");
    assert!(begun.elapsed() < Duration::from_millis(9_500), "forges wait for ten seconds: {:?}", begun.elapsed());
}

#[test]
fn what_was_not_safe_when_it_was_killed_was_not_acknowledged() {
    let place = Place::empty();
    let (queue, slow) = silent_queue(&place);
    let mut front = Front::open(place, &slow);
    let stream = front.connect();
    let delivering = std::thread::spawn(move || {
        let (headers, body) = push("d-1", COMMIT, SECRET);
        try_ask(stream, "POST", "/webhook/github/web", &headers, &body)
    });
    // It is being put: the queue was called.
    queue.accept().expect("it calls");
    front.kill();
    assert!(delivering.join().expect("no panic").is_none(), "nothing was acknowledged");

    // The forge sends it again, to the next one.
    let folder = front.place.repo().join("triggers");
    let settings = settings(&format!("file://{}", folder.display()));
    let place = std::mem::replace(&mut front.place, Place::empty());
    let mut front = Front::open(place, &settings);
    assert_eq!(front.push("d-1", COMMIT, SECRET).status, 202);
    // What was acknowledged outlives whatever comes.
    front.kill();
    assert_eq!(waiting(&folder).len(), 1);
}

#[test]
fn deliveries_are_passed_on_to_a_server_which_builds_them() {
    let served = Served::with_script("[{id: greet, script: ['echo hello']}]");
    let added = served.does(&["webhook", "add", "github", "--repo", "acme/web", "--json"]);
    let added: serde_json::Value = serde_json::from_str(&added).expect("JSON");
    let (url, secret) = (added["url"].as_str().expect("one"), added["secret"].as_str().expect("one"));
    let key = url.rsplit('/').next().expect("a key");
    let settings = settings(&served.url).replace("key = \"web\"", &format!("key = \"{key}\""));
    let front = Front::with_variables(Place::empty(), &settings, &[("WEB_SECRET", secret)]);
    let (headers, body) = signed("ping", "d-1", secret, b"{\"zen\": \"x\"}".to_vec());
    let path = format!("/webhook/github/{key}");
    let answer = ask(front.connect(), "POST", &path, &headers, &body);
    assert_eq!((answer.status, &answer.body), (202, &json!({ "forwarded": true })), "{}", front.log());
    let deliveries = served.does(&["webhook", "deliveries", "github", "--repo", "acme/web", "--json"]);
    assert!(deliveries.contains("d-1"), "{deliveries}");
    // One that the server does not take is not acknowledged, and is not its forge's fault.
    served.does(&["webhook", "remove", "github", "--repo", "acme/web"]);
    assert_eq!(ask(front.connect(), "POST", &path, &headers, &body).status, 502);
    drop(served);
    assert_eq!(ask(front.connect(), "POST", &path, &headers, &body).status, 503);
}

#[test]
fn settings_that_cannot_be_used_are_told_and_never_shown() {
    let place = Place::empty();
    for (text, told) in [
        ("", "missing field `to`"),
        ("to = \"nats://x\"", "to: "),
        (&settings("file:///srv").replace("env:WEB_SECRET", "hush-hush")[..], "line 7"),
    ] {
        place.write("hook.toml", text);
        let ran = place.run(&["hook", "--config", "hook.toml"]);
        assert_eq!(ran.code, Some(2), "{}", ran.stderr);
        assert!(ran.stderr.contains(told) && !ran.stderr.contains("hush-hush"), "{}", ran.stderr);
    }
    assert!(place.run(&["hook"]).stderr.contains("MONKEYCI_HOOK_SETTINGS"));
}
