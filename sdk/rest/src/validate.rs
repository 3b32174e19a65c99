//! Bodies that are looked at, and not written.

use serde::{Deserialize, Serialize};

/// A kind of body. Those that are no word for a thing of their own are the ones that `PUT` and `POST` take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// An organisation.
    Org,
    /// A role in some repositories.
    RoleBinding,
    /// A service account.
    ServiceAccount,
    /// A trust of a service account.
    Trust,
    /// A user of a chat.
    ChatIdentity,
    /// A repository.
    Repo,
    /// A param.
    Param,
    /// A set of params.
    ParamSet,
    /// An SSH key.
    SshKey,
    /// Credentials of a registry.
    RegistryCredential,
    /// A pipeline.
    Pipeline,
    /// One job, as a `build.json` has it.
    Job,
    /// A schedule.
    Schedule,
    /// A trigger.
    Trigger,
    /// An environment.
    Environment,
    /// A subscription.
    Subscription,
    /// A wish for a build.
    Build,
    /// When a schedule fires: [`Cron`].
    Cron,
    /// The name of a ref: [`Ref`].
    Ref,
}

impl Kind {
    /// Its word in a path.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Org => "org",
            Self::RoleBinding => "role-binding",
            Self::ServiceAccount => "service-account",
            Self::Trust => "trust",
            Self::ChatIdentity => "chat-identity",
            Self::Repo => "repo",
            Self::Param => "param",
            Self::ParamSet => "param-set",
            Self::SshKey => "ssh-key",
            Self::RegistryCredential => "registry-credential",
            Self::Pipeline => "pipeline",
            Self::Job => "job",
            Self::Schedule => "schedule",
            Self::Trigger => "trigger",
            Self::Environment => "environment",
            Self::Subscription => "subscription",
            Self::Build => "build",
            Self::Cron => "cron",
            Self::Ref => "ref",
        }
    }
}

/// When something happens by the clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Cron {
    /// Five fields of cron.
    pub cron: String,
    /// The time zone by its IANA name; UTC when it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
}

/// The name of a ref.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Ref {
    /// The full name: `refs/heads/main`.
    #[serde(rename = "ref")]
    pub name: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_of_a_kind_is_the_one_that_is_read() {
        for word in [
            "org",
            "role-binding",
            "service-account",
            "trust",
            "chat-identity",
            "repo",
            "param",
            "param-set",
            "ssh-key",
            "registry-credential",
            "pipeline",
            "job",
            "schedule",
            "trigger",
            "environment",
            "subscription",
            "build",
            "cron",
            "ref",
        ] {
            let kind: Kind = serde_json::from_value(word.into()).expect("a kind");
            assert_eq!(kind.as_str(), word);
        }
    }
}
