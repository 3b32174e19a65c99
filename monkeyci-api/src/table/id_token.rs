//! Which attempts of jobs were given ID tokens, so that whoever takes one up is given the very same.

use monkeyci_core::model::Millis;
use monkeyci_core::store::{Row, Sql, StoreError};
use monkeyci_core::values;

/// What the ID tokens of an attempt are made of, beside what is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issued {
    /// Drawn by lot.
    pub id: String,
    /// The key that signs them.
    pub signing_key: String,
    /// When.
    pub issued: Millis,
}

/// What was given to the attempt of this fence, if anything was.
///
/// # Errors
/// When it cannot be read.
pub fn find(sql: &mut dyn Sql, fence: u64) -> Result<Option<Issued>, StoreError> {
    let rows = sql.query("SELECT id, signing_key, issued FROM id_token WHERE fence = $1", values![fence])?;
    let read = |row: &Row| {
        let (id, signing_key) = (row.text(0)?.to_owned(), row.text(1)?.to_owned());
        Ok(Issued { id, signing_key, issued: row.integer(2)? })
    };
    rows.first().map(read).transpose()
}

/// Notes what an attempt is given, in place of what it was given before.
///
/// # Errors
/// When it cannot be written.
pub fn put(sql: &mut dyn Sql, fence: u64, issued: &Issued) -> Result<(), StoreError> {
    let upsert = "INSERT INTO id_token (fence, id, signing_key, issued) VALUES ($1, $2, $3, $4) ON CONFLICT (fence)
                  DO UPDATE SET id = excluded.id, signing_key = excluded.signing_key, issued = excluded.issued";
    sql.execute(upsert, values![fence, &issued.id, &issued.signing_key, issued.issued]).map(drop)
}

/// Forgets what was given before a moment.
///
/// # Errors
/// When it cannot be written.
pub fn forget(sql: &mut dyn Sql, before: Millis) -> Result<(), StoreError> {
    sql.execute("DELETE FROM id_token WHERE issued < $1", values![before]).map(drop)
}
