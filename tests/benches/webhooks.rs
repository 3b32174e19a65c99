//! Deliveries of a forge, each safe before it is answered, at a server that runs as it is released.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rusqlite::{Connection, params};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::measure::{Goal, Outcome, pairs, rounds, setting, timed};
use crate::program::path;

/// Connections that deliver at the same time.
const CONNECTIONS: usize = 64;

/// Bytes of a delivery, about as many as GitHub sends for a push.
const BODY: usize = 7 * 1024;

pub fn run() -> Outcome {
    let deliveries = setting("WEBHOOKS", 5_000);
    let server = Server::start()?;
    let hook = server.hook()?;
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

/// A server that runs for as long as this is there.
struct Server {
    child: Child,
    address: String,
    token: String,
    _state: TempDir,
}

impl Server {
    fn start() -> Outcome<Self> {
        let state = tempfile::tempdir()?;
        let mut child = Command::new(path()?)
            .args(["server", "--listen", "127.0.0.1:0", "--state"])
            .arg(state.path().join("server"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let out = BufReader::new(child.stdout.take().ok_or("it prints")?);
        let link = out.lines().map_while(Result::ok).find(|line| line.contains("#token="));
        let link = link.ok_or("the server prints no link")?;
        let rest = link.split("http://").nth(1).ok_or("the link is no address")?;
        let (address, token) = rest.split_once("/login#token=").ok_or("the link has no token")?;
        Ok(Self { child, address: address.to_owned(), token: token.to_owned(), _state: state })
    }

    /// A webhook of a repository that is never reached: what is measured ends before anybody would.
    fn hook(&self) -> Outcome<Hook> {
        self.ask("PUT", "/v1/orgs/acme", &json!({}))?;
        self.ask("PUT", "/v1/orgs/acme/repos/web", &json!({ "url": "https://git.invalid/web.git" }))?;
        let made = self.ask("POST", "/v1/orgs/acme/repos/web/hooks", &json!({ "forge": "github" }))?;
        let text = |name: &str| made[name].as_str().map(str::to_owned).ok_or("the webhook is made");
        let (url, secret) = (text("url")?, text("secret")?);
        let path = url.split_once(&self.address).ok_or("an address of this server")?.1.to_owned();
        let mut push = json!({
            "ref": "refs/heads/main", "before": "1".repeat(40), "after": "2".repeat(40), "deleted": true,
            "repository": { "full_name": "acme/web", "default_branch": "main" }, "filler": "",
        });
        push["filler"] = "x".repeat(BODY.saturating_sub(push.to_string().len())).into();
        let body = push.to_string();
        let mut signature = String::from("sha256=");
        for byte in hmac_sha256::HMAC::mac(body.as_bytes(), secret.as_bytes()) {
            write!(signature, "{byte:02x}")?;
        }
        Ok(Hook { address: self.address.clone(), path, secret, signature, body })
    }

    fn ask(&self, method: &str, path: &str, body: &Value) -> Outcome<Value> {
        let body = body.to_string();
        let mut connection = TcpStream::connect(&self.address)?;
        write!(
            connection,
            "{method} {path} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\nAuthorization: Bearer {}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.token,
            body.len()
        )?;
        let mut answer = String::new();
        connection.read_to_string(&mut answer)?;
        let (head, body) = answer.split_once("\r\n\r\n").ok_or("an answer of HTTP")?;
        if !head.starts_with("HTTP/1.1 20") {
            return Err(answer.into());
        }
        Ok(serde_json::from_str(body)?)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}

/// A webhook, and what is delivered to it.
struct Hook {
    address: String,
    path: String,
    secret: String,
    signature: String,
    body: String,
}

impl Hook {
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
                 X-Hub-Signature-256: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{}",
                self.path,
                self.signature,
                self.body.len(),
                self.body
            );
            connection.write_all(request.as_bytes())?;
            // Answers are short, and come as one piece.
            let read = connection.read(&mut answer)?;
            if !answer[..read].starts_with(b"HTTP/1.1 202") {
                return Err(String::from_utf8_lossy(&answer[..read]).into_owned().into());
            }
        }
        Ok(())
    }
}
