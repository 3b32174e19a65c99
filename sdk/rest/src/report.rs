//! Telling a forge how builds stand.

use monkeyci_model::{BuildStatus, Millis};
use serde::{Deserialize, Serialize};

/// The forge that is told how the builds of a repository stand, by statuses of the commits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Report {
    /// `github`, `gitlab`, `bitbucket`, `bitbucket-server`, `gitea` or `forgejo`.
    pub forge: String,
    /// Where the forge's API is, as `https://git.example.com/api/v1`. Not needed for `github`, `gitlab` and `bitbucket`
    /// where those are the public ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api: Option<String>,
    /// The repository's path at the forge: `acme/web`.
    pub project: String,
    /// The secret param, of the repository or else its organisation, that holds a token of the forge.
    #[serde(default = "token")]
    pub token: String,
}

fn token() -> String {
    "FORGE_TOKEN".into()
}

/// What the forge was told of a build.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Reported {
    /// How the build stands as far as the forge knows; absent while it knows nothing of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told: Option<BuildStatus>,
    /// When it is told more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Millis>,
    /// Why it was not told, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}
