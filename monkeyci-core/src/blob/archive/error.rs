use std::io;

use crate::blob::beneath::shown;
use crate::blob::find::FindError;

/// Why files could not be packed or unpacked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ArchiveError {
    /// There is nothing at the path that was to be packed.
    #[error("`{path}` is not there")]
    NotThere {
        /// The path as the script names it.
        path: String,
    },
    /// The path or the pattern cannot be used, or a file could not be read or written.
    #[error(transparent)]
    Find(#[from] FindError),
    /// An entry is not taken in.
    #[error("archive entry `{entry}` {refusal}")]
    Refused {
        /// Its name, escaped and cut.
        entry: String,
        /// Why.
        refusal: Refusal,
    },
    /// The archive cannot be read to its end.
    #[error("the archive is broken: {source}")]
    Broken {
        /// What went wrong.
        source: io::Error,
    },
    /// The disk is full.
    #[error("no space is left on the disk for `{path}`; free some, or lower what is kept")]
    DiskFull {
        /// What was being written.
        path: String,
        /// What the system said.
        source: io::Error,
    },
}

/// Why an entry of an archive is not taken in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// Its name begins with `/`.
    #[error("has an absolute name")]
    Absolute,
    /// Its name has a `..`.
    #[error("leaves its folder by `..`")]
    Parent,
    /// Its name is empty or has a NUL byte.
    #[error("has a name that no file can have")]
    Name,
    /// Its name is too long.
    #[error("has a name of more than {0} bytes")]
    TooLong(usize),
    /// It is in too many folders.
    #[error("is more than {0} folders deep")]
    TooDeep(usize),
    /// It is one too many.
    #[error("is one of more than {0} entries")]
    TooMany(usize),
    /// The files are too large.
    #[error("brings the files above {0} bytes")]
    TooBig(u64),
    /// The files are too large for the archive that they come in.
    #[error("swells: the files are more than {0} times larger than the archive")]
    Swells(u64),
    /// It is a symbolic link that leads out, or may.
    #[error("is a link that leads out: only relative links whose `..` come first and stay inside are taken")]
    LinkOut,
    /// It is a hard link.
    #[error("is a hard link, which no archive of ours has")]
    HardLink,
    /// It is a device, a fifo or a socket.
    #[error("is a device, a fifo or a socket")]
    Special,
    /// It is a file with holes.
    #[error("is sparse, which no archive of ours has")]
    Sparse,
    /// Two headers say different things of it, or one makes no sense.
    #[error("has a header that {0}")]
    Header(&'static str),
    /// Its name came before.
    #[error("comes twice")]
    Twice,
    /// A link or a file stands where a folder must be, or the other way round.
    #[error("cannot be put there: a link, a file or a folder stands in the way")]
    InTheWay,
    /// Something follows the archive's end.
    #[error("is followed by data after the archive's end")]
    Trailing,
}

impl ArchiveError {
    /// An error while `path` was read or written.
    pub(super) fn at(path: &[u8], source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull { path: shown(path), source },
            // What `openat` answers to a link where it may not follow one.
            io::ErrorKind::NotADirectory | io::ErrorKind::IsADirectory => Self::refused(path, Refusal::InTheWay),
            _ => FindError::Io { path: shown(path), source }.into(),
        }
    }

    pub(super) fn refused(entry: &[u8], refusal: Refusal) -> Self {
        Self::Refused { entry: shown(entry), refusal }
    }

    pub(super) fn broken(source: io::Error) -> Self {
        Self::Broken { source }
    }
}
