//! API tokens.

use std::fmt;

use monkeyci_model::{Millis, OrgId};
use serde::{Deserialize, Serialize};

use crate::Role;

/// A token, without its secret: that is told once, as it is made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Token {
    /// Its id.
    pub id: String,
    /// What it is for.
    pub description: String,
    /// What it may do at the most; whatever its owner may when it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<Scope>,
    /// When it was made.
    pub created: Millis,
    /// From when on it is good for nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Millis>,
    /// When it was last used, give or take a minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used: Option<Millis>,
}

/// What a token may do at the most.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Scope {
    /// The organisation that it is for.
    pub org: OrgId,
    /// What it may do there, as far as its owner may.
    pub role: Role,
}

/// Makes a token for whoever asks.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewToken {
    /// What it is for.
    pub description: String,
    /// What it may do at the most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<Scope>,
    /// From when on it is good for nothing; in 90 days when it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Millis>,
    /// What it is to be known by, where whoever asks has drawn that by lot: `mci_` and 32 or more letters, digits, `-` and `_`.
    /// Else the server draws it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
}

/// Never shows the secret.
impl fmt::Debug for NewToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewToken").field("description", &self.description).finish_non_exhaustive()
    }
}

/// A new token with its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct TokenSecret {
    /// The token.
    #[serde(flatten)]
    pub token: Token,
    /// What goes into `Authorization: Bearer …`. It begins with `mci_`, and is told this once.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub secret: String,
}
