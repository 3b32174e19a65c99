use std::fmt;

use monkeyci_sdk::http::HttpError;
use monkeyci_sdk::shell::ShellError;

/// Why an action did not do its work.
#[derive(Debug)]
pub(crate) enum Fault {
    Http(HttpError),
    Shell(ShellError),
    /// In words.
    Said(String),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http(error) => error.fmt(f),
            Self::Shell(error) => error.fmt(f),
            Self::Said(text) => f.write_str(text),
        }
    }
}

impl From<HttpError> for Fault {
    fn from(error: HttpError) -> Self {
        Self::Http(error)
    }
}

impl From<ShellError> for Fault {
    fn from(error: ShellError) -> Self {
        Self::Shell(error)
    }
}
