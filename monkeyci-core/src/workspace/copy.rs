//! Copies a tree: modes, times and links as they are, holes kept, blocks shared where the file system can.

use std::fs::{self, DirBuilder, File, FileTimes, Metadata, OpenOptions, Permissions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread::{Scope, ScopedJoinHandle};

use rustix::fs::{AtFlags, CWD, OFlags, Timespec, Timestamps};

/// Files that travel to a thread together; a tree with fewer is copied by the calling thread alone.
const BATCH: usize = 64;
/// Files up to this many bytes are read and written whole, which is quicker than asking the kernel to copy a range.
const SMALL: u64 = 128 * 1024;
/// More threads than this only wait for each other's directory locks.
const MAX_THREADS: usize = 8;
/// Paths of what was skipped that are kept; the rest is only counted by their absence.
const MAX_SKIPPED: usize = 100;

/// What a copy took.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Copied {
    /// Regular files.
    pub files: u64,
    /// Their sizes together, in bytes, holes included.
    pub bytes: u64,
    /// How their bytes came over.
    pub method: Method,
    /// Sockets, fifos and devices, which were left out; at most 100 of them.
    pub skipped: Vec<PathBuf>,
}

/// How bytes came over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Method {
    /// They were copied.
    #[default]
    Bytes,
    /// Both files share blocks until one of them is written (btrfs, xfs).
    Reflink,
}

/// Copies everything under the folder `from` into the folder `to`, which is created.
///
/// Keeps permission bits (never setuid and setgid: the copy has another owner), modification times and symbolic links,
/// which are not followed. What vanishes meanwhile is left out, a file that changes is copied as it is read, up to
/// the size that it had. Large trees are copied by several threads.
///
/// # Errors
/// When something cannot be read or written, with its path; or when a file is already in the way.
pub fn copy_tree(from: &Path, to: &Path) -> io::Result<Copied> {
    copying(|copier| copier.tree(from, to, &|_| true)).map(|((), copied)| copied)
}

/// Runs `work`, which hands files to a [`Copier`], and returns once all of them are copied.
pub(crate) fn copying<R>(work: impl FnOnce(&mut Copier<'_, '_>) -> io::Result<R>) -> io::Result<(R, Copied)> {
    let tally = Tally { reflink: AtomicBool::new(true), ..Tally::default() };
    let (result, skipped) = std::thread::scope(|scope| {
        let mut copier =
            Copier { scope, tally: &tally, batch: Vec::new(), lanes: None, folders: Vec::new(), skipped: Vec::new() };
        let result = work(&mut copier)?;
        Ok::<_, io::Error>((result, copier.finish()?))
    })?;
    let reflinked = tally.reflink.load(Relaxed) && tally.cloned.load(Relaxed) > 0;
    let copied = Copied {
        files: tally.files.load(Relaxed),
        bytes: tally.bytes.load(Relaxed),
        method: if reflinked { Method::Reflink } else { Method::Bytes },
        skipped,
    };
    Ok((result, copied))
}

/// What all threads of a copy share.
#[derive(Default)]
struct Tally {
    /// Whether the file system is still believed to share blocks.
    reflink: AtomicBool,
    cloned: AtomicU64,
    files: AtomicU64,
    bytes: AtomicU64,
    failure: Mutex<Option<io::Error>>,
}

type Batch = Vec<(PathBuf, PathBuf)>;

/// Where batches go once a tree turned out to be large.
struct Lanes<'scope> {
    sender: SyncSender<Batch>,
    threads: Vec<ScopedJoinHandle<'scope, ()>>,
}

/// Takes in what is to be copied.
pub(crate) struct Copier<'scope, 'env: 'scope> {
    scope: &'scope Scope<'scope, 'env>,
    tally: &'env Tally,
    batch: Batch,
    lanes: Option<Lanes<'scope>>,
    /// Folders that were made, whose modes and times are set when nothing more is put into them.
    folders: Vec<(PathBuf, Metadata)>,
    skipped: Vec<PathBuf>,
}

impl<'scope> Copier<'scope, '_> {
    /// Copies a folder and all in it for which `keep` holds; `keep` sees paths as seen from `from`.
    pub(crate) fn tree(&mut self, from: &Path, to: &Path, keep: &dyn Fn(&Path) -> bool) -> io::Result<()> {
        self.folder(from, to)?;
        let mut open = vec![PathBuf::new()];
        while let Some(folder) = open.pop() {
            let path = from.join(&folder);
            let entries = match fs::read_dir(&path) {
                Err(_) if path != from && is_gone(&path) => continue,
                entries => entries.map_err(|e| at(&path, &e))?,
            };
            for entry in entries {
                let entry = entry.map_err(|e| at(&path, &e))?;
                let inner = folder.join(entry.file_name());
                if !keep(&inner) {
                    continue;
                }
                let (source, target) = (entry.path(), to.join(&inner));
                if entry.file_type().map_err(|e| at(&source, &e))?.is_dir() {
                    match self.folder(&source, &target) {
                        Err(_) if is_gone(&source) => continue,
                        made => made?,
                    }
                    open.push(inner);
                } else {
                    self.entry(source, target, entry.file_type()?)?;
                }
            }
        }
        Ok(())
    }

    /// Makes the folder `to` with the mode and times of `from`.
    pub(crate) fn folder(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        let metadata = fs::metadata(from).map_err(|e| at(from, &e))?;
        match DirBuilder::new().mode(0o700).create(to) {
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists && to.symlink_metadata()?.is_dir() => {
                fs::set_permissions(to, Permissions::from_mode(0o700)).map_err(|e| at(to, &e))?;
            }
            made => made.map_err(|e| at(to, &e))?,
        }
        self.folders.push((to.to_owned(), metadata));
        Ok(())
    }

    /// Copies a file or link; notes anything else as skipped.
    pub(crate) fn entry(&mut self, from: PathBuf, to: PathBuf, kind: fs::FileType) -> io::Result<()> {
        if kind.is_symlink() {
            return copy_link(&from, &to);
        }
        if !kind.is_file() {
            if self.skipped.len() < MAX_SKIPPED {
                self.skipped.push(from);
            }
            return Ok(());
        }
        self.batch.push((from, to));
        if self.batch.len() < BATCH {
            return Ok(());
        }
        let batch = std::mem::take(&mut self.batch);
        let (scope, tally) = (self.scope, self.tally);
        let lanes = self.lanes.get_or_insert_with(|| Lanes::start(scope, tally));
        // A closed channel means that every thread gave up: `finish` reports why.
        if lanes.sender.send(batch).is_err() || tally.failed() {
            return Err(tally.take_failure());
        }
        Ok(())
    }

    /// Waits for the last file, then gives the folders their modes and times; returns what was skipped.
    fn finish(self) -> io::Result<Vec<PathBuf>> {
        self.tally.copy_batch(self.batch);
        if let Some(Lanes { sender, threads }) = self.lanes {
            drop(sender);
            for thread in threads {
                thread.join().map_err(|_| io::Error::other("a thread that copies files panicked"))?;
            }
        }
        if self.tally.failed() {
            return Err(self.tally.take_failure());
        }
        for (path, metadata) in self.folders.iter().rev() {
            let folder = File::open(path).map_err(|e| at(path, &e))?;
            keep_facts(&folder, metadata).map_err(|e| at(path, &e))?;
        }
        Ok(self.skipped)
    }
}

impl<'scope> Lanes<'scope> {
    fn start<'env>(scope: &'scope Scope<'scope, 'env>, tally: &'env Tally) -> Self {
        let count = std::thread::available_parallelism().map_or(2, |n| n.get().min(MAX_THREADS));
        let (sender, receiver) = sync_channel::<Batch>(2 * count);
        let receiver = std::sync::Arc::new(Mutex::new(receiver));
        let threads = (0..count)
            .map(|_| {
                let receiver = receiver.clone();
                scope.spawn(move || {
                    while let Some(batch) = next(&receiver) {
                        tally.copy_batch(batch);
                    }
                })
            })
            .collect();
        Self { sender, threads }
    }
}

fn next(receiver: &Mutex<Receiver<Batch>>) -> Option<Batch> {
    receiver.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
}

impl Tally {
    fn failed(&self) -> bool {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    fn take_failure(&self) -> io::Error {
        let failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner).take();
        failure.unwrap_or_else(|| io::Error::other("the threads that copy files ended early"))
    }

    fn copy_batch(&self, batch: Batch) {
        let mut buffer = Vec::new();
        for (from, to) in batch {
            if self.failed() {
                return;
            }
            if let Err(error) = self.copy_file(&from, &to, &mut buffer) {
                let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
                failure.get_or_insert(error);
            }
        }
    }

    fn copy_file(&self, from: &Path, to: &Path, buffer: &mut Vec<u8>) -> io::Result<()> {
        // A path may have become a link or a fifo since its folder was read: neither is followed nor waited for.
        let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
        let mut source = match OpenOptions::new().read(true).custom_flags(flags).open(from) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
            other => other.map_err(|e| at(from, &e))?,
        };
        let metadata = source.metadata().map_err(|e| at(from, &e))?;
        if !metadata.is_file() {
            return Ok(());
        }
        let mut target =
            OpenOptions::new().write(true).create_new(true).mode(0o600).open(to).map_err(|e| at(to, &e))?;
        self.copy_bytes(&mut source, &mut target, &metadata, buffer).map_err(|e| at(to, &e))?;
        keep_facts(&target, &metadata).map_err(|e| at(to, &e))?;
        self.files.fetch_add(1, Relaxed);
        self.bytes.fetch_add(metadata.len(), Relaxed);
        Ok(())
    }

    fn copy_bytes(&self, from: &mut File, to: &mut File, metadata: &Metadata, buffer: &mut Vec<u8>) -> io::Result<()> {
        let size = metadata.len();
        if size == 0 {
            return Ok(());
        }
        if self.reflink.load(Relaxed) {
            if share_blocks(from, to) {
                self.cloned.fetch_add(1, Relaxed);
                return Ok(());
            }
            self.reflink.store(false, Relaxed);
        }
        if size <= SMALL {
            buffer.clear();
            from.take(size).read_to_end(buffer)?;
            return to.write_all(buffer);
        }
        if metadata.blocks() * 512 + 4096 < size {
            return copy_sparse(from, to, size);
        }
        io::copy(&mut from.take(size), to).map(drop)
    }
}

#[cfg(target_os = "linux")]
fn share_blocks(from: &File, to: &File) -> bool {
    rustix::fs::ioctl_ficlone(to, from).is_ok()
}

#[cfg(not(target_os = "linux"))]
fn share_blocks(_: &File, _: &File) -> bool {
    false
}

/// Copies what is data and leaves holes as holes. Where the file system cannot tell, all of it is data.
fn copy_sparse(from: &mut File, to: &mut File, size: u64) -> io::Result<()> {
    to.set_len(size)?;
    let mut start = 0;
    while start < size {
        start = match rustix::fs::seek(&*from, rustix::fs::SeekFrom::Data(start)) {
            Ok(data) => data,
            // No data behind `start`: the rest is a hole.
            Err(rustix::io::Errno::NXIO) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        let end = rustix::fs::seek(&*from, rustix::fs::SeekFrom::Hole(start))?.min(size);
        from.seek(SeekFrom::Start(start))?;
        to.seek(SeekFrom::Start(start))?;
        if io::copy(&mut from.take(end.saturating_sub(start)), to)? == 0 {
            return Ok(());
        }
        start = end;
    }
    Ok(())
}

fn keep_facts(file: &File, metadata: &Metadata) -> io::Result<()> {
    file.set_times(FileTimes::new().set_modified(metadata.modified()?))?;
    file.set_permissions(Permissions::from_mode(metadata.mode() & 0o777))
}

fn copy_link(from: &Path, to: &Path) -> io::Result<()> {
    let (Ok(target), Ok(metadata)) = (fs::read_link(from), from.symlink_metadata()) else {
        return Ok(()); // It vanished, or is a link no more.
    };
    std::os::unix::fs::symlink(target, to).map_err(|e| at(to, &e))?;
    let time = Timespec { tv_sec: metadata.mtime(), tv_nsec: metadata.mtime_nsec() as _ };
    let times = Timestamps { last_access: time, last_modification: time };
    rustix::fs::utimensat(CWD, to, &times, AtFlags::SYMLINK_NOFOLLOW).map_err(|e| at(to, &e.into()))
}

fn is_gone(path: &Path) -> bool {
    path.symlink_metadata().is_err_and(|e| e.kind() == io::ErrorKind::NotFound)
}

/// An error of the same kind that names the path.
fn at(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("`{}`: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;
    use std::time::{Duration, SystemTime};

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().expect("a temporary folder")
    }

    #[test]
    fn a_copy_has_the_same_bytes_modes_times_and_links() {
        let (old, new) = (folder(), folder());
        let old = old.path();
        fs::create_dir_all(old.join("src/.git/objects")).expect("folders");
        fs::write(old.join("src/run.sh"), "echo hello").expect("a file");
        fs::set_permissions(old.join("src/run.sh"), Permissions::from_mode(0o4751)).expect("a mode");
        fs::write(old.join("src/.git/objects/ab"), vec![7; 300_000]).expect("a file");
        symlink("/etc/hostname", old.join("src/out")).expect("a link");
        let then = SystemTime::UNIX_EPOCH + Duration::new(1_000_000_000, 5);
        let file = File::options().write(true).open(old.join("src/run.sh")).expect("opens");
        file.set_times(FileTimes::new().set_modified(then)).expect("a time");
        fs::set_permissions(old.join("src/.git"), Permissions::from_mode(0o555)).expect("a read-only folder");

        let to = new.path().join("copy");
        let copied = copy_tree(old, &to).expect("copies");

        assert_eq!((copied.files, copied.bytes), (2, 300_010));
        let script = to.join("src/run.sh").metadata().expect("is there");
        assert_eq!(script.mode() & 0o7777, 0o751, "permission bits are kept, setuid is not");
        assert_eq!(script.modified().expect("a time"), then);
        assert_eq!(to.join("src/.git").metadata().expect("is there").mode() & 0o777, 0o555);
        assert_eq!(fs::read(to.join("src/.git/objects/ab")).expect("reads"), vec![7; 300_000]);
        assert_eq!(fs::read_link(to.join("src/out")).expect("a link"), Path::new("/etc/hostname"));
        assert_eq!(to.join("src/.git/objects/ab").metadata().expect("is there").nlink(), 1, "nothing is hard-linked");
        crate::workspace::remove_tree(&to).expect("removes read-only folders");
    }

    #[test]
    fn many_files_are_copied_by_threads_and_none_is_lost() {
        let (old, new) = (folder(), folder());
        for dir in 0..10 {
            let path = old.path().join(format!("dir{dir}"));
            fs::create_dir(&path).expect("a folder");
            for file in 0..50 {
                fs::write(path.join(format!("{file}")), format!("{dir}/{file}")).expect("a file");
            }
        }
        let copied = copy_tree(old.path(), &new.path().join("copy")).expect("copies");
        assert_eq!(copied.files, 500);
        for (dir, file) in (0..10).flat_map(|dir| (0..50).map(move |file| (dir, file))) {
            let text = fs::read_to_string(new.path().join(format!("copy/dir{dir}/{file}"))).expect("is there");
            assert_eq!(text, format!("{dir}/{file}"));
        }
    }

    #[test]
    fn what_vanishes_meanwhile_is_left_out() {
        let (old, new) = (folder(), folder());
        fs::create_dir_all(old.path().join("gone/inner")).expect("folders");
        fs::create_dir(old.path().join("stays")).expect("a folder");
        for name in ["gone/file", "passing", "stays/file"] {
            fs::write(old.path().join(name), name).expect("a file");
        }
        // As if somebody removed them between the moment that they are seen and the next.
        let vanish = |path: &Path| {
            let path = old.path().join(path);
            match path.file_name().and_then(|name| name.to_str()) {
                Some("gone") => fs::remove_dir_all(&path).expect("removed"),
                Some("passing") => fs::remove_file(&path).expect("removed"),
                _ => {}
            }
            true
        };
        let to = new.path().join("copy");
        let ((), copied) = copying(|copier| copier.tree(old.path(), &to, &vanish)).expect("copies");
        assert_eq!(copied.files, 1);
        assert!(to.join("stays/file").exists() && !to.join("gone").exists());
        copy_tree(&old.path().join("gone"), &new.path().join("none")).expect_err("there was nothing to begin with");
    }

    #[test]
    fn holes_stay_holes() {
        let (old, new) = (folder(), folder());
        let mut file = File::create(old.path().join("disk")).expect("a file");
        file.set_len(64 << 20).expect("a hole");
        file.seek(SeekFrom::Start(32 << 20)).expect("seeks");
        file.write_all(b"data").expect("writes");
        drop(file);
        if old.path().join("disk").metadata().expect("is there").blocks() * 512 > 1 << 20 {
            eprintln!("skipped: holes: this file system has none");
            return;
        }
        copy_tree(old.path(), &new.path().join("copy")).expect("copies");
        let copy = new.path().join("copy/disk");
        let metadata = copy.metadata().expect("is there");
        assert_eq!(metadata.len(), 64 << 20);
        assert!(metadata.blocks() * 512 < 1 << 20, "{} blocks", metadata.blocks());
        let mut file = File::open(copy).expect("opens");
        file.seek(SeekFrom::Start(32 << 20)).expect("seeks");
        let mut data = [0; 4];
        file.read_exact(&mut data).expect("reads");
        assert_eq!(&data, b"data");
    }

    #[test]
    fn sockets_are_skipped_and_what_is_in_the_way_is_an_error() {
        let (old, new) = (folder(), folder());
        let _socket = std::os::unix::net::UnixListener::bind(old.path().join("socket")).expect("a socket");
        fs::write(old.path().join("file"), "new").expect("a file");
        let copied = copy_tree(old.path(), &new.path().join("copy")).expect("copies");
        assert_eq!(copied.skipped, [old.path().join("socket")]);
        assert_eq!(copied.files, 1);
        let error = copy_tree(old.path(), &new.path().join("copy")).expect_err("is in the way");
        assert!(error.to_string().contains("copy/file"), "{error}");
    }
}
