//! Organisations.

use monkeyci_core::model::{Millis, OrgId};
use monkeyci_core::store::{Row, Sql, StoreError};
use monkeyci_core::values;
use monkeyci_rest::Org;

const COLUMNS: &str = "SELECT id, name, created, updated, revision, no_shells FROM org";

fn read(row: &Row) -> Result<Org, StoreError> {
    let (id, name) = (row.word(0)?, row.text(1)?.to_owned());
    let (created, updated, revision) = (row.integer(2)?, row.integer(3)?, row.count(4)?);
    Ok(Org { id, name, no_shells: row.integer(5)? != 0, created, updated, revision })
}

/// An organisation, when there is one of that id.
///
/// # Errors
/// When it cannot be read.
pub fn find(sql: &mut dyn Sql, id: &OrgId) -> Result<Option<Org>, StoreError> {
    sql.query(&format!("{COLUMNS} WHERE id = $1"), values![id])?.first().map(read).transpose()
}

/// Up to `limit` organisations after `cursor`, by id: all of them, or those that `member` belongs to.
///
/// # Errors
/// When they cannot be read.
pub fn list(sql: &mut dyn Sql, member: Option<&str>, cursor: Option<&str>, limit: u64) -> Result<Vec<Org>, StoreError> {
    let belongs = "($1 IS NULL OR EXISTS (SELECT 1 FROM member WHERE member.org = org.id AND person = $1))";
    let select = format!("{COLUMNS} WHERE {belongs} AND id > $2 ORDER BY id LIMIT $3");
    sql.query(&select, values![member, cursor.unwrap_or_default(), limit])?.iter().map(read).collect()
}

/// Makes an organisation; tells whether there was none of that id.
///
/// # Errors
/// When it cannot be written.
pub fn add(sql: &mut dyn Sql, id: &OrgId, name: &str, now: Millis) -> Result<bool, StoreError> {
    let insert = "INSERT INTO org (id, name, created, updated, revision) VALUES ($1, $2, $3, $3, 1)
                  ON CONFLICT (id) DO NOTHING";
    Ok(sql.execute(insert, values![id, name, now])? == 1)
}

/// Gives an organisation another name, and says whether nobody may open shells in its jobs.
///
/// # Errors
/// When it cannot be written.
pub fn change(sql: &mut dyn Sql, id: &OrgId, name: &str, no_shells: bool, now: Millis) -> Result<(), StoreError> {
    let update = "UPDATE org SET name = $2, no_shells = $3, updated = $4, revision = revision + 1
                  WHERE id = $1 AND (name <> $2 OR no_shells <> $3)";
    sql.execute(update, values![id, name, i64::from(no_shells), now]).map(drop)
}

/// Removes an organisation with all that it has, but not the builds.
///
/// # Errors
/// When it cannot be written.
pub fn remove(sql: &mut dyn Sql, id: &OrgId) -> Result<(), StoreError> {
    sql.execute("DELETE FROM org_key WHERE org = $1", values![id])?;
    sql.execute("DELETE FROM org WHERE id = $1", values![id]).map(drop)
}

/// The sealed key of an organisation.
///
/// # Errors
/// When it cannot be read.
pub fn key(sql: &mut dyn Sql, id: &OrgId) -> Result<Option<Vec<u8>>, StoreError> {
    let rows = sql.query("SELECT sealed FROM org_key WHERE org = $1", values![id])?;
    rows.first().map(|row| row.bytes(0).map(<[u8]>::to_vec)).transpose()
}

/// The sealed key of some organisation, where any has one.
///
/// # Errors
/// When it cannot be read.
pub fn any_key(sql: &mut dyn Sql) -> Result<Option<(OrgId, Vec<u8>)>, StoreError> {
    let rows = sql.query("SELECT org, sealed FROM org_key ORDER BY org LIMIT 1", values![])?;
    rows.first().map(|row| Ok((row.word(0)?, row.bytes(1)?.to_vec()))).transpose()
}

/// Keeps the sealed key of an organisation that has none; returns the one that it has now.
///
/// # Errors
/// When it cannot be written.
pub fn keep_key(sql: &mut dyn Sql, id: &OrgId, sealed: &[u8]) -> Result<Vec<u8>, StoreError> {
    let insert = "INSERT INTO org_key (org, sealed) VALUES ($1, $2) ON CONFLICT (org) DO NOTHING";
    sql.execute(insert, values![id, sealed])?;
    key(sql, id).map(|key| key.unwrap_or_else(|| sealed.to_vec()))
}
