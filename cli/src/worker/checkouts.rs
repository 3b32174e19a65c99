//! Checkouts of builds, kept for as long as jobs of theirs run here and a little longer.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::SystemTime;

use monkeyci_client::HeldRef;
use monkeyci_core::blob::archive::{self, Limits};
use monkeyci_core::model::BuildId;
use tokio::sync::OnceCell;

use super::patience::patiently;

/// Checkouts that stay though no job needs them: the next one of their build may come soon.
const SPARE: usize = 4;

/// A checkout, which stays as long as this is kept.
#[derive(Debug, Default)]
pub(super) struct Checkout {
    filled: OnceCell<()>,
}

/// The checkouts of a worker.
pub(super) struct Checkouts {
    dir: PathBuf,
    used: Mutex<HashMap<PathBuf, Weak<Checkout>>>,
}

/// Where the checkout of a build is.
pub(super) fn tree(dir: &Path, build: &BuildId) -> PathBuf {
    dir.join(format!("{}.{}.{}", build.org, build.repo, build.number))
}

impl Checkouts {
    pub(super) fn new(dir: PathBuf) -> Self {
        Self { dir, used: Mutex::default() }
    }

    /// The checkout of an attempt's build, fetched where it is not there yet.
    pub(super) async fn of(&self, build: &BuildId, held: &HeldRef) -> Result<Arc<Checkout>, String> {
        let tree = tree(&self.dir, build);
        let checkout = {
            let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
            used.retain(|_, checkout| checkout.strong_count() > 0);
            let known = used.get(&tree).and_then(Weak::upgrade);
            let checkout = known.unwrap_or_default();
            used.insert(tree.clone(), Arc::downgrade(&checkout));
            checkout
        };
        checkout.filled.get_or_try_init(|| self.fill(&tree, held)).await?;
        Ok(checkout)
    }

    async fn fill(&self, tree: &Path, held: &HeldRef) -> Result<(), String> {
        if tree.is_dir() {
            return Ok(());
        }
        let failed = |error: io::Error| format!("its checkout cannot be kept in `{}`: {error}", self.dir.display());
        tokio::fs::create_dir_all(&self.dir).await.map_err(failed)?;
        self.prune();
        let (file, stored) = patiently(|| async {
            let file = tempfile::tempfile_in(&self.dir).map_err(|error| unwritten(&error))?;
            let mut written = tokio::fs::File::from_std(file.try_clone().map_err(|error| unwritten(&error))?);
            let stored = held.checkout(&mut written).await?;
            Ok((file, stored))
        })
        .await
        .map_err(|error| format!("its checkout cannot be had: {error}"))?;
        let (dir, into) = (self.dir.clone(), tree.to_owned());
        let unpacked = tokio::task::spawn_blocking(move || {
            use std::io::Seek as _;
            let mut file = file;
            file.rewind()?;
            let new = tempfile::Builder::new().prefix("new-").tempdir_in(&dir)?;
            let unpacked = archive::unpack(file, stored, new.path(), ".", &Limits::of_checkouts());
            unpacked.map_err(io::Error::other)?;
            // Whole as soon as it has its name.
            std::fs::rename(new.keep(), into)
        });
        unpacked.await.unwrap_or_else(|error| Err(io::Error::other(error))).map_err(failed)
    }

    /// Removes what no job needs, but for the newest few.
    fn prune(&self) {
        let used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let is_used = |path: &PathBuf| used.get(path).is_some_and(|checkout| checkout.strong_count() > 0);
        let entries = std::fs::read_dir(&self.dir).into_iter().flatten().flatten().map(|entry| entry.path());
        let mut idle: Vec<(SystemTime, PathBuf)> = entries
            .filter(|path| path.is_dir() && !is_used(path))
            .filter_map(|path| Some((path.metadata().ok()?.modified().ok()?, path)))
            .collect();
        idle.sort();
        let old = idle.len().saturating_sub(SPARE);
        for (_, path) in idle.into_iter().take(old) {
            if let Err(error) = std::fs::remove_dir_all(&path) {
                tracing::warn!(path = %path.display(), %error, "a checkout cannot be removed");
            }
        }
    }
}

/// Something of this machine that no server mends.
pub(super) fn unwritten(error: &io::Error) -> monkeyci_client::ClientError {
    monkeyci_client::ClientError::Write(error.to_string())
}
