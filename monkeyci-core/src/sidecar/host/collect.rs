//! What a job left, from the depot to the workspace here.

use std::io::Read;

use super::Host;
use crate::blob::archive;
use crate::sidecar::collect::{LIMITS, name};
use crate::sidecar::end::{Collected, End};
use crate::sidecar::error::SidecarError;
use crate::sidecar::order::Order;
use crate::sidecar::series;
use crate::workspace::make_room;

impl Host {
    /// Puts what the order wanted collected into the workspace here, in the place of what is there. What the job did not
    /// leave is not here either.
    ///
    /// # Errors
    /// When the sidecar could not send something that is there, it cannot be unpacked here, or the depot fails.
    pub async fn collect(&self, order: &Order, end: &End) -> Result<(), SidecarError> {
        let what = "collecting the job's files";
        for (number, (path, became)) in order.collect.iter().zip(&end.collected).enumerate() {
            let work = self.dir.work();
            let io = SidecarError::io(what);
            let Some(room) = make_room(&work, path).map_err(io)? else { continue };
            if room == work {
                std::fs::create_dir(&work).map_err(io)?;
            }
            match became {
                Collected::Sent => {}
                Collected::Missing => continue,
                Collected::Failed(why) => return Err(SidecarError::broken(path, format!("is not there: {why}"))),
            }
            // With a slash at its end, a file would become one in a folder.
            let path = path.trim_end_matches('/').to_owned();
            let unpack = move |from: &mut dyn Read| {
                let unpacked = archive::unpack(from, u64::MAX, &work, &path, &LIMITS);
                unpacked.map_err(|source| SidecarError::Archive { what, source })
            };
            // No archive of such files is larger than they are, but for the names in it.
            series::fetch(&self.depot, &name(number), LIMITS.bytes.saturating_mul(2), unpack).await?;
        }
        Ok(())
    }
}
