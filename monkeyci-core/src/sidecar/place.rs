//! The job directory on the volume, as the sidecar holds it open.

use std::ffi::OsStr;
use std::io;

use super::error::SidecarError;
use super::order::Order;
use crate::blob::beneath::Folder;
use crate::job_dir::JobDir;
use crate::job_dir::report::Reader;

/// The file that holds the supervisor's program; it is put there last, so that all else is there when it is.
pub(super) const SUPERVISOR: &str = "supervisor";

/// The parts of a job directory, opened before the job can put anything in their place.
///
/// A sidecar that was started again opens them when the job runs already: then what is no folder of its own is refused.
pub(super) struct Place {
    control: Folder,
    pub(super) work: Folder,
}

/// The job directory of an order.
pub(super) fn job_dir(order: &Order) -> JobDir {
    JobDir::at(&order.job_dir).working_in(&order.work)
}

impl Place {
    pub(super) fn open(order: &Order) -> Result<(Self, Reader), SidecarError> {
        let dir = job_dir(order);
        let io = SidecarError::io("opening the job directory");
        let control = Folder::open_real(&dir.control()).map_err(io)?;
        let work = Folder::open_real(&dir.work()).map_err(io)?;
        let reader = Reader::open(&dir).map_err(|error| io(io::Error::other(error)))?;
        Ok((Self { control, work }, reader))
    }

    /// Tells the job something. What a job that runs as root put in its way is replaced.
    pub(super) fn tell(&self, name: &str, bytes: &[u8]) {
        if let Err(error) = self.control.write_whole(OsStr::new(name), bytes) {
            tracing::warn!(name, %error, "the job cannot be told");
        }
    }

    /// Removes the variables, which hold secrets: the supervisor has read them, and cannot remove them itself where the
    /// control half is read-only to it.
    pub(super) fn forget_variables(&self) {
        if let Err(error) = self.control.unlink(OsStr::new("env")) {
            tracing::warn!(%error, "the job's variables cannot be removed");
        }
    }
}
