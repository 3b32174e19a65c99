//! What is set up in organisations, read at once.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use monkeyci_client::Client;
use monkeyci_client::rest::{Export, RepoExport};
use tokio::sync::OnceCell;

use crate::address;

/// So many objects of an organisation are read one by one; for more, all of it is read at once.
const SINGLE: usize = 5;

/// What is set up in organisations, each read at once when many of its objects are wanted, and forgotten with the first
/// change. It lives as long as the provider's process: for one part of one command.
#[derive(Debug, Default)]
pub(crate) struct Snapshots {
    are_off: bool,
    orgs: Mutex<HashMap<String, Arc<Org>>>,
}

/// What is known of an organisation.
#[derive(Debug, Default)]
struct Org {
    reads: AtomicUsize,
    export: OnceCell<Option<Arc<Export>>>,
}

impl Snapshots {
    /// None are made.
    pub(crate) fn off() -> Self {
        Self { are_off: true, ..Self::default() }
    }

    /// The organisation, when it is worth reading at once and may be.
    pub(crate) async fn of(&self, client: &Client, org: &str) -> Option<Arc<Export>> {
        if self.are_off {
            return None;
        }
        let known = Arc::clone(self.orgs().entry(org.to_owned()).or_default());
        if known.reads.fetch_add(1, Ordering::Relaxed) < SINGLE {
            return None;
        }
        // Whose role does not allow it reads one by one.
        let read = async || client.org(org).export().await.ok().map(Arc::new);
        known.export.get_or_init(read).await.clone()
    }

    /// Something was changed, or may have been.
    pub(crate) fn forget(&self) {
        self.orgs().clear();
    }

    fn orgs(&self) -> MutexGuard<'_, HashMap<String, Arc<Org>>> {
        self.orgs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The repository of this path.
pub(crate) fn repo<'a>(export: &'a Export, path: &str) -> Option<&'a RepoExport> {
    let [org, name] = address::names("ORG/REPO", path)?;
    if export.org.id.as_str() != org {
        return None;
    }
    // They come by name, in whatever order the server's database has names in.
    let sorted = export.repos.binary_search_by(|repo| repo.repo.id.as_str().cmp(name)).ok();
    let unsorted = || export.repos.iter().position(|repo| repo.repo.id.as_str() == name);
    export.repos.get(sorted.or_else(unsorted)?)
}
