//! Fills the job directory on the volume.

use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use monkeyci_model::job::Arch;

use super::depot::Depot;
use super::error::SidecarError;
use super::order::Order;
use super::place::{SUPERVISOR, job_dir};
use super::series;
use crate::blob::archive::{self, Limits};
use crate::blob::beneath::Folder;
use crate::job_dir::program::supervisor_for;
use crate::workspace::give;

/// Fills the job directory, unless that was done before. `others` has the supervisors of other processors.
///
/// The supervisor's program comes last: until it is there, nothing of the job can run, and all may be done again.
pub(super) async fn fill(order: &Order, depot: &dyn Depot, others: &Path) -> Result<(), SidecarError> {
    if order.job_dir.join(SUPERVISOR).exists() {
        return Ok(());
    }
    let io = SidecarError::io("making the job directory");
    let dir = job_dir(order);
    for folder in [dir.control(), dir.report(), dir.work()] {
        empty(&folder).map_err(io)?;
    }
    bring(depot, "control", order.job_dir.clone(), "control").await?;
    bring(depot, "work", order.work.clone(), ".").await?;
    let (order, others) = (order.clone(), others.to_owned());
    let finish = move || {
        fs::set_permissions(dir.control(), Permissions::from_mode(0o755))?;
        fs::set_permissions(dir.report(), Permissions::from_mode(0o777))?;
        give(&[dir.report(), dir.work()], order.owner, order.open)?;
        dir.start()?;
        put_supervisor(&order, &others)
    };
    let finished = tokio::task::spawn_blocking(finish).await;
    finished.unwrap_or_else(|panic| Err(io::Error::other(panic))).map_err(io)
}

/// Makes a folder that is empty. It may be a mount, which stays.
fn empty(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)?;
    let folder = Folder::open_real(path)?;
    folder.names()?.iter().try_for_each(|name| folder.remove(name))
}

async fn bring(depot: &dyn Depot, name: &'static str, root: PathBuf, path: &'static str) -> Result<(), SidecarError> {
    let unpack = move |from: &mut dyn Read| {
        let unpacked = archive::unpack(from, u64::MAX, &root, path, &Limits::of_checkouts());
        unpacked.map_err(|source| SidecarError::Archive { what: "filling the job directory", source })
    };
    let unpacked = series::fetch(depot, name, u64::MAX, unpack).await?;
    tracing::info!(files = unpacked.entries, bytes = unpacked.bytes, "{name} is there");
    Ok(())
}

fn put_supervisor(order: &Order, others: &Path) -> io::Result<()> {
    let program = supervisor_for(order.arch.unwrap_or(Arch::host()), &order.job_dir, others)?;
    let root = Folder::open(&order.job_dir)?;
    if program.parent() == Some(&*order.job_dir) {
        let name = program.file_name().unwrap_or_default();
        return root.rename(name, OsStr::new(SUPERVISOR));
    }
    let new = OsStr::new("supervisor.new");
    let mut file = root.create(new)?;
    io::copy(&mut fs::File::open(program)?, &mut file)?;
    file.set_permissions(Permissions::from_mode(0o755))?;
    // Closed before it gets its name: a file that is open for writing cannot be run.
    drop(file);
    root.rename(new, OsStr::new(SUPERVISOR))
}
