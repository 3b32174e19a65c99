//! What the server is told of workspaces of Slack.

use monkeyci_model::{Millis, OrgId};
use serde::{Deserialize, Serialize};

/// A workspace of Slack that an integration of the organisation is in, as that last saw it. The server does not ask Slack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct SlackWorkspace {
    /// The organisation that it was told for.
    pub org: OrgId,
    /// Its id: `T0123ABCD`.
    pub id: String,
    /// What was said of it.
    #[serde(flatten)]
    pub body: SlackWorkspaceBody,
    /// The integration that said so.
    pub integration: String,
    /// When it last was something new.
    pub updated: Millis,
}

/// What an integration says of a workspace.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SlackWorkspaceBody {
    /// What people call it.
    pub name: String,
    /// Which user of it the integration is: `U0123ABCD`.
    pub bot: String,
    /// The channels that the integration is in, and so can tell of builds.
    #[serde(default)]
    pub channels: Vec<SlackChannel>,
}

/// A channel that an integration is in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SlackChannel {
    /// What people call it, without `#`.
    pub name: String,
    /// What it is called for good: `C0123ABCD`.
    pub id: String,
    /// Whether only who is invited sees it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub private: bool,
}
