use std::fs::File;
use std::io::Write;
use std::path::PathBuf;

use rustix::fs::{FallocateFlags, fallocate};
use rustix::io::Errno;

/// Bytes of the file: room for the ends of some hundred builds.
const SIZE: usize = 4 * 1024 * 1024;

/// A file that holds room for the facts that must still be written when the disk is full.
pub(super) struct Ballast {
    path: PathBuf,
    held: bool,
}

impl Ballast {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, held: false }
    }

    /// Whether the room is there; takes it first when it is not and the disk has it.
    pub(super) fn hold(&mut self) -> bool {
        if !self.held {
            match self.take() {
                Ok(()) => self.held = true,
                Err(error) => {
                    tracing::warn!(path = %self.path.display(), %error, "no room is held back for a full disk");
                    self.release();
                }
            }
        }
        self.held
    }

    /// Gives the room back to the disk.
    pub(super) fn release(&mut self) {
        self.held = false;
        if let Err(error) = std::fs::remove_file(&self.path)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!(path = %self.path.display(), %error, "cannot release the room for a full disk");
        }
    }

    fn take(&self) -> std::io::Result<()> {
        if std::fs::metadata(&self.path).is_ok_and(|file| file.len() == SIZE as u64) {
            return Ok(());
        }
        let file = File::create(&self.path)?;
        match fallocate(&file, FallocateFlags::empty(), 0, SIZE as u64) {
            // Room that is given so needs no writing and no waiting for the disk.
            Ok(()) => Ok(()),
            Err(Errno::NOTSUP) => fill(file),
            Err(error) => Err(error.into()),
        }
    }
}

/// Takes the room by writing it, where the file system gives none otherwise; many give it only with the sync.
fn fill(mut file: File) -> std::io::Result<()> {
    let block = [0_u8; 64 * 1024];
    for _ in 0..SIZE / block.len() {
        file.write_all(&block)?;
    }
    file.sync_all()
}
