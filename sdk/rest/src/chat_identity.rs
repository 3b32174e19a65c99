//! Who somebody in a chat is here.

use monkeyci_model::{Millis, OrgId};
use serde::{Deserialize, Serialize};

/// The header by which an integration says for whom it asks: `slack:T123/U456`, the provider and what they are there.
pub const ACT_AS: &str = "monkeyci-act-as";

/// A user of a chat, who is somebody here. Integrations of the organisation may act for them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ChatIdentity {
    /// The organisation that it is for.
    pub org: OrgId,
    /// Which chat: `slack`.
    pub provider: String,
    /// What they are there, for good: `T123/U456`.
    pub subject: String,
    /// Who they are here.
    pub person: String,
    /// What they are called there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The integration that asked for it, and was answered by the person; absent where an owner declared it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub integration: Option<String>,
    /// When it was linked.
    pub created: Millis,
    /// When it was last changed.
    pub updated: Millis,
    /// Rises with each change; the `ETag` of the object.
    pub revision: u64,
}

/// What an owner declares of a user of a chat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChatIdentityBody {
    /// Who they are here: a member of the organisation.
    pub person: String,
    /// What they are called there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// An integration asks somebody who they are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewLink {
    /// Which chat.
    pub provider: String,
    /// What they are there.
    pub subject: String,
    /// What they are called there, which they are shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// What an integration tells them, and nobody else: whoever confirms it becomes them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct LinkOffer {
    /// For `monkeyci link`; good once.
    pub code: String,
    /// The page that confirms it.
    pub url: String,
    /// When it is over.
    pub expires: Millis,
}

/// A code that an integration told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LinkCode {
    /// The code.
    pub code: String,
}

/// What is asked with a code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct LinkRequest {
    /// The organisation that it is for.
    pub org: OrgId,
    /// The integration that asks.
    pub integration: String,
    /// Which chat.
    pub provider: String,
    /// What they are there.
    pub subject: String,
    /// What they are called there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}
