//! What a service answers.

use std::time::SystemTime;

use bytes::Bytes;
use serde_json::Value;

use crate::refusal::Refusal;

/// A reply, or why there is none.
pub(crate) type Answer = Result<Reply, Refusal>;

/// A reply.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Bytes,
    /// Nothing is there yet: the call is looked at again whenever something changes, until this time.
    pub(crate) again_until: Option<SystemTime>,
    /// Somebody else answers: a function, which listens at this socket.
    pub(crate) ask: Option<Ask>,
}

/// A call that is passed on to a function.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    pub(crate) socket: String,
    pub(crate) headers: Vec<(String, String)>,
    /// Nobody waits for what it answers.
    pub(crate) is_detached: bool,
    /// What it answers is for whoever has called the gateway.
    pub(crate) unwraps: bool,
}

impl Reply {
    pub(crate) fn json(value: &Value) -> Self {
        Self::bytes(Bytes::from(value.to_string())).header("content-type", "application/json")
    }

    pub(crate) fn bytes(body: Bytes) -> Self {
        Self { status: 200, headers: Vec::new(), body, again_until: None, ask: None }
    }

    pub(crate) fn empty(status: u16) -> Self {
        Self::bytes(Bytes::new()).status(status)
    }

    pub(crate) fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    pub(crate) fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }
}

impl From<Refusal> for Reply {
    fn from(refusal: Refusal) -> Self {
        let Refusal { status, code, message, retry_after } = refusal;
        let reply = Self::json(&serde_json::json!({ "code": code, "message": message })).status(status);
        match retry_after {
            Some(seconds) => reply.header("retry-after", seconds.to_string()),
            None => reply,
        }
    }
}
