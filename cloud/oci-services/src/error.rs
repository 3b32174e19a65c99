//! Why a call had no answer that can be used.

use std::time::Duration;

/// Why a call had no answer that can be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The service refused.
    #[error(transparent)]
    Refused(Box<Refusal>),
    /// It could not be signed or sent, or no answer came. Whether it was done is not known.
    #[error("{call} could not be asked: {source}")]
    Unsent {
        /// The name of the call.
        call: &'static str,
        /// Why not.
        source: oci_signer::Error,
    },
    /// The answer is not what the service answers.
    #[error("the answer to {call} cannot be understood: {why}")]
    Answer {
        /// The name of the call.
        call: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// The call cannot be made of what it was given.
    #[error("{call} cannot be asked: {why}")]
    Asked {
        /// The name of the call.
        call: &'static str,
        /// What is wrong.
        why: String,
    },
    /// This is no address of a service.
    #[error("`{address}` is no address of a service: {why}")]
    Address {
        /// What was said.
        address: String,
        /// What is wrong with it.
        why: String,
    },
}

/// What a service refused, in its own words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{call} was refused: {status} {code}: {message}{}", .request_id.as_ref().map(|id| format!(" (opc-request-id {id})")).unwrap_or_default())]
pub struct Refusal {
    /// The name of the call.
    pub call: &'static str,
    /// The status of HTTP.
    pub status: u16,
    /// Oracle's code, as `TooManyRequests`; empty where something on the way answered.
    pub code: String,
    /// What it says.
    pub message: String,
    /// By this, Oracle's support finds the call.
    pub request_id: Option<String>,
    /// How long it asks to wait.
    pub retry_after: Option<Duration>,
}

impl Error {
    /// What the service refused, if it did.
    #[must_use]
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            _ => None,
        }
    }

    /// The status of HTTP, where the service refused.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.refusal().map(|refusal| refusal.status)
    }

    /// Whether there is no such thing, or none that we may see: services do not tell which.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.status() == Some(404)
    }

    /// Whether there is no room just now: other availability domains or shapes may have some.
    #[must_use]
    pub fn is_capacity(&self) -> bool {
        self.refusal().is_some_and(|refusal| {
            refusal.message.to_ascii_lowercase().contains("out of host capacity")
                || matches!(refusal.code.as_str(), "OutOfHostCapacity" | "OutOfCapacity")
        })
    }

    /// Whether a limit of the tenancy is used up: it ends only when something else does, or is raised.
    #[must_use]
    pub fn is_limit(&self) -> bool {
        self.refusal().is_some_and(|refusal| matches!(refusal.code.as_str(), "LimitExceeded" | "QuotaExceeded"))
    }

    /// Whether what is asked cannot be done as things stand, but later may be.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        self.refusal().is_some_and(|refusal| {
            refusal.status == 409 && matches!(refusal.code.as_str(), "IncorrectState" | "LockConflict" | "Conflict")
        })
    }

    /// Whether the same call may succeed later. `twice` says that it does no harm where the first one was done and its
    /// answer lost.
    #[must_use]
    pub fn may_pass(&self, twice: bool) -> bool {
        match self {
            // Waiting makes no room: who asks may know of another place.
            Self::Refused(_) if self.is_capacity() => false,
            Self::Refused(refusal) => match refusal.status {
                429 => true,
                409 => self.is_conflict(),
                408 | 500 | 502..=599 => twice,
                _ => false,
            },
            Self::Unsent { source: oci_signer::Error::Http(error), .. } => twice || error.is_connect(),
            Self::Unsent { .. } | Self::Answer { .. } | Self::Asked { .. } | Self::Address { .. } => false,
        }
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(Box::new(refusal))
    }
}
