//! Stories of script programs, compiled and run for real.

mod breaks;
mod compiles;
mod tested;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use monkeyci_model::{SecretRef, Text, Trigger};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::executor::Process;

/// The manifest of a program that needs nothing but the standard library.
pub(crate) const ALONE: &str = "[package]\nname = \"script\"\nversion = \"0.1.0\"\nedition = \"2024\"\n";

/// Answers with what stands after `plan:` in its question's param `answer`, else breaks in the way that it says.
pub(crate) const SCRIPT: &str = include_str!("script.rs.txt");

/// Whether there is a compiler; a test that needs one says so and is over otherwise.
pub(crate) fn cargo(test: &str) -> bool {
    if toolchain::on_path("cargo").is_ok() {
        return true;
    }
    let required = std::env::var("MONKEYCI_TEST_REQUIRE").unwrap_or_default();
    assert!(!required.split(',').any(|name| name == "cargo"), "cargo is required and not on the PATH");
    eprintln!("skipped: {test}: there is no cargo here");
    false
}

/// A checkout with these files.
pub(crate) fn checkout(files: &[(&str, &str)]) -> TempDir {
    let home = tempfile::tempdir().expect("a folder");
    for (path, text) in files {
        put(home.path(), path, text);
    }
    home
}

/// Writes a file of a checkout.
pub(crate) fn put(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().expect("a parent")).expect("made");
    fs::write(path, text).expect("written");
}

/// A place where programs are kept and run.
struct House {
    home: TempDir,
    programs: Programs,
}

impl House {
    fn new(secrets: Secrets) -> Self {
        let home = tempfile::tempdir().expect("a folder");
        let process = Arc::new(Process::new(home.path().join("process")));
        let (cache, runs) = (home.path().join("cache"), home.path().join("runs"));
        Self { programs: Programs::new(cache, runs, "test-script", process, Arc::new(secrets)), home }
    }

    /// One whose programs may take so long to plan.
    fn with_limit(limit: Duration) -> Self {
        let mut house = Self::new(Secrets::new());
        Arc::get_mut(&mut house.programs.shared).expect("nobody else has it").plan_limit = limit;
        house
    }

    fn cache(&self) -> PathBuf {
        self.home.path().join("cache")
    }

    /// Loads the script of a checkout that is told to `answer` so.
    async fn load(&self, checkout: &TempDir, answer: &str) -> Result<Script, ProgramError> {
        let params = [("answer".to_owned(), Text::from(answer))].into();
        self.load_for(checkout, &Trigger { params, ..Trigger::default() }, &CancellationToken::new()).await
    }

    async fn load_for(
        &self,
        checkout: &TempDir,
        trigger: &Trigger,
        cancel: &CancellationToken,
    ) -> Result<Script, ProgramError> {
        let asked = Asked { checkout: checkout.path(), script_dir: None, build: None, trigger, in_place: false };
        let loaded = self.programs.load(asked, &Extensions::none(), cancel).await;
        let left = fs::read_dir(self.home.path().join("runs")).map_or(0, Iterator::count);
        assert_eq!(left, 0, "something is left behind");
        loaded
    }

    async fn error(&self, checkout: &TempDir, answer: &str) -> String {
        let error = self.load(checkout, answer).await.expect_err("no jobs");
        assert!(!error.is_ours(), "{error}");
        error.to_string()
    }
}

fn secret(name: &str, value: &str) -> (SecretRef, Secrets) {
    let reference = SecretRef { name: name.into(), version: 1 };
    let mut secrets = Secrets::new();
    secrets.insert(reference.clone(), value.into());
    (reference, secrets)
}

fn ids(script: &Script) -> Vec<&str> {
    script.jobs.iter().map(|job| job.id.as_str()).collect()
}
