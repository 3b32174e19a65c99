use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::{Connection, OpenFlags};

use crate::lock::seize;
use crate::store::StoreError;

/// Tells our files from other SQLite databases: "MkCI" in ASCII.
const APPLICATION_ID: i32 = 0x4D6B_4349;

/// Each entry takes the database from the version of its index to the next.
const MIGRATIONS: &[&str] = &[include_str!("schema_1.sql"), include_str!("schema_2.sql")];

/// For every connection. `FULL`, because a commit that was answered must survive a power cut.
const PRAGMAS: &str = "
    PRAGMA busy_timeout = 5000;
    PRAGMA synchronous = FULL;
    PRAGMA foreign_keys = ON;
    PRAGMA trusted_schema = OFF;
    PRAGMA cell_size_check = ON;
    PRAGMA cache_size = -32768;
    PRAGMA temp_store = MEMORY;
    PRAGMA mmap_size = 0;";

/// What [`Lock`] holds while the store is open.
const OPEN: &[u8] = b"open\n";

/// The database's file, and the files beside it.
#[derive(Clone)]
pub(super) struct DatabaseFile {
    path: Arc<Path>,
    name: Arc<str>,
}

/// Keeps other processes out for as long as it lives.
pub(super) struct Lock(File);

impl Lock {
    /// Notes that the database was closed in good order.
    pub(super) fn closed_well(&self) {
        if let Err(error) = self.0.set_len(0) {
            tracing::debug!(%error, "the next start checks the whole store");
        }
    }
}

/// A child that was just forked shares the file until it becomes another program, and would keep the lock as long.
impl Drop for Lock {
    fn drop(&mut self) {
        if let Err(error) = self.0.unlock() {
            tracing::debug!(%error, "the lock of the store goes with its last file");
        }
    }
}

impl DatabaseFile {
    pub(super) fn new(path: &Path) -> Self {
        Self { path: path.into(), name: path.display().to_string().into() }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// A file beside the database.
    pub(super) fn beside(&self, suffix: &str) -> PathBuf {
        let mut path = self.path.as_os_str().to_owned();
        path.push(suffix);
        path.into()
    }

    /// Opens the database for the one that writes, and brings its tables up to date.
    pub(super) fn open_for_writing(&self) -> Result<(Connection, Lock), StoreError> {
        let (lock, closed_well) = self.lock()?;
        let sql = |error| self.error("cannot open", error);
        let mut connection = Connection::open(&self.path).map_err(sql)?;
        connection.execute_batch("PRAGMA page_size = 4096;").map_err(sql)?;
        connection.execute_batch(PRAGMAS).map_err(sql)?;
        self.migrate(&mut connection)?;
        connection
            .execute_batch(
                "PRAGMA journal_mode = WAL;
                 PRAGMA wal_autocheckpoint = 4000;
                 PRAGMA journal_size_limit = 67108864;",
            )
            .map_err(sql)?;
        if !closed_well {
            self.check(&connection)?;
        }
        Ok((connection, lock))
    }

    pub(super) fn open_for_reading(&self) -> Result<Connection, StoreError> {
        let sql = |error| self.error("cannot open for reading", error);
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags).map_err(sql)?;
        connection.execute_batch(PRAGMAS).map_err(sql)?;
        connection.execute_batch("PRAGMA query_only = ON;").map_err(sql)?;
        Ok(connection)
    }

    /// Takes the lock, and tells whether the last one who had it closed the database in good order.
    fn lock(&self) -> Result<(Lock, bool), StoreError> {
        let io = |error| match error {
            error if is_full(&error) => StoreError::Full { path: self.name().to_owned() },
            error => self.broken("cannot lock", &error),
        };
        let options = OpenOptions::new().read(true).write(true).create(true).truncate(false).clone();
        let mut file = options.open(self.beside(".lock")).map_err(io)?;
        seize(&file).map_err(|error| match error {
            TryLockError::WouldBlock => StoreError::InUse { path: self.name().to_owned() },
            TryLockError::Error(error) => io(error),
        })?;
        let mut state = Vec::new();
        file.read_to_end(&mut state).map_err(io)?;
        file.rewind().and_then(|()| file.write_all(OPEN)).map_err(io)?;
        Ok((Lock(file), state.is_empty()))
    }

    fn migrate(&self, connection: &mut Connection) -> Result<(), StoreError> {
        let sql = |error| self.error("cannot prepare the tables", error);
        let refuse = |reason| Err(StoreError::Damaged { path: self.name().to_owned(), reason });
        let pragma = |connection: &Connection, name| connection.pragma_query_value(None, name, |row| row.get(0));
        let application: i32 = pragma(connection, "application_id").map_err(sql)?;
        let version: i32 = pragma(connection, "user_version").map_err(sql)?;
        let tables: i32 =
            connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).map_err(sql)?;

        if application != APPLICATION_ID && tables > 0 {
            return refuse("it is a database of another program; name another file".into());
        }
        let Some(missing) = usize::try_from(version).ok().and_then(|version| MIGRATIONS.get(version..)) else {
            let known = MIGRATIONS.len();
            return refuse(format!(
                "a newer MonkeyCI wrote it (version {version}, this one knows {known}); use that one, or another file"
            ));
        };
        if missing.is_empty() {
            return Ok(());
        }
        let transaction = connection.transaction().map_err(sql)?;
        if tables == 0 {
            // Decides how the file is laid out, so that it must stand before the first table.
            transaction.execute_batch("PRAGMA auto_vacuum = INCREMENTAL;").map_err(sql)?;
        }
        for migration in missing {
            transaction.execute_batch(migration).map_err(sql)?;
        }
        transaction.pragma_update(None, "application_id", APPLICATION_ID).map_err(sql)?;
        transaction.pragma_update(None, "user_version", MIGRATIONS.len()).map_err(sql)?;
        transaction.commit().map_err(sql)
    }

    fn check(&self, connection: &Connection) -> Result<(), StoreError> {
        let found: String = connection
            .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
            .map_err(|error| self.error("cannot check", error))?;
        if found == "ok" {
            return Ok(());
        }
        let reason = format!("it is damaged ({found}); restore a backup, or move it away to begin with an empty one");
        Err(StoreError::Damaged { path: self.name().to_owned(), reason })
    }
}

pub(super) fn is_full(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded)
}
