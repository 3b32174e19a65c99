//! What goes wrong on purpose.

use serde::{Deserialize, Serialize};

/// Something that goes wrong with calls.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Fault {
    /// What happens.
    pub kind: Kind,
    /// The method of the calls; any, where none is said.
    #[serde(default)]
    pub method: Option<String>,
    /// What is in their target; anything, where nothing is said.
    #[serde(default)]
    pub target: Option<String>,
    /// How often it happens; 0 is always.
    #[serde(default = "once")]
    pub times: u32,
    /// How many such calls go well before.
    #[serde(default)]
    pub after: u32,
}

/// What happens to a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub enum Kind {
    /// It is refused before anything is looked at.
    #[serde(rename_all = "camelCase")]
    Refuse {
        /// The status.
        status: u16,
        /// Its code.
        code: String,
        /// What is said.
        #[serde(default = "told")]
        message: String,
        /// Seconds in `Retry-After`.
        #[serde(default)]
        retry_after: Option<u64>,
    },
    /// It is done, and the connection closes without an answer.
    Lost,
    /// The connection closes before anything is done.
    Cut,
    /// It is answered after so many milliseconds.
    Slow {
        /// How many.
        ms: u64,
    },
    /// Its answer comes in pieces of a byte, each after so many milliseconds.
    Trickle {
        /// How many.
        ms: u64,
    },
    /// A gateway answers in its stead, with a page.
    Gateway,
}

fn once() -> u32 {
    1
}

fn told() -> String {
    "told to".into()
}

impl Fault {
    /// Something that happens to the next call, once.
    #[must_use]
    pub fn new(kind: Kind) -> Self {
        Self { kind, method: None, target: None, times: 1, after: 0 }
    }

    /// A refusal by a status and its code.
    #[must_use]
    pub fn refuse(status: u16, code: &str, message: &str) -> Self {
        Self::new(Kind::Refuse { status, code: code.into(), message: message.into(), retry_after: None })
    }

    /// Too many requests, with seconds to wait where they are said.
    #[must_use]
    pub fn too_many(retry_after: Option<u64>) -> Self {
        let (code, message) = ("TooManyRequests".into(), "Too many requests for the user.".into());
        Self::new(Kind::Refuse { status: 429, code, message, retry_after })
    }

    /// No host has room.
    #[must_use]
    pub fn out_of_capacity() -> Self {
        Self::refuse(500, "InternalError", "Out of host capacity.")
    }

    /// It is not there yet, or one may not see it.
    #[must_use]
    pub fn missing() -> Self {
        Self::refuse(404, "NotAuthorizedOrNotFound", "Authorization failed or requested resource not found.")
    }

    /// It is done, and nobody hears of it.
    #[must_use]
    pub fn lost() -> Self {
        Self::new(Kind::Lost)
    }

    /// It happens to calls of this method, in whose target is this.
    #[must_use]
    pub fn on(mut self, method: &str, target: &str) -> Self {
        (self.method, self.target) = (Some(method.into()), Some(target.into()));
        self
    }

    /// It happens so often; 0 is always.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = times;
        self
    }

    /// So many such calls go well before.
    #[must_use]
    pub fn after(mut self, calls: u32) -> Self {
        self.after = calls;
        self
    }

    /// Whether it is about such a call.
    pub(crate) fn is_about(&self, method: &str, target: &str) -> bool {
        self.method.as_deref().is_none_or(|known| known == method)
            && self.target.as_deref().is_none_or(|part| target.contains(part))
    }
}

impl From<(u16, &str)> for Fault {
    fn from((status, code): (u16, &str)) -> Self {
        Self::refuse(status, code, &told())
    }
}
