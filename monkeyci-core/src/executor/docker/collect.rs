//! What a job made, out of a container that does not see our files.

use std::path::Path;

use monkeyci_model::job::limits;

use super::{Docker, ExecutorError, place};
use crate::job_dir::JobDir;
use crate::workspace::make_room;

impl Docker {
    /// Fetches files and folders of the workspace; what is not there in the container is not there with us.
    pub(super) async fn collect(&self, name: &str, dir: &JobDir, paths: &[String]) -> Result<(), ExecutorError> {
        for path in paths {
            let io = |source| ExecutorError::Io { what: "collecting the job's files", source };
            let Some(ours) = make_room(&dir.work(), path).map_err(io)? else { continue };
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
