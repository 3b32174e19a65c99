//! Where the parts of a job directory are in a container, and how they get there.

use std::path::Path;

use bollard::models::{Mount, MountType};

use super::{Docker, ExecutorError};
use crate::job_dir::JobDir;

/// The job directory, as its supervisor sees it.
pub(super) const JOB_DIR: &str = crate::executor::inner::CONTAINER_JOB_DIR;
/// The supervisor's program.
pub(super) const SUPERVISOR: &str = "/opt/monkeyci/supervisor";
/// What the supervisor is told.
pub(super) const CONTROL: &str = "/opt/monkeyci/control";
/// What the supervisor tells.
pub(super) const REPORT: &str = "/opt/monkeyci/report";
/// The workspace.
pub(super) const WORK: &str = crate::executor::CONTAINER_WORK;
/// A folder of a name that was never used before: the engine that shows what is in it sees our files.
///
/// A folder, because Podman's archive calls fail on a file that is mounted.
pub(super) const SEEN: &str = "/opt/monkeyci/seen";
/// What is in it.
pub(super) const SEEN_FILE: &str = "/opt/monkeyci/seen/here";

/// Whether the engine sees our files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sight {
    /// The first job will tell.
    Unknown,
    /// It does: they are mounted.
    Same,
    /// It does not: they go through its archive calls.
    None,
}

impl Docker {
    pub(super) fn sight(&self) -> Sight {
        *self.sight.lock().expect("nothing panics while it holds the lock")
    }

    pub(super) fn set_sight(&self, sight: Sight) {
        *self.sight.lock().expect("nothing panics while it holds the lock") = sight;
    }
}

/// The mounts of a job directory.
pub(super) fn mounts(dir: &JobDir, program: &Path) -> Vec<Mount> {
    vec![
        mount(program, SUPERVISOR, true),
        mount(&dir.control(), CONTROL, true),
        mount(&dir.report(), REPORT, false),
        mount(&dir.work(), WORK, false),
    ]
}

/// Names for a container on the network of another one, each as `name:address`: an engine that shares the network may keep
/// the names to itself (Podman 4.3 does so for a network that is none).
pub(super) fn hosts(dir: &JobDir, names: &[String]) -> std::io::Result<Mount> {
    let lines =
        names.iter().filter_map(|name| name.split_once(':')).map(|(name, address)| format!("{address}\t{name}\n"));
    let text = lines.fold("127.0.0.1\tlocalhost\n::1\tlocalhost\n".to_owned(), |text, line| text + &line);
    let file = dir.control().join("hosts");
    std::fs::write(&file, text)?;
    Ok(mount(&file, "/etc/hosts", true))
}

/// One mount of a file or folder of ours.
pub(super) fn mount(source: &Path, target: &str, read_only: bool) -> Mount {
    Mount {
        typ: Some(MountType::BIND),
        source: Some(source.to_string_lossy().into_owned()),
        target: Some(target.to_owned()),
        read_only: Some(read_only),
        ..Mount::default()
    }
}

/// Makes the folder by which an engine shows that it sees our files. It goes with the value.
pub(super) fn beacon(dir: &JobDir) -> Result<tempfile::TempDir, ExecutorError> {
    let made = tempfile::Builder::new().prefix("seen-").tempdir_in(dir.root()).and_then(|folder| {
        std::fs::write(folder.path().join("here"), "")?;
        Ok(folder)
    });
    made.map_err(|source| ExecutorError::Io { what: "making a folder in the job directory", source })
}

/// Lets everybody write to the workspace and the report, for an image whose programs are not run as root.
///
/// Others on this host are kept out by the folder around them.
pub(super) fn open_to_all(dir: &JobDir) -> std::io::Result<()> {
    crate::workspace::give(&[dir.report(), dir.work()], None, true)
}
