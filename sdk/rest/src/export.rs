//! Everything that is set up in an organisation, as one document.

use serde::{Deserialize, Serialize};

use crate::{
    ChatIdentity, Environment, Hook, Member, Org, Param, ParamSet, Pipeline, RegistryCredential, Repo, RoleBinding,
    Schedule, ServiceAccount, SshKey, Subscription, Trigger, Trust,
};

/// Everything that is set up in an organisation, each list by name. Secrets are told by version and fingerprint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Export {
    /// The organisation.
    pub org: Org,
    /// Who belongs to it.
    pub members: Vec<Member>,
    /// What some of them may do besides in some repositories.
    #[serde(default)]
    pub role_bindings: Vec<RoleBinding>,
    /// Its service accounts, without their tokens.
    #[serde(default)]
    pub service_accounts: Vec<ServiceAccount>,
    /// Whom they trust.
    #[serde(default)]
    pub trusts: Vec<Trust>,
    /// Who users of chats are here.
    #[serde(default)]
    pub chat_identities: Vec<ChatIdentity>,
    /// Params of all its repositories.
    pub params: Vec<Param>,
    /// Its sets of params.
    pub param_sets: Vec<SetExport>,
    /// Its SSH keys.
    pub ssh_keys: Vec<SshKey>,
    /// Who its builds are at private registries, without passwords.
    #[serde(default)]
    pub registry_credentials: Vec<RegistryCredential>,
    /// Its pipelines.
    pub pipelines: Vec<Pipeline>,
    /// Who is told of its builds, without the secrets of webhooks.
    #[serde(default)]
    pub subscriptions: Vec<Subscription>,
    /// Its repositories.
    pub repos: Vec<RepoExport>,
}

/// A set of params with what is in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct SetExport {
    /// The set.
    #[serde(flatten)]
    pub set: ParamSet,
    /// Its params.
    pub params: Vec<Param>,
}

/// An environment with its params.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct EnvironmentExport {
    /// The environment.
    #[serde(flatten)]
    pub environment: Environment,
    /// Its params.
    pub params: Vec<Param>,
}

/// A repository with what is set up in it; not what it built.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct RepoExport {
    /// The repository.
    #[serde(flatten)]
    pub repo: Repo,
    /// Its own params.
    pub params: Vec<Param>,
    /// When it is built by the clock.
    pub schedules: Vec<Schedule>,
    /// After which builds of other repositories it is built.
    pub triggers: Vec<Trigger>,
    /// The environments that its jobs work on.
    pub environments: Vec<EnvironmentExport>,
    /// Its webhooks, without their secrets.
    pub hooks: Vec<Hook>,
}
