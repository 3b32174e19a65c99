//! The emulator against Slack's own clients. They are fetched once, into the target folder.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use slack_emulator::Server;

/// What is fetched from PyPI.
const PYTHON: &[&str] = &["slack_sdk==3.48.0", "slack_bolt==1.30.0", "slackblocks==3.0.0"];

/// Whether a test has what it needs; says so when it has not, and fails when it must have it.
pub fn has(need: &str, there: Result<(), String>) -> bool {
    let Err(why) = there else { return true };
    let required = std::env::var("MONKEYCI_TEST_REQUIRE").unwrap_or_default();
    let is_required = required.split(',').any(|name| name == need || name == "all");
    assert!(!is_required, "`{need}` is required and missing: {why}");
    eprintln!("skipped: {need}: {why}");
    false
}

/// A folder for what is fetched.
pub fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&folder).expect("a folder");
    folder
}

/// A script beside this file.
pub fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/slack/peers").join(name)
}

/// Runs a program to its end; what it said, when that was not what it should be.
pub fn run(command: &mut Command) -> Result<Output, String> {
    let output = command.output().map_err(|error| format!("{:?}: {error}", command.get_program()))?;
    if output.status.success() {
        return Ok(output);
    }
    let both = [&output.stdout[..], &output.stderr].concat();
    Err(format!("{:?} ended with {}:\n{}", command.get_program(), output.status, String::from_utf8_lossy(&both)))
}

/// The interpreter that knows Slack's packages, where there is one or can be.
fn python() -> Option<PathBuf> {
    static PYTHON_: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let made = PYTHON_.get_or_init(|| {
        let folder = folder("slack-python");
        let (python, done) = (folder.join("bin/python"), folder.join("packages"));
        let wanted = PYTHON.join("\n");
        if std::fs::read_to_string(&done).is_ok_and(|there| there == wanted) {
            return Ok(python);
        }
        run(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
        let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
        run(Command::new(&python).args(install).args(PYTHON))?;
        std::fs::write(done, wanted).map_err(|error| error.to_string())?;
        Ok(python)
    });
    let there = made.as_ref().map(|_| ()).map_err(Clone::clone);
    has("slack-python", there).then(|| made.clone().expect("it is there"))
}

/// Plays a script in Python against an emulator of its own.
async fn play(name: &'static str) {
    let Some(python) = tokio::task::spawn_blocking(python).await.expect("it ends") else { return };
    let server = Server::start().await.expect("a port");
    let url = server.url();
    let mut command = Command::new(python);
    command.arg(script(name)).arg(&url).env("PYTHONDONTWRITEBYTECODE", "1").env("NO_PROXY", "*");
    let said = tokio::task::spawn_blocking(move || run(&mut command)).await.expect("it ends");
    said.unwrap_or_else(|why| panic!("{why}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn slack_sdk_takes_the_emulator_for_slack() {
    play("sdk.py").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_of_slack_bolt_is_told_everything_over_http() {
    play("bolt_http.py").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_of_slack_bolt_is_told_everything_through_its_socket() {
    play("bolt_socket.py").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_package_slackblocks_has_the_same_limits() {
    play("limits.py").await;
}

/// What is fetched from npm.
const NPM: &[&str] = &["@slack/web-api@8.2.0", "@slack/socket-mode@3.1.0", "@slack/types@3.2.0", "typescript@5.9.3"];

/// The folder with Slack's packages for Node, where there is one or can be.
fn packages() -> Option<PathBuf> {
    static FETCHED: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let fetched = FETCHED.get_or_init(|| {
        let folder = folder("slack-node");
        let (done, wanted) = (folder.join("packages"), NPM.join("\n"));
        if std::fs::read_to_string(&done).is_ok_and(|there| there == wanted) {
            return Ok(folder);
        }
        let manifest = "{\"private\": true}";
        std::fs::write(folder.join("package.json"), manifest).map_err(|error| error.to_string())?;
        let install = ["install", "--no-audit", "--no-fund", "--silent", "--ignore-scripts"];
        run(Command::new("npm").args(install).args(NPM).current_dir(&folder))?;
        std::fs::write(done, wanted).map_err(|error| error.to_string())?;
        Ok(folder)
    });
    let there = fetched.as_ref().map(|_| ()).map_err(Clone::clone);
    has("slack-node", there).then(|| fetched.clone().expect("it is there"))
}

/// Plays a script in Node against an emulator of its own.
async fn play_in_node(name: &'static str) {
    let Some(folder) = tokio::task::spawn_blocking(packages).await.expect("it ends") else { return };
    let server = Server::start().await.expect("a port");
    let mut command = Command::new("node");
    command.arg(script(name)).arg(server.url()).arg(folder);
    let said = tokio::task::spawn_blocking(move || run(&mut command)).await.expect("it ends");
    said.unwrap_or_else(|why| panic!("{why}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_packages_for_node_take_the_emulator_for_slack() {
    play_in_node("web.mjs").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_types_of_slack_take_the_same_blocks() {
    play_in_node("types.mjs").await;
}
