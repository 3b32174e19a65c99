//! Builds that run without a server: in a store that is read directly, and in which one leaves what a controller is to do.

mod artifact;
mod ask;
mod decide;
mod logs;
mod told;
mod view;
mod watch;

use std::sync::Arc;

use monkeyci_core::blob::{Artifacts, Blobs, Place};
use monkeyci_core::model::{BuildId, BuildStatus, OrgId, RepoId};
use monkeyci_core::store::object::Objects;
use monkeyci_core::store::{BuildRow, Store as _, StoreError};
use monkeyci_grammar::Which;
use object_store::ObjectStore;
use object_store::prefix::PrefixStore;

use crate::error::{CliError, chain};
use crate::remote::{BuildName, RepoName};

pub use artifact::{artifacts, download};
pub use ask::{TRIGGERS, begin, retry, take};
pub use decide::{approve, cancel, go_on, reject};
pub use logs::{Wish, print_logs};
pub use told::Told;
pub use view::{detail, listed};
pub use watch::watch;

/// Builds that run without a server.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct StoreArgs {
    /// Builds that run without a server: where they are kept, as `oci://NAMESPACE/BUCKET/PREFIX` or `file:///FOLDER`
    #[arg(long, env = "MONKEYCI_STORE", value_name = "URL")]
    store: Option<Place>,
}

/// The store of builds that run without a server.
#[derive(Clone)]
pub struct Stored {
    /// Where it is.
    pub place: Place,
    /// Facts of builds.
    pub objects: Objects,
    /// All that is there.
    pub bucket: Arc<dyn ObjectStore>,
}

impl StoreArgs {
    /// Whether a store is named.
    pub fn is_named(&self) -> bool {
        self.store.is_some()
    }

    /// Opens the store, where one is named.
    pub async fn open(&self) -> Result<Option<Stored>, CliError> {
        match &self.store {
            None => Ok(None),
            Some(place) => Stored::open(place).await.map(Some),
        }
    }

    /// The same, where one must be named.
    pub async fn open_some(&self) -> Result<Stored, CliError> {
        let none = || {
            CliError::usage("no store is named")
                .hint("`--store oci://NAMESPACE/BUCKET/PREFIX` or `--store file:///FOLDER`, or `MONKEYCI_STORE`")
        };
        self.open().await?.ok_or_else(none)
    }
}

impl Stored {
    async fn open(place: &Place) -> Result<Self, CliError> {
        let bucket = place.open().await.map_err(|error| CliError::ours(chain(&error)))?;
        Ok(Self { place: place.clone(), objects: Objects::new(Arc::clone(&bucket)), bucket })
    }

    /// Artifacts and caches.
    pub fn blobs(&self) -> Blobs {
        Blobs::new(Arc::new(PrefixStore::new(Arc::clone(&self.bucket), "blobs")))
    }

    /// Artifacts.
    pub fn artifacts(&self) -> Artifacts {
        Artifacts::new(self.blobs())
    }

    /// The build that is named; else the newest of the repository that is, or of all.
    pub async fn build(&self, named: Option<&BuildName>) -> Result<BuildRow, CliError> {
        let Some(named) = named else {
            let newest = self.objects.builds(1).await.map_err(ours)?;
            return newest.into_iter().next().ok_or_else(|| CliError::usage("there is no build yet"));
        };
        let Some(RepoName { org, repo }) = &named.repo else {
            return Err(CliError::usage("a build in a store is named with its repository, as in `acme/web/42`"));
        };
        let found = match named.which {
            Which::Number(number) => {
                let id = BuildId::new(org.clone(), repo.clone(), number);
                self.objects.build(&id).await.map_err(ours)?
            }
            Which::Last => self.builds(org, repo, 1).await?.into_iter().next(),
            Which::LastFailed => {
                let has_failed = |row: &BuildRow| row.status == BuildStatus::Failure;
                self.builds(org, repo, usize::MAX).await?.into_iter().find(has_failed)
            }
        };
        let none = || match named.which {
            Which::Number(number) => CliError::usage(format!("there is no build {org}/{repo}/{number} in the store"))
                .hint(format!("`monkeyci --store … builds {org}/{repo}` lists those that there are")),
            Which::Last => CliError::usage(format!("`{org}/{repo}` has no build yet")),
            Which::LastFailed => CliError::usage(format!("no build of `{org}/{repo}` has failed")),
        };
        found.ok_or_else(none)
    }

    /// Builds of a repository, newest first.
    pub async fn builds(&self, org: &OrgId, repo: &RepoId, limit: usize) -> Result<Vec<BuildRow>, CliError> {
        self.objects.builds_of(org, repo, limit).await.map_err(ours)
    }
}

/// An error of the store.
pub fn ours(error: StoreError) -> CliError {
    CliError::ours(chain(&error))
}
