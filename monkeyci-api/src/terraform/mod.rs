//! The Terraform provider, which the server hands out itself: as a provider registry and as a network mirror.
//!
//! Packages are those of a folder, or else one that is made of the program beside the server's. What is asked for is looked
//! up among them by its names; nothing that somebody asks for becomes a path.

mod archive;
mod openpgp;
mod package;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

pub use openpgp::Signer;
pub use package::Package;

use crate::config;
use crate::vault::Vault;

/// What the program of the provider is called, and what its packages are called after.
const PROGRAM: &str = "terraform-provider-monkeyci";

/// The folder of packages that the server makes, in its state folder.
const FOLDER: &str = "terraform";

/// The packages that are there, and who vouches for them.
#[derive(Clone)]
pub struct Packages(Arc<Shelf>);

struct Shelf {
    folder: PathBuf,
    /// The program that a package is made of, where no folder is named.
    program: Option<PathBuf>,
    signer: Signer,
    /// What was read of files that have not changed since.
    known: Mutex<BTreeMap<PathBuf, (Stamp, Arc<Package>)>>,
}

/// The length of a file, and when it was written.
type Stamp = (u64, Option<SystemTime>);

impl Packages {
    /// Those of the configuration's folder, or of the program beside this one. The key that signs them follows from the
    /// master key, so that every server of one database has the same.
    #[must_use]
    pub fn of(config: &config::Terraform, state: &Path, vault: &Vault) -> Self {
        let beside = || Some(std::env::current_exe().ok()?.with_file_name(PROGRAM));
        let (folder, program) = match &config.providers {
            Some(folder) => (folder.clone(), None),
            None => (state.join(FOLDER), beside()),
        };
        if config.providers.is_none() {
            archive::sweep(&folder);
        }
        let signer = Signer::new(&vault.derive("terraform provider"));
        Self(Arc::new(Shelf { folder, program, signer, known: Mutex::default() }))
    }

    /// All of them, by version and platform.
    ///
    /// # Errors
    /// When the folder cannot be read, or the package of the program cannot be written.
    pub async fn all(&self) -> io::Result<Vec<Arc<Package>>> {
        let shelf = Arc::clone(&self.0);
        tokio::task::spawn_blocking(move || shelf.look()).await.unwrap_or_else(|error| Err(io::Error::other(error)))
    }

    /// Those of a version.
    ///
    /// # Errors
    /// As [`Packages::all`].
    pub async fn of_version(&self, version: &str) -> io::Result<Vec<Arc<Package>>> {
        let mut all = self.all().await?;
        all.retain(|package| package.version == version);
        Ok(all)
    }

    /// Who vouches for them.
    #[must_use]
    pub fn signer(&self) -> &Signer {
        &self.0.signer
    }
}

impl Shelf {
    /// One at a time: who comes while packages are read waits for that, and reads them no more.
    fn look(&self) -> io::Result<Vec<Arc<Package>>> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(program) = self.program.as_deref().filter(|program| program.is_file()) {
            archive::pack(program, &self.folder)?;
        }
        let entries = match std::fs::read_dir(&self.folder) {
            Err(error) if self.program.is_some() && error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut found = BTreeMap::new();
        for entry in entries {
            let path = entry?.path();
            let Some(name) = package::Name::of(&path) else { continue };
            let data = std::fs::metadata(&path)?;
            let stamp = (data.len(), data.modified().ok());
            let package = match known.remove(&path).filter(|(then, _)| *then == stamp) {
                Some((_, package)) => package,
                None => match Package::read(name, &path) {
                    Ok(package) => Arc::new(package),
                    Err(error) => {
                        tracing::error!(%error, package = %path.display(), "it is no package, and not handed out");
                        continue;
                    }
                },
            };
            found.insert(path, (stamp, package));
        }
        *known = found;
        let mut all: Vec<_> = known.values().map(|(_, package)| Arc::clone(package)).collect();
        // What a list of sums beside it contradicts is not handed out.
        all.retain(|package| package.is_as_listed(&self.folder));
        all.sort_by_key(|package| package.name());
        Ok(all)
    }
}

/// What one version's packages hash to, as `sha256sum` writes it: what is signed.
#[must_use]
pub fn sums(packages: &[Arc<Package>]) -> String {
    packages.iter().map(|package| format!("{}  {}\n", package.sum, package.name())).collect()
}
