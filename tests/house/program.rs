//! The program `monkeyci`, run for real.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use serde_json::Value;
use tempfile::TempDir;

use crate::tidy::sources;

/// The program as it was compiled for these tests.
pub fn monkeyci() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
        let built = Command::new(cargo)
            .args(["build", "--offline", "--package", "monkeyci", "--bin", "monkeyci"])
            .current_dir(sources::root())
            .status()
            .expect("cargo runs");
        assert!(built.success(), "the program does not compile");
        // This test lies in `<target>/<profile>/deps/`, the program two folders up.
        let test = std::env::current_exe().expect("a test has a path");
        test.parent().and_then(Path::parent).expect("deps lies in a profile's folder").join("monkeyci")
    })
}

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
    /// A machine on which nothing was built yet.
    pub fn new() -> Self {
        Self { dir: tempfile::tempdir().expect("a folder") }
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// The program with `args`, about to be run.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(monkeyci());
        command.args(args).stdin(Stdio::null()).current_dir(sources::root());
        command.env("HOME", self.path()).env("XDG_DATA_HOME", self.path().join("data"));
        command.env("XDG_CACHE_HOME", self.path().join("cache")).env("NO_COLOR", "1");
        if let Some(home) = std::env::var_os("HOME") {
            // Toolchains of jobs without an image are the machine's.
            command.env(
                "CARGO_HOME",
                std::env::var_os("CARGO_HOME").unwrap_or_else(|| Path::new(&home).join(".cargo").into()),
            );
            command.env(
                "RUSTUP_HOME",
                std::env::var_os("RUSTUP_HOME").unwrap_or_else(|| Path::new(&home).join(".rustup").into()),
            );
        }
        command
    }

    /// Runs the program to its end.
    pub fn run(&self, args: &[&str]) -> Said {
        let output = self.command(args).output().expect("the program starts");
        Said {
            code: output.status.code(),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl Said {
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
