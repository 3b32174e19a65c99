//! The forges that are understood.

use std::fmt;
use std::str::FromStr;

use monkeyci_model::trigger::Source;
use serde::{Deserialize, Serialize};

/// Where repositories live. By its name it is part of the address that deliveries are sent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "&'static str")]
pub enum Forge {
    /// GitHub, and GitHub Enterprise Server.
    GitHub,
    /// GitLab, hosted or one's own.
    GitLab,
    /// Bitbucket Cloud.
    Bitbucket,
    /// Bitbucket Data Center, and Server before it.
    BitbucketServer,
    /// Gitea.
    Gitea,
    /// Forgejo, and with it Codeberg.
    Forgejo,
}

/// A name that is none of a forge.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{}` is no forge; known are `github`, `gitlab`, `bitbucket`, `bitbucket-server`, `gitea` and `forgejo`",
    .0.escape_debug()
)]
pub struct UnknownForge(String);

impl Forge {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::GitHub, Self::GitLab, Self::Bitbucket, Self::BitbucketServer, Self::Gitea, Self::Forgejo];

    /// Its name in addresses and documents.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::GitHub => "github",
            Self::GitLab => "gitlab",
            Self::Bitbucket => "bitbucket",
            Self::BitbucketServer => "bitbucket-server",
            Self::Gitea => "gitea",
            Self::Forgejo => "forgejo",
        }
    }

    /// What builds say of where they come from.
    #[must_use]
    pub fn source(self) -> Source {
        match self {
            Self::GitHub => Source::GithubWebhook,
            Self::GitLab => Source::GitlabWebhook,
            Self::Bitbucket | Self::BitbucketServer => Source::BitbucketWebhook,
            Self::Gitea | Self::Forgejo => Source::GiteaWebhook,
        }
    }
}

impl fmt::Display for Forge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Forge {
    type Err = UnknownForge;

    fn from_str(text: &str) -> Result<Self, UnknownForge> {
        let known = Self::ALL.into_iter().find(|forge| forge.as_str() == text);
        known.ok_or_else(|| UnknownForge(text.chars().take(100).collect()))
    }
}

impl TryFrom<String> for Forge {
    type Error = UnknownForge;

    fn try_from(text: String) -> Result<Self, UnknownForge> {
        text.parse()
    }
}

impl From<Forge> for &'static str {
    fn from(forge: Forge) -> Self {
        forge.as_str()
    }
}
