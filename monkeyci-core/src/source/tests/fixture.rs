//! Repositories to fetch from, made by the real `git`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tokio_util::sync::CancellationToken;

use crate::source::{Checkout, GitRemote, GitUrl, Source, SourceError};

/// Whether the machine has `program`; says that the test is skipped when not, or panics when it is required.
pub(super) fn has(name: &str, program: &str) -> bool {
    if Command::new(program).arg("-V").output().is_ok() || Path::new(program).exists() {
        return true;
    }
    let required = std::env::var("MONKEYCI_TEST_REQUIRE").unwrap_or_default();
    assert!(!required.split(',').any(|required| required.trim() == name), "{name} is required: `{program}` is missing");
    eprintln!("skipped: {name}: the program `{program}` is missing");
    false
}

/// A repository in a temporary folder.
pub(super) struct Repo {
    folder: tempfile::TempDir,
}

impl Repo {
    /// One commit on `main` with `.monkeyci/build.yaml` and `src/main.rs`; `None` when there is no git.
    pub(super) fn new() -> Option<Self> {
        if !has("git", "git") {
            return None;
        }
        let repo = Self { folder: tempfile::tempdir().expect("a temporary folder") };
        fs::create_dir(repo.root()).expect("a folder");
        repo.git(&["init", "--quiet", "--initial-branch=main"]);
        repo.write(".monkeyci/build.yaml", "id: hello\nscript: [echo hello]\n");
        repo.write("src/main.rs", "fn main() {}\n");
        repo.commit("first");
        Some(repo)
    }

    pub(super) fn root(&self) -> PathBuf {
        self.folder.path().join("repo")
    }

    pub(super) fn url(&self) -> GitUrl {
        GitUrl::from_path(&self.root()).expect("a path")
    }

    /// A remote that may be read, as a file or from this machine.
    pub(super) fn remote(&self) -> GitRemote {
        GitRemote { allow_file: true, allow_private: true, ..GitRemote::new(self.url()) }
    }

    pub(super) fn write(&self, path: &str, text: &str) {
        let path = self.root().join(path);
        fs::create_dir_all(path.parent().expect("is inside")).expect("folders");
        fs::write(path, text).expect("a file");
    }

    /// Commits everything; returns the commit's id.
    pub(super) fn commit(&self, message: &str) -> String {
        self.git(&["add", "--all", "--force"]);
        self.git(&["commit", "--quiet", "--allow-empty", "-m", message]);
        self.git(&["rev-parse", "HEAD"])
    }

    pub(super) fn git(&self, arguments: &[&str]) -> String {
        git(&self.root(), arguments)
    }
}

/// Runs git with a configuration of its own.
pub(super) fn git(dir: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .args(["-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "protocol.file.allow=always"])
        .args(arguments)
        .current_dir(dir)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .output()
        .expect("git runs");
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// Fetches into a fresh folder.
pub(super) async fn fetch(source: &dyn Source) -> (tempfile::TempDir, Result<Checkout, SourceError>) {
    let into = tempfile::tempdir().expect("a temporary folder");
    let checkout = source.fetch(&into.path().join("checkout"), CancellationToken::new()).await;
    (into, checkout)
}

pub(super) fn text(checkout: &Checkout, path: &str) -> String {
    fs::read_to_string(checkout.dir.join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}
