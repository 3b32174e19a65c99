//! Trust of a service account: which programs elsewhere it is, by what others sign for them.

use std::collections::BTreeMap;
use std::fmt;

use monkeyci_model::Millis;
use serde::{Deserialize, Serialize};

use crate::Role;

/// Lets programs elsewhere be a service account without a token that somebody stores: their CI system, cloud or cluster
/// signs who they are, and each such ID token is exchanged for a token of the account that lasts for minutes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Trust {
    /// The service account, by its name in the organisation.
    pub service_account: String,
    /// Its name there: `github`.
    pub name: String,
    /// What was said of it.
    #[serde(flatten)]
    pub body: TrustBody,
    /// When it was made.
    pub created: Millis,
    /// When it was last changed.
    pub updated: Millis,
    /// Rises with each change; the `ETag` of the object.
    pub revision: u64,
}

/// What is said of a trust. A change of it ends the tokens that it gave out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TrustBody {
    /// Who signs: an issuer of OpenID Connect by its address, as `https://token.actions.githubusercontent.com`. That of the
    /// server itself is for its own jobs.
    pub issuer: String,
    /// For whom it has to sign (`aud`); for the server's own address when it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audience: Option<String>,
    /// For whom it is signed (`sub`): one of these globs. Each says whose it is before its first wildcard, as
    /// `repo:acme/web:*`: issuers sign for strangers, too.
    pub subjects: Vec<String>,
    /// What else has to be signed: claims with the glob that each must match.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub claims: BTreeMap<String, String>,
    /// What the tokens may do at the most; what the service account may when it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// Minutes that they last: 5 to 720.
    #[serde(default = "hour")]
    pub minutes: u32,
}

fn hour() -> u32 {
    60
}

/// What a program shows to be let in.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Proof {
    /// The ID token (a JWT) that was signed for it.
    pub id_token: String,
}

/// Never shows the token.
impl fmt::Debug for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proof").finish_non_exhaustive()
    }
}
