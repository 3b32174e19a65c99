//! The Slack app: how soon a command is acknowledged, how soon a channel hears of a build, and what it costs while it waits.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::measure::{Outcome, amount, rounds, setting};
use crate::program::{slack_app, slack_emulator, well};
use crate::server::Server;

/// Commands in a second, over so many connections.
const RATE: usize = 200;
const CONNECTIONS: usize = 40;

/// Requests are paced by hand; one that is late is counted from when it was to be sent.
const GOAL: Duration = Duration::from_millis(50);

/// So long a channel waits to hear of a build.
const HEARD: Duration = Duration::from_secs(1);

pub fn run() -> Outcome {
    let house = House::open()?;
    // It begins, listens to the server, and has nothing to do.
    let (begin, mut bytes) = (Instant::now(), 0);
    while begin.elapsed() < Duration::from_secs(3) {
        bytes = house.app.memory()?;
        thread::sleep(Duration::from_millis(100)); // poll
    }
    amount("memory while it waits", "", &format!("{:.1} MB", bytes as f64 / 1e6), "15 MB", bytes <= 15_000_000);

    let commands = setting("COMMANDS", RATE * 10);
    let sink = Sink::open()?;
    let floor = percentile(&send(&sink.address, commands, |at| house.request(at, &sink))?);
    let ours = percentile(&send(&house.app.address, commands, |at| house.request(at, &sink))?);
    let what = format!("{commands} commands at {RATE}/s, the 99th percentile");
    amount(&what, &millis(floor), &millis(ours), &millis(GOAL), ours <= GOAL);

    house.subscribe()?;
    let mut heard = Vec::new();
    // More within five minutes are one message for all of them.
    for round in 0..rounds(6) {
        heard.push(house.heard(round % 2 == 0)?);
    }
    heard.sort_unstable();
    let (middle, last) = (heard[heard.len() / 2], heard[heard.len() - 1]);
    amount("from a build's event to its message, median", "", &millis(middle), &millis(HEARD), middle <= HEARD);
    amount("the longest of these", "", &millis(last), &millis(HEARD), last <= HEARD);
    let bytes = house.app.memory()?;
    amount("memory after that", "", &format!("{:.1} MB", bytes as f64 / 1e6), "25 MB", bytes <= 25_000_000);
    Ok(())
}

fn millis(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1e3)
}

fn percentile(times: &[Duration]) -> Duration {
    let mut times = times.to_vec();
    times.sort_unstable();
    times[times.len() * 99 / 100]
}

/// Sends requests at their times, over connections that are kept; how long each was waited for from then on.
fn send(address: &str, count: usize, request: impl Fn(usize) -> String + Sync) -> Outcome<Vec<Duration>> {
    let begin = Instant::now() + Duration::from_millis(50);
    let one = |connection: usize| -> Result<Vec<Duration>, String> {
        let work = || -> Outcome<Vec<Duration>> {
            let mut stream = BufReader::new(TcpStream::connect(address)?);
            stream.get_ref().set_nodelay(true)?;
            let mut times = Vec::new();
            for at in (connection..count).step_by(CONNECTIONS) {
                let due = begin + Duration::from_secs_f64(at as f64 / RATE as f64);
                let request = request(at);
                thread::sleep(due.saturating_duration_since(Instant::now())); // moment
                stream.get_mut().write_all(request.as_bytes())?;
                answered(&mut stream)?;
                times.push(due.elapsed());
            }
            Ok(times)
        };
        work().map_err(|error| error.to_string())
    };
    let times = thread::scope(|scope| {
        let all: Vec<_> = (0..CONNECTIONS).map(|at| scope.spawn(move || one(at))).collect();
        let joined = all.into_iter().map(|one| one.join().map_err(|_| "a thread panicked".to_owned())?);
        joined.collect::<Result<Vec<_>, String>>()
    })?;
    Ok(times.concat())
}

/// Reads one answer, which must say that all is well.
fn answered(stream: &mut BufReader<TcpStream>) -> Outcome {
    let (mut first, mut length) = (String::new(), 0);
    stream.read_line(&mut first)?;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line)? == 0 || line.trim().is_empty() {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse()?;
        }
    }
    std::io::copy(&mut stream.by_ref().take(length), &mut std::io::sink())?;
    if first.starts_with("HTTP/1.1 200") { Ok(()) } else { Err(format!("it was answered {first}").into()) }
}

/// Answers everything at once with nothing: the floor, and where answers to commands go.
struct Sink {
    address: String,
}

impl Sink {
    fn open() -> Outcome<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?.to_string();
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                thread::spawn(move || serve(stream));
            }
        });
        Ok(Self { address })
    }
}

fn serve(stream: TcpStream) {
    let mut stream = BufReader::new(stream);
    loop {
        let mut length = 0_u64;
        loop {
            let mut line = String::new();
            match stream.read_line(&mut line) {
                Ok(0) | Err(_) => return,
                Ok(_) if line.trim().is_empty() => break,
                Ok(_) => {}
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap_or_default();
            }
        }
        let read = std::io::copy(&mut stream.by_ref().take(length), &mut std::io::sink());
        let answered = stream.get_mut().write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        if read.is_err() || answered.is_err() {
            return;
        }
    }
}

/// A server, a double of Slack, and the app between them.
struct House {
    server: Server,
    app: Program,
    slack: Program,
    /// What the double said of itself.
    known: Value,
    code: TempDir,
}

impl House {
    fn open() -> Outcome<Self> {
        let server = Server::start()?;
        let code = tempfile::tempdir()?;
        let manifest = code.path().join("manifest.json");
        // A port that is free now; the app takes it.
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let (api, url) = (format!("http://{}", server.address), format!("http://127.0.0.1:{port}"));
        let printed = Command::new(slack_app()?).args(["manifest", "--server", &api, "--url", &url]).output()?;
        fs::write(&manifest, printed.stdout)?;
        let mut command = Command::new(slack_emulator()?);
        command
            .args(["--listen", "127.0.0.1:0", "--person", "ann", "--channel", "builds", "--manifest"])
            .arg(&manifest);
        let (mut slack, line) = Program::start(&mut command)?;
        let known: Value = serde_json::from_str(&line)?;
        let text = |name: &str| known[name].as_str().unwrap_or_default().to_owned();
        text("url").trim_start_matches("http://").clone_into(&mut slack.address);

        server.ask("PUT", "/v1/orgs/acme", &json!({}))?;
        let account = json!({ "role": "viewer", "integration": true });
        server.ask("PUT", "/v1/orgs/acme/service-accounts/slack", &account)?;
        let wanted = json!({ "description": "the app", "scope": { "org": "acme", "role": "maintainer" } });
        let token = server.ask("POST", "/v1/orgs/acme/service-accounts/slack/tokens", &wanted)?;
        server.ask("PUT", "/v1/orgs/acme/members/ann", &json!({ "role": "maintainer" }))?;
        let subject = format!("{}%2F{}", text("team_id"), known["people"]["ann"].as_str().unwrap_or_default());
        server.ask("PUT", &format!("/v1/orgs/acme/chat-identities/slack/{subject}"), &json!({ "person": "ann" }))?;
        let mut command = Command::new(slack_app()?);
        command.arg("serve").env("MONKEYCI_SERVER", &api).env("MONKEYCI_ORG", "acme");
        command.env("MONKEYCI_TOKEN", token["secret"].as_str().unwrap_or_default());
        command.env("SLACK_API_URL", text("api").trim_end_matches('/')).env("SLACK_BOT_TOKEN", text("bot_token"));
        command.env("SLACK_SIGNING_SECRET", text("signing_secret"));
        command.env("MONKEYCI_SLACK_LISTEN", format!("127.0.0.1:{port}"));
        let (mut app, line) = Program::start(&mut command)?;
        line.split("http://").nth(1).ok_or("the app says where it listens")?.clone_into(&mut app.address);
        let house = Self { server, app, slack, known, code };
        house.repository()?;
        Ok(house)
    }

    /// A repository whose job ends as its commit says.
    fn repository(&self) -> Outcome {
        let code = self.code.path().join("code");
        fs::create_dir_all(code.join(".monkeyci"))?;
        fs::write(code.join(".monkeyci/build.yaml"), "- id: unit\n  script: ['exit $(cat outcome)']\n")?;
        self.git(&["init", "--quiet", "--initial-branch", "main"])?;
        let url = format!("file://{}", code.display());
        self.server.ask("PUT", "/v1/orgs/acme/repos/web", &json!({ "url": url })).map(drop)
    }

    fn git(&self, arguments: &[&str]) -> Outcome {
        let mut command = Command::new("git");
        command.args(["-c", "user.name=Ann", "-c", "user.email=ann@example.com"]).args(arguments);
        well(command.current_dir(self.code.path().join("code")))
    }

    fn subscribe(&self) -> Outcome {
        let to = json!({ "slack": { "workspace": self.known["team_id"], "channel": self.channel() } });
        self.server.ask("PUT", "/v1/orgs/acme/subscriptions/web", &json!({ "to": to, "repos": ["web"] })).map(drop)
    }

    fn channel(&self) -> &str {
        self.known["channels"]["builds"].as_str().unwrap_or_default()
    }

    /// A command that somebody types, as Slack sends it. No two are the same.
    fn request(&self, at: usize, sink: &Sink) -> String {
        let text = |name: &str| self.known[name].as_str().unwrap_or_default();
        let body = format!(
            "command=%2Fbuild&text=whoami&team_id={}&channel_id={}&user_id={}&trigger_id={at}&response_url=http%3A%2F%2F{}%2F",
            text("team_id"),
            self.channel(),
            self.known["people"]["ann"].as_str().unwrap_or_default(),
            sink.address.replace(':', "%3A"),
        );
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
        let signed = hmac_sha256::HMAC::mac(format!("v0:{now}:{body}").as_bytes(), text("signing_secret").as_bytes());
        let hex: String = signed.iter().map(|byte| format!("{byte:02x}")).collect();
        format!(
            "POST /slack/commands HTTP/1.1\r\nHost: bench\r\nContent-Type: application/x-www-form-urlencoded\r\n\
             X-Slack-Request-Timestamp: {now}\r\nX-Slack-Signature: v0={hex}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
    }

    /// Builds a commit that fails, or that mends it, and waits until the channel hears of it; how long that took from the
    /// event on by which it is told.
    fn heard(&self, fails: bool) -> Outcome<Duration> {
        fs::write(self.code.path().join("code/outcome"), if fails { "1" } else { "0" })?;
        self.git(&["add", "--all"])?;
        self.git(&["commit", "--quiet", "--allow-empty", "--message", "Go on"])?;
        let begun = self.server.ask("POST", "/v1/orgs/acme/repos/web/builds", &json!({ "branch": "main" }))?;
        let number = begun["number"].as_u64().ok_or("a build has a number")?;
        let name = if fails { format!("acme/web #{number} ") } else { format!("is green again (#{number})") };
        let end = Instant::now() + Duration::from_secs(30);
        let seen = loop {
            let channel = get(&self.slack.address, &format!("/_emulator/channels/{}", self.channel()))?;
            let messages = channel["messages"].as_array().ok_or("a channel has messages")?;
            if messages.iter().any(|one| one["text"].as_str().is_some_and(|text| text.contains(&name))) {
                break SystemTime::now().duration_since(UNIX_EPOCH)?;
            }
            if Instant::now() > end {
                return Err(format!("nothing is told of build {number}").into());
            }
            thread::sleep(Duration::from_millis(2)); // poll
        };
        let path = format!("/v1/orgs/acme/repos/web/builds/{number}/events");
        let events: Value = serde_json::from_slice(&self.server.get_plain(&path)?)?;
        let kind = if fails { "job/end" } else { "build/end" };
        let event = events["items"].as_array().into_iter().flatten().find(|event| event["type"] == kind);
        let told = event.and_then(|event| event["time"].as_u64()).ok_or("the build has ended")?;
        // A channel takes one message a second.
        while seen + Duration::from_millis(1200) > SystemTime::now().duration_since(UNIX_EPOCH)? {
            thread::sleep(Duration::from_millis(20)); // moment
        }
        Ok(seen.saturating_sub(Duration::from_millis(told)))
    }
}

/// What the double says, as JSON.
fn get(address: &str, path: &str) -> Outcome<Value> {
    let mut stream = TcpStream::connect(address)?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").ok_or("an answer of HTTP")?;
    Ok(serde_json::from_slice(&answer[end + 4..])?)
}

/// A program that runs for as long as this is there.
struct Program {
    child: Child,
    /// Host and port.
    address: String,
}

impl Program {
    /// Starts one; the first line that it prints.
    fn start(command: &mut Command) -> Outcome<(Self, String)> {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().ok_or("it prints")?).read_line(&mut line)?;
        Ok((Self { child, address: String::new() }, line.trim().to_owned()))
    }

    fn memory(&self) -> Outcome<u64> {
        let status = fs::read_to_string(Path::new("/proc").join(self.child.id().to_string()).join("status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("the system tells it")?;
        Ok(line.trim().trim_end_matches("kB").trim().parse::<u64>()? * 1024)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}
