//! A front door that runs, and those who knock.

use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::place::Place;

/// What the forge of these tests signs with.
pub const SECRET: &str = "a secret of sixteen";

/// A front door, which ends with this value.
pub struct Front {
    pub place: Place,
    process: Child,
    pub address: String,
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: Value,
}

/// Settings with one hook, `github/web`, whose deliveries go there.
pub fn settings(to: &str) -> String {
    format!(
        "to = \"{to}\"\n[[hook]]\nkey = \"web\"\nforge = \"github\"\nrepo = \"acme/web\"\n\
         url = \"https://git.example.com/acme/web.git\"\nsecrets = [\"env:WEB_SECRET\"]\n"
    )
}

impl Front {
    /// Opens one of these settings.
    pub fn open(place: Place, settings: &str) -> Self {
        Self::with_variables(place, settings, &[])
    }

    /// The same with variables.
    pub fn with_variables(place: Place, settings: &str, variables: &[(&str, &str)]) -> Self {
        place.write("hook.toml", settings);
        let mut command = place.command(&["hook", "--config", "hook.toml", "--listen", "127.0.0.1:0"]);
        let log = std::fs::File::options().create(true).append(true).open(place.data().with_extension("log"));
        command.env("WEB_SECRET", SECRET).envs(variables.iter().copied());
        let mut process = command.stdout(Stdio::piped()).stderr(log.expect("a file")).spawn().expect("starts");
        let mut line = String::new();
        BufReader::new(process.stdout.take().expect("piped")).read_line(&mut line).expect("a line");
        let address = line.trim().rsplit_once("http://").map(|(_, address)| address.to_owned());
        Self { place, process, address: address.unwrap_or_else(|| panic!("it says where it listens: {line:?}")) }
    }

    /// What it has told.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.place.data().with_extension("log")).expect("a log")
    }

    /// Kills it as a loss of power would.
    pub fn kill(&mut self) {
        self.process.kill().and_then(|()| self.process.wait()).expect("it lives");
    }

    /// Asks it to end, which it does well.
    pub fn end(mut self) {
        let pid = rustix::process::Pid::from_child(&self.process);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("it lives");
        assert!(self.process.wait().expect("ends").success());
    }

    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).expect("it listens");
        stream.set_read_timeout(Some(Duration::from_secs(30))).expect("set");
        stream
    }

    /// Delivers a push to `main` as GitHub does.
    pub fn push(&self, delivery: &str, commit: &str, secret: &str) -> Answer {
        let (headers, body) = push(delivery, commit, secret);
        ask(self.connect(), "POST", "/webhook/github/web", &headers, &body)
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Headers and body of a push to `main`, signed.
pub fn push(delivery: &str, commit: &str, secret: &str) -> (Vec<(String, String)>, Vec<u8>) {
    let body = json!({
        "ref": "refs/heads/main", "before": "0".repeat(40), "after": commit, "created": true, "forced": false,
        "repository": { "id": 1, "full_name": "acme/web", "clone_url": "https://elsewhere.example.com/x.git",
                        "default_branch": "main" },
        "head_commit": { "id": commit, "message": "Begin", "author": { "name": "Ada" } },
        "commits": [], "pusher": { "name": "ada" }, "sender": { "login": "ada" },
    });
    signed("push", delivery, secret, body.to_string().into_bytes())
}

/// Headers and body of a delivery of GitHub, signed.
pub fn signed(event: &str, delivery: &str, secret: &str, body: Vec<u8>) -> (Vec<(String, String)>, Vec<u8>) {
    let mac = hmac_sha256::HMAC::mac(&body, secret.as_bytes());
    let mac: String = mac.iter().map(|byte| format!("{byte:02x}")).collect();
    let headers = [
        ("Content-Type", "application/json"),
        ("X-GitHub-Event", event),
        ("X-GitHub-Delivery", delivery),
        ("X-Hub-Signature-256", &format!("sha256={mac}")),
    ];
    (headers.map(|(name, value)| (name.to_owned(), value.to_owned())).into(), body)
}

/// Asks once over a connection, and reads the answer.
pub fn ask(stream: impl Read + Write, method: &str, path: &str, headers: &[(String, String)], body: &[u8]) -> Answer {
    try_ask(stream, method, path, headers, body).expect("an answer")
}

/// The same, of who may go away.
pub fn try_ask(
    mut stream: impl Read + Write,
    method: &str,
    path: &str,
    headers: &[(String, String)],
    body: &[u8],
) -> Option<Answer> {
    let mut head = format!("{method} {path} HTTP/1.1\r\nHost: hook.example.com\r\nConnection: close\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!("Content-Length: {}\r\n\r\n", body.len()));
    // It may be refused before all of it was sent.
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body));
    let (mut answer, mut piece) = (Vec::new(), [0; 4096]);
    // Some keep the connection though they are asked to close it; one that was reset has said what it had to say.
    while !is_whole(&answer) {
        match stream.read(&mut piece) {
            Ok(0) | Err(_) => break,
            Ok(count) => answer.extend_from_slice(&piece[..count]),
        }
    }
    let answer = String::from_utf8(answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let body = serde_json::from_str(body).unwrap_or_else(|_| json!(body));
    Some(Answer { status, head: head.to_lowercase(), body })
}

/// Whether all has come that the head of an answer announces.
fn is_whole(answer: &[u8]) -> bool {
    let text = String::from_utf8_lossy(answer).to_lowercase();
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.trim().parse::<usize>().ok());
    length.is_some_and(|length| body.len() >= length)
}

/// The triggers that wait in a folder.
pub fn waiting(folder: &std::path::Path) -> Vec<Value> {
    let Ok(entries) = std::fs::read_dir(folder.join("waiting")) else { return Vec::new() };
    let files = entries.flatten().filter(|entry| entry.path().extension().is_some_and(|ending| ending == "json"));
    let mut found: Vec<Value> = files
        .map(|entry| serde_json::from_slice(&std::fs::read(entry.path()).expect("a file")).expect("a message"))
        .collect();
    found.sort_by_key(|message| message["id"].as_str().map(str::to_owned));
    found
}
