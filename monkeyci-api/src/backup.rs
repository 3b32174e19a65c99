//! A server in one file: a copy of what it keeps, taken while it runs, and put back elsewhere.
//!
//! The file is tar in zstd. The database in it is of one moment; logs and artifacts are read after that moment, so that
//! whatever the database names is there. What can be made again (caches, compiled scripts) is left out,
//! and so are checkouts: a build that had one and had not ended says, once restored, that it must be built anew.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use monkeyci_core::store::{Sqlite, StoreError};

use crate::database::ELSEWHERE;

/// What is kept in the state folder, by name: the database, the master key, and folders of files.
pub const DATABASE: &str = "monkeyci.db";
/// The file of the master key.
pub const KEY: &str = "master.key";
/// What jobs print, and what they keep.
pub const FILES: [&str; 2] = ["logs", "artifacts"];

/// What goes into a backup beside the database.
#[derive(Debug, Clone, Copy)]
pub struct Contents {
    /// The master key. Whoever has it and the database has every secret.
    pub key: bool,
    /// Logs and artifacts.
    pub files: bool,
}

/// Why nothing was backed up or restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The database cannot be copied.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file or folder cannot be used.
    #[error("cannot {what} `{}`: {source}", .path.display())]
    Io {
        /// What was being done.
        what: &'static str,
        /// To what.
        path: PathBuf,
        /// What went wrong.
        source: io::Error,
    },
    /// The folder holds something.
    #[error("`{}` is not empty: name an empty folder, or one that is not there", .0.display())]
    NotEmpty(PathBuf),
    /// The file is no backup, or not whole.
    #[error("`{}` is no whole backup: {reason}", .path.display())]
    Broken {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

fn at(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> BackupError {
    let path = path.to_owned();
    move |source| BackupError::Io { what, path, source }
}

/// Writes what the server in the folder `state` keeps to `file`, which must not be there yet, and which only its owner may
/// read. The server may run meanwhile. It appears whole or not at all. A database in PostgreSQL is not in it: it is dumped
/// before, by its own programs.
///
/// # Errors
/// When something cannot be read or written.
pub fn backup(state: &Path, file: &Path, contents: Contents) -> Result<(), BackupError> {
    let beside = folder_of(file);
    let copies = tempfile::tempdir_in(beside).map_err(at("write to", beside))?;
    let database = copies.path().join(DATABASE);
    let (kept, elsewhere) = (state.join(DATABASE), state.join(ELSEWHERE));
    let is_elsewhere = elsewhere.is_file();
    if !is_elsewhere {
        if !kept.is_file() {
            return Err(at("read", &kept)(io::ErrorKind::NotFound.into()));
        }
        Sqlite::backup(kept, &database)?;
    }

    let mut out = tempfile::NamedTempFile::new_in(beside).map_err(at("write to", beside))?;
    let zstd = zstd::Encoder::new(out.as_file_mut(), 0).and_then(|mut zstd| {
        zstd.include_checksum(true)?;
        Ok(zstd)
    });
    let mut tar = tar::Builder::new(zstd.map_err(at("write", file))?);
    match is_elsewhere {
        true => add(&mut tar, &elsewhere, Path::new(ELSEWHERE))?,
        false => add(&mut tar, &database, Path::new(DATABASE))?,
    }
    if contents.key {
        add(&mut tar, &state.join(KEY), Path::new(KEY))?;
    }
    for name in FILES.into_iter().filter(|_| contents.files) {
        walk(&mut tar, &state.join(name), Path::new(name))?;
    }
    tar.into_inner().and_then(zstd::Encoder::finish).map_err(at("write", file))?;
    out.as_file().sync_all().map_err(at("write", file))?;
    out.persist_noclobber(file).map(drop).map_err(|error| at("write", file)(error.error))
}

/// Adds all files of a folder. What a running server removes meanwhile is not there.
fn walk<W: Write>(tar: &mut tar::Builder<W>, path: &Path, name: &Path) -> Result<(), BackupError> {
    let entries = match std::fs::read_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(at("read", path))?,
    };
    for entry in entries {
        let entry = entry.map_err(at("read", path))?;
        let (path, name) = (entry.path(), name.join(entry.file_name()));
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => walk(tar, &path, &name)?,
            Ok(kind) if kind.is_file() => match add(tar, &path, &name) {
                Err(BackupError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {}
                added => added?,
            },
            _ => {}
        }
    }
    Ok(())
}

/// Adds a file with as many bytes as it has now, even where a server goes on writing it.
fn add<W: Write>(tar: &mut tar::Builder<W>, path: &Path, name: &Path) -> Result<(), BackupError> {
    let file = File::open(path).map_err(at("read", path))?;
    let length = file.metadata().map_err(at("read", path))?.len();
    let mut head = tar::Header::new_gnu();
    head.set_size(length);
    head.set_mode(0o600);
    // A file that shrinks would otherwise shift all that follows.
    let bytes = file.chain(io::repeat(0)).take(length);
    tar.append_data(&mut head, name, bytes).map_err(at("save", path))
}

/// Puts a backup into the folder `state`, which must be empty or not there. It appears whole or not at all. Returns
/// whether the master key is in it.
///
/// # Errors
/// When the folder holds something, the file is no whole backup, or something cannot be written.
pub fn restore(file: &Path, state: &Path) -> Result<bool, BackupError> {
    match std::fs::read_dir(state).map(|mut entries| entries.next().is_some()) {
        Ok(true) => return Err(BackupError::NotEmpty(state.to_owned())),
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(at("use", state)(error)),
        _ => {}
    }
    let beside = folder_of(state);
    std::fs::create_dir_all(beside).map_err(at("make", beside))?;
    let folder = tempfile::tempdir_in(beside).map_err(at("write to", beside))?;
    let bytes = File::open(file).map_err(at("read", file))?;
    unpack(bytes, folder.path()).map_err(|error| broken(file, error))?;
    let database = File::open(folder.path().join(DATABASE)).or_else(|_| File::open(folder.path().join(ELSEWHERE)));
    let database = database.map_err(|_| broken(file, "there is no database in it"))?;
    database.sync_all().map_err(at("write", state))?;
    let has_key = folder.path().join(KEY).is_file();
    std::fs::rename(folder.path(), state).map_err(at("write", state))?;
    Ok(has_key)
}

fn broken(file: &Path, reason: impl std::fmt::Display) -> BackupError {
    BackupError::Broken { path: file.to_owned(), reason: reason.to_string() }
}

/// Unpacks files of the names that we write, beneath the folder and nowhere else.
fn unpack(bytes: impl Read, folder: &Path) -> io::Result<()> {
    let mut tar = tar::Archive::new(zstd::Decoder::new(bytes)?);
    for entry in tar.entries()? {
        let mut entry = entry?;
        let name = entry.path()?.into_owned();
        let first = name.iter().next().and_then(|name| name.to_str()).unwrap_or_default();
        let is_ours = [DATABASE, ELSEWHERE, KEY].contains(&first) || FILES.contains(&first);
        if !is_ours || !entry.header().entry_type().is_file() || !entry.unpack_in(folder)? {
            return Err(io::Error::other(format!("`{}` is nothing that a server keeps", name.display())));
        }
    }
    // To the very end, where the checksum is.
    io::copy(&mut tar.into_inner(), &mut io::sink()).map(drop)
}

/// The folder that a path is in.
fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
