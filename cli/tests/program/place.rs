//! A clean place to run the program in: a repository, and state folders of its own.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// A repository with its own home.
pub struct Place {
    root: TempDir,
}

/// What the program did.
pub struct Ran {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Place {
    /// A repository with this `build.yaml`.
    pub fn with_script(yaml: &str) -> Self {
        let place = Self::empty();
        place.write(".monkeyci/build.yaml", yaml);
        place
    }

    /// A repository with nothing in it.
    pub fn empty() -> Self {
        let root = tempfile::Builder::new().prefix("mci").tempdir().expect("a folder");
        std::fs::create_dir_all(root.path().join("repo")).expect("a folder");
        Self { root }
    }

    /// The folder of the repository.
    pub fn repo(&self) -> PathBuf {
        self.root.path().join("repo")
    }

    /// The folder of its state.
    pub fn data(&self) -> PathBuf {
        self.root.path().join("data")
    }

    /// Writes a file of the repository.
    pub fn write(&self, path: &str, text: &str) {
        let path = self.repo().join(path);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        std::fs::write(path, text).expect("written");
    }

    /// The program with these arguments, in the repository, with nothing of this machine's settings.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_monkeyci"));
        command
            .args(arguments)
            .current_dir(self.repo())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.root.path())
            .env("XDG_DATA_HOME", self.data())
            .env("XDG_CACHE_HOME", self.root.path().join("cache"))
            .env("MARKER", self.root.path().join("marker"))
            .stdin(Stdio::null());
        command
    }

    /// A file outside of the repository that jobs of a test may write, as `$MARKER` where they are told.
    pub fn marker(&self) -> PathBuf {
        self.root.path().join("marker")
    }

    /// Runs the program to its end.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        Ran::of(self.command(arguments).output().expect("the program starts"))
    }

    /// Text without what differs from run to run: folders and times.
    pub fn tidy(&self, text: &str) -> String {
        let text = text.replace(&self.root.path().canonicalize().expect("a folder").display().to_string(), "ROOT");
        let text = text.replace(&self.root.path().display().to_string(), "ROOT");
        let mut tidy = String::new();
        for line in text.lines() {
            let words: Vec<_> = line.split(' ').map(|word| if is_time(word) { "TIME" } else { word }).collect();
            // Columns depend on the width of a time.
            let mut line = words.join(" ");
            while line.contains("  TIME") {
                line = line.replace("  TIME", " TIME");
            }
            tidy.push_str(&without_hash(&line));
            tidy.push('\n');
        }
        tidy
    }
}

impl Ran {
    /// What a process did.
    pub fn of(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).expect("text"),
            stderr: String::from_utf8(output.stderr).expect("text"),
        }
    }
}

/// Waits until a file is there, as a sign that a job has come so far.
pub fn wait_for(path: &Path) {
    let start = std::time::Instant::now();
    while !path.exists() {
        assert!(start.elapsed().as_secs() < 30, "`{}` never came", path.display());
        std::thread::sleep(std::time::Duration::from_millis(5)); // poll
    }
}

/// `0.3s`, `0.3s:`, `2m05s`.
fn is_time(word: &str) -> bool {
    let word = word.trim_end_matches([':', ',']);
    word.strip_suffix('s').is_some_and(|digits| {
        digits.contains(['.', 'm']) && digits.chars().all(|c| c.is_ascii_digit() || c == '.' || c == 'm')
    })
}

/// `data/monkeyci/repo-0123abcd/1` is `data/monkeyci/repo-HASH/1`.
fn without_hash(line: &str) -> String {
    match line.split_once("/monkeyci/repo-") {
        Some((before, after)) => format!("{before}/monkeyci/repo-HASH{}", &after[8..]),
        None => line.to_owned(),
    }
}
