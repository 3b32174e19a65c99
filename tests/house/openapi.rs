//! The document of the API against the API itself: Schemathesis sends what the document allows and what it forbids.

use std::fs;
use std::process::Command;

use crate::program::{Home, Said, finish, has, is_on_path, until};
use crate::server::Server;

/// Operations that nothing is learned from: they end the session that the test has, or never end by themselves.
const LEFT_OUT: &str = "^/v1/session$|^/v1/tokens|^/v1/me/sessions|/events$";

const SCRIPT: &str = "- id: build\n  script: [echo built]\n- id: gate\n  blocked: true\n  script: [echo approved]\n";

/// What stands for names in paths, so that what is asked for is often there.
const NAMES: &str = "[parameters]\norg = \"acme\"\nrepo = \"web\"\nnumber = 1\njob = \"build\"\nattempt = 1\n";

#[test]
fn the_api_answers_as_its_document_says() {
    if !has("schemathesis", is_on_path("schemathesis"), "no such program (pip install schemathesis)") {
        return;
    }
    let home = Home::new();
    let repository = home.committed(SCRIPT);
    let server = Server::start(&home);
    let (url, token) = server.access();
    let program = |args: &[&str]| {
        let mut command = home.command(args);
        command.env("MONKEYCI_SERVER", url).env("MONKEYCI_TOKEN", token);
        let said = finish(command);
        assert_eq!(said.code, Some(0), "{args:?}: {}", said.both());
        said
    };
    program(&["org", "add", "acme"]);
    program(&["repo", "add", "acme/web", &format!("file://{}", repository.display())]);
    program(&["run", "acme/web"]);
    until("the build waits for somebody", || program(&["show", "acme/web/1"]).out.contains("blocked"));
    let worker = program(&["workers", "add", "fuzzed", "--json"]);
    let worker: serde_json::Value = serde_json::from_str(&worker.out).expect("JSON");

    fs::write(home.file("schemathesis.toml"), NAMES).expect("a file");
    let everybody = ["--exclude-method", "DELETE", "--exclude-path-regex"];
    check(&home, url, token, &[&everybody[..], &[&format!("{LEFT_OUT}|^/v1/worker/")]].concat());
    check(&home, url, worker["secret"].as_str().expect("a secret"), &["--include-path-regex", "^/v1/worker/"]);
    // What removes things comes last. The organisation is there until somebody removes it.
    check(&home, url, token, &["--include-method", "DELETE", "--exclude-path-regex", LEFT_OUT]);
    server.stop();
}

/// Fails when Schemathesis finds something. It may find that a value was refused which the document allows: not all that
/// is checked, as whether a key is one, can be said in a schema.
fn check(home: &Home, url: &str, token: &str, which: &[&str]) {
    let examples = if std::env::var_os("MONKEYCI_TEST_LONG").is_some_and(|long| !long.is_empty()) { "40" } else { "4" };
    let mut command = Command::new("schemathesis");
    command.current_dir(home.path()).env("NO_COLOR", "1");
    command.args(["run", &format!("{url}/v1/openapi.json"), "--header", &format!("Authorization: Bearer {token}")]);
    command.args(["--phases", "examples,coverage,fuzzing", "--continue-on-failure", "--request-timeout", "30"]);
    command.args(["--exclude-checks", "positive_data_acceptance", "--max-examples", examples]).args(which);
    let Said { code, out, err } = finish(command);
    assert_eq!(code, Some(0), "{out}{err}");
}
