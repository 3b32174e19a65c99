//! Files and folders as bytes: tar in zstd.
//!
//! Names in an archive are relative to the folder that was saved. The first entry says what was saved:
//!
//! - `./`, a folder: it comes back as the folder at the path it is unpacked to;
//! - `./` after a PAX comment [`MATCHES`], what a pattern matched: it comes back beneath the part of the path before the
//!   first pattern;
//! - anything else, a single file: it comes back as the file at that path, or, where that path ends in `/` or is a folder
//!   already, as a file of its own name in it.
//!
//! [`pack()`] and [`unpack()`] know the same [`Limits`], so that what is saved can be restored. Symbolic links stay links;
//! neither function ever follows one. Everything is streamed: memory does not grow with the archive.

mod entry;
mod error;
mod pack;
#[cfg(test)]
mod random;
#[cfg(test)]
mod tests;
mod unpack;

pub use error::{ArchiveError, Refusal};
#[cfg(feature = "sidecar")]
pub(crate) use pack::pack_in;
pub use pack::{LeftOut, Packed, pack};
pub use unpack::{Unpacked, unpack};

/// The PAX comment before the first entry of an archive that holds what a pattern matched.
pub const MATCHES: &str = "monkeyci: matches";

/// How much an archive may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Files, folders and links.
    pub entries: usize,
    /// Bytes of one path.
    pub path: usize,
    /// Folders in one path.
    pub depth: usize,
    /// Bytes of all files, unpacked.
    pub bytes: u64,
    /// Times that the files may be larger than the archive, once they are larger than [`Limits::FREE`]; for archives of
    /// strangers. What we packed ourselves may be 8 MB of zeros, and is bounded by `bytes`.
    pub ratio: Option<u64>,
}

impl Limits {
    /// Bytes of files to which no ratio applies.
    pub const FREE: u64 = 1024 * 1024;

    /// The limits of our own archives, with `bytes` of files.
    #[must_use]
    pub const fn of(bytes: u64) -> Self {
        Self { entries: 100_000, path: 4096, depth: 64, bytes, ratio: None }
    }

    /// The limits of checkouts, which may have many small files; their source had limits of its own.
    #[must_use]
    pub const fn of_checkouts() -> Self {
        Self { entries: 5_000_000, path: 4096, depth: 256, bytes: u64::MAX, ratio: None }
    }

    /// The ratio that is passed when `bytes` of files come in an archive of `stored` bytes.
    fn swells(&self, bytes: u64, stored: u64) -> Option<u64> {
        self.ratio.filter(|ratio| bytes > Self::FREE && bytes > stored.saturating_mul(*ratio))
    }
}
