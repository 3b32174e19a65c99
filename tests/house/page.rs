//! The web page: its pure parts by Node's own test runner, all of it by Chromium against a real server.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::program::{Home, has, is_on_path, signal};
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
    let repository = home.repository(SCRIPT);
    commit(&repository);
    let state = home.file("server").display().to_string();
    let flags = ["--listen", "127.0.0.1:0", "--state", &state, "--processes", "*/*", "--allow-file"];
    let mut command = home.command(&[&["server"][..], &flags].concat());
    let mut server = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the server starts");
    let link = link(&mut server);
    let story = sources::root().join("monkeyci-api/page/test/browser/story.mjs");
    let mut told = Command::new("node");
    told.arg(story).arg(link).arg(format!("file://{}", repository.display())).arg(home.file("go"));
    let output = told.env("CHROMIUM", browser.unwrap_or_default()).output().expect("node runs");
    signal(&server, "TERM");
    server.wait().expect("it ends");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// The link that a new server prints: whoever follows it is signed in.
fn link(server: &mut Child) -> String {
    let (read, write) = std::io::pipe().expect("a pipe");
    let streams: [Box<dyn Read + Send>; 2] =
        [Box::new(server.stdout.take().expect("piped")), Box::new(server.stderr.take().expect("piped"))];
    for mut stream in streams {
        // Read to the end, so that the server never waits for somebody who listens.
        let mut write = write.try_clone().expect("a pipe");
        std::thread::spawn(move || std::io::copy(&mut stream, &mut write));
    }
    drop(write);
    let mut lines = BufReader::new(read).lines().map_while(Result::ok);
    let mut said = String::new();
    let found = lines.by_ref().find_map(|line| {
        said.push_str(&line);
        said.push('\n');
        line.split_whitespace().find(|word| word.contains("/login#token=")).map(str::to_owned)
    });
    std::thread::spawn(move || lines.for_each(drop));
    found.unwrap_or_else(|| panic!("the server told no link: {said}"))
}

fn commit(repository: &Path) {
    for args in [
        &["init", "--quiet", "--initial-branch=main"][..],
        &["add", "--all"],
        &[
            "-c",
            "user.name=Ann Example",
            "-c",
            "user.email=ann@example.com",
            "commit",
            "--quiet",
            "--message",
            "count and ask",
        ],
    ] {
        let status = Command::new("git").args(args).current_dir(repository).status().expect("git runs");
        assert!(status.success(), "git {args:?}");
    }
}
