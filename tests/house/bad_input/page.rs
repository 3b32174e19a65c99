//! A build whose every word is meant ill, in a browser.

use std::process::Command;

use crate::program::{Home, has, is_on_path};
use crate::server::Server;
use crate::tidy::sources;

/// A branch that is markup.
const BRANCH: &str = "<svg/onload=window.pwned=1>";

/// Leaves a report of a test that is called like markup.
const SCRIPT: &str = r#"
- id: ill
  script: [cp report.xml out.xml, sh says.sh]
  junit: {path: out.xml, artifact-id: report}
  save-artifacts: [{id: report, path: out.xml}]
"#;

/// Prints markup, words for the clipboard of a terminal, a link of one, and text that turns its direction.
const SAYS: &str = r"
printf '<script>window.pwned=2</script><img src=x onerror=window.pwned=2>\n'
printf '\033]52;c;cHduZWQ=\007\033]8;;javascript:window.pwned=2\033\\click\033]8;;\033\\ \342\200\256gpj.exe\n'
";

const REPORT: &str = r#"<testsuite name="&lt;b&gt;" tests="1" failures="1"><testcase classname="&lt;img src=x&gt;"
name="&lt;img src=x onerror=window.pwned=3&gt;"><failure message="&lt;script&gt;window.pwned=3&lt;/script&gt;">
&lt;iframe src=javascript:window.pwned=3&gt;</failure></testcase></testsuite>"#;

#[test]
fn nothing_that_is_said_acts_in_the_page() {
    let browser = ["chromium", "chromium-browser", "google-chrome"].into_iter().find(|name| is_on_path(name));
    if !has("node", is_on_path("node"), "no such program") || !has("chromium", browser.is_some(), "no such program") {
        return;
    }
    let home = Home::new();
    let repository = home.committed(SCRIPT);
    std::fs::write(repository.join("report.xml"), REPORT).expect("written");
    std::fs::write(repository.join("says.sh"), SAYS).expect("written");
    let author = ["-c", "user.name=<img src=x onerror=window.pwned=1>", "-c", "user.email=ann@example.com"];
    let message = "<script>window.pwned=1</script><img src=x onerror=\"window.pwned=1\">";
    for args in [
        &["checkout", "--quiet", "-b", BRANCH][..],
        &["add", "--all"],
        &[&author[..], &["commit", "--quiet", "--message", message]].concat(),
    ] {
        assert!(Command::new("git").args(args).current_dir(&repository).status().expect("git runs").success());
    }
    let server = Server::start(&home);
    let story = sources::root().join("monkeyci-api/page/test/browser/hostile.mjs");
    let mut told = Command::new("node");
    told.arg(story).arg(&server.link).arg(format!("file://{}", repository.display())).arg(BRANCH);
    let output = told.env("CHROMIUM", browser.unwrap_or_default()).output().expect("node runs");
    server.stop();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
