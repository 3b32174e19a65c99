//! Files of ours as an archive on its way to the engine.

use std::io::{self, Read, Write};
use std::path::Path;

use bytes::Bytes;
use tokio::sync::mpsc;

use crate::workspace::open_mode;

/// Bytes of one piece on its way to the engine.
pub(super) const PIECE: usize = 256 * 1024;

/// An archive on its way to the engine. Everything in it belongs to root.
pub(super) struct Packer(tar::Builder<io::BufWriter<Pipe>>);

impl Packer {
    pub(super) fn new(to: mpsc::Sender<Bytes>) -> Self {
        let mut tar = tar::Builder::new(io::BufWriter::with_capacity(PIECE, Pipe(to)));
        tar.follow_symlinks(false);
        Self(tar)
    }

    pub(super) fn finish(self) -> io::Result<()> {
        self.0.into_inner()?.flush()
    }

    pub(super) fn file(&mut self, source: &Path, target: &Path, open: bool) -> io::Result<()> {
        let file = std::fs::File::open(source)?;
        let metadata = file.metadata()?;
        let mut header = header(&metadata, open);
        header.set_size(metadata.len());
        self.0.append_data(&mut header, target, file.take(metadata.len()))
    }

    pub(super) fn tree(&mut self, source: &Path, target: &Path, open: bool) -> io::Result<()> {
        let mut left = vec![(source.to_owned(), target.to_owned())];
        while let Some((source, target)) = left.pop() {
            let metadata = source.symlink_metadata()?;
            let kind = metadata.file_type();
            if kind.is_dir() {
                let mut header = header(&metadata, open);
                header.set_entry_type(tar::EntryType::Directory);
                header.set_size(0);
                self.0.append_data(&mut header, &target, io::empty())?;
                for entry in std::fs::read_dir(&source)? {
                    let entry = entry?;
                    left.push((entry.path(), target.join(entry.file_name())));
                }
            } else if kind.is_symlink() {
                let mut header = header(&metadata, false);
                header.set_entry_type(tar::EntryType::Symlink);
                header.set_size(0);
                self.0.append_link(&mut header, &target, std::fs::read_link(&source)?)?;
            } else if kind.is_file() {
                self.file(&source, &target, open)?;
            }
        }
        Ok(())
    }
}

fn header(metadata: &std::fs::Metadata, open: bool) -> tar::Header {
    use std::os::unix::fs::MetadataExt;

    let mode = metadata.mode() & 0o7777;
    let mut header = tar::Header::new_gnu();
    header.set_mode(if open { open_mode(mode, metadata.is_dir()) } else { mode });
    header.set_mtime(u64::try_from(metadata.mtime()).unwrap_or(0));
    header.set_uid(0);
    header.set_gid(0);
    header
}

/// From blocking writers to the connection.
struct Pipe(mpsc::Sender<Bytes>);

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let sent = self.0.blocking_send(Bytes::copy_from_slice(bytes));
        sent.map(|()| bytes.len()).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
