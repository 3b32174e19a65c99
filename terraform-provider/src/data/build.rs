//! `data.monkeyci_builds`.

use monkeyci_client::model::BuildStatus;
use tfplugin::check::between;
use tfplugin::{Choice, Computed, Context, DataSource, Object, Result};

use super::unread;
use crate::server::Server;
use crate::time;

/// The newest builds of a repository.
#[derive(Debug, Object)]
pub struct Builds {
    /// The `id` of the repository: `acme/web`.
    repo: String,
    /// How they stand; all when it is not set.
    status: Option<Status>,
    /// The branch that they are of; all when it is not set.
    branch: Option<String>,
    /// How many of them, at most.
    #[attribute(default = 20, check(between(1..=1000)))]
    limit: u32,
    /// They, newest first.
    builds: Computed<Vec<Build>>,
}

/// A build.
#[derive(Clone, Debug, Object)]
pub struct Build {
    /// Its number in the repository.
    number: Computed<u64>,
    /// How it stands.
    status: Computed<String>,
    /// Why it ended as it did.
    message: Computed<Option<String>>,
    /// The commit that it is of.
    commit: Computed<Option<String>>,
    /// When it was asked for, in RFC 3339.
    created: Computed<String>,
    /// When it ended, in RFC 3339.
    ended: Computed<Option<String>>,
}

/// How a build stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum Status {
    /// It waits to be picked up.
    Pending,
    /// Its script is loaded.
    Initializing,
    /// Its jobs run.
    Running,
    /// All its open jobs wait for a person.
    Blocked,
    /// Every job that counts ended well.
    Success,
    /// A job failed.
    Failure,
    /// MonkeyCI or what it stands on broke.
    Error,
    /// A person or a newer build stopped it.
    Canceled,
}

impl From<Status> for BuildStatus {
    fn from(status: Status) -> Self {
        match status {
            Status::Pending => Self::Pending,
            Status::Initializing => Self::Initializing,
            Status::Running => Self::Running,
            Status::Blocked => Self::Blocked,
            Status::Success => Self::Success,
            Status::Failure => Self::Failure,
            Status::Error => Self::Error,
            Status::Canceled => Self::Canceled,
        }
    }
}

impl DataSource for Builds {
    type Client = Server;
    const NAME: &'static str = "builds";

    async fn read(self, cx: &Context<Server>) -> Result<Self> {
        let pages = cx.client.repo(&self.repo)?.builds(self.status.map(Into::into), self.branch.as_deref());
        let found = pages.first(self.limit as usize).await.map_err(unread("repository"))?;
        let shown = |build: monkeyci_client::rest::Build| Build {
            number: build.number.into(),
            status: build.status.as_str().into(),
            message: build.message.into(),
            commit: build.trigger.git.and_then(|git| git.commit_id).into(),
            created: time::shown(build.created).into(),
            ended: build.ended.map(time::shown).into(),
        };
        Ok(Self { builds: found.into_iter().map(shown).collect::<Vec<_>>().into(), ..self })
    }
}
