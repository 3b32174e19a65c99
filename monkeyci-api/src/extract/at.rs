use axum::extract::{FromRequestParts, Path};
use http::request::Parts;
use monkeyci_core::model::{BuildId, JobId, OrgId, RepoId};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::problem::Refusal;

/// What the path names. Ids that cannot be are refused before anything looks for them.
pub struct At<P>(pub P);

impl<S: Send + Sync, P: DeserializeOwned + Send> FromRequestParts<S> for At<P> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        match Path::<P>::from_request_parts(parts, state).await {
            Ok(Path(path)) => Ok(Self(path)),
            Err(rejection) => Err(Refusal::bad(format!("the path: {}", rejection.body_text()))),
        }
    }
}

/// An organisation.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OrgPath {
    /// Its id.
    pub org: OrgId,
}

/// Somebody in an organisation.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct MemberPath {
    /// The organisation.
    pub org: OrgId,
    /// Their name.
    pub name: String,
}

/// Something of an organisation that has a name.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OrgNamePath {
    /// The organisation.
    pub org: OrgId,
    /// Its name.
    pub name: String,
}

/// Something that a subscriber is told.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct NoticePath {
    /// The organisation.
    pub org: OrgId,
    /// The subscription.
    pub name: String,
    /// Its id.
    pub delivery: String,
}

/// A set of params.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SetPath {
    /// The organisation.
    pub org: OrgId,
    /// Its name.
    pub set: String,
}

/// A repository.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RepoPath {
    /// The organisation.
    pub org: OrgId,
    /// Its id.
    pub repo: RepoId,
}

/// Something of a repository that has a name.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct NamePath {
    /// The organisation.
    pub org: OrgId,
    /// The repository.
    pub repo: RepoId,
    /// Its name.
    pub name: String,
}

/// An environment.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct EnvironmentPath {
    /// The organisation.
    pub org: OrgId,
    /// The repository.
    pub repo: RepoId,
    /// Its name.
    pub environment: String,
}

/// A webhook.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HookPath {
    /// The organisation.
    pub org: OrgId,
    /// The repository.
    pub repo: RepoId,
    /// Its name.
    pub hook: String,
}

/// A delivery of a webhook.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DeliveryPath {
    /// The organisation.
    pub org: OrgId,
    /// The repository.
    pub repo: RepoId,
    /// The webhook.
    pub hook: String,
    /// Its id.
    pub delivery: String,
}

/// A build.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BuildPath {
    /// The organisation.
    pub org: OrgId,
    /// The repository.
    pub repo: RepoId,
    /// Its number.
    pub number: u64,
}

/// A job of a build.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct JobPath {
    /// The organisation.
    pub org: OrgId,
    /// The repository.
    pub repo: RepoId,
    /// The build's number.
    pub number: u64,
    /// Its id.
    pub job: JobId,
}

/// An attempt of a job.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LogPath {
    /// The organisation.
    pub org: OrgId,
    /// The repository.
    pub repo: RepoId,
    /// The build's number.
    pub number: u64,
    /// The job.
    pub job: JobId,
    /// Its number, from 1.
    pub attempt: u32,
}

impl NoticePath {
    /// The subscription.
    pub fn subscription(&self) -> OrgNamePath {
        OrgNamePath { org: self.org.clone(), name: self.name.clone() }
    }
}

impl BuildPath {
    /// The repository.
    pub fn repo(&self) -> RepoPath {
        RepoPath { org: self.org.clone(), repo: self.repo.clone() }
    }

    /// The id of the build.
    pub fn id(&self) -> BuildId {
        BuildId::new(self.org.clone(), self.repo.clone(), self.number)
    }
}

impl EnvironmentPath {
    /// The repository.
    pub fn repo(&self) -> RepoPath {
        RepoPath { org: self.org.clone(), repo: self.repo.clone() }
    }
}

impl JobPath {
    /// The build.
    pub fn build(&self) -> BuildPath {
        BuildPath { org: self.org.clone(), repo: self.repo.clone(), number: self.number }
    }
}

impl LogPath {
    /// The job.
    pub fn job(&self) -> JobPath {
        let (org, repo, job) = (self.org.clone(), self.repo.clone(), self.job.clone());
        JobPath { org, repo, number: self.number, job }
    }
}

impl NamePath {
    /// The repository.
    pub fn repo(&self) -> RepoPath {
        RepoPath { org: self.org.clone(), repo: self.repo.clone() }
    }
}

impl HookPath {
    /// The repository.
    pub fn repo(&self) -> RepoPath {
        RepoPath { org: self.org.clone(), repo: self.repo.clone() }
    }
}

impl DeliveryPath {
    /// The webhook.
    pub fn hook(&self) -> HookPath {
        HookPath { org: self.org.clone(), repo: self.repo.clone(), hook: self.hook.clone() }
    }
}

impl RepoPath {
    /// Where the repository is found in the API.
    pub fn url(&self) -> String {
        format!("/v1/orgs/{}/repos/{}", self.org, self.repo)
    }
}
