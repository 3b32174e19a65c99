//! The keys that sign ID tokens. Their private halves are sealed.

use monkeyci_core::model::Millis;
use monkeyci_core::store::{Row, Sql, StoreError};
use monkeyci_core::values;
use monkeyci_rest::SigningKey;

/// A key as it is kept.
#[derive(Debug, Clone)]
pub struct KeyRow {
    /// What people see of it.
    pub key: SigningKey,
    /// Its public half, a JSON Web Key.
    pub public: String,
    /// Its private half.
    pub sealed: Vec<u8>,
}

const COLUMNS: &str = "SELECT id, public, sealed, created, signs, ends FROM signing_key";

fn read(row: &Row) -> Result<KeyRow, StoreError> {
    let key = SigningKey {
        id: row.text(0)?.to_owned(),
        created: row.integer(3)?,
        signs: row.integer(4)?,
        ends: row.maybe(5, Row::integer)?,
    };
    Ok(KeyRow { key, public: row.text(1)?.to_owned(), sealed: row.bytes(2)?.to_owned() })
}

/// Those that are believed at a moment, newest first.
///
/// # Errors
/// When they cannot be read.
pub fn list(sql: &mut dyn Sql, now: Millis) -> Result<Vec<KeyRow>, StoreError> {
    let select = format!("{COLUMNS} WHERE ends IS NULL OR ends > $1 ORDER BY signs DESC, id DESC");
    sql.query(&select, values![now])?.iter().map(read).collect()
}

/// Keeps a new one; those before it are believed until `ends`.
///
/// # Errors
/// When it cannot be written.
pub fn add(sql: &mut dyn Sql, row: &KeyRow, ends: Millis) -> Result<(), StoreError> {
    sql.execute("UPDATE signing_key SET ends = $1 WHERE ends IS NULL OR ends > $1", values![ends])?;
    let KeyRow { key, public, sealed } = row;
    let insert = "INSERT INTO signing_key (id, sealed, public, created, signs, ends) VALUES ($1, $2, $3, $4, $5, $6)";
    sql.execute(insert, values![&key.id, sealed.as_slice(), public, key.created, key.signs, key.ends]).map(drop)
}

/// Forgets those that nobody has to believe any more.
///
/// # Errors
/// When it cannot be written.
pub fn forget(sql: &mut dyn Sql, now: Millis) -> Result<(), StoreError> {
    sql.execute("DELETE FROM signing_key WHERE ends <= $1", values![now]).map(drop)
}
