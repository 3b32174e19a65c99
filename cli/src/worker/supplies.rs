use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use monkeyci_client::rest::lease::RegistryLogin;
use monkeyci_client::{DutyRef, HeldRef};
use monkeyci_core::blob::{Artifacts, Blobs, Caches};
use monkeyci_core::executor::RegistryAuth;
use monkeyci_core::lease::Lease;
use monkeyci_core::program::Programs;
use monkeyci_core::secret::Secrets;
use monkeyci_core::worker::{Supplies, Supply};

use super::blobs::FarBlobs;
use super::checkouts::{Checkouts, unwritten};
use super::patience::patiently;

/// How long a compiled program stays that no job asks for.
const UNUSED: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// What jobs need, had from the server.
pub struct FarSupplies {
    duty: DutyRef,
    dir: PathBuf,
    checkouts: Checkouts,
    programs: Programs,
}

impl FarSupplies {
    /// Keeps what it fetches in a folder, checkouts in [`checkouts`](Self::checkouts); `programs` runs what is compiled.
    pub fn new(duty: DutyRef, dir: PathBuf, programs: Programs) -> Self {
        let checkouts = Checkouts::new(Self::checkouts(&dir));
        Self { duty, dir, checkouts, programs }
    }

    /// Where checkouts are, in the folder of a worker.
    pub fn checkouts(dir: &Path) -> PathBuf {
        dir.join("checkouts")
    }

    /// The compiled program with this digest.
    async fn program(&self, digest: &str, held: &HeldRef) -> Result<PathBuf, String> {
        let dir = self.dir.join("programs");
        let failed = |error: io::Error| format!("its program cannot be kept in `{}`: {error}", dir.display());
        if digest.len() != 64 || !digest.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err("the server names its program by what is no digest".into());
        }
        let program = dir.join(digest);
        if let Ok(file) = std::fs::File::open(&program) {
            if let Err(error) = file.set_modified(SystemTime::now()) {
                tracing::debug!(%error, "a program cannot be touched");
            }
            return Ok(program);
        }
        tokio::fs::create_dir_all(&dir).await.map_err(failed)?;
        prune(&dir);
        let new = patiently(|| async {
            let new = tempfile::NamedTempFile::new_in(&dir).map_err(|error| unwritten(&error))?;
            let file = new.as_file().try_clone().map_err(|error| unwritten(&error))?;
            held.program(&mut tokio::fs::File::from_std(file)).await?;
            Ok(new)
        });
        let new = new.await.map_err(|error| format!("its program cannot be had: {error}"))?;
        let kept = || {
            let mut hasher = blake3::Hasher::new();
            hasher.update_reader(std::fs::File::open(new.path())?)?;
            if hasher.finalize().to_hex().as_str() != digest {
                return Err(io::Error::other("it is not what the server said that it is"));
            }
            std::fs::set_permissions(new.path(), std::fs::Permissions::from_mode(0o755))?;
            new.into_temp_path().persist(&program).map_err(|error| error.error)
        };
        kept().map_err(failed)?;
        Ok(program)
    }
}

#[async_trait]
impl Supplies for FarSupplies {
    async fn of(&self, lease: &Lease) -> Result<Supply, String> {
        let held = self.duty.held(lease.attempt.fence);
        let supply = patiently(|| held.supply()).await;
        let supply = supply.map_err(|error| format!("what it needs cannot be had: {error}"))?;
        let checkout = self.checkouts.of(&lease.attempt.build, &held).await?;
        let programs = match &supply.program {
            Some(digest) => Some(self.programs.compiled(self.program(digest, &held).await?)),
            None => None,
        };
        let mut secrets = Secrets::new();
        supply.secrets.into_iter().for_each(|secret| secrets.insert(secret.secret, secret.value));
        let spool = self.dir.join("spool");
        tokio::fs::create_dir_all(&spool).await.map_err(|error| format!("`{}`: {error}", spool.display()))?;
        let blobs = Blobs::new(Arc::new(FarBlobs { held, spool, _checkout: checkout }));
        let (artifacts, caches) = (Artifacts::new(blobs.clone()), Caches::new(blobs));
        let login = |RegistryLogin { host, username, password }| RegistryAuth { host, username, password };
        let registries = supply.registries.into_iter().map(login).collect();
        Ok(Supply { artifacts, caches, secrets: Arc::new(secrets), registries, programs })
    }
}

/// Removes programs that nobody has asked for lately.
fn prune(dir: &Path) {
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        let modified = entry.metadata().and_then(|data| data.modified()).ok();
        let is_old = modified.and_then(|time| time.elapsed().ok()).is_some_and(|age| age > UNUSED);
        if is_old && let Err(error) = std::fs::remove_file(entry.path()) {
            tracing::debug!(%error, "a program cannot be removed");
        }
    }
}
