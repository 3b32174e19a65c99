//! Registration of workers: a code by which machines that begin become workers by themselves.

use std::fmt;

use monkeyci_model::{Millis, OrgId};
use serde::{Deserialize, Serialize};

/// Wishes for a code that workers register by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewRegistration {
    /// The organisation whose jobs alone such workers run; those of all when it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub org: Option<OrgId>,
    /// Minutes that it is good, for any number of workers: 1 to 10080, which is a week.
    #[serde(default = "hour")]
    pub minutes: u32,
}

fn hour() -> u32 {
    60
}

/// A code that workers register by.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Registration {
    /// By what it is revoked; no secret.
    pub id: String,
    /// What `monkeyci worker --register` is given. It begins with `mcr_`, and is told this once.
    pub code: String,
    /// From when on it is good for nothing. Workers that have registered stay.
    pub expires: Millis,
}

/// Never shows the code.
impl fmt::Debug for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registration").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Registers a worker. Who is one already by this secret stays it, whatever has become of the code.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Register {
    /// The code.
    pub code: String,
    /// What the worker is to be called: letters, digits, `-`, `_` and `.`.
    pub name: String,
    /// What it is to be known by from now on, which it has drawn by lot: `mcw_` and 32 or more letters, digits, `-` and `_`.
    pub secret: String,
}

/// Never shows code and secret.
impl fmt::Debug for Register {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Register").field("name", &self.name).finish_non_exhaustive()
    }
}
