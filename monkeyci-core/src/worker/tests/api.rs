//! Stories of a running job that asks its build.

use std::path::Path;
use std::sync::Arc;

use monkeyci_model::script::api::JobView;
use monkeyci_model::text::Part;
use monkeyci_model::{Job, JobResult, JobStatus, SecretRef, Text, Trigger};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};

use super::double::Acting;
use super::*;
use crate::executor::Exit;
use crate::job_dir::JobDir;
use crate::lease::Claim;
use crate::log::{Chunk, LogId};
use crate::secret::Secrets;
use crate::worker::api::{Api, Session};
use crate::worker::halt::Halt;

/// A job that runs, and the API that it has.
struct Running {
    house: House,
    lease: Lease,
    dir: JobDir,
    api: Api,
}

impl Running {
    async fn new(change: impl FnOnce(&mut House, &mut Lease)) -> Self {
        Self::at("job", change).await
    }

    async fn at(name: &str, change: impl FnOnce(&mut House, &mut Lease)) -> Self {
        let mut house = House::new(Acting::new(|_, _| async { Ok(Exit::default()) }));
        let mut lease = house.lease(1, "make");
        change(&mut house, &mut lease);
        house.engine.give(lease.clone());
        let dir = JobDir::create(house.home.path().join(name)).expect("a job directory");
        std::fs::create_dir(dir.work()).expect("a folder");
        let api = Api::open(&dir, session(&house, &lease, &dir), false).await.expect("it is served");
        Self { house, lease, dir, api }
    }

    fn url(&self) -> String {
        self.api.variables()[0].1.clone()
    }

    fn token(&self) -> &str {
        self.api.token()
    }

    /// The status and the body of an answer.
    async fn ask(&self, request: &str, body: &Value) -> (u16, Value) {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let (status, bytes) = ask(&self.url(), request, self.token(), body.as_bytes()).await;
        (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.dir.work().join(path);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("made");
        std::fs::write(path, text).expect("written");
    }

    fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.dir.work().join(path)).expect("it is there")
    }
}

fn session(house: &House, lease: &Lease, dir: &JobDir) -> Session {
    Session::new(house.ports.clone(), lease.clone(), dir.clone(), Halt::default(), true)
}

async fn ask(url: &str, request: &str, token: &str, body: &[u8]) -> (u16, Vec<u8>) {
    let head = format!(
        "{request} HTTP/1.1\r\nHost: build\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\
         Content-Length: {}\r\n\r\n",
        body.len()
    );
    let request = [head.as_bytes(), body].concat();
    let mut answer = Vec::new();
    // A body that is refused unread ends the connection, in whichever way.
    match url.strip_prefix("unix:") {
        Some(path) => exchange(UnixStream::connect(path).await.expect("connects"), &request, &mut answer).await,
        None => {
            let host = url.strip_prefix("http://").expect("a host");
            exchange(TcpStream::connect(host).await.expect("connects"), &request, &mut answer).await;
        }
    }
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").expect("a head");
    let status = String::from_utf8_lossy(&answer[..end]).split(' ').nth(1).expect("a status").parse();
    (status.expect("a number"), answer[end + 4..].to_vec())
}

async fn exchange(mut stream: impl AsyncReadExt + AsyncWriteExt + Unpin, request: &[u8], answer: &mut Vec<u8>) {
    drop(stream.write_all(request).await);
    drop(stream.read_to_end(answer).await);
}

fn view(id: &str, status: JobStatus) -> JobView {
    let result = Some(JobResult { exit: Some(3), ..JobResult::default() });
    JobView { job: Job::new(id.parse().expect("an id")), status, attempt: 1, result, addresses: Vec::new() }
}

fn with_token(trigger: &mut Trigger, secrets: &mut Secrets) {
    let token = SecretRef { name: "TOKEN".into(), version: 1 };
    trigger.params.insert("TOKEN".into(), Text::from_parts(vec![Part::Secret { secret: token.clone() }]));
    trigger.params.insert("STAGE".into(), "test".into());
    secrets.insert(token, "hunter22".into());
}

#[tokio::test]
async fn a_job_knows_its_build_its_params_and_how_other_jobs_stand() {
    let running = Running::new(|house, lease| {
        let (mut trigger, mut secrets) = (Trigger::default(), Secrets::new());
        with_token(&mut trigger, &mut secrets);
        (lease.trigger, house.ports.secrets) = (Arc::new(trigger), Arc::new(secrets));
        *house.engine.jobs.lock().expect("whole") =
            vec![view("test", JobStatus::Failure), view("b", JobStatus::Pending)];
    })
    .await;
    let (status, build) = running.ask("GET /v1/build", &Value::Null).await;
    assert_eq!((status, &build["job"], &build["id"]), (200, &json!("unit"), &json!("acme/web/build-1")));
    assert!(!build.to_string().contains("hunter22"), "{build}");
    let params = running.ask("GET /v1/params", &Value::Null).await;
    assert_eq!(params, (200, json!({"STAGE": "test", "TOKEN": "hunter22"})));
    let (status, jobs) = running.ask("GET /v1/jobs", &Value::Null).await;
    assert_eq!((status, jobs.as_array().map(Vec::len)), (200, Some(2)));
    let (status, test) = running.ask("GET /v1/jobs/test", &Value::Null).await;
    assert_eq!((status, &test["status"], &test["result"]["exit"]), (200, &json!("failure"), &json!(3)));

    let log = LogId { build: running.lease.attempt.build.clone(), job: "test".parse().expect("an id"), attempt: 1 };
    let chunk = Chunk { offset: 0, bytes: "one\ntwo\n".into(), marks: Vec::new() };
    running.house.engine.logs.append(&log, &chunk).expect("written");
    for (offset, expected) in [(0, "one\ntwo\n"), (4, "two\n"), (8, "")] {
        let request = format!("GET /v1/jobs/test/log?offset={offset}");
        let (status, bytes) = ask(&running.url(), &request, running.token(), b"").await;
        assert_eq!((status, String::from_utf8_lossy(&bytes).as_ref()), (200, expected));
    }
}

#[tokio::test]
async fn the_code_of_a_fork_sees_no_secret() {
    let running = Running::new(|house, lease| {
        let (mut trigger, mut secrets) = (Trigger { fork: true, ..Trigger::default() }, Secrets::new());
        with_token(&mut trigger, &mut secrets);
        (lease.trigger, house.ports.secrets) = (Arc::new(trigger), Arc::new(secrets));
    })
    .await;
    assert_eq!(running.ask("GET /v1/params", &Value::Null).await, (200, json!({"STAGE": "test"})));
}

#[tokio::test]
async fn artifacts_and_caches_are_saved_and_restored_while_it_runs() {
    let running = Running::new(|_, _| {}).await;
    running.write("out/app.jar", "bytes");
    let (status, saved) = running.ask("POST /v1/artifacts/the%20jar/save", &json!({"path": "out/app.jar"})).await;
    assert_eq!((status, &saved["id"]), (200, &json!("the jar")), "{saved}");
    let restored = running.ask("POST /v1/artifacts/the%20jar/restore", &json!({"path": "here"})).await;
    assert_eq!(restored, (204, Value::Null));
    assert_eq!(running.read("here"), "bytes");
    let told = running.api.told().artifacts;
    assert_eq!(told.iter().map(|file| file.id.as_str()).collect::<Vec<_>>(), ["the jar"]);

    let cache = json!({"path": "out", "key": "k-{{ hash \"here\" }}"});
    let request = "POST /v1/caches/out/restore";
    assert_eq!(running.ask(request, &cache).await, (200, json!({"found": false, "exact": false})));
    assert_eq!(running.ask("POST /v1/caches/out/save", &cache).await.0, 204);
    std::fs::remove_dir_all(running.dir.work().join("out")).expect("removed");
    assert_eq!(running.ask(request, &cache).await, (200, json!({"found": true, "exact": true})));
    assert_eq!(running.read("out/app.jar"), "bytes");
    let other = json!({"path": "other", "key": "k-2", "fallbacks": ["k-"]});
    assert_eq!(running.ask(request, &other).await, (200, json!({"found": true, "exact": false})));
}

#[tokio::test]
async fn what_it_tells_is_kept_masked_over_a_restart_of_the_worker() {
    let running = Running::new(|house, _| {
        let (mut trigger, mut secrets) = (Trigger::default(), Secrets::new());
        with_token(&mut trigger, &mut secrets);
        house.ports.secrets = Arc::new(secrets);
    })
    .await;
    running.write("a", "x");
    assert_eq!(running.ask("POST /v1/result", &json!({"values": {"n": 1, "t": "hunter22"}})).await.0, 204);
    assert_eq!(running.ask("POST /v1/result", &json!({"message": "soon", "values": {"n": 2}})).await.0, 204);
    assert_eq!(running.ask("POST /v1/artifacts/a/save", &json!({"path": "a"})).await.0, 200);
    assert!(!std::fs::read_to_string(running.dir.root().join("told")).expect("kept").contains("hunter22"));

    let Running { house, lease, dir, api } = running;
    let (url, token) = (api.variables()[0].1.clone(), api.token().to_owned());
    drop(api);
    let again = Api::open(&dir, session(&house, &lease, &dir), false).await.expect("it is served again");
    assert_eq!((again.variables()[0].1.as_str(), again.token()), (url.as_str(), token.as_str()));
    let told = again.told();
    assert_eq!((told.fields.message.as_deref(), told.artifacts.len()), (Some("soon"), 1));
    assert_eq!(json!(told.fields.values), json!({"n": 2, "t": "***"}));
}

#[tokio::test]
async fn whatever_is_wrong_with_a_request_is_told() {
    let running = Running::new(|house, lease| {
        lease.job = Arc::new(Job { work_dir: None, ..(*lease.job).clone() });
        *house.engine.jobs.lock().expect("whole") = vec![view("test", JobStatus::Success)];
    })
    .await;
    std::os::unix::fs::symlink("/etc", running.dir.work().join("away")).expect("a link");
    let long = json!({"path": "x".repeat(2 << 20)});
    for (request, body, status, detail) in [
        ("GET /v1/jobs/nope", Value::Null, 404, "the build has no job `nope`"),
        ("GET /v1/jobs/no%20id", Value::Null, 404, "the build has no job `no id`"),
        ("GET /v1/jobs/%zz", Value::Null, 400, "`%` comes before two hex digits"),
        ("GET /v1/jobs/nope/log", Value::Null, 404, "the build has no job `nope`"),
        ("GET /v1/jobs/test/log?offset=x", Value::Null, 400, "`offset` is a number of bytes"),
        ("GET /v2/build", Value::Null, 404, "has no `/v2/build`"),
        ("POST /v1/jobs", json!({}), 405, "not to be asked by POST"),
        ("GET /v1/result", Value::Null, 405, "not to be asked by GET"),
        ("POST /v1/result", json!([1]), 400, "the body: "),
        ("POST /v1/artifacts/a/save", json!({"path": "nothing"}), 404, "artifact `a`"),
        ("POST /v1/artifacts/a/save", json!({"path": "../../etc/passwd"}), 422, "artifact `a`"),
        ("POST /v1/artifacts/a/restore", json!({"path": "x"}), 404, "artifact `a`"),
        ("POST /v1/caches/a/save", json!({"path": "nothing"}), 404, "cache `a`"),
        ("POST /v1/caches/a/save", json!({"path": "x", "key": "{{ nope }}"}), 422, "cache `a`"),
        ("POST /v1/artifacts/a/save", long, 413, "more than 1048576 bytes"),
    ] {
        let (was, problem) = running.ask(request, &body).await;
        assert_eq!(was, status, "{request}: {problem}");
        assert!(problem["detail"].as_str().is_some_and(|text| text.contains(detail)), "{request}: {problem}");
    }
    let (status, saved) = running.ask("POST /v1/artifacts/away/save", &json!({"path": "away/passwd"})).await;
    assert_ne!(status, 200, "a link led out of the workspace: {saved}");
    for token in ["", "0", &"0".repeat(64)] {
        let (status, body) = ask(&running.url(), "GET /v1/build", token, b"").await;
        assert_eq!(status, 401, "{}", String::from_utf8_lossy(&body));
    }
    running.house.engine.revoke(1, Claim::Stale);
    assert_eq!(running.ask("GET /v1/jobs", &Value::Null).await.0, 409);
}

#[tokio::test]
async fn where_a_path_is_too_long_for_a_socket_it_is_a_port() {
    let running = Running::at(&"long".repeat(30), |_, _| {}).await;
    let url = running.url();
    assert!(url.starts_with("http://127.0.0.1:"), "{url}");
    assert_eq!(running.ask("GET /v1/build", &Value::Null).await.0, 200);

    let Running { house, lease, dir, api } = running;
    drop(api);
    // The port is free a moment after its server was told to go.
    let address = url.strip_prefix("http://").expect("a host");
    soon(async {
        while std::net::TcpListener::bind(address).is_err() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let again = async || Api::open(&dir, session(&house, &lease, &dir), false).await.expect("it is served again");
    let place = |api: &Api| api.variables()[0].1.clone();
    let api = again().await;
    assert_eq!(place(&api), url);
    // While another has it, it is another one.
    assert_ne!(place(&again().await), place(&api));
}

#[tokio::test]
async fn connections_that_say_nothing_keep_nobody_else_from_theirs() {
    let running = Running::new(|_, _| {}).await;
    let url = running.url();
    let path = url.strip_prefix("unix:").expect("a socket");
    let mut silent = Vec::new();
    for _ in 0..31 {
        silent.push(UnixStream::connect(path).await.expect("connects"));
    }
    assert_eq!(soon(running.ask("GET /v1/build", &Value::Null)).await.0, 200);
    // One more than are served at the same time is served once another has gone.
    silent.push(UnixStream::connect(path).await.expect("connects"));
    silent.drain(..2);
    assert_eq!(soon(running.ask("GET /v1/build", &Value::Null)).await.0, 200);
    assert!(Path::new(path).exists());
}

#[tokio::test]
async fn a_work_dir_that_became_a_link_is_not_followed() {
    let running = Running::new(|_, lease| {
        lease.job = Arc::new(Job { work_dir: Some("sub".into()), ..(*lease.job).clone() });
    })
    .await;
    running.write("sub/x", "mine");
    assert_eq!(running.ask("POST /v1/artifacts/x/save", &json!({"path": "x"})).await.0, 200);
    let outside = running.house.home.path().join("outside");
    std::fs::create_dir(&outside).expect("a folder");
    std::fs::write(outside.join("x"), "not mine").expect("written");
    std::fs::remove_dir_all(running.dir.work().join("sub")).expect("removed");
    std::os::unix::fs::symlink(&outside, running.dir.work().join("sub")).expect("a link");
    for request in ["POST /v1/artifacts/x/save", "POST /v1/artifacts/x/restore", "POST /v1/caches/x/save"] {
        let (status, problem) = running.ask(request, &json!({"path": "x"})).await;
        assert_eq!(status, 422, "{request}: {problem}");
        let detail = problem["detail"].as_str().unwrap_or_default();
        assert!(detail.contains("no folder inside of the checkout"), "{detail}");
    }
    assert_eq!(std::fs::read_to_string(outside.join("x")).expect("there"), "not mine");
}

#[tokio::test]
async fn what_is_stopped_or_only_looked_at_leaves_nothing_for_others() {
    let Running { house, lease, dir, api } = Running::new(|_, _| {}).await;
    drop(api);
    std::fs::write(dir.work().join("x"), "x").expect("written");
    let stopped = Halt::default();
    stopped.heed(Claim::Stale);
    for (halt, saves, status) in [(stopped, true, 409), (Halt::default(), false, 422)] {
        let session = Session::new(house.ports.clone(), lease.clone(), dir.clone(), halt, saves);
        let api = Api::open(&dir, session, false).await.expect("it is served");
        for request in ["POST /v1/artifacts/x/save", "POST /v1/caches/x/save"] {
            let (was, _) = ask(&api.variables()[0].1, request, api.token(), br#"{"path": "x"}"#).await;
            assert_eq!(was, status, "{request}");
        }
    }
}
