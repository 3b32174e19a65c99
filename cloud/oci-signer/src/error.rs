//! Why nothing was signed or sent.

use std::path::PathBuf;

use crate::key::KeyError;
use crate::request::RequestError;

/// Why nothing was signed or sent. No variant ever holds a key, a token or a passphrase.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no configuration file.
    #[error("there is no configuration file of Oracle Cloud at `{}`: `oci setup config` makes one", .0.display())]
    NoConfigFile(PathBuf),
    /// A file cannot be read.
    #[error("`{}` cannot be read: {source}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A line of a configuration file cannot be understood.
    #[error("`{}`, line {line}: {why}", .path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        why: String,
    },
    /// A configuration file has no such profile.
    #[error("`{}` has no profile `{profile}`: it has {known}", .path.display())]
    NoProfile {
        /// The file.
        path: PathBuf,
        /// The profile.
        profile: String,
        /// Those that it has.
        known: String,
    },
    /// A field of a profile is missing or wrong.
    #[error("`{}`{}, profile `{profile}`: `{field}` {why}", .path.display(), at(*.line))]
    Field {
        /// The file.
        path: PathBuf,
        /// The line, from 1, where the field is there.
        line: Option<usize>,
        /// The profile.
        profile: String,
        /// The field.
        field: &'static str,
        /// What is wrong with it, and what to do.
        why: String,
    },
    /// A private key cannot be used.
    #[error("the private key in {place}: {source}")]
    Key {
        /// The file or variable that it is from.
        place: String,
        /// What is wrong with it.
        source: KeyError,
    },
    /// A variable of the environment is missing or wrong.
    #[error("the variable `{name}` {why}")]
    Environment {
        /// The variable.
        name: &'static str,
        /// What is wrong with it, and what to do.
        why: String,
    },
    /// A security token cannot be used.
    #[error("the security token {place} {why}")]
    Token {
        /// Where it is from.
        place: String,
        /// What is wrong with it, and what to do.
        why: &'static str,
    },
    /// What tells an instance who it is, or gives it a token, does not.
    #[error("`{url}`: {why}")]
    Federation {
        /// What was asked.
        url: String,
        /// What came of it, and what to do.
        why: String,
    },
    /// The request cannot be signed.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// The request could not be sent, or no answer came.
    #[cfg(feature = "reqwest")]
    #[error("{}", chain(.0))]
    Http(#[from] reqwest::Error),
}

fn at(line: Option<usize>) -> String {
    line.map(|line| format!(", line {line}")).unwrap_or_default()
}

/// An error with its causes: reqwest's own says only that something was sent.
#[cfg(feature = "reqwest")]
pub(crate) fn chain(error: &reqwest::Error) -> String {
    let mut told = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        told.push_str(": ");
        told.push_str(&error.to_string());
        cause = error.source();
    }
    told
}
