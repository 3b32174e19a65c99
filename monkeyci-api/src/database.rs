//! Where builds and tables are: in a file of the state folder, or in PostgreSQL.

use std::io;
use std::path::Path;
use std::sync::Arc;

use monkeyci_core::store::postgres::{Address, Postgres};
use monkeyci_core::store::{Database, Feed, Sqlite, StoreError};

use crate::backup;
use crate::config::Config;
use crate::server::ServerError;

/// The file that says that the builds of a state folder are in another database, and in which.
pub const ELSEWHERE: &str = "database.txt";

/// Opens the database of a server. A folder whose builds are elsewhere begins none of its own, nor the other way round.
///
/// # Errors
/// When it cannot be opened, or is not the one that the folder belongs to.
pub async fn open(config: &Config, folder: &Path) -> Result<(Arc<dyn Feed>, Arc<dyn Database>), ServerError> {
    let marker = folder.join(ELSEWHERE);
    let known =
        known(folder).map_err(|source| ServerError::Io { what: "cannot read", path: marker.clone(), source })?;
    match (config.address().map_err(ServerError::Config)?, known) {
        (None, None) => {
            let store = Arc::new(Sqlite::open(folder.join(backup::DATABASE))?);
            Ok((Arc::clone(&store) as Arc<dyn Feed>, store))
        }
        (None, Some(name)) => Err(ServerError::Config(format!(
            "database: the builds of `{}` are in `{name}`: name it, or another state folder",
            folder.display()
        ))),
        (Some(address), None) if folder.join(backup::DATABASE).exists() => Err(ServerError::Config(format!(
            "database: `{}` has a database of its own, which is not moved to `{}`: name another state folder",
            folder.display(),
            address.name()
        ))),
        (Some(address), known) => {
            let store = connect(address.clone()).await?;
            if known.is_none() {
                std::fs::write(&marker, format!("{}\n", address.name())).map_err(|source| ServerError::Io {
                    what: "cannot write",
                    path: marker,
                    source,
                })?;
            }
            Ok((Arc::clone(&store) as Arc<dyn Feed>, store))
        }
    }
}

/// The database in which the builds of a state folder are, where that is another than its own file.
///
/// # Errors
/// When that cannot be read.
pub fn known(folder: &Path) -> io::Result<Option<String>> {
    match std::fs::read_to_string(folder.join(ELSEWHERE)) {
        Ok(name) => Ok(Some(name.trim().to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Connects to PostgreSQL, which blocks for a while where nobody answers.
///
/// # Errors
/// When it cannot be opened.
pub async fn connect(address: Address) -> Result<Arc<Postgres>, StoreError> {
    let name = address.name().to_owned();
    match tokio::task::spawn_blocking(move || Postgres::open(&address)).await {
        Ok(opened) => opened.map(Arc::new),
        Err(error) => Err(StoreError::Database { what: "cannot open", reason: format!("`{name}`: {error}") }),
    }
}
