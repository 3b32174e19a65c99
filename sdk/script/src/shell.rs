//! Shell scripts in actions.

use std::ffi::OsString;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

/// A shell script: `sh -e -c SCRIPT`, which ends at the first command that fails.
///
/// ```
/// use monkeyci_sdk::prelude::*;
///
/// assert_eq!(sh("printf '%s' \"$WHAT\"").env("WHAT", "hello").output()?, "hello");
/// assert!(sh("false; echo never").output().is_err());
/// # Ok::<(), monkeyci_sdk::shell::ShellError>(())
/// ```
#[must_use = "a script does nothing until it is run"]
#[derive(Debug, Clone)]
pub struct Shell {
    script: String,
    env: Vec<(OsString, OsString)>,
    dir: Option<PathBuf>,
}

/// A shell script in the current folder.
pub fn sh(script: impl Into<String>) -> Shell {
    Shell { script: script.into(), env: Vec::new(), dir: None }
}

impl Shell {
    /// Sets a variable.
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.env.push((name.into(), value.into()));
        self
    }

    /// Runs it in this folder.
    pub fn dir(mut self, dir: impl AsRef<Path>) -> Self {
        self.dir = Some(dir.as_ref().to_owned());
        self
    }

    /// Runs it; what it prints is the job's log.
    ///
    /// # Errors
    /// When it ends with another code than 0, or cannot be started.
    pub fn run(&self) -> Result<(), ShellError> {
        let status = self.command().status().map_err(|source| self.unstarted(source))?;
        self.checked(status)
    }

    /// Runs it, and returns what it prints, without the line break at the end.
    ///
    /// # Errors
    /// When it ends with another code than 0, cannot be started, or prints what is no UTF-8.
    pub fn output(&self) -> Result<String, ShellError> {
        let output = self.command().stderr(Stdio::inherit()).output().map_err(|source| self.unstarted(source))?;
        self.checked(output.status)?;
        let mut text = String::from_utf8(output.stdout)
            .map_err(|error| self.unstarted(io::Error::new(io::ErrorKind::InvalidData, error)))?;
        text.truncate(text.trim_end_matches('\n').len());
        Ok(text)
    }

    fn command(&self) -> Command {
        let mut command = Command::new("/bin/sh");
        command.args(["-e", "-c", &self.script]).stdin(Stdio::null());
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        if let Some(dir) = &self.dir {
            command.current_dir(dir);
        }
        command
    }

    fn checked(&self, status: ExitStatus) -> Result<(), ShellError> {
        if status.success() { Ok(()) } else { Err(ShellError::Failed { script: self.shown(), status }) }
    }

    fn unstarted(&self, source: io::Error) -> ShellError {
        ShellError::Io { script: self.shown(), source }
    }

    /// Its first line, which is enough to find it.
    fn shown(&self) -> String {
        let line = self.script.trim().lines().next().unwrap_or_default();
        line.chars().take(80).collect()
    }
}

/// Why a shell script did not do its work.
#[derive(Debug)]
#[non_exhaustive]
pub enum ShellError {
    /// It ended with another code than 0, or by a signal.
    Failed {
        /// Its first line.
        script: String,
        /// How it ended.
        status: ExitStatus,
    },
    /// It could not be started, or its output not be read.
    Io {
        /// Its first line.
        script: String,
        /// What went wrong.
        source: io::Error,
    },
}

impl fmt::Display for ShellError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed { script, status } => match status.code() {
                Some(code) => write!(f, "`{script}` ended with {code}"),
                None => write!(f, "`{script}` was ended by a signal"),
            },
            Self::Io { script, source } => write!(f, "`{script}`: {source}"),
        }
    }
}

impl std::error::Error for ShellError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Failed { .. } => None,
            Self::Io { source, .. } => Some(source),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_ends_at_the_first_command_that_fails() {
        let error = sh("echo one\nexit 7").output().expect_err("it fails");
        assert_eq!(error.to_string(), "`echo one` ended with 7");
        assert_eq!(sh("echo one; echo two").output().expect("runs"), "one\ntwo");
        assert_eq!(sh("pwd").dir("/").output().expect("runs"), "/");
        assert!(sh("kill -9 $$").run().expect_err("killed").to_string().contains("by a signal"));
        assert!(sh("true").dir("/nowhere").run().expect_err("no such folder").to_string().starts_with("`true`: "));
    }
}
