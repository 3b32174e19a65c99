use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use globset::GlobMatcher;
use rustix::fs::{FileType, Stat};
use tar::{Builder, EntryType, Header};

use super::unpack::check_name;
use super::{ArchiveError, Limits, MATCHES, Refusal};
use crate::blob::beneath::{self, Folder, kind, shown};
use crate::blob::find;

/// zstd's own default: several hundred MB a second.
const LEVEL: i32 = 3;

/// The binary logarithm of how far back zstd looks, and so of the bytes that whoever unpacks holds. Half of what it takes by
/// itself: that is a megabyte less for a sidecar, and 3 % more for the sources of 1,500 crates.
const WINDOW_LOG: u32 = 20;

/// What was packed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Packed {
    /// Files, folders and links.
    pub entries: usize,
    /// Bytes of all files.
    pub bytes: u64,
    /// Bytes of the archive.
    pub stored: u64,
    /// What could not be taken along.
    pub left_out: Vec<LeftOut>,
}

/// A file that is not in the archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// Its path from the folder that was saved, escaped and cut.
    pub path: String,
    /// Why.
    pub why: Refusal,
}

/// Packs the file or folder at `path` beneath `root`, or what the pattern `path` matches, into `out`.
///
/// A path that is there is taken as it is written, even where it could be read as a pattern. No link is followed; links
/// that would lead out of `root` once unpacked, devices, fifos and sockets are left out.
///
/// # Errors
/// [`ArchiveError::NotThere`] when there is nothing; others when a file cannot be read, or when what is packed is more
/// than [`unpack`](super::unpack()) would take back.
pub fn pack(root: &Path, path: &str, limits: &Limits, mut out: impl Write) -> Result<Packed, ArchiveError> {
    let root = Folder::open(root).map_err(|error| ArchiveError::at(root.as_os_str().as_bytes(), error))?;
    pack_in(&root, path, limits, &mut out)
}

/// Packs as [`pack`] does, beneath a folder that is open: nobody can have put another one in its place.
pub(crate) fn pack_in(root: &Folder, path: &str, limits: &Limits, out: &mut dyn Write) -> Result<Packed, ArchiveError> {
    let names = find::names(path)?;
    let at = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => ArchiveError::NotThere { path: path.into() },
        _ => ArchiveError::at(path.as_bytes(), error),
    };
    let what = match stands(root, &names).map_err(at)? {
        Some(what) => what,
        None if names.iter().any(|name| beneath::is_glob(name)) => {
            let base = names.iter().take_while(|name| !beneath::is_glob(name)).count();
            let folder = root.descend(names[..base].iter().copied()).map_err(at)?;
            What::Matches { folder, depth: base, matcher: find::matcher(&names[base..])? }
        }
        None => return Err(ArchiveError::NotThere { path: path.into() }),
    };

    let mut packer = Packer::new(limits, out)?;
    match what {
        What::File { folder, name, stat } => {
            packer.above = names.len() - 1;
            packer.add(&folder, name, name.as_bytes(), &stat)?;
        }
        What::Folder { folder, stat } => {
            packer.above = names.len();
            packer.begin(&stat)?;
            packer.walk(&folder, b"", None)?;
        }
        What::Matches { folder, depth, matcher } => {
            packer.above = depth;
            let comment = [("comment", MATCHES.as_bytes())];
            packer.tar.append_pax_extensions(comment).map_err(|error| ArchiveError::at(b"archive", error))?;
            packer.begin(&folder.own_stat().map_err(at)?)?;
            packer.walk(&folder, b"", Some(&matcher))?;
            // The folder itself is always there.
            if packer.done.entries == 1 {
                return Err(ArchiveError::NotThere { path: path.into() });
            }
        }
    }
    packer.finish(path)
}

enum What<'a> {
    File { folder: Folder, name: &'a OsStr, stat: Stat },
    Folder { folder: Folder, stat: Stat },
    Matches { folder: Folder, depth: usize, matcher: GlobMatcher },
}

fn stands<'a>(root: &Folder, names: &[&'a OsStr]) -> io::Result<Option<What<'a>>> {
    let Some((name, parents)) = names.split_last() else {
        return Ok(Some(What::Folder { folder: root.descend([])?, stat: root.own_stat()? }));
    };
    let folder = match root.descend(parents.iter().copied()) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        folder => folder?,
    };
    let Some(stat) = folder.stat(name)? else { return Ok(None) };
    Ok(Some(match kind(&stat) {
        FileType::Directory => What::Folder { folder: folder.enter(name)?, stat },
        _ => What::File { folder, name, stat },
    }))
}

struct Packer<'a> {
    tar: Builder<zstd::Encoder<'static, Counted<'a>>>,
    limits: Limits,
    /// How deep the saved folder is beneath the root that links must stay in.
    above: usize,
    done: Packed,
}

impl<'a> Packer<'a> {
    fn new(limits: &Limits, out: &'a mut dyn Write) -> Result<Self, ArchiveError> {
        let failed = |error| ArchiveError::at(b"archive", error);
        let mut zstd = zstd::Encoder::new(Counted { out, bytes: 0 }, LEVEL).map_err(failed)?;
        zstd.include_checksum(true).map_err(failed)?;
        zstd.window_log(WINDOW_LOG).map_err(failed)?;
        Ok(Self { tar: Builder::new(zstd), limits: *limits, above: 0, done: Packed::default() })
    }

    fn begin(&mut self, stat: &Stat) -> Result<(), ArchiveError> {
        self.count(b"./")?;
        self.append(&mut header(EntryType::Directory, stat, 0), b"./", io::empty())
    }

    fn walk(&mut self, folder: &Folder, prefix: &[u8], only: Option<&GlobMatcher>) -> Result<(), ArchiveError> {
        for name in folder.names().map_err(|error| ArchiveError::at(prefix, error))? {
            let path =
                if prefix.is_empty() { name.as_bytes().to_vec() } else { [prefix, b"/", name.as_bytes()].concat() };
            let at = |error| ArchiveError::at(&path, error);
            // What vanishes while the folder is read was never there.
            let Some(stat) = folder.stat(&name).map_err(at)? else { continue };
            let matched = only.is_none_or(|glob| glob.is_match(Path::new(OsStr::from_bytes(&path))));
            if matched {
                self.add(folder, &name, &path, &stat)?;
            }
            if kind(&stat) == FileType::Directory {
                if path.iter().filter(|byte| **byte == b'/').count() >= self.limits.depth {
                    return Err(ArchiveError::refused(&path, Refusal::TooDeep(self.limits.depth)));
                }
                // What a matched folder holds belongs to it.
                let inner = folder.enter(&name).map_err(at)?;
                self.walk(&inner, &path, if matched { None } else { only })?;
            }
        }
        Ok(())
    }

    fn add(&mut self, folder: &Folder, name: &OsStr, path: &[u8], stat: &Stat) -> Result<(), ArchiveError> {
        let at = |error| ArchiveError::at(path, error);
        match kind(stat) {
            FileType::RegularFile => {
                let file = folder.read(name).map_err(at)?;
                let stat = rustix::fs::fstat(&file).map_err(|errno| at(errno.into()))?;
                let size = u64::try_from(stat.st_size).unwrap_or(0);
                self.done.bytes += size;
                if self.done.bytes > self.limits.bytes {
                    return Err(ArchiveError::refused(path, Refusal::TooBig(self.limits.bytes)));
                }
                self.count(path)?;
                self.append(&mut header(EntryType::Regular, &stat, size), path, Whole { file, left: size })
            }
            FileType::Directory => {
                self.count(path)?;
                let path = [path, b"/"].concat();
                self.append(&mut header(EntryType::Directory, stat, 0), &path, io::empty())
            }
            FileType::Symlink => {
                let target = folder.read_link(name).map_err(at)?;
                let parents = path.iter().filter(|byte| **byte == b'/').count();
                if !stays_inside(&target, self.above + parents) {
                    return self.leave_out(path, Refusal::LinkOut);
                }
                self.count(path)?;
                let mut header = header(EntryType::Symlink, stat, 0);
                let (path, target) = (OsStr::from_bytes(path), OsStr::from_bytes(&target));
                self.tar.append_link(&mut header, path, target).map_err(at)
            }
            _ => self.leave_out(path, Refusal::Special),
        }
    }

    fn count(&mut self, path: &[u8]) -> Result<(), ArchiveError> {
        self.done.entries += 1;
        if let Err(refusal) = check_name(path, &self.limits) {
            return Err(ArchiveError::refused(path, refusal));
        }
        self.bound(path)
    }

    fn leave_out(&mut self, path: &[u8], why: Refusal) -> Result<(), ArchiveError> {
        self.done.left_out.push(LeftOut { path: shown(path), why });
        self.bound(path)
    }

    /// What is left out counts as well: it is told, and a job may leave any number of sockets.
    fn bound(&self, path: &[u8]) -> Result<(), ArchiveError> {
        match self.done.entries + self.done.left_out.len() {
            all if all > self.limits.entries => Err(ArchiveError::refused(path, Refusal::TooMany(self.limits.entries))),
            _ => Ok(()),
        }
    }

    fn append(&mut self, header: &mut Header, path: &[u8], data: impl Read) -> Result<(), ArchiveError> {
        self.tar.append_data(header, OsStr::from_bytes(path), data).map_err(|error| ArchiveError::at(path, error))
    }

    fn finish(mut self, path: &str) -> Result<Packed, ArchiveError> {
        let end = || Ok(self.tar.into_inner()?.finish()?.bytes);
        self.done.stored = end().map_err(|error| ArchiveError::at(b"archive", error))?;
        if let Some(ratio) = self.limits.swells(self.done.bytes, self.done.stored) {
            return Err(ArchiveError::refused(path.as_bytes(), Refusal::Swells(ratio)));
        }
        Ok(self.done)
    }
}

/// Whether a link with this target, in a folder `depth` deep, stays inside however its target is built.
///
/// Every `..` must come first: there they climb real folders, while after a name they may climb from wherever another
/// link leads.
pub(super) fn stays_inside(target: &[u8], depth: usize) -> bool {
    if target.is_empty() || target.starts_with(b"/") || target.contains(&0) || target.contains(&b'\\') {
        return false;
    }
    let names = || target.split(|byte| *byte == b'/').filter(|name| !name.is_empty() && *name != b".");
    let climbs = names().take_while(|name| *name == b"..").count();
    climbs <= depth && names().skip(climbs).all(|name| name != b"..")
}

fn header(kind: EntryType, stat: &Stat, size: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_size(size);
    header.set_mode((u64::from(stat.st_mode) & 0o777) as u32);
    header.set_mtime(u64::try_from(stat.st_mtime).unwrap_or(0));
    header.set_uid(0);
    header.set_gid(0);
    header
}

/// A file of which exactly as many bytes are read as its header says, though it may grow or shrink meanwhile.
struct Whole {
    file: File,
    left: u64,
}

impl Read for Whole {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let room = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let read = self.file.read(&mut buffer[..room])?;
        if read == 0 && room > 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "became shorter while it was saved"));
        }
        self.left -= read as u64;
        Ok(read)
    }
}

struct Counted<'a> {
    out: &'a mut dyn Write,
    bytes: u64,
}

impl Write for Counted<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
