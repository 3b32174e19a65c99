//! What a command ends with: an error for a person, with hints, and an exit code for a program.

use std::fmt;

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// All went well.
    Success,
    /// The build failed, or the script has errors: the user's to mend.
    Failed,
    /// The command line cannot be understood. The same number as clap's.
    Usage,
    /// There is no script that this version can run.
    NoScript,
    /// MonkeyCI or what it stands on broke.
    Ours,
    /// The user interrupted it: 128 + SIGINT.
    Interrupted,
    /// The code of a shell that the user worked in.
    Shell(u8),
}

impl Exit {
    /// The exit code.
    pub fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::NoScript => 3,
            Self::Ours => 4,
            Self::Interrupted => 130,
            Self::Shell(code) => code,
        }
    }
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// An error for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CliError {
    message: String,
    hints: Vec<String>,
    exit: Exit,
}

impl CliError {
    /// The command line cannot be followed.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(message, Exit::Usage)
    }

    /// There is no script that can be run.
    pub fn no_script(message: impl Into<String>) -> Self {
        Self::new(message, Exit::NoScript)
    }

    /// What the user wrote or asked for does not hold.
    pub fn failed(message: impl Into<String>) -> Self {
        Self::new(message, Exit::Failed)
    }

    /// MonkeyCI or what it stands on broke.
    pub fn ours(message: impl Into<String>) -> Self {
        Self::new(message, Exit::Ours)
    }

    /// The user stopped it.
    pub fn interrupted(message: impl Into<String>) -> Self {
        Self::new(message, Exit::Interrupted)
    }

    /// An error that ends the program so.
    pub fn new(message: impl Into<String>, exit: Exit) -> Self {
        Self { message: message.into(), hints: Vec::new(), exit }
    }

    /// Adds what the user could do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// The exit code.
    pub fn exit(&self) -> Exit {
        self.exit
    }
}

/// The message, and each hint on a line of its own.
impl fmt::Display for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.message)?;
        self.hints.iter().try_for_each(|hint| write!(f, "\nhint: {hint}"))
    }
}

impl std::error::Error for CliError {}

/// An error and all that caused it, in one line.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let cause_text = cause.to_string();
        // Many messages already end with their source's.
        if !text.ends_with(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_shown_with_its_hints() {
        let error =
            CliError::no_script("there is no `.monkeyci` folder").hint("run `monkeyci build DIR`").hint("or not");
        assert_eq!(error.to_string(), "there is no `.monkeyci` folder\nhint: run `monkeyci build DIR`\nhint: or not");
        assert_eq!(error.exit().code(), 3);
    }
}
