//! Sets of params. What is in them stands among the params, under a word of the set.

use monkeyci_core::model::{Millis, OrgId};
use monkeyci_core::store::{Row, Sql, StoreError};
use monkeyci_core::values;
use monkeyci_rest::{ParamSet, ParamSetBody};

use crate::owner::Owner;
use crate::table::declared;

const COLUMNS: &str = "SELECT name, body, created, updated, revision FROM param_set";

fn read(row: &Row) -> Result<ParamSet, StoreError> {
    let (created, updated, revision) = (row.integer(2)?, row.integer(3)?, row.count(4)?);
    Ok(ParamSet { name: row.text(0)?.to_owned(), body: row.json(1)?, created, updated, revision })
}

/// The set of that name.
///
/// # Errors
/// When it cannot be read.
pub fn find(sql: &mut dyn Sql, org: &OrgId, name: &str) -> Result<Option<ParamSet>, StoreError> {
    let select = format!("{COLUMNS} WHERE org = $1 AND name = $2");
    sql.query(&select, values![org, name])?.first().map(read).transpose()
}

/// Up to `limit` sets of an organisation after `cursor`, by name.
///
/// # Errors
/// When they cannot be read.
pub fn list(sql: &mut dyn Sql, org: &OrgId, cursor: Option<&str>, limit: u64) -> Result<Vec<ParamSet>, StoreError> {
    let select = format!("{COLUMNS} WHERE org = $1 AND name > $2 ORDER BY name LIMIT $3");
    sql.query(&select, values![org, cursor.unwrap_or_default(), limit])?.iter().map(read).collect()
}

/// Makes a set or changes it; tells whether it is new.
///
/// # Errors
/// When it cannot be written.
pub fn put(sql: &mut dyn Sql, org: &OrgId, name: &str, body: &ParamSetBody, now: Millis) -> Result<bool, StoreError> {
    let json = serde_json::to_string(body).expect("a body is JSON");
    let insert = "INSERT INTO param_set (org, name, body, created, updated, revision) VALUES ($1, $2, $3, $4, $4, 1)
                  ON CONFLICT (org, name) DO NOTHING";
    let update = "UPDATE param_set SET body = $3, updated = $4, revision = revision + 1
                  WHERE org = $1 AND name = $2 AND body <> $3";
    declared::put(sql, insert, update, values![org, name, &json, now])
}

/// Removes a set with its params.
///
/// # Errors
/// When it cannot be written.
pub fn remove(sql: &mut dyn Sql, org: &OrgId, name: &str) -> Result<(), StoreError> {
    let word = Owner::set(org, name).word();
    sql.execute("DELETE FROM param WHERE org = $1 AND repo = $2", values![org, word])?;
    sql.execute("DELETE FROM param_set WHERE org = $1 AND name = $2", values![org, name]).map(drop)
}
