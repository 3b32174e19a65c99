//! The front door: how soon it answers once it is started, and how much one delivery costs.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::measure::{Goal, Outcome, pairs, rounds, timed};
use crate::program::path;

const SECRET: &str = "a secret of sixteen";

/// Bytes of a delivery, about as many as GitHub sends for a push.
const BODY: usize = 7 * 1024;

pub fn run() -> Outcome {
    let (headers, body) = delivery();
    let request = call(&headers, &body);
    let floor = || {
        let dir = tempfile::tempdir()?;
        timed(|| least(&dir, &request))
    };
    let ours = || {
        let dir = tempfile::tempdir()?;
        timed(|| {
            let mut function = Function::start(&dir)?;
            let answer = function.ask(&request)?;
            if !answer.contains("fn-http-status: 202") {
                return Err(format!("it was not taken in: {answer}").into());
            }
            Ok(function)
        })
    };
    let within = Goal::Within(Duration::from_millis(50));
    pairs("a function, from its start to its first answer", rounds(21), &within, floor, ours)?;

    let dir = tempfile::tempdir()?;
    let mut function = Function::start(&dir)?;
    function.ask(&request)?;
    let durable = tempfile::tempdir()?;
    let mut count = 0;
    let floor = || {
        count += 1;
        let path = durable.path().join(count.to_string());
        timed(|| {
            let mac = hmac_sha256::HMAC::mac(&body, SECRET);
            let mut file = std::fs::File::create(&path)?;
            file.write_all(&mac)?;
            file.write_all(&body)?;
            file.sync_all()?;
            Ok(std::fs::File::open(durable.path())?.sync_all()?)
        })
    };
    let mut number = 0;
    let mut warm = || {
        number += 1;
        let request = call(&headers.replace("d-0", &format!("d-{number}")), &body);
        timed(|| function.ask(&request))
    };
    pairs("a warm call, its trigger on disk", rounds(51), &Goal::Shown, floor, &mut warm)?;
    Ok(())
}

/// A function that runs; ends with this value.
struct Function {
    process: Child,
    socket: std::path::PathBuf,
}

impl Function {
    fn start(dir: &TempDir) -> Outcome<Self> {
        let (socket, folder) = (dir.path().join("lsnr.sock"), dir.path().join("triggers"));
        let settings = format!(
            "to = \"file://{}\"\n[[hook]]\nkey = \"web\"\nforge = \"github\"\nrepo = \"acme/web\"\n\
             url = \"https://git.example.com/acme/web.git\"\nsecrets = [\"env:WEB_SECRET\"]\n",
            folder.display()
        );
        let process = Command::new(path()?)
            .arg("hook")
            .env("FN_FORMAT", "http-stream")
            .env("FN_LISTENER", format!("unix:{}", socket.display()))
            .env("MONKEYCI_HOOK_SETTINGS", settings)
            .env("WEB_SECRET", SECRET)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let function = Self { process, socket };
        await_socket(&function.socket);
        Ok(function)
    }

    fn ask(&mut self, request: &[u8]) -> Outcome<String> {
        ask(&self.socket, request)
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn await_socket(socket: &Path) {
    while std::fs::symlink_metadata(socket).is_err() {
        std::thread::sleep(Duration::from_micros(200)); // poll
    }
}

fn ask(socket: &Path, request: &[u8]) -> Outcome<String> {
    let mut stream = UnixStream::connect(socket)?;
    stream.write_all(request)?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer.to_lowercase())
}

/// The least that could answer: a process that starts, a socket that is called, and a file that is made durable.
fn least(dir: &TempDir, request: &[u8]) -> Outcome {
    let started = Command::new("true").status()?;
    let socket = dir.path().join("lsnr.sock");
    let listener = std::os::unix::net::UnixListener::bind(&socket)?;
    let asking = std::thread::spawn({
        let (socket, request) = (socket.clone(), request.to_vec());
        move || ask(&socket, &request).map_err(|error| error.to_string())
    });
    let (mut stream, _) = listener.accept()?;
    let mut read = vec![0; request.len()];
    stream.read_exact(&mut read)?;
    let mut file = std::fs::File::create(dir.path().join("trigger"))?;
    file.write_all(&hmac_sha256::HMAC::mac(&read, SECRET))?;
    file.sync_all()?;
    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")?;
    drop(stream);
    let answer = asking.join().map_err(|_| "whoever asked panicked")??;
    if !started.success() || answer.is_empty() { Err("the floor does not hold".into()) } else { Ok(()) }
}

/// A push of GitHub, as the gateway passes it on.
fn delivery() -> (String, Vec<u8>) {
    let commit = "89abcdef0123456789abcdef0123456789abcdef";
    let mut body = serde_json::json!({
        "ref": "refs/heads/main", "before": "0".repeat(40), "after": commit, "created": true, "forced": false,
        "repository": { "id": 1, "full_name": "acme/web", "clone_url": "https://git.example.com/acme/web.git",
                        "default_branch": "main" },
        "head_commit": { "id": commit, "message": "Begin", "author": { "name": "Ada" } },
        "commits": [], "pusher": { "name": "ada" }, "sender": { "login": "ada" }, "filler": "",
    });
    let filler = "x".repeat(BODY.saturating_sub(body.to_string().len()));
    body["filler"] = filler.into();
    let body = body.to_string().into_bytes();
    let mac: String = hmac_sha256::HMAC::mac(&body, SECRET).iter().map(|byte| format!("{byte:02x}")).collect();
    let headers = format!(
        "Fn-Intent: httprequest\r\nFn-Http-Method: POST\r\nFn-Http-Request-Url: /webhook/github/web\r\n\
         Fn-Http-H-X-GitHub-Event: push\r\nFn-Http-H-X-GitHub-Delivery: d-0\r\n\
         Fn-Http-H-X-Hub-Signature-256: sha256={mac}\r\nContent-Type: application/json\r\n"
    );
    (headers, body)
}

fn call(headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST /call HTTP/1.1\r\nHost: fn\r\nConnection: close\r\nFn-Call-Id: 01\r\n{headers}Content-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}
