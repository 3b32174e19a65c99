//! The programs, as they are released.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use tempfile::TempDir;

use crate::measure::Outcome;

/// The program `monkeyci`, compiled when it is not there or out of date.
pub fn path() -> Outcome<&'static Path> {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    compile("monkeyci", "monkeyci", &PROGRAM)
}

/// The Terraform provider, in the same way.
pub fn provider() -> Outcome<&'static Path> {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    compile("terraform-provider-monkeyci", "terraform-provider-monkeyci", &PROGRAM)
}

/// The Slack app, in the same way.
pub fn slack_app() -> Outcome<&'static Path> {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    compile("monkeyci-slack", "monkeyci-slack", &PROGRAM)
}

/// The double of Slack.
pub fn slack_emulator() -> Outcome<&'static Path> {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    compile("monkeyci-slack-emulator", "slack-emulator", &PROGRAM)
}

/// The program of a crate: as it is released, unless this is measured in the profile `dev`, to try it.
fn compile(package: &str, name: &str, program: &'static OnceLock<PathBuf>) -> Outcome<&'static Path> {
    if let Some(program) = program.get() {
        return Ok(program);
    }
    // This benchmark lies in `<target>/<profile>/deps/`, the program two folders up.
    let own = std::env::current_exe()?;
    let folder = own.parent().and_then(Path::parent).ok_or("deps lies in a profile's folder")?;
    let profile = if folder.ends_with("debug") { "dev" } else { "release" };
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("the tests lie in the repository")?;
    let built = Command::new(cargo)
        .args(["build", "--offline", "--quiet", "--profile", profile, "--package", package, "--bin", name])
        .current_dir(root)
        .status()?;
    if !built.success() {
        return Err(format!("`{name}` does not compile").into());
    }
    Ok(program.get_or_init(|| folder.join(name)))
}

/// A checkout, and a machine on which only it was built before.
pub struct Home {
    dir: TempDir,
}

impl Home {
    /// A checkout with this script.
    pub fn with(script: &str) -> Outcome<Self> {
        let home = Self { dir: tempfile::tempdir()? };
        fs::create_dir_all(home.checkout().join(".monkeyci"))?;
        fs::write(home.checkout().join(".monkeyci/build.yaml"), script)?;
        Ok(home)
    }

    /// The checkout.
    pub fn checkout(&self) -> PathBuf {
        self.dir.path().join("checkout")
    }

    /// A file outside of the checkout.
    pub fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// `monkeyci build` of the checkout, with processes, about to be run.
    pub fn build(&self) -> Outcome<Command> {
        let mut command = Command::new(path()?);
        command.args(["build", "--executor", "process"]).arg(self.checkout());
        command.env("XDG_DATA_HOME", self.file("data")).env("XDG_CACHE_HOME", self.file("cache"));
        command.stdin(Stdio::null()).stdout(Stdio::null());
        Ok(command)
    }

    /// Runs the build to its good end.
    pub fn build_well(&self) -> Outcome {
        well(&mut self.build()?)
    }
}

/// Runs a command that must end well.
pub fn well(command: &mut Command) -> Outcome {
    let output = command.stderr(Stdio::piped()).output()?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("{command:?}: {}: {}", output.status, said.trim()).into())
}

/// Whether a program can be found.
pub fn is_on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}
