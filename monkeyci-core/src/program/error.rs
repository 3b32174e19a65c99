//! Why a script program gave no jobs.

use std::io;
use std::path::{Path, PathBuf};

use monkeyci_model::JobId;

use crate::executor::ExecutorError;
use crate::script::ScriptError;

/// Tests that are named in an error.
const NAMED: usize = 10;

/// Why a script program gave no jobs. Output in it is bounded, and secrets in it are masked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProgramError {
    /// The files of the script.
    #[error(transparent)]
    Script(#[from] ScriptError),
    /// There is no compiler.
    #[error(
        "the script is a Rust program, and `{program}` is not among the programs of this machine: install Rust \
         (https://rustup.rs) and put it on the PATH"
    )]
    NoCargo {
        /// What was looked for.
        program: &'static str,
    },
    /// There is none in the image.
    #[error(
        "the script is a Rust program, and the script image of this server (`{image}`) has no compiler that works: {how}\nthe \
         operator must put Rust and a linker into it"
    )]
    NoCompiler {
        /// The id of the image.
        image: String,
        /// How that showed.
        how: String,
    },
    /// What the program is made of cannot be used.
    #[error("`{}`: {why}", .path.display())]
    Inputs {
        /// The file or folder, from the root of the checkout.
        path: PathBuf,
        /// What is wrong, and what to do.
        why: String,
    },
    /// The program does not compile.
    #[error("the script `{}` does not compile: {how}{}", .manifest.display(), told(.output))]
    Compile {
        /// Its manifest, from the root of the checkout.
        manifest: PathBuf,
        /// How that ended.
        how: String,
        /// What cargo said.
        output: String,
    },
    /// Tests of the program do not pass.
    #[error("{}{}", failing(.manifest, .failed, .how), told(.output))]
    Tests {
        /// Its manifest, from the root of the checkout.
        manifest: PathBuf,
        /// The tests that failed, by name; none when it did not come to that.
        failed: Vec<String>,
        /// How they ended.
        how: String,
        /// What cargo and the tests printed.
        output: String,
    },
    /// A param cannot be told to it.
    #[error("param `{name}`: {why}")]
    Param {
        /// The param.
        name: String,
        /// Why not.
        why: String,
    },
    /// It ended in another way than it should.
    #[error("the script program gave no jobs: {how}{}", told(.output))]
    Ended {
        /// How it ended.
        how: String,
        /// What it printed.
        output: String,
    },
    /// What it answered is no plan.
    #[error("the script program gave jobs that cannot be a build: {why}{}", told(.output))]
    Answer {
        /// What is wrong with it.
        why: String,
        /// What it printed.
        output: String,
    },
    /// It could not be asked about a job.
    #[error("the script program could not `{verb}` it: {how}{}", told(.output))]
    Hook {
        /// The verb.
        verb: &'static str,
        /// The job.
        job: JobId,
        /// What is wrong.
        how: String,
        /// What it printed.
        output: String,
    },
    /// It was stopped.
    #[error("the script program was stopped")]
    Canceled,
    /// Nothing in this process can run it.
    #[error(
        "the script has a program (`{}`), and this engine has no executor to run it by: give it one",
        .manifest.display()
    )]
    NoExecutor {
        /// Its manifest, from the root of the checkout.
        manifest: PathBuf,
    },
    /// The executor could not do its work.
    #[error("the script program could not be run: {0}")]
    Executor(#[from] ExecutorError),
    /// A file of ours could not be read or written.
    #[error("{what} `{}`: {source}", .path.display())]
    Io {
        /// What was being done.
        what: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What went wrong.
        source: io::Error,
    },
    /// Our own code broke.
    #[error("loading the script broke: {0}")]
    Broke(String),
}

impl ProgramError {
    /// Whether the script's author cannot mend it.
    #[must_use]
    pub fn is_ours(&self) -> bool {
        match self {
            Self::Script(error) => matches!(error, ScriptError::Unreadable { .. }),
            Self::NoCargo { .. }
            | Self::NoCompiler { .. }
            | Self::NoExecutor { .. }
            | Self::Executor(_)
            | Self::Io { .. }
            | Self::Broke(_) => true,
            _ => false,
        }
    }

    /// The same without what the program printed, for whoever was told of that as it was printed.
    #[must_use]
    pub fn without_output(mut self) -> Self {
        if let Self::Compile { output, .. }
        | Self::Tests { output, .. }
        | Self::Ended { output, .. }
        | Self::Answer { output, .. } = &mut self
        {
            output.clear();
        }
        self
    }

    pub(super) fn io(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { what, path: path.to_owned(), source }
    }
}

fn failing(manifest: &Path, failed: &[String], how: &str) -> String {
    let manifest = manifest.display();
    let mut names: Vec<_> = failed.iter().take(NAMED).map(|name| format!("`{name}`")).collect();
    if failed.len() > NAMED {
        names.push("…".to_owned());
    }
    let names = names.join(", ");
    match failed.len() {
        0 => format!("the tests of the script `{manifest}` do not pass: {how}"),
        1 => format!("a test of the script `{manifest}` fails: {names}"),
        count => format!("{count} tests of the script `{manifest}` fail: {names}"),
    }
}

pub(super) fn told(output: &str) -> String {
    if output.trim().is_empty() { String::new() } else { format!("\n{}", output.trim_end()) }
}
