//! What a job made, out of a container that does not see our files.

use std::io;
use std::path::{Component, Path, PathBuf};

use monkeyci_model::job::limits;

use super::{Docker, ExecutorError, place};
use crate::job_dir::JobDir;

impl Docker {
    /// Fetches files and folders of the workspace; what is not there in the container is not there with us.
    pub(super) async fn collect(&self, name: &str, dir: &JobDir, paths: &[String]) -> Result<(), ExecutorError> {
        for path in paths {
            let io = |source| ExecutorError::Io { what: "collecting the job's files", source };
            let Some(ours) = beneath(&dir.work(), path).map_err(io)? else { continue };
            monkeyci_supervisor::remove::tree(&ours).map_err(io)?;
            // Beside the workspace, which may be on another disk than the rest of the job directory.
            let beside = dir.work().parent().map_or_else(|| dir.root().to_owned(), Path::to_owned);
            let staging = tempfile::Builder::new().prefix("new-").tempdir_in(beside).map_err(io)?;
            let (folder, theirs) = (staging.path().to_owned(), format!("{}/{path}", place::WORK));
            let fetched =
                self.download(name, theirs.trim_end_matches(['/', '.']), limits::ARTIFACT_BYTES, move |mut tar| {
                    tar.set_preserve_permissions(true);
                    tar.unpack(&folder)
                });
            if fetched.await? {
                let mut entries = std::fs::read_dir(staging.path()).map_err(io)?;
                if let Some(entry) = entries.next() {
                    std::fs::rename(entry.map_err(io)?.path(), &ours).map_err(io)?;
                }
            }
        }
        Ok(())
    }
}

/// The place of `path` in our workspace, its folders made; none for a path that leaves it.
///
/// The checkout may hold links: one on the way is replaced by a folder, so that nothing is written where it points to.
fn beneath(work: &Path, path: &str) -> io::Result<Option<PathBuf>> {
    let mut ours = work.to_owned();
    for part in Path::new(path).components() {
        match part {
            Component::CurDir => continue,
            Component::Normal(part) => {
                match ours.symlink_metadata() {
                    Ok(found) if found.is_dir() => {}
                    found => {
                        if found.is_ok() {
                            std::fs::remove_file(&ours)?;
                        }
                        std::fs::create_dir(&ours)?;
                    }
                }
                ours.push(part);
            }
            _ => return Ok(None),
        }
    }
    Ok(Some(ours))
}
