//! The web page: its pure parts by Node's own test runner, all of it by Chromium against a real server.

use std::path::Path;
use std::process::Command;

use crate::program::{Home, has, is_on_path};
use crate::server::Server;
use crate::tidy::sources;

/// What the story of the page expects: a job that prints and waits to be let go on, one that wants approval, one after.
const SCRIPT: &str = r#"
- id: count
  script:
    - printf '\033[32mgreen\033[0m <script>alert(1)</script><img src=x onerror=alert(1)>\n'
    - |
      seq 500 | sed 's/^/line /'
      until test -e @HOME@/go; do sleep 0.02; done
      seq 501 1000 | sed 's/^/line /'
      until test -e @HOME@/go.on; do sleep 0.02; done
      seq 1001 2000 | sed 's/^/line /'
- id: gate
  dependencies: [count]
  blocked: true
  script: [echo approved]
- id: after
  dependencies: [gate]
  script: [echo done]
"#;

#[test]
fn the_parts_of_the_page_hold() {
    if !has("node", is_on_path("node"), "no such program") {
        return;
    }
    let folder = sources::root().join("monkeyci-api/page/test");
    let is_test = |path: &Path| path.to_str().is_some_and(|path| path.ends_with(".test.js"));
    let tests: Vec<_> = std::fs::read_dir(folder).expect("tests").map(|entry| entry.expect("a file").path()).collect();
    let tests: Vec<_> = tests.into_iter().filter(|path| is_test(path)).collect();
    assert!(!tests.is_empty());
    let output = Command::new("node").arg("--test").args(tests).output().expect("node runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn people_run_approve_cancel_and_retry_builds_in_a_browser() {
    let browser = ["chromium", "chromium-browser", "google-chrome"].into_iter().find(|name| is_on_path(name));
    if !has("node", is_on_path("node"), "no such program") || !has("chromium", browser.is_some(), "no such program") {
        return;
    }
    let home = Home::new();
    let repository = home.committed(SCRIPT);
    let server = Server::start(&home);
    let story = sources::root().join("monkeyci-api/page/test/browser/story.mjs");
    let mut told = Command::new("node");
    told.arg(story).arg(&server.link).arg(format!("file://{}", repository.display())).arg(home.file("go"));
    let output = told.env("CHROMIUM", browser.unwrap_or_default()).output().expect("node runs");
    server.stop();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
