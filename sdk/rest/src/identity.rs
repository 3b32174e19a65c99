//! Signing in by an account elsewhere.

use monkeyci_model::Millis;
use serde::{Deserialize, Serialize};

use crate::Scope;

/// Somewhere that people may sign in by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Provider {
    /// Its id, which paths name.
    pub id: String,
    /// For people.
    pub name: String,
    /// What it is: `github`, `gitlab`, `forgejo`, `gitea`, `bitbucket` or `openid`.
    pub kind: String,
}

/// An account elsewhere by which somebody signs in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Identity {
    /// Where it is, by the provider's id.
    pub provider: String,
    /// What it is there, for good: names may change.
    pub subject: String,
    /// What it was called there when it was last used.
    pub name: String,
    /// Its address, where the provider has verified that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// When it was linked.
    pub created: Millis,
    /// When it was last used.
    pub used: Millis,
}

/// Begins to sign in by a provider, or to link one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Begin {
    /// The path of the page to go to afterwards; `/` when it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// Where the browser goes to sign in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Begun {
    /// An address of the provider.
    pub url: String,
}

/// A browser that somebody is signed in with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Session {
    /// Its id.
    pub id: String,
    /// By what they signed in.
    pub description: String,
    /// What the browser said that it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// When they signed in.
    pub created: Millis,
    /// When it ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Millis>,
    /// When it was last used, give or take a minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used: Option<Millis>,
    /// Whether it is the one that asks.
    pub current: bool,
}

/// Lets a program have a token of whoever asks: answers with a code that the program exchanges.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Grant {
    /// The SHA-256 of a word that the program alone knows, in base64url without padding.
    pub challenge: String,
    /// What the token is for.
    pub description: String,
    /// What it may do at the most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<Scope>,
}

/// A code, which is good once and for minutes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Granted {
    /// The code.
    pub code: String,
}

/// Exchanges a code for a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Exchange {
    /// The code.
    pub code: String,
    /// The word whose digest was the challenge.
    pub verifier: String,
}
