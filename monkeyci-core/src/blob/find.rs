//! Files beneath a folder that a pattern matches.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use globset::{GlobBuilder, GlobMatcher};
use rustix::fs::FileType;

use super::beneath::{self, Folder, PathError};

/// Folders in one path that are looked into.
const DEPTH: usize = 64;

/// Files that one pattern may match.
const FILES: usize = 100_000;

/// Why files could not be found, read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FindError {
    /// The path cannot be used.
    #[error("path `{path}` {source}")]
    Path {
        /// The path as the script names it.
        path: String,
        /// What is wrong with it.
        source: PathError,
    },
    /// The pattern cannot be read.
    #[error("pattern `{pattern}`: {source}")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// What is wrong with it.
        source: globset::Error,
    },
    /// The pattern matches more files than anybody can have meant.
    #[error("pattern `{pattern}` matches more than {FILES} files")]
    TooMany {
        /// The pattern.
        pattern: String,
    },
    /// A file or folder could not be read or written.
    #[error("`{path}`: {source}")]
    Io {
        /// The file or folder.
        path: String,
        /// What went wrong.
        source: io::Error,
    },
}

/// The names of a path as a script writes it.
pub(crate) fn names(path: &str) -> Result<Vec<&OsStr>, FindError> {
    beneath::names(path).map_err(|source| FindError::Path { path: path.into(), source })
}

/// A pattern, from its first name on. `*` stays within one folder, `**` does not, as in a shell.
pub(crate) fn matcher(names: &[&OsStr]) -> Result<GlobMatcher, FindError> {
    let pattern = joined(names);
    match GlobBuilder::new(&pattern).literal_separator(true).build() {
        Ok(glob) => Ok(glob.compile_matcher()),
        Err(source) => Err(FindError::Pattern { pattern, source }),
    }
}

fn joined(names: &[&OsStr]) -> String {
    names.join(OsStr::new("/")).to_string_lossy().into_owned()
}

/// The regular files beneath `root` that `pattern` matches, sorted; a path that is there is taken as it is written.
/// Links are not followed. `*` stays within one folder, `**` does not.
pub(crate) fn find(root: &Path, pattern: &str) -> Result<Vec<String>, FindError> {
    let names = names(pattern)?;
    let at = |source| FindError::Io { path: pattern.into(), source };
    let folder = Folder::open(root).map_err(at)?;
    let plain = names.iter().take_while(|name| !beneath::is_glob(name)).count();
    if is_file(&folder, &names).map_err(at)? {
        return Ok(vec![pattern.to_owned()]);
    }
    if plain == names.len() {
        return Ok(Vec::new());
    }
    let base = match folder.descend(names[..plain].iter().copied()) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        base => base.map_err(at)?,
    };
    let matcher = matcher(&names[plain..])?;
    let mut found = Vec::new();
    walk(&base, "", &matcher, DEPTH, &mut found)?;
    if found.len() > FILES {
        return Err(FindError::TooMany { pattern: pattern.into() });
    }
    let prefix = joined(&names[..plain]);
    if !prefix.is_empty() {
        found.iter_mut().for_each(|path| path.insert_str(0, &format!("{prefix}/")));
    }
    Ok(found)
}

/// Opens a regular file beneath `root` without following a link.
pub(crate) fn open(root: &Path, path: &str) -> Result<File, FindError> {
    let names = names(path)?;
    let opened = match names.split_last() {
        Some((name, parents)) => Folder::open(root)
            .and_then(|folder| folder.descend(parents.iter().copied()))
            .and_then(|folder| folder.read(name)),
        None => Err(io::ErrorKind::IsADirectory.into()),
    };
    opened.map_err(|source| FindError::Io { path: beneath::shown(path.as_bytes()), source })
}

fn is_file(root: &Folder, names: &[&OsStr]) -> io::Result<bool> {
    let Some((name, parents)) = names.split_last() else { return Ok(false) };
    match root.descend(parents.iter().copied()).and_then(|folder| folder.stat(name)) {
        Ok(stat) => Ok(stat.is_some_and(|stat| beneath::kind(&stat) == FileType::RegularFile)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

fn walk(
    folder: &Folder,
    prefix: &str,
    matcher: &GlobMatcher,
    depth: usize,
    found: &mut Vec<String>,
) -> Result<(), FindError> {
    let at = |source| FindError::Io { path: beneath::shown(prefix.as_bytes()), source };
    for name in folder.names().map_err(at)? {
        // A report or lock file whose name is no text cannot be named by a script either.
        let Ok(text) = std::str::from_utf8(name.as_bytes()) else { continue };
        let path = if prefix.is_empty() { text.to_owned() } else { format!("{prefix}/{text}") };
        let Some(stat) = folder.stat(&name).map_err(at)? else { continue };
        match beneath::kind(&stat) {
            FileType::RegularFile if matcher.is_match(&path) => {
                found.push(path);
                if found.len() > FILES {
                    return Ok(());
                }
            }
            FileType::Directory if depth > 1 => {
                walk(&folder.enter(&name).map_err(at)?, &path, matcher, depth - 1, found)?;
            }
            _ => {}
        }
    }
    Ok(())
}
