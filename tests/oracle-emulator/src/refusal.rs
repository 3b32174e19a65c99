//! What a service refuses, and by which code.

/// A refusal as Oracle's services write it.
#[derive(Debug, Clone)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) code: String,
    pub(crate) message: String,
    /// Seconds to wait, where they are said.
    pub(crate) retry_after: Option<u64>,
}

impl Refusal {
    pub(crate) fn new(status: u16, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { status, code: code.into(), message: message.into(), retry_after: None }
    }

    /// What is not there, and what somebody has no rights to, look the same.
    pub(crate) fn missing() -> Self {
        Self::new(404, "NotAuthorizedOrNotFound", "Authorization failed or requested resource not found.")
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(400, "InvalidParameter", message)
    }

    pub(crate) fn state(message: impl Into<String>) -> Self {
        Self::new(409, "IncorrectState", message)
    }

    pub(crate) fn etag() -> Self {
        Self::new(412, "NoEtagMatch", "The if-match header does not match the etag of the resource.")
    }
}
