use std::path::Path;

use super::Sqlite;
use super::file::DatabaseFile;
use crate::store::StoreError;

impl Sqlite {
    /// Copies the store at `path`, as it stands at one moment, into `copy`, a file that is not there yet. Whoever has the
    /// store open meanwhile goes on reading and writing.
    ///
    /// # Errors
    /// When there is no store, or the copy cannot be written.
    pub fn backup(path: impl AsRef<Path>, copy: &Path) -> Result<(), StoreError> {
        let file = DatabaseFile::new(path.as_ref());
        let connection = file.open_for_reading()?;
        let sql = |error| file.error("cannot copy", error);
        // What is written is another file.
        connection.execute_batch("PRAGMA query_only = OFF;").map_err(sql)?;
        let copy = copy.to_str().ok_or_else(|| file.broken("cannot copy", &"the path of the copy is no UTF-8"))?;
        connection.execute("VACUUM INTO ?1", [copy]).map(drop).map_err(sql)
    }
}
