//! The program `monkeyci`, run for real.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::monkeyci as fixture;
use crate::tidy::sources;

/// The program as it was compiled for these tests.
pub fn monkeyci() -> &'static Path {
    fixture::program(&sources::root())
}

/// How long the program may take: what a script depends on may have to be compiled first, on a busy machine.
const LIMIT: Duration = Duration::from_secs(300);

/// Somebody's machine: folders of their own for state and caches.
pub struct Home {
    dir: TempDir,
}

/// What the program said.
pub struct Said {
    /// Its exit code; nothing when a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Home {
    /// A machine on which nothing was built yet. Only what scripts in Rust compile to is shared with other tests: it takes
    /// long, and is known by all that it is made of.
    pub fn new() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let scripts = monkeyci().with_file_name("scripts-of-tests");
        std::fs::create_dir_all(&scripts).expect("a folder");
        std::fs::create_dir_all(dir.path().join("cache/monkeyci")).expect("a folder");
        std::os::unix::fs::symlink(scripts, dir.path().join("cache/monkeyci/scripts")).expect("a link");
        Self { dir }
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// A repository on it that has only this `build.yaml`. Every `@HOME@` in it is replaced by the machine's folder.
    pub fn repository(&self, yaml: &str) -> PathBuf {
        let repository = self.path().join("repo");
        std::fs::create_dir_all(repository.join(".monkeyci")).expect("a folder");
        let yaml = yaml.replace("@HOME@", &self.path().display().to_string());
        std::fs::write(repository.join(".monkeyci/build.yaml"), yaml).expect("a script");
        repository
    }

    /// The same as a repository of git with one commit.
    pub fn committed(&self, yaml: &str) -> PathBuf {
        let repository = self.repository(yaml);
        self.git(&["init", "--quiet", "--initial-branch=main"]);
        self.commit_all();
        repository
    }

    /// Commits all that is in the repository.
    pub fn commit_all(&self) {
        self.git(&["add", "--all"]);
        let author = ["-c", "user.name=Ann Example", "-c", "user.email=ann@example.com"];
        self.git(&[&author[..], &["commit", "--quiet", "--message", "count and ask"]].concat());
    }

    fn git(&self, args: &[&str]) {
        let status = Command::new("git").args(args).current_dir(self.file("repo")).status().expect("git runs");
        assert!(status.success(), "git {args:?}");
    }

    /// A file that jobs write and the test reads, or the other way round.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    /// What is in such a file; nothing when it is not there.
    pub fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.file(name)).unwrap_or_default()
    }

    /// The program with `args`, about to be run.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(monkeyci());
        command.args(args).stdin(Stdio::null()).current_dir(sources::root());
        command.env("XDG_DATA_HOME", self.path().join("data")).env("XDG_CACHE_HOME", self.path().join("cache"));
        command.env("NO_COLOR", "1");
        command
    }

    /// Runs the program to its end, which must come within five minutes.
    pub fn run(&self, args: &[&str]) -> Said {
        finish(self.command(args))
    }
}

impl Said {
    /// What a program that has ended said.
    pub fn of(output: &Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// All of it, for a person.
    pub fn both(&self) -> String {
        format!("{}{}", self.out, self.err)
    }

    /// The lines of `--json`, each a JSON object.
    pub fn events(&self) -> Vec<Value> {
        let read = |line: &str| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error} in {line}"));
        self.out.lines().map(read).collect()
    }

    /// How each job ended, by its id.
    pub fn jobs(&self) -> BTreeMap<String, String> {
        let text = |event: &Value, key: &str| event[key].as_str().unwrap_or_default().to_owned();
        let end = |event: &Value| match event["type"].as_str()? {
            "job/end" => Some((text(event, "jobId"), text(event, "status"))),
            "job/skipped" => Some((text(event, "jobId"), "skipped".to_owned())),
            _ => None,
        };
        self.events().iter().filter_map(end).collect()
    }
}

/// Whether the machine has what a test needs; says so when it has not, and fails when it must have it.
pub fn has(need: &str, there: bool, why: &str) -> bool {
    if !there {
        let required = std::env::var("MONKEYCI_TEST_REQUIRE").unwrap_or_default();
        let is_required = required.split(',').any(|name| name == need || name == "all");
        assert!(!is_required, "`{need}` is required and missing: {why}");
        eprintln!("skipped: {need}: {why}");
    }
    there
}

/// Whether a program can be found.
pub fn is_on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// Whether an engine for containers answers, as a test needs it.
pub fn has_docker() -> bool {
    let answers = Command::new("docker").arg("info").output().is_ok_and(|output| output.status.success());
    has("docker", answers, "no Docker daemon answers")
}

/// Waits until `come` holds, at most a minute.
pub fn until(what: &str, come: impl FnMut() -> bool) {
    within(Duration::from_secs(60), what, come);
}

/// Waits until `come` holds, for so long at most.
pub fn within(limit: Duration, what: &str, mut come: impl FnMut() -> bool) {
    let start = Instant::now();
    while !come() {
        assert!(start.elapsed() < limit, "in {limit:?}, this did not come true: {what}");
        std::thread::sleep(Duration::from_millis(5)); // poll
    }
}

/// Runs a program to its end, which must come within five minutes.
pub fn finish(mut command: Command) -> Said {
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().expect("the program starts");
    let pid = child.id().to_string();
    let (ended, watched) = std::sync::mpsc::channel::<()>();
    let watch = std::thread::spawn(move || {
        let is_late = watched.recv_timeout(LIMIT) == Err(std::sync::mpsc::RecvTimeoutError::Timeout);
        if is_late {
            let _gone = Command::new("kill").args(["-9", &pid]).status();
        }
        is_late
    });
    let said = Said::of(&child.wait_with_output().expect("it ends"));
    drop(ended);
    assert!(!watch.join().expect("the watch ends"), "it did not end in five minutes: {}", said.both());
    said
}

/// Sends a signal by its name: `INT`.
pub fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args([&format!("-{name}"), &child.id().to_string()]).status();
    assert!(sent.expect("kill runs").success(), "`{name}` cannot be sent");
}
