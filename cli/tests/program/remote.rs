//! The program as the client of a server.
//!
//! The server here says what a test has it say, so that it can say what no real one would. With a real one the house's
//! tests do the same.

use std::collections::HashMap;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use crate::place::{Place, Ran};

/// Answers by `METHOD path`; what is not there is 404, and without the token 401.
struct Server {
    url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

const TOKEN: &str = "mci_s3cret";

impl Server {
    fn start(answers: &[(&'static str, &str)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let answers: HashMap<&str, String> = answers.iter().map(|(line, body)| (*line, (*body).to_owned())).collect();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let notes = Arc::clone(&asked);
        let answers = Arc::new(answers);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (answers, notes) = (Arc::clone(&answers), Arc::clone(&notes));
                // The program asks for events and logs at once.
                std::thread::spawn(move || serve(stream.expect("a connection"), &answers, &notes));
            }
        });
        Self { url, asked }
    }

    /// What was asked that changes something, with its body.
    fn changes(&self) -> Vec<String> {
        let asked = self.asked.lock().expect("no panic");
        asked.iter().filter(|line| !line.starts_with("GET ")).cloned().collect()
    }

    /// Runs the program as one who has a token.
    fn run(&self, place: &Place, arguments: &[&str]) -> Ran {
        let mut command = place.command(arguments);
        command.env("MONKEYCI_SERVER", &self.url).env("MONKEYCI_TOKEN", TOKEN);
        Ran::of(command.output().expect("the program starts"))
    }
}

fn serve(mut stream: TcpStream, answers: &HashMap<&str, String>, notes: &Mutex<Vec<String>>) {
    let mut bytes = Vec::new();
    let mut piece = [0; 4096];
    let (head, body) = loop {
        let count = stream.read(&mut piece).unwrap_or(0);
        if count == 0 {
            return;
        }
        bytes.extend_from_slice(&piece[..count]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .map_or(0, |n| n.parse().expect("a number"));
        if body.len() >= length {
            break (head.to_owned(), body.to_owned());
        }
    };
    let line = head.lines().next().expect("a first line").trim_end_matches(" HTTP/1.1").to_owned();
    notes.lock().expect("no panic").push(format!("{line} {body}").trim_end().to_owned());
    let refusal = |status: u16, why: &str| (status, format!(r#"{{"title":"No","status":{status},"detail":"{why}"}}"#));
    let (status, body) = if !head.contains(&format!("authorization: Bearer {TOKEN}")) {
        refusal(401, "sign in first")
    } else {
        match answers.get(line.as_str()) {
            Some(body) => (200, body.clone()),
            None => refusal(404, "there is no such thing"),
        }
    };
    let length = body.len();
    let _gone = write!(stream, "HTTP/1.1 {status} S\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}");
}

const ME: (&str, &str) = ("GET /v1/me", r#"{"name":"ann\u001b[2J","admin":false,"orgs":{"acme":"developer"}}"#);

fn logged_in(place: &Place, server: &Server, token: &str) -> Ran {
    let mut command = place.command(&["login", &server.url, "--token-stdin"]);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("starts");
    writeln!(child.stdin.take().expect("piped"), "{token}").expect("written");
    Ran::of(child.wait_with_output().expect("ends"))
}

#[test]
fn a_login_is_kept_for_the_user_alone_and_used_until_the_logout() {
    let place = Place::empty();
    let server = Server::start(&[ME]);
    let wrong = logged_in(&place, &server, "mci_wrong");
    assert_eq!((wrong.code, wrong.stdout.as_str()), (Some(1), ""), "{}", wrong.stderr);
    assert!(
        wrong.stderr.contains("does not know this token") && !wrong.stderr.contains("mci_wrong"),
        "{}",
        wrong.stderr
    );

    let right = logged_in(&place, &server, TOKEN);
    assert_eq!(right.code, Some(0), "{}", right.stderr);
    assert!(right.stdout.starts_with(&format!("Logged in to {} as ann; kept in ", server.url)), "{}", right.stdout);
    let file = place.repo().parent().expect("a home").join(".config/monkeyci/servers.toml");
    assert_eq!(std::fs::metadata(&file).expect("kept").permissions().mode() & 0o777, 0o600);

    let me = place.run(&["whoami"]);
    assert_eq!(
        (me.code, me.stdout.as_str()),
        (Some(0), &*format!("ann, on {}\n\nORG   ROLE\nacme  developer\n", server.url))
    );
    assert_eq!(place.run(&["logout"]).code, Some(0));
    let nobody = place.run(&["whoami"]);
    assert_eq!(nobody.code, Some(2), "{}", nobody.stderr);
    assert!(nobody.stderr.contains("monkeyci login"), "{}", nobody.stderr);
    assert!(!std::fs::read_to_string(file).expect("still there").contains(TOKEN));
}

#[test]
fn a_login_without_a_terminal_or_a_browser_is_told_what_there_is_instead() {
    let place = Place::empty();
    let server = Server::start(&[ME]);
    for arguments in [&["login", &server.url][..], &["login", &server.url, "--token"]] {
        let ran = place.run(arguments);
        assert_eq!(ran.code, Some(2), "{}", ran.stderr);
        assert!(ran.stderr.contains("--token-stdin") && ran.stderr.contains("--no-browser"), "{}", ran.stderr);
    }
    let ran = place.run(&["login", &server.url, "--no-browser"]);
    assert!(ran.code == Some(2) && ran.stderr.contains("the code is empty"), "{}", ran.stderr);
    assert!(ran.stderr.contains(&format!("{}/grant?challenge=", server.url)), "{}", ran.stderr);
    let ran = place.run(&["login", &server.url, "--no-browser", "--org", "acme"]);
    assert!(ran.code == Some(2) && ran.stderr.contains("--role"), "{}", ran.stderr);
}

#[test]
fn who_is_refused_or_reaches_nobody_is_told_what_to_do() {
    let place = Place::empty();
    let server = Server::start(&[]);
    let refused = place.run(&["builds", "acme/web", "--server", &server.url]);
    assert_eq!(refused.code, Some(1));
    assert!(
        refused.stderr.contains("sign in first") && refused.stderr.contains("monkeyci login"),
        "{}",
        refused.stderr
    );
    let missing = server.run(&place, &["show", "acme/web/7"]);
    assert_eq!((missing.code, missing.stderr.as_str()), (Some(2), "error: there is no such thing\n"));
    let nobody = place.run(&["builds", "acme/web", "--server", "http://127.0.0.1:1"]);
    assert_eq!(nobody.code, Some(4));
    assert!(nobody.stderr.contains("cannot be reached") && nobody.stderr.contains("--server"), "{}", nobody.stderr);
    for (arguments, hint) in [
        (&["builds"][..], "no checkout"),
        (&["builds", "web"], "`acme/web`"),
        (&["show", "acme/web/x"], "`acme/web/42`"),
        (&["approve", "acme/web/7"], "JOB"),
        (&["builds", "acme/web", "--status", "broken"], "canceled"),
        (&["params", "set", "A", "--secret", "--value", "x"], "cannot be used with"),
    ] {
        let ran = server.run(&place, arguments);
        assert_eq!(ran.code, Some(2), "{arguments:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(hint), "{arguments:?}: {}", ran.stderr);
    }
}

#[test]
fn a_checkout_knows_its_repository_on_the_server() {
    let place = Place::empty();
    for arguments in [&["init", "--quiet"][..], &["remote", "add", "origin", "git@example.com:acme/web.git"]] {
        let git = std::process::Command::new("git").args(arguments).current_dir(place.repo()).status();
        assert!(git.expect("git runs").success());
    }
    let repo = |id: &str| {
        format!(
            r#"{{"org":"acme","id":"{id}","url":"https://example.com/acme/{id}","created":1,"updated":1,"revision":1}}"#
        )
    };
    let repos = format!(r#"{{"items":[{},{}]}}"#, repo("api"), repo("web"));
    let build =
        r#"{"org":"acme","repo":"web","number":7,"status":"running","trigger":{},"created":1,"events":3,"jobs":[]}"#;
    let newest = format!(r#"{{"items":[{build}]}}"#);
    let server = Server::start(&[
        ("GET /v1/orgs?limit=200", r#"{"items":[{"id":"acme","name":"Acme","created":1,"updated":1,"revision":1}]}"#),
        ("GET /v1/orgs/acme/repos?limit=200", &repos),
        ("GET /v1/orgs/acme/repos/web/builds?limit=1", &newest),
        ("POST /v1/orgs/acme/repos/web/builds/7/cancel", build),
        ("POST /v1/orgs/acme/repos/web/builds/5/retry", build),
        (
            "PUT /v1/orgs/acme/repos/web/params/REGION",
            r#"{"name":"REGION","secret":false,"value":"eu","version":1,"updated":1}"#,
        ),
    ]);
    place.write("src/deep/file", "");
    let mut command = place.command(&["cancel", "--reason", "enough"]);
    command.current_dir(place.repo().join("src/deep")).env("MONKEYCI_SERVER", &server.url).env("MONKEYCI_TOKEN", TOKEN);
    let canceled = Ran::of(command.output().expect("the program starts"));
    assert_eq!(
        (canceled.code, canceled.stdout.as_str()),
        (Some(0), "Canceled build acme/web/7\n"),
        "{}",
        canceled.stderr
    );
    let again = server.run(&place, &["retry", "5", "--failed", "--no-wait"]);
    assert_eq!(again.stdout, format!("Build acme/web/7: {}/o/acme/r/web/b/7\n", server.url), "{}", again.stderr);
    let set = server.run(&place, &["params", "set", "REGION", "--value", "eu"]);
    assert_eq!(set.stdout, "Set `REGION`\n", "{}", set.stderr);
    assert_eq!(
        server.changes(),
        [
            r#"POST /v1/orgs/acme/repos/web/builds/7/cancel {"reason":"enough"}"#,
            r#"POST /v1/orgs/acme/repos/web/builds/5/retry {"failed":true}"#,
            r#"PUT /v1/orgs/acme/repos/web/params/REGION {"value":"eu","secret":false}"#,
        ]
    );
}

/// A build of one job, `unit`, that failed, as a server tells it: its events, its log and the log's marks.
fn failed_build() -> Vec<(&'static str, String)> {
    let event = |seq: u64, rest: &str| {
        format!(
            "id: {seq}\nevent: x\ndata: {{\"position\":{seq},\"subject\":\"acme/web/build-7\",\"seq\":{seq},\"time\":{},{rest}}}\n\n",
            1000 * seq
        )
    };
    let events = [
        r#""type":"build/triggered","trigger":{}"#,
        r#""type":"build/initializing""#,
        r#""type":"script/initializing","scriptDir":".monkeyci""#,
        r#""type":"script/start","jobs":[{"id":"unit","script":["make test"]}]"#,
        r#""type":"job/queued","jobId":"unit","attempt":1"#,
        r#""type":"job/initializing","jobId":"unit","attempt":1,"fence":1,"worker":"w""#,
        r#""type":"job/start","jobId":"unit","attempt":1"#,
        r#""type":"job/executed","jobId":"unit","attempt":1,"result":{"cause":"failure","lines":[{"index":0,"exit":2,"duration":5,"logOffset":0}]}"#,
        r#""type":"job/end","jobId":"unit","status":"failure","cause":"failure""#,
        r#""type":"script/end","status":"failure""#,
        r#""type":"build/end","status":"failure""#,
    ];
    let mut stream: String = events.iter().zip(1..).map(|(rest, seq)| event(seq, rest)).collect();
    stream.push_str("event: end\ndata:\n\n");
    // `one\n`, then a line that clears the screen.
    let log = "id: 4\ndata: b25lCg==\n\nid: 12\ndata: G1sySnR3bwo=\n\nevent: end\ndata:\n\n";
    let marks = r#"{"items":[{"offset":0,"millis":0,"type":"line-start","index":0},{"offset":4,"millis":1,"type":"stderr"},
        {"offset":12,"millis":2,"type":"line-end","index":0,"exit":2}]}"#;
    vec![
        ("GET /v1/orgs/acme/repos/web/builds/7/events", stream),
        (
            "GET /v1/orgs/acme/repos/web/builds/7/jobs/unit",
            r#"{"job":{"id":"unit"},"status":"failure","attempt":1}"#.into(),
        ),
        ("GET /v1/orgs/acme/repos/web/builds/7/jobs/unit/attempts/1/log?offset=0&follow=true", log.into()),
        ("GET /v1/orgs/acme/repos/web/builds/7/jobs/unit/attempts/1/marks?first=0&limit=1000", marks.into()),
        (
            "GET /v1/orgs/acme/repos/web/builds/7/jobs/unit/attempts/1/marks?first=3&limit=1000",
            r#"{"items":[]}"#.into(),
        ),
    ]
}

#[test]
fn a_build_of_a_server_is_shown_as_a_local_one_and_ends_with_its_code() {
    let place = Place::empty();
    let answers = failed_build();
    let server = Server::start(&answers.iter().map(|(line, body)| (*line, body.as_str())).collect::<Vec<_>>());
    let watched = server.run(&place, &["watch", "acme/web/7"]);
    assert_eq!(watched.code, Some(1), "{}", watched.stderr);
    assert_eq!(
        watched.stdout,
        "\
Build acme/web/build-7
1 job to run
[unit] $ make test
[unit] one
[unit] two
[unit] failure after 2.0s: `make test` ended with code 2

✗ unit    2.0s  `make test` ended with code 2

unit: the end of its output
  │ one
  │ two

Build failed in 10.0s: its only job failed
"
    );
    let told = server.run(&place, &["watch", "acme/web/build-7", "--json"]);
    assert_eq!(told.code, Some(1));
    let lines: Vec<serde_json::Value> =
        told.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let kinds: Vec<_> = lines.iter().filter_map(|line| line["type"].as_str()).collect();
    assert_eq!(kinds[6..12], ["job/start", "command/start", "log", "log", "command/end", "job/executed"]);
    assert_eq!((lines[8]["stream"].as_str(), lines[9]["stream"].as_str()), (Some("stdout"), Some("stderr")));

    let followed = server.run(&place, &["logs", "acme/web/7", "unit", "-f"]);
    assert_eq!((followed.code, followed.stdout.as_str()), (Some(0), "one\ntwo\n"), "{}", followed.stderr);
    let raw = server.run(&place, &["logs", "acme/web/7", "unit", "-f", "--raw"]);
    assert_eq!(raw.stdout, "one\n\u{1b}[2Jtwo\n");
}
