//! The front door as a function of Oracle Cloud, called by a platform as small as it comes, and beside a function that Oracle's
//! own kit for Python runs.

use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::front::{Answer, SECRET, ask, push, settings, waiting};
use crate::place::Place;

const COMMIT: &str = "89abcdef0123456789abcdef0123456789abcdef";

/// Calls functions as Fn's agent does.
struct Platform {
    process: Child,
    socket: PathBuf,
    calls: u32,
}

impl Platform {
    /// Starts a function, and waits until its socket is there; then it may be used at once.
    fn start(mut command: Command, folder: &Path) -> Self {
        std::fs::create_dir_all(folder).expect("a folder");
        let socket = folder.join("lsnr.sock");
        let process = command
            .env("FN_FORMAT", "http-stream")
            .env("FN_LISTENER", format!("unix:{}", socket.display()))
            .env("FN_APP_ID", "ocid1.fnapp.oc1..a")
            .env("FN_FN_ID", "ocid1.fnfunc.oc1..f")
            .env("FN_APP_NAME", "ci")
            .env("FN_FN_NAME", "hook")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("starts");
        let begun = Instant::now();
        while std::fs::symlink_metadata(&socket).is_err() {
            assert!(begun.elapsed() < Duration::from_secs(30), "the function does not listen");
            std::thread::sleep(Duration::from_millis(1)); // poll
        }
        Self { process, socket, calls: 0 }
    }

    fn ask(&mut self, method: &str, path: &str, headers: &[(String, String)], body: &[u8]) -> Answer {
        self.calls += 1;
        let mut all = vec![
            ("Fn-Call-Id".to_owned(), format!("01CALL{}", self.calls)),
            ("Fn-Deadline".to_owned(), "2090-01-01T00:00:00Z".to_owned()),
        ];
        all.extend_from_slice(headers);
        let stream = UnixStream::connect(&self.socket).expect("what is seen may be used");
        ask(stream, method, path, &all, body)
    }

    /// A call by a gateway.
    fn http(&mut self, method: &str, url: &str, own: &[(String, String)], body: &[u8]) -> Answer {
        let mut headers = vec![
            ("Fn-Intent".to_owned(), "httprequest".to_owned()),
            ("Fn-Http-Method".to_owned(), method.to_owned()),
            ("Fn-Http-Request-Url".to_owned(), url.to_owned()),
            ("Content-Type".to_owned(), "application/json".to_owned()),
        ];
        headers.extend(own.iter().map(|(name, value)| (format!("Fn-Http-H-{name}"), value.clone())));
        self.ask("POST", "/call", &headers, body)
    }
}

impl Drop for Platform {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The value of a header in the head of an answer.
fn header<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    answer.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

/// Our function, whose triggers go into a folder.
fn ours(place: &Place, more: &str) -> (Platform, PathBuf) {
    let folder = place.repo().join("triggers");
    let mut command = place.command(&["hook"]);
    command
        .env("MONKEYCI_HOOK_SETTINGS", settings(&format!("file://{}", folder.display())) + more)
        .env("WEB_SECRET", SECRET)
        .env("FN_LOGFRAME_NAME", "frame")
        .env("FN_LOGFRAME_HDR", "Fn-Call-Id");
    (Platform::start(command, &place.repo().join("iofs")), folder)
}

#[test]
fn a_gateway_s_delivery_is_taken_in_by_a_function() {
    let place = Place::empty();
    let (mut function, folder) = ours(&place, "");
    // The name is a link to a socket that everybody may use, which was there before it.
    let target = std::fs::read_link(&function.socket).expect("a link");
    assert_eq!(target, Path::new("phonylsnr.sock"));
    let mode = std::fs::metadata(&function.socket).expect("a socket").permissions().mode();
    assert_eq!(mode & 0o777, 0o666);

    let (headers, body) = push("d-1", COMMIT, SECRET);
    let answer = function.http("POST", "/v1/webhook/github/web?x=1", &headers, &body);
    assert_eq!((answer.status, header(&answer, "fn-http-status")), (200, Some("202")), "{answer:?}");
    assert_eq!(header(&answer, "content-type"), Some("application/json"));
    let waits = waiting(&folder);
    assert_eq!(answer.body, json!({ "queued": [waits[0]["id"]] }));

    // The status of what is refused is the request's; that of the platform says that the function works.
    let (mut forged, _) = push("d-2", COMMIT, "another secret");
    let answer = function.http("POST", "/webhook/github/web", &forged, &body);
    assert_eq!((answer.status, header(&answer, "fn-http-status")), (200, Some("401")), "{answer:?}");
    // A signature that the platform's own caller sends is not the request's.
    forged.pop();
    let mut call = vec![
        ("Fn-Intent".to_owned(), "httprequest".to_owned()),
        ("Fn-Http-Method".to_owned(), "POST".to_owned()),
        ("Fn-Http-Request-Url".to_owned(), "/webhook/github/web".to_owned()),
    ];
    call.extend(headers.clone());
    let answer = function.ask("POST", "/call", &call, &body);
    assert_eq!(header(&answer, "fn-http-status"), Some("401"), "{answer:?}");
    assert_eq!(waiting(&folder).len(), 1);

    // Lines of one call are told from those of others.
    let mut lines = BufReader::new(function.process.stdout.take().expect("piped")).lines();
    assert!(lines.any(|line| line.expect("text") == "frame=01CALL1"));
}

#[test]
fn the_cloud_s_own_events_start_controllers() {
    let place = Place::empty();
    let marker = place.marker();
    let script = format!("echo \"$@\" >> '{}'", marker.display());
    let start = format!("[start]\nprogram = [\"sh\", \"-c\", {script:?}, \"controller\"]\n");
    let (mut function, _folder) = ours(&place, &start);
    let event = json!({
        "eventType": "com.oraclecloud.objectstorage.createobject", "eventID": "e-1",
        "data": { "resourceName": "builds/acme/web/7/commands/01J" },
    });
    let answer = function.ask("POST", "/call", &[], event.to_string().as_bytes());
    assert_eq!((answer.status, &answer.body), (200, &json!({ "started": "acme/web/7" })), "{answer:?}");
    // Nobody put anything: there is nothing to look for.
    assert_eq!(function.ask("POST", "/call", &[], b"{}").body, json!({ "started": false }));
    let (headers, body) = push("d-1", COMMIT, SECRET);
    assert_eq!(function.http("POST", "/webhook/github/web", &headers, &body).status, 200);
    assert_eq!(function.ask("POST", "/call", &[], b"").body, json!({ "started": true }));
    let begun = Instant::now();
    while std::fs::read_to_string(&marker).unwrap_or_default().lines().count() < 3 {
        assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", std::fs::read_to_string(&marker));
        std::thread::sleep(Duration::from_millis(5)); // poll
    }
    let seen = std::fs::read_to_string(&marker).expect("they ran");
    assert_eq!(seen.lines().filter(|line| *line == "--build acme/web/7").count(), 1, "{seen}");
    // What is no event is told to who called.
    assert_eq!(function.ask("POST", "/call", &[], b"hello").status, 502);
}

#[test]
fn a_contract_that_is_another_ends_the_program() {
    let place = Place::empty();
    let ran = |format: &str, listener: &str| {
        let mut command = place.command(&["hook"]);
        command.env("MONKEYCI_HOOK_SETTINGS", settings("file:///tmp")).env("FN_FORMAT", format);
        let output = command.env("FN_LISTENER", listener).output().expect("runs");
        assert_ne!(output.status.code(), Some(0));
        String::from_utf8(output.stderr).expect("text")
    };
    assert!(ran("json", "unix:/tmp/x.sock").contains("FN_FORMAT"));
    assert!(ran("http-stream", "tcp:7").contains("FN_LISTENER"));
    assert!(ran("http-stream", "unix:/does/not/exist/x.sock").contains("/does/not/exist"));
}

/// A function that does the same, by Oracle's kit.
const PEER: &str = r#"
import hashlib, hmac, json
from fdk import response

def handler(ctx, data=None):
    body = data.getvalue()
    headers = {name.lower(): value for name, value in ctx.HTTPHeaders().items()}
    if "webhook" not in (ctx.RequestURL() or ""):
        status = 404
    elif ctx.Method() != "POST":
        status = 405
    else:
        mac = "sha256=" + hmac.new(SECRET, body, hashlib.sha256).hexdigest()
        status = 202 if headers.get("x-hub-signature-256") == mac else 401
    return response.Response(ctx, response_data=json.dumps({}), status_code=status,
                             headers={"Content-Type": "application/json"})
"#;

/// Oracle's kit for functions in Python: the program `fdk` beside `MONKEYCI_TEST_FDK`'s Python, else on the path.
fn fdk() -> Option<PathBuf> {
    let named = std::env::var_os("MONKEYCI_TEST_FDK").map(PathBuf::from);
    let on_path =
        || std::env::split_paths(&std::env::var_os("PATH")?).map(|path| path.join("fdk")).find(|fdk| fdk.exists());
    let found = named.or_else(on_path);
    if found.is_none() {
        let required = std::env::var("MONKEYCI_TEST_REQUIRE").unwrap_or_default();
        let is_required = required.split(',').any(|name| name == "fdk" || name == "all");
        assert!(!is_required, "`fdk` is required and missing");
        eprintln!("skipped: fdk: no `fdk` on PATH (pip install fdk; MONKEYCI_TEST_FDK names it)");
    }
    found
}

#[test]
fn oracle_s_own_kit_answers_the_same_calls_alike() {
    let Some(fdk) = fdk() else { return };
    let place = Place::empty();
    let (mut ours, _folder) = ours(&place, "");
    let file = place.repo().join("func.py");
    std::fs::write(&file, PEER.replace("SECRET", &format!("b{SECRET:?}"))).expect("written");
    let mut command = Command::new(fdk);
    command.arg(&file).arg("handler").env("FN_MEMORY", "128").stderr(Stdio::null());
    let mut theirs = Platform::start(command, &place.repo().join("theirs"));

    let same = |name: &str, one: &Answer, other: &Answer| {
        // The reason is in the body; who answered is in the version.
        for header_ in ["fn-http-status", "content-type"] {
            assert_eq!(header(one, header_), header(other, header_), "{name}: {header_}: {one:?} {other:?}");
        }
        for header_ in ["fn-fdk-version", "fn-fdk-runtime"] {
            assert_eq!(header(one, header_).is_some(), header(other, header_).is_some(), "{name}: {one:?} {other:?}");
        }
        assert_eq!(one.status, other.status, "{name}: {one:?} {other:?}");
    };
    let (headers, body) = push("d-1", COMMIT, SECRET);
    let (forged, _) = push("d-1", COMMIT, "another secret");
    for (name, method, url, headers, body) in [
        ("a push", "POST", "/webhook/github/web", &headers, &body[..]),
        ("a push with a query", "POST", "/webhook/github/web?a=%20b", &headers, &body[..]),
        ("a forged one", "POST", "/webhook/github/web", &forged, &body[..]),
        ("one with another body", "POST", "/webhook/github/web", &headers, b"{}"),
        ("another method", "GET", "/webhook/github/web", &headers, b""),
        ("another path", "POST", "/other", &headers, &body[..]),
    ] {
        let (one, other) = (ours.http(method, url, headers, body), theirs.http(method, url, headers, body));
        same(name, &one, &other);
    }
    // What is no call at all.
    for (method, path) in [("POST", "/other"), ("GET", "/call"), ("PUT", "/call"), ("POST", "/call/more")] {
        let (one, other) = (ours.ask(method, path, &[], b""), theirs.ask(method, path, &[], b""));
        assert_eq!((one.status, &one.body), (other.status, &other.body), "{method} {path}");
    }
}
