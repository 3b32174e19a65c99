//! What somebody may do in an organisation.

use monkeyci_client::rest;
use tfplugin::Choice;

/// What somebody may do in an organisation. Each may do what those before it may.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Choice)]
pub enum Role {
    /// Reads builds, logs and settings; no secrets.
    #[default]
    Viewer,
    /// Runs, cancels, retries and approves builds.
    Developer,
    /// Changes repositories, params, hooks and schedules.
    Maintainer,
    /// Changes the organisation and its members.
    Owner,
}

impl From<Role> for rest::Role {
    fn from(role: Role) -> Self {
        match role {
            Role::Viewer => Self::Viewer,
            Role::Developer => Self::Developer,
            Role::Maintainer => Self::Maintainer,
            Role::Owner => Self::Owner,
        }
    }
}

impl From<rest::Role> for Role {
    fn from(role: rest::Role) -> Self {
        match role {
            rest::Role::Viewer => Self::Viewer,
            rest::Role::Developer => Self::Developer,
            rest::Role::Maintainer => Self::Maintainer,
            rest::Role::Owner => Self::Owner,
        }
    }
}

impl Role {
    /// The role of this word.
    pub(crate) fn of(word: &str) -> Option<Self> {
        [Self::Viewer, Self::Developer, Self::Maintainer, Self::Owner].into_iter().find(|role| role.as_str() == word)
    }
}
