//! Oracle's own SDK, which signs the same requests.

use std::io::Write as _;
use std::process::{Command, Stdio};

use oci_signer::{Covers, PrivateKey, Request, sign};
use serde_json::{Value, json};

use crate::{text, vectors};

/// How many requests both sign.
const REQUESTS: u64 = 300;

/// Signs what comes as lines of JSON, as every client of the SDK does.
const PEER: &str = r#"
import sys, json, base64, oci
from oci._vendor import requests
key = json.loads(sys.stdin.readline())
signer = oci.signer.Signer(key["tenancy"], key["user"], key["fingerprint"], None, private_key_content=key["pem"])
for line in sys.stdin:
    case = json.loads(line)
    body = base64.b64decode(case["body"]) if case["body"] is not None else None
    headers = {"date": case["date"], "content-type": case["type"]}
    request = requests.Request(case["method"], case["url"], data=body, headers=headers).prepare()
    request = signer(request, enforce_content_headers=case["covers"])
    names = ["date", "authorization", "content-length", "content-type", "x-content-sha256"]
    said = {name: request.headers[name] for name in names if name in request.headers}
    print(json.dumps({"target": request.path_url, "headers": said}))
"#;

/// A Python that has Oracle's SDK: `MONKEYCI_TEST_PYTHON`, else `python3`.
fn python() -> Option<String> {
    let python = std::env::var("MONKEYCI_TEST_PYTHON").unwrap_or_else(|_| "python3".into());
    let has = Command::new(&python).args(["-c", "import oci"]).output().is_ok_and(|run| run.status.success());
    if !has {
        let required = std::env::var("MONKEYCI_TEST_REQUIRE").unwrap_or_default();
        let is_required = required.split(',').any(|name| name == "python-oci" || name == "all");
        assert!(!is_required, "`python-oci` is required and missing");
        eprintln!("skipped: python-oci: {python} has no module `oci` (MONKEYCI_TEST_PYTHON names another Python)");
        return None;
    }
    Some(python)
}

/// Numbers that look like chance and are the same each time.
struct Dice(u64);

impl Dice {
    fn up_to(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most
    }

    fn of<'a>(&mut self, all: &[&'a str]) -> &'a str {
        let at = self.up_to(all.len() as u64);
        all[usize::try_from(at).expect("small")]
    }
}

/// A request; none of its parts is changed by what sends it.
fn case(dice: &mut Dice) -> Value {
    let method = dice.of(&["GET", "HEAD", "DELETE", "POST", "PUT", "PATCH"]);
    let mut url = format!("https://{}", dice.of(&["example.com", "a.b.oci.oraclecloud.com:8443", "127.0.0.1:1"]));
    for _ in 0..=dice.up_to(4) {
        url.push('/');
        url.push_str(dice.of(&["20210415", "a%20b", "%C3%A9", "ocid1.x.oc1..a", "~_-.", "actions", "%2F", "@:"]));
    }
    for number in 0..dice.up_to(4) {
        url.push(if number == 0 { '?' } else { '&' });
        url.push_str(dice.of(&[
            "limit=10",
            "x=build+1%3A%C3%A9%2Fx",
            "empty=",
            "flag",
            "t=2026-11-22T16:30:00Z",
            "a=b=c",
        ]));
    }
    let takes_body = matches!(method, "POST" | "PUT" | "PATCH");
    let body: Option<Vec<u8>> = (takes_body && dice.up_to(4) > 0)
        .then(|| (0..dice.up_to(3000)).map(|_| u8::try_from(dice.up_to(256)).expect("a byte")).collect::<Vec<_>>())
        .filter(|body| !body.is_empty());
    let body = body.map(|body| base64::Engine::encode(&base64::engine::general_purpose::STANDARD, body));
    json!({
        "method": method, "url": url, "body": body, "covers": !takes_body || dice.up_to(5) > 0,
        "type": dice.of(&["application/json", "text/plain; charset=utf-8", "application/octet-stream"]),
        "date": httpdate::fmt_http_date(std::time::UNIX_EPOCH + std::time::Duration::from_secs(dice.up_to(4_000_000_000))),
    })
}

#[test]
fn oracles_own_sdk_signs_random_requests_alike() {
    let Some(python) = python() else { return };
    let all = vectors();
    let [pem, tenancy, user, fingerprint] =
        ["private_key_pem", "tenancy", "user", "fingerprint"].map(|name| text(&all, name));
    let key = PrivateKey::from_pem(pem, None).expect("a key");
    let mut dice = Dice(20_261_127);
    let cases: Vec<Value> = (0..REQUESTS).map(|_| case(&mut dice)).collect();
    let mut input = json!({ "pem": pem, "tenancy": tenancy, "user": user, "fingerprint": fingerprint }).to_string();
    for case in &cases {
        input.push('\n');
        input.push_str(&case.to_string());
    }
    let mut peer = Command::new(python)
        .args(["-c", PEER])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python runs");
    let mut stdin = peer.stdin.take().expect("a pipe");
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = peer.wait_with_output().expect("it ends");
    writer.join().expect("no panic").expect("it reads all");
    assert!(output.status.success());
    let answers = String::from_utf8(output.stdout).expect("text");
    assert_eq!(answers.lines().count(), cases.len());
    for (case, answer) in cases.iter().zip(answers.lines()) {
        let answer: Value = serde_json::from_str(answer).expect("JSON");
        let body = case["body"].as_str().unwrap_or_default();
        let body = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, body).expect("base64");
        let rest = text(case, "url").strip_prefix("https://").expect("a scheme");
        let (host, path) = rest.split_once('/').expect("a path");
        let request = Request {
            method: text(case, "method"),
            host,
            target: &format!("/{path}"),
            content_type: text(case, "type"),
            body: &body,
            covers: if case["covers"] == true { Covers::Everything } else { Covers::Head },
        };
        assert_eq!(text(&answer, "target"), request.target, "both have sent the same");
        let signed = sign(&request, text(case, "date"), &format!("{tenancy}/{user}/{fingerprint}"), &key);
        for (name, value) in signed.expect("it can be signed").headers {
            assert_eq!(answer["headers"][name].as_str(), Some(value.as_str()), "{name} of {case}");
        }
    }
}
