//! What goes wrong because a test wants it to.

use serde::{Deserialize, Serialize};

/// How it goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flaw {
    /// The work is done, and the connection is cut before a byte of the answer.
    Lost,
    /// Nothing is done, and the connection is cut.
    Cut,
    /// Nothing is done; the answer is an error of HTTP, `status`, 500 unless it is given.
    Broken,
    /// The work is done, and the answer comes after `seconds` of the machine's own time.
    Slow,
    /// Nothing is done; the answer is 429 with `seconds` in `Retry-After`, 1 unless they are given.
    Limited,
    /// Nothing is done; the answer is an error of Slack, `error`.
    Refused,
}

/// Something that goes wrong the next `times`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// The method, as `chat.postMessage`; `response_url` for answers to what people did; `*` for all.
    pub method: String,
    /// How.
    pub kind: Flaw,
    /// How often.
    #[serde(default = "once")]
    pub times: u32,
    /// Seconds, where it takes some.
    #[serde(default)]
    pub seconds: Option<f64>,
    /// A status of HTTP, where it has one.
    #[serde(default)]
    pub status: Option<u16>,
    /// An error of Slack, where it has one.
    #[serde(default)]
    pub error: Option<String>,
}

fn once() -> u32 {
    1
}

impl Fault {
    /// Something that goes wrong the next `times` that a method is called.
    #[must_use]
    pub fn new(method: &str, kind: Flaw, times: u32) -> Self {
        Self { method: method.to_owned(), kind, times, seconds: None, status: None, error: None }
    }
}

/// The fault for a call, counted down.
pub(crate) fn next(faults: &mut Vec<Fault>, method: &str) -> Option<Fault> {
    let fault = faults.iter_mut().find(|fault| fault.times > 0 && (fault.method == method || fault.method == "*"))?;
    fault.times -= 1;
    let found = fault.clone();
    faults.retain(|fault| fault.times > 0);
    Some(found)
}
