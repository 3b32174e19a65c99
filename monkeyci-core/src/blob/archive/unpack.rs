use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::fs::FileType;
use tar::{Archive, Entry, EntryType};

use super::entry::{Extensions, Head};
use super::pack::stays_inside;
use super::{ArchiveError, Limits, MATCHES, Refusal};
use crate::blob::beneath::{self, Folder};
use crate::blob::find;

/// 2^24 bytes: four times what our level needs; more is asked for only to make a reader swell.
const WINDOW_LOG: u32 = 24;

/// Bytes of names that are kept until the end, for links and folders.
const KEPT_NAMES: usize = 16 * 1024 * 1024;

/// Bytes after the last entry; tar pads to 10,240.
const PADDING: u64 = 1024 * 1024;

/// What was unpacked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Unpacked {
    /// Files, folders and links.
    pub entries: usize,
    /// Bytes of all files.
    pub bytes: u64,
}

/// Unpacks an archive of `stored` bytes to `path` beneath `root`; see [`archive`](super) for what lands where.
///
/// Nothing is written outside of `root`, whatever the archive holds and whatever lies in `root`: every name is opened in
/// its folder without following links, and links are made last. Files that are there are replaced.
///
/// # Errors
/// When an entry is refused, the archive is broken, or a file cannot be written. What came before it is left.
pub fn unpack(
    mut archive: impl Read,
    stored: u64,
    root: &Path,
    path: &str,
    limits: &Limits,
) -> Result<Unpacked, ArchiveError> {
    let root = Folder::open(root).map_err(|error| ArchiveError::at(root.as_os_str().as_bytes(), error))?;
    unpack_in(&mut archive, stored, &root, path, limits)
}

fn unpack_in(
    archive: &mut dyn Read,
    stored: u64,
    root: &Folder,
    path: &str,
    limits: &Limits,
) -> Result<Unpacked, ArchiveError> {
    let names = find::names(path)?;
    let mut zstd = zstd::Decoder::new(archive).map_err(ArchiveError::broken)?;
    zstd.window_log_max(WINDOW_LOG).map_err(ArchiveError::broken)?;
    let mut tar = Archive::new(zstd);

    let mut unpacker = None;
    let mut extensions = Extensions::default();
    for entry in tar.entries().map_err(ArchiveError::broken)?.raw(true) {
        let mut entry = entry.map_err(ArchiveError::broken)?;
        let Some(mut head) = extensions.take_in(&mut entry, limits.path)? else { continue };
        let unpacker = match &mut unpacker {
            Some(unpacker) => unpacker,
            first => first.insert(Unpacker::new(root, path, &names, &mut head, stored, limits)?),
        };
        unpacker.take_in(head, &mut entry)?;
    }
    no_more(tar.into_inner())?;
    unpacker.map_or(Ok(Unpacked::default()), Unpacker::finish)
}

/// Reads to the very end, so that whoever checks the bytes below has seen them all.
fn no_more(mut rest: impl Read) -> Result<(), ArchiveError> {
    let mut buffer = [0; 8192];
    let mut total = 0;
    loop {
        match rest.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(read) if total <= PADDING && buffer[..read].iter().all(|byte| *byte == 0) => total += read as u64,
            Ok(_) => return Err(ArchiveError::refused(b"the last", Refusal::Trailing)),
            Err(error) => return Err(ArchiveError::broken(error)),
        }
    }
}

struct Unpacker<'a> {
    base: Folder,
    /// How deep `base` is beneath the root that links must stay in.
    above: usize,
    limits: &'a Limits,
    stored: u64,
    /// The folders of the entry before, which is mostly the same one.
    open: Vec<(OsString, Folder)>,
    seen: HashSet<[u8; 16]>,
    links: Vec<(Vec<u8>, Vec<u8>)>,
    folders: Vec<(Vec<u8>, u32, i64)>,
    kept: usize,
    done: Unpacked,
}

impl<'a> Unpacker<'a> {
    /// Finds from the first entry what was saved, and so where it goes.
    fn new(
        root: &Folder,
        path: &str,
        names: &[&OsStr],
        first: &mut Head,
        stored: u64,
        limits: &'a Limits,
    ) -> Result<Self, ArchiveError> {
        let is_folder = first.kind == EntryType::Directory && parts(&first.name).next().is_none();
        let mut base = names;
        if is_folder && first.comment.as_deref() == Some(MATCHES) {
            base = &names[..names.iter().take_while(|name| !beneath::is_glob(name)).count()];
        } else if !is_folder && let Some((name, parents)) = names.split_last() {
            let at = |error| ArchiveError::at(path.as_bytes(), error);
            let stands = make(root, parents).map_err(at)?.stat(name).map_err(at)?;
            let into = path.ends_with('/') || stands.is_some_and(|stat| beneath::kind(&stat) == FileType::Directory);
            if !into {
                base = parents;
                first.name = name.as_bytes().to_vec();
            }
        }
        let folder = make(root, base).map_err(|error| ArchiveError::at(path.as_bytes(), error))?;
        Ok(Self {
            base: folder,
            above: base.len(),
            limits,
            stored,
            open: Vec::new(),
            seen: HashSet::new(),
            links: Vec::new(),
            folders: Vec::new(),
            kept: 0,
            done: Unpacked::default(),
        })
    }

    fn take_in<R: Read>(&mut self, head: Head, entry: &mut Entry<'_, R>) -> Result<(), ArchiveError> {
        let refuse = |refusal| Err(ArchiveError::refused(&head.name, refusal));
        self.done.entries += 1;
        if self.done.entries > self.limits.entries {
            return refuse(Refusal::TooMany(self.limits.entries));
        }
        if let Err(refusal) = check_name(&head.name, self.limits) {
            return refuse(refusal);
        }
        if head.kind != EntryType::Regular && head.size > 0 {
            return refuse(Refusal::Header("gives it content that it cannot have"));
        }
        let parents_and_name: Vec<&OsStr> = parts(&head.name).map(OsStr::from_bytes).collect();
        let path = parents_and_name.join(OsStr::new("/")).into_encoded_bytes();
        let mut digest = [0; 16];
        digest.copy_from_slice(&blake3::hash(&path).as_bytes()[..16]);
        if !self.seen.insert(digest) {
            return refuse(Refusal::Twice);
        }
        let Some((name, parents)) = parents_and_name.split_last() else {
            return match head.kind {
                EntryType::Directory => Ok(()),
                _ => refuse(Refusal::Name),
            };
        };
        match head.kind {
            EntryType::Regular => self.file(&head, parents, name, entry),
            EntryType::Directory => {
                self.enter(&parents_and_name).map_err(|error| ArchiveError::at(&head.name, error))?;
                self.keep(path.len())?;
                self.folders.push((path, head.mode, head.mtime));
                Ok(())
            }
            EntryType::Symlink => {
                let target = head.target.unwrap_or_default();
                if target.len() > self.limits.path || !stays_inside(&target, self.above + parents.len()) {
                    return Err(ArchiveError::refused(&head.name, Refusal::LinkOut));
                }
                self.keep(path.len() + target.len())?;
                self.links.push((path, target));
                Ok(())
            }
            EntryType::Link => refuse(Refusal::HardLink),
            EntryType::Char | EntryType::Block | EntryType::Fifo => refuse(Refusal::Special),
            EntryType::GNUSparse => refuse(Refusal::Sparse),
            _ => refuse(Refusal::Header("is of no known kind")),
        }
    }

    fn file<R: Read>(
        &mut self,
        head: &Head,
        parents: &[&OsStr],
        name: &OsStr,
        entry: &mut Entry<'_, R>,
    ) -> Result<(), ArchiveError> {
        self.done.bytes = self.done.bytes.saturating_add(head.size);
        // Before a byte is read: what says that it is too large need not be unpacked to believe it.
        if self.done.bytes > self.limits.bytes {
            return Err(ArchiveError::refused(&head.name, Refusal::TooBig(self.limits.bytes)));
        }
        if let Some(ratio) = self.limits.swells(self.done.bytes, self.stored) {
            return Err(ArchiveError::refused(&head.name, Refusal::Swells(ratio)));
        }
        let at = |error| ArchiveError::at(&head.name, error);
        let folder = self.enter(parents).map_err(at)?;
        let mut file = folder.create(name).map_err(at)?;
        let filled = fill(&mut file, head, entry);
        if filled.is_err()
            && let Err(error) = folder.unlink(name)
        {
            // A file that looks whole and is not is worse than none.
            tracing::warn!(name = %name.display(), %error, "half of a file cannot be removed");
        }
        filled
    }

    fn keep(&mut self, bytes: usize) -> Result<(), ArchiveError> {
        self.kept += bytes;
        match self.kept {
            ..=KEPT_NAMES => Ok(()),
            _ => Err(ArchiveError::refused(
                b"the last",
                Refusal::Header("brings links and folders above 16 MB of names"),
            )),
        }
    }

    /// Opens a folder beneath the base, made where it is not there.
    fn enter(&mut self, names: &[&OsStr]) -> io::Result<&Folder> {
        let same = self.open.iter().zip(names).take_while(|((open, _), name)| open == *name).count();
        self.open.truncate(same);
        for name in &names[same..] {
            let folder = self.open.last().map_or(&self.base, |(_, folder)| folder).make(name)?;
            self.open.push(((*name).to_owned(), folder));
        }
        Ok(self.open.last().map_or(&self.base, |(_, folder)| folder))
    }

    /// Makes links, when no file of this archive can be written through them any more, and then seals the folders.
    fn finish(mut self) -> Result<Unpacked, ArchiveError> {
        for (path, target) in std::mem::take(&mut self.links) {
            let names: Vec<&OsStr> = parts(&path).map(OsStr::from_bytes).collect();
            let Some((name, parents)) = names.split_last() else { continue };
            let folder = self.enter(parents).map_err(|error| ArchiveError::at(&path, error))?;
            folder.link(name, &target).map_err(|error| ArchiveError::at(&path, error))?;
        }
        // Inner folders first: an outer one may become one that cannot be entered.
        let mut folders = std::mem::take(&mut self.folders);
        folders.sort_unstable_by(|a, b| b.0.cmp(&a.0));
        for (path, mode, mtime) in folders {
            let names: Vec<&OsStr> = parts(&path).map(OsStr::from_bytes).collect();
            let sealed = self.enter(&names).and_then(|folder| folder.finish(mode, mtime));
            sealed.map_err(|error| ArchiveError::at(&path, error))?;
        }
        Ok(self.done)
    }
}

/// Writes what the archive holds of a file.
fn fill<R: Read>(file: &mut File, head: &Head, entry: &mut Entry<'_, R>) -> Result<(), ArchiveError> {
    let at = |error| ArchiveError::at(&head.name, error);
    let mut buffer = vec![0; 64 * 1024];
    let mut left = head.size;
    while left > 0 {
        let read = match entry.read(&mut buffer) {
            Ok(0) => return Err(ArchiveError::broken(io::ErrorKind::UnexpectedEof.into())),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(ArchiveError::broken(error)),
        };
        file.write_all(&buffer[..read]).map_err(at)?;
        left = left.saturating_sub(read as u64);
    }
    beneath::finish(&*file, head.mode, head.mtime).map_err(at)
}

fn make(root: &Folder, names: &[&OsStr]) -> io::Result<Folder> {
    let mut folder = root.descend([])?;
    for name in names {
        folder = folder.make(name)?;
    }
    Ok(folder)
}

/// The names of a path, without `.` and empty ones.
fn parts(name: &[u8]) -> impl Iterator<Item = &[u8]> {
    name.split(|byte| *byte == b'/').filter(|part| !part.is_empty() && *part != b".")
}

/// What a name may be; the packer holds to it as well.
pub(super) fn check_name(name: &[u8], limits: &Limits) -> Result<(), Refusal> {
    if name.is_empty() || name.contains(&0) {
        return Err(Refusal::Name);
    }
    if name.len() > limits.path {
        return Err(Refusal::TooLong(limits.path));
    }
    if name[0] == b'/' || name[0] == b'\\' || name.get(1) == Some(&b':') && name.get(2) == Some(&b'\\') {
        return Err(Refusal::Absolute);
    }
    if parts(name).any(|part| part.split(|byte| *byte == b'\\').any(|piece| piece == b"..")) {
        return Err(Refusal::Parent);
    }
    if parts(name).count() > limits.depth {
        return Err(Refusal::TooDeep(limits.depth));
    }
    Ok(())
}
