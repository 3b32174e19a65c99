//! ID tokens of service accounts: who they are, signed by the server for others.

use std::fmt;

use monkeyci_model::Millis;
use serde::{Deserialize, Serialize};

/// Wishes for an ID token of a service account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewIdToken {
    /// Whom it is for: what a cloud or vault knows itself by.
    pub audience: Vec<String>,
    /// Minutes that it lasts: 1 to 60.
    #[serde(default = "quarter")]
    pub minutes: u32,
}

fn quarter() -> u32 {
    15
}

/// An ID token of a service account.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct IdToken {
    /// It, a JWT.
    pub token: String,
    /// Who it is for those who believe it (`sub`).
    pub subject: String,
    /// From when on it is good for nothing.
    pub expires: Millis,
}

/// Never shows the token.
impl fmt::Debug for IdToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdToken").field("subject", &self.subject).finish_non_exhaustive()
    }
}
