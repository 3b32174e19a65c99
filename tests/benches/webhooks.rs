//! Deliveries of a forge, each safe before it is answered, at a server that runs as it is released.

use std::cell::Cell;
use std::fmt::Write as _;
use std::io::{Read, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use rusqlite::{Connection, params};
use serde_json::json;

use crate::buildbot::Buildbot;
use crate::measure::{Goal, Outcome, pairs, rounds, setting, skipped, timed};
use crate::server::Server;

/// Connections that deliver at the same time.
const CONNECTIONS: usize = 64;

/// Deliveries that a slow peer is measured with.
const DELIVERIES_TO_PEER: usize = 4 * CONNECTIONS;

/// Bytes of a delivery, about as many as GitHub sends for a push.
const BODY: usize = 7 * 1024;

pub fn run() -> Outcome {
    let deliveries = setting("WEBHOOKS", 5_000);
    let server = Server::start()?;
    let hook = Hook::of(&server)?;
    let within = Goal::Within(Duration::from_secs_f64(deliveries as f64 / 5_000.0));
    let mut round = 0;
    let ours = || {
        round += 1;
        timed(|| hook.deliver(round, deliveries))
    };
    let what = format!("{deliveries} deliveries, {CONNECTIONS} connections");
    pairs(&what, rounds(5), &within, || floor(&hook, deliveries), ours)?;
    let mut alone = 1_000_000;
    let ours = || {
        alone += 1;
        timed(|| hook.deliver_over(&mut hook.connect()?, &alone.to_string(), 1))
    };
    pairs("one delivery alone, with its connection", rounds(21), &Goal::Shown, || floor(&hook, 1), ours)?;
    beside_buildbot(&hook)
}

/// The same deliveries to Buildbot, which stores a change for each; it is no floor, but a peer.
fn beside_buildbot(hook: &Hook) -> Outcome {
    let Some(buildbot) = Buildbot::start()? else {
        return skipped("buildbot", "no `buildbot` on PATH (`pip install buildbot buildbot-www`)");
    };
    let peer = Hook::of_buildbot(&buildbot)?;
    let round = Cell::new(2_000_000);
    let next = |hook: &Hook| {
        round.set(round.get() + 1);
        timed(|| hook.deliver(round.get(), DELIVERIES_TO_PEER))
    };
    let what = format!("{DELIVERIES_TO_PEER} deliveries, beside Buildbot");
    pairs(&what, rounds(5), &Goal::Times(0.1), || next(&peer), || next(hook))?;
    Ok(())
}

/// As many rows of this size, each with its code of authentication, so many to a transaction as there are connections.
fn floor(hook: &Hook, deliveries: usize) -> Outcome<Duration> {
    let dir = tempfile::tempdir()?;
    let database = Connection::open(dir.path().join("floor.db"))?;
    database.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
         CREATE TABLE delivery (id TEXT PRIMARY KEY, mac BLOB NOT NULL, body BLOB NOT NULL);",
    )?;
    timed(|| {
        let ids: Vec<usize> = (0..deliveries).collect();
        for group in ids.chunks(CONNECTIONS) {
            let transaction = database.unchecked_transaction()?;
            for id in group {
                let mac = hmac_sha256::HMAC::mac(hook.body.as_bytes(), hook.secret.as_bytes());
                let insert = "INSERT INTO delivery VALUES (?, ?, ?)";
                let mut insert = transaction.prepare_cached(insert)?;
                insert.execute(params![id.to_string(), mac.as_slice(), hook.body.as_bytes()])?;
            }
            transaction.commit()?;
        }
        Ok(())
    })
}

/// A webhook, and what is delivered to it.
struct Hook {
    address: String,
    path: String,
    secret: String,
    /// The header that proves the secret.
    signature: String,
    body: String,
}

impl Hook {
    /// A webhook of a repository that is never reached: what is measured ends before anybody would.
    fn of(server: &Server) -> Outcome<Self> {
        server.ask("PUT", "/v1/orgs/acme", &json!({}))?;
        server.ask("PUT", "/v1/orgs/acme/repos/web", &json!({ "url": "https://git.invalid/web.git" }))?;
        let made = server.ask("POST", "/v1/orgs/acme/repos/web/hooks", &json!({ "forge": "github" }))?;
        let text = |name: &str| made[name].as_str().map(str::to_owned).ok_or("the webhook is made");
        let (url, secret) = (text("url")?, text("secret")?);
        let path = url.split_once(&server.address).ok_or("an address of this server")?.1.to_owned();
        let mut push = json!({
            "ref": "refs/heads/main", "before": "1".repeat(40), "after": "2".repeat(40), "deleted": true,
            "repository": { "full_name": "acme/web", "default_branch": "main" }, "filler": "",
        });
        push["filler"] = "x".repeat(BODY.saturating_sub(push.to_string().len())).into();
        let body = push.to_string();
        let mut signature = String::from("X-Hub-Signature-256: sha256=");
        for byte in hmac_sha256::HMAC::mac(body.as_bytes(), secret.as_bytes()) {
            write!(signature, "{byte:02x}")?;
        }
        Ok(Self { address: server.address.clone(), path, secret, signature, body })
    }

    /// The webhook of a Buildbot, with a push that it takes in.
    fn of_buildbot(buildbot: &Buildbot) -> Outcome<Self> {
        let person = json!({ "name": "Ann Example", "email": "ann@example.com" });
        let commit = json!({
            "id": "2".repeat(40), "distinct": true, "message": "x".repeat(BODY), "timestamp": "2026-01-02T03:04:05Z",
            "url": "https://git.example.com/acme/web/commit/2", "author": person, "committer": person,
            "added": ["README.md"], "removed": [], "modified": [],
        });
        let push = json!({
            "ref": "refs/heads/main", "before": "1".repeat(40), "after": "2".repeat(40), "deleted": false,
            "repository": { "name": "web", "full_name": "acme/web", "html_url": "https://git.example.com/acme/web" },
            "commits": [commit], "head_commit": { "message": "a push" },
        });
        let body = push.to_string();
        let signature = buildbot.signature(&body)?;
        let (address, path) = (buildbot.address.clone(), Buildbot::HOOK.to_owned());
        Ok(Self { address, path, secret: String::new(), signature, body })
    }

    fn connect(&self) -> Outcome<TcpStream> {
        let connection = TcpStream::connect(&self.address)?;
        connection.set_nodelay(true)?;
        Ok(connection)
    }

    /// Delivers over all connections at once.
    fn deliver(&self, round: usize, deliveries: usize) -> Outcome {
        let each = deliveries.div_ceil(CONNECTIONS);
        let over_one = |number: usize| -> Result<(), String> {
            let deliver = || self.deliver_over(&mut self.connect()?, &format!("{round}-{number}"), each);
            deliver().map_err(|error| error.to_string())
        };
        let all: Result<(), String> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..CONNECTIONS).map(|number| scope.spawn(move || over_one(number))).collect();
            threads.into_iter().try_for_each(|thread| thread.join().unwrap_or_else(|_| Err("it panicked".into())))
        });
        Ok(all?)
    }

    /// Delivers one after the other, each once the one before was answered.
    fn deliver_over(&self, connection: &mut TcpStream, name: &str, deliveries: usize) -> Outcome {
        let mut answer = [0; 4096];
        for number in 0..deliveries {
            let request = format!(
                "POST {} HTTP/1.1\r\nHost: bench\r\nX-GitHub-Event: push\r\nX-GitHub-Delivery: {name}-{number}\r\n\
                 {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{}",
                self.path,
                self.signature,
                self.body.len(),
                self.body
            );
            connection.write_all(request.as_bytes())?;
            let mut length = 0;
            // Ours come as one piece, a peer's in pieces with an empty one behind them.
            loop {
                let read = connection.read(&mut answer[length..])?;
                length += read;
                let said = &answer[..length];
                if !said.starts_with(b"HTTP/1.1 20") || read == 0 {
                    return Err(String::from_utf8_lossy(said).into_owned().into());
                }
                if said.ends_with(b"\r\n0\r\n\r\n") || !said.windows(7).any(|seven| seven == b"chunked") {
                    break;
                }
            }
        }
        Ok(())
    }
}
