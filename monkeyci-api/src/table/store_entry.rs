//! What integrations keep. What has expired is there for nobody, and is forgotten later.

use monkeyci_core::model::{Millis, OrgId};
use monkeyci_core::store::{Row, Sql, StoreError};
use monkeyci_core::values;
use monkeyci_rest::StoreEntry;

/// Whose store it is.
#[derive(Debug, Clone)]
pub struct Owner {
    /// The organisation.
    pub org: OrgId,
    /// The integration.
    pub integration: String,
}

/// A value to be kept.
#[derive(Debug, Clone)]
pub struct Value {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Whether they are JSON.
    pub json: bool,
    /// When it is gone.
    pub expires: Option<Millis>,
}

const COLUMNS: &str = "key, version, size, json, updated, expires";
const OWN: &str = "org = $1 AND integration = $2 AND (expires IS NULL OR expires > $3)";

fn read(row: &Row) -> Result<StoreEntry, StoreError> {
    Ok(StoreEntry {
        key: row.text(0)?.to_owned(),
        version: row.count(1)?,
        size: row.count(2)?,
        json: row.truth(3)?,
        updated: row.integer(4)?,
        expires: row.maybe(5, Row::integer)?,
    })
}

/// What is kept under a key.
///
/// # Errors
/// When it cannot be read.
pub fn find(sql: &mut dyn Sql, own: &Owner, key: &str, now: Millis) -> Result<Option<StoreEntry>, StoreError> {
    let select = format!("SELECT {COLUMNS} FROM store_entry WHERE {OWN} AND key = $4");
    sql.query(&select, values![&own.org, &own.integration, now, key])?.first().map(read).transpose()
}

/// The same, with its value.
///
/// # Errors
/// When it cannot be read.
pub fn value(
    sql: &mut dyn Sql,
    own: &Owner,
    key: &str,
    now: Millis,
) -> Result<Option<(StoreEntry, Vec<u8>)>, StoreError> {
    let select = format!("SELECT {COLUMNS}, value FROM store_entry WHERE {OWN} AND key = $4");
    let rows = sql.query(&select, values![&own.org, &own.integration, now, key])?;
    rows.first().map(|row| Ok((read(row)?, row.bytes(6)?.to_vec()))).transpose()
}

/// Up to `limit` whose keys begin with `prefix`, after `cursor`, by key.
///
/// # Errors
/// When they cannot be read.
pub fn list(
    sql: &mut dyn Sql,
    own: &Owner,
    prefix: &str,
    cursor: Option<&str>,
    limit: u64,
    now: Millis,
) -> Result<Vec<StoreEntry>, StoreError> {
    let select = format!(
        "SELECT {COLUMNS} FROM store_entry WHERE {OWN} AND substr(key, 1, CAST($4 AS INTEGER)) = $5 AND key > $6 ORDER BY key LIMIT $7"
    );
    let length = prefix.chars().count() as u64;
    let cursor = cursor.unwrap_or_default();
    let rows = sql.query(&select, values![&own.org, &own.integration, now, length, prefix, cursor, limit])?;
    rows.iter().map(read).collect()
}

/// How many there are.
///
/// # Errors
/// When it cannot be read.
pub fn count(sql: &mut dyn Sql, own: &Owner, now: Millis) -> Result<u64, StoreError> {
    let select = format!("SELECT count(*) FROM store_entry WHERE {OWN}");
    let rows = sql.query(&select, values![&own.org, &own.integration, now])?;
    rows.first().map_or(Ok(0), |row| row.count(0))
}

/// Keeps a value under a key, with a version that this store never gave before.
///
/// # Errors
/// When it cannot be written.
pub fn put(sql: &mut dyn Sql, own: &Owner, key: &str, value: &Value, now: Millis) -> Result<(), StoreError> {
    let Owner { org, integration } = own;
    let next = "UPDATE service_account SET stored = stored + 1 WHERE org = $1 AND name = $2";
    sql.execute(next, values![org, integration])?;
    let upsert = "INSERT INTO store_entry (org, integration, key, value, size, json, version, updated, expires)
                  SELECT $1, $2, $3, $4, $5, $6, stored, $7, $8 FROM service_account WHERE org = $1 AND name = $2
                  ON CONFLICT (org, integration, key) DO UPDATE SET value = excluded.value, size = excluded.size,
                  json = excluded.json, version = excluded.version, updated = excluded.updated,
                  expires = excluded.expires";
    let Value { bytes, json, expires } = value;
    let size = bytes.len() as u64;
    sql.execute(upsert, values![org, integration, key, bytes.as_slice(), size, *json, now, *expires]).map(drop)
}

/// Forgets what is under a key.
///
/// # Errors
/// When it cannot be written.
pub fn remove(sql: &mut dyn Sql, own: &Owner, key: &str) -> Result<(), StoreError> {
    let delete = "DELETE FROM store_entry WHERE org = $1 AND integration = $2 AND key = $3";
    sql.execute(delete, values![&own.org, &own.integration, key]).map(drop)
}

/// Forgets what has expired.
///
/// # Errors
/// When it cannot be written.
pub fn forget(sql: &mut dyn Sql, now: Millis) -> Result<(), StoreError> {
    sql.execute("DELETE FROM store_entry WHERE expires <= $1", values![now]).map(drop)
}
