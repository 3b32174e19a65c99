use std::fmt;
use std::io;
use std::time::Duration;

use super::Response;

/// Bytes of a body that a message shows.
const SHOWN: usize = 300;

/// Why a request got no good answer.
#[derive(Debug)]
#[non_exhaustive]
pub enum HttpError {
    /// There is no curl.
    NoCurl,
    /// It was not sent, as something of it is wrong.
    Refused {
        /// Where it should have gone, without user and query.
        url: String,
        /// What is wrong.
        why: String,
    },
    /// No answer came.
    Unreached {
        /// Where it went, without user and query.
        url: String,
        /// The exit code of curl; absent when a signal ended it.
        code: Option<i32>,
        /// What curl said.
        said: String,
    },
    /// The answer is not a good one.
    Status {
        /// It.
        response: Response,
    },
    /// The body of the answer cannot be read as it was asked for.
    Json {
        /// Where it came from, without user and query.
        url: String,
        /// How it begins.
        beginning: String,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// A file could not be read or written, or curl not be spoken to.
    Io {
        /// Where the request should have gone, without user and query.
        url: String,
        /// What was tried.
        what: String,
        /// What went wrong.
        source: io::Error,
    },
}

impl HttpError {
    /// The status of the answer, when there was one.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.response().map(|response| response.status)
    }

    /// The answer, when there was one.
    #[must_use]
    pub fn response(&self) -> Option<&Response> {
        match self {
            Self::Status { response } => Some(response),
            _ => None,
        }
    }

    /// Whether another try may go well.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            Self::Status { response } => matches!(response.status, 429 | 500 | 502..=504),
            // No name found, no connection, too late, no TLS, an empty answer, a connection lost: curl(1), "EXIT CODES".
            Self::Unreached { code, .. } => matches!(code, Some(5 | 6 | 7 | 18 | 28 | 35 | 52 | 55 | 56)),
            _ => false,
        }
    }

    /// How long the server wants to be left alone, where it says so in seconds.
    pub(super) fn wanted_wait(&self) -> Option<Duration> {
        self.response()?.header("retry-after")?.parse().ok().map(Duration::from_secs)
    }
}

/// How a body begins, for people.
pub(super) fn beginning(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(SHOWN)]);
    let text = text.trim().escape_debug().to_string().replace("\\\"", "\"");
    if body.len() > SHOWN { text + "…" } else { text }
}

impl fmt::Display for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoCurl => {
                f.write_str("the program `curl` is not there, by which scripts make HTTP requests: install it ")?;
                f.write_str("where the script runs (`apt-get install curl`, `apk add curl`)")
            }
            Self::Refused { url, why } => write!(f, "{url} was not asked: {why}"),
            Self::Unreached { url, code: Some(code), said } => {
                write!(f, "{url}: no answer: {said} (curl ended with {code})")
            }
            Self::Unreached { url, code: None, said } => {
                write!(f, "{url}: no answer: curl was ended by a signal {said}")
            }
            Self::Status { response } => {
                write!(f, "{} answered {}", response.url, response.status)?;
                match (response.status, response.header("location")) {
                    (300..=399, Some(to)) => {
                        write!(f, ": it leads to {}, which is not followed", super::url::shown(to))
                    }
                    _ if response.body.is_empty() => Ok(()),
                    _ => write!(f, ": {}", beginning(&response.body)),
                }
            }
            Self::Json { url, beginning, source } => {
                write!(f, "{url}: its answer is not the JSON that was wanted: {source}: {beginning}")
            }
            Self::Io { url, what, source } => write!(f, "{url}: {what}: {source}"),
        }
    }
}

impl std::error::Error for HttpError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Json { source, .. } => Some(source),
            Self::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}
