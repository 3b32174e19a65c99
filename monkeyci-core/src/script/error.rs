//! Why there are no jobs.

use std::path::PathBuf;

use super::diagnostic::Diagnostic;

/// Why a checkout gave no jobs.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScriptError {
    /// There is no script.
    #[error("there is no build script: looked for {}", list(.looked_for))]
    NotFound {
        /// What was looked for, from the root of the checkout.
        looked_for: Vec<PathBuf>,
    },
    /// There is a script, and this version cannot run it.
    #[error("this version cannot run {}", unrunnable(.files))]
    NotRunnable {
        /// The files, each with whose it is.
        files: Vec<Unrunnable>,
    },
    /// The script has mistakes; all of them are listed.
    #[error("{}", pictures(.0))]
    Invalid(Vec<Diagnostic>),
    /// A folder cannot be read.
    #[error("cannot read `{}`: {source}", .path.display())]
    Unreadable {
        /// The folder.
        path: PathBuf,
        /// What went wrong.
        source: std::io::Error,
    },
    /// The folder of the script is not one of the checkout.
    #[error("the script's folder `{0}` must be a path within the checkout")]
    Outside(String),
}

/// A file that this version cannot run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unrunnable {
    /// The file, from the root of the checkout.
    pub path: PathBuf,
    /// What it is: `a Clojure script`, `a workflow of GitHub Actions`.
    pub kind: &'static str,
}

impl ScriptError {
    /// Whether the checkout has nothing that this version can run, rather than a script with mistakes.
    #[must_use]
    pub fn is_no_script(&self) -> bool {
        matches!(self, Self::NotFound { .. } | Self::NotRunnable { .. })
    }
}

fn list(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| format!("`{}`", path.display())).collect::<Vec<_>>().join(", ")
}

fn unrunnable(files: &[Unrunnable]) -> String {
    files.iter().map(|file| format!("`{}` ({})", file.path.display(), file.kind)).collect::<Vec<_>>().join(", ")
}

fn pictures(diagnostics: &[Diagnostic]) -> String {
    let pictures: String = diagnostics.iter().map(|diagnostic| format!("{diagnostic}\n")).collect();
    let count = diagnostics.len();
    format!("{pictures}{count} {} in the build script", if count == 1 { "error" } else { "errors" })
}
