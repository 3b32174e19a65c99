//! Copies a report out of a place that the host cannot see.

use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

/// Links and fifos are not followed and not waited for: the job can write to the folder.
#[cfg(target_os = "linux")]
const NOFOLLOW_NONBLOCK: i32 = if cfg!(target_arch = "aarch64") { 0o100_000 | 0o4000 } else { 0o400_000 | 0o4000 };
#[cfg(not(target_os = "linux"))]
const NOFOLLOW_NONBLOCK: i32 = 0x100 | 0x4;

/// Writes `report/frames` of `dir`, from `offset` bytes on, until the job ended and all of it is written.
pub fn follow(dir: &Path, offset: u64, to: &mut impl Write) -> io::Result<()> {
    let report = dir.join("report");
    let mut frames = None;
    loop {
        // Looked at first: what is written before the result is there when we read.
        let ended = report.join("result").symlink_metadata().is_ok();
        if frames.is_none() {
            frames = open(&report.join("frames"), offset)?;
        }
        let copied = match &mut frames {
            Some(file) => io::copy(file, to)?,
            None => 0,
        };
        to.flush()?;
        if ended {
            return Ok(());
        }
        if copied == 0 {
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

fn open(path: &Path, offset: u64) -> io::Result<Option<File>> {
    let mut file = match regular(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    file.seek(SeekFrom::Start(offset))?;
    Ok(Some(file))
}

/// Opens a regular file where the job may have put anything.
pub fn regular(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().read(true).custom_flags(NOFOLLOW_NONBLOCK).open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other(format!("the job replaced `{}`", path.display())));
    }
    Ok(file)
}
