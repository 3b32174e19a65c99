//! The web page: its pure parts by Node's own test runner, all of it by Chromium against a real server.

use std::io::{BufRead, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::program::{Home, Said, finish, has, is_on_path, until};
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

/// The browser that stories are told to, where one is here.
fn browser() -> Option<&'static str> {
    let browser = ["chromium", "chromium-browser", "google-chrome"].into_iter().find(|name| is_on_path(name));
    let is_here =
        has("node", is_on_path("node"), "no such program") && has("chromium", browser.is_some(), "no such program");
    browser.filter(|_| is_here)
}

/// Plays a story in a browser; what it printed.
fn told(browser: &str, story: &str, arguments: &[&str]) -> String {
    let story = sources::root().join("monkeyci-api/page/test/browser").join(story);
    let output = Command::new("node").arg(story).args(arguments).env("CHROMIUM", browser).output().expect("node runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

#[test]
fn people_run_approve_cancel_and_retry_builds_in_a_browser() {
    let Some(browser) = browser() else { return };
    let home = Home::new();
    let repository = home.committed(SCRIPT);
    let server = Server::start(&home);
    let (url, go) = (format!("file://{}", repository.display()), home.file("go").display().to_string());
    told(browser, "story.mjs", &[&server.link, &url, &go]);
    server.stop();
}

/// `monkeyci login`, with standard streams of the test, and a browser that leaves its address in a file.
fn login(home: &Home, url: &str, more: &[&str]) -> (Child, String) {
    let (script, file) = (home.file("browser"), home.file("address"));
    let _old = std::fs::remove_file(&file);
    let text = format!("#!/bin/sh\nprintf %s \"$1\" > {0}.new && mv {0}.new {0}\n", file.display());
    std::fs::write(&script, text).expect("a script");
    std::fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("a program");
    let mut command = home.command(&[&["login", url], more].concat());
    command.env("BROWSER", &script).env("XDG_CONFIG_HOME", home.file("config"));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut login = command.spawn().expect("it starts");
    if more.contains(&"--no-browser") {
        let mut lines = BufReader::new(login.stderr.take().expect("piped")).lines().map_while(Result::ok);
        let address = lines.find_map(|line| line.trim().strip_prefix("http").map(|rest| format!("http{rest}")));
        std::thread::spawn(move || lines.for_each(drop));
        return (login, address.expect("it tells where to go"));
    }
    until("it opens a browser", || file.exists());
    (login, home.text("address"))
}

#[test]
fn a_program_is_let_in_by_a_browser_and_does_what_it_was_allowed() {
    let Some(browser) = browser() else { return };
    let home = Home::new();
    let server = Server::start(&home);
    let (url, link) = (server.access().0.to_owned(), server.link.clone());
    let whoami = || {
        let mut command = home.command(&["whoami"]);
        command.env("XDG_CONFIG_HOME", home.file("config"));
        finish(command)
    };

    let (denied, address) = login(&home, &url, &[]);
    told(browser, "grant.mjs", &[&link, &address, "Deny"]);
    let denied = Said::of(&denied.wait_with_output().expect("it ends"));
    assert!(denied.code == Some(1) && denied.err.contains("denied in the browser"), "{}", denied.both());
    assert_eq!(whoami().code, Some(2), "nothing is kept");

    let (allowed, address) = login(&home, &url, &[]);
    assert!(!address.contains("mci_"), "{address}");
    told(browser, "grant.mjs", &[&link, &address, "Allow"]);
    let allowed = Said::of(&allowed.wait_with_output().expect("it ends"));
    assert!(allowed.code == Some(0) && allowed.out.contains("as admin, who runs this server"), "{}", allowed.both());
    assert!(whoami().out.starts_with("admin, who runs this server"), "{}", whoami().both());

    // A machine without a browser, for less than all.
    let mut command = home.command(&["org", "add", "acme"]);
    command.env("XDG_CONFIG_HOME", home.file("config"));
    let added = finish(command);
    assert_eq!(added.code, Some(0), "{}", added.both());
    let (mut pasted, address) = login(&home, &url, &["--no-browser", "--org", "acme", "--role", "developer"]);
    let code = told(browser, "grant.mjs", &[&link, &address, "Code"]);
    writeln!(pasted.stdin.take().expect("piped"), "{code}").expect("it reads");
    let pasted = Said::of(&pasted.wait_with_output().expect("it ends"));
    assert!(pasted.code == Some(0) && !pasted.out.contains("runs this server"), "{}", pasted.both());
    let who = whoami().both();
    assert!(who.contains("acme  developer"), "{who}");

    // The same code once more is good for nobody.
    let (mut again, _) = login(&home, &url, &["--no-browser"]);
    writeln!(again.stdin.take().expect("piped"), "{code}").expect("it reads");
    assert_eq!(again.wait().expect("it ends").code(), Some(2));
    server.stop();
}
