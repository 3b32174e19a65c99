//! Params, each under the word of its owner in the column `repo`.

use monkeyci_core::model::Millis;
use monkeyci_core::store::{Row, Sql, StoreError};
use monkeyci_core::values;
use monkeyci_rest::Param;

use crate::owner::Owner;
use crate::revision;

/// A param as it is kept: the value of a secret one is sealed.
#[derive(Debug, Clone)]
pub struct ParamRow {
    /// What is shown of it.
    pub param: Param,
    /// The sealed value, when it is secret.
    pub sealed: Option<Vec<u8>>,
}

const COLUMNS: &str = "SELECT name, secret, value, version, fingerprint, description, updated, sealed FROM param";

fn read(row: &Row) -> Result<ParamRow, StoreError> {
    let text = |column| row.maybe(column, Row::text).map(|text| text.map(str::to_owned));
    let param = Param {
        name: row.text(0)?.to_owned(),
        secret: row.truth(1)?,
        value: text(2)?,
        version: row.count(3)?,
        fingerprint: text(4)?,
        description: text(5)?,
        updated: row.integer(6)?,
        revision: 0,
    };
    let param = Param { revision: revision(&param), ..param };
    Ok(ParamRow { param, sealed: row.maybe(7, Row::bytes)?.map(<[u8]>::to_vec) })
}

/// The revision of a param, by what is said of it and how often its value was written.
pub fn revision(param: &Param) -> u64 {
    let Param { secret, value, version, description, .. } = param;
    revision::of(&(secret, value, version, description))
}

/// The param of that name.
///
/// # Errors
/// When it cannot be read.
pub fn find(sql: &mut dyn Sql, owner: &Owner, name: &str) -> Result<Option<ParamRow>, StoreError> {
    let select = format!("{COLUMNS} WHERE org = $1 AND repo = $2 AND name = $3");
    sql.query(&select, values![&owner.org, owner.word(), name])?.first().map(read).transpose()
}

/// Up to `limit` params after `cursor`, by name.
///
/// # Errors
/// When they cannot be read.
pub fn list(sql: &mut dyn Sql, owner: &Owner, cursor: Option<&str>, limit: u64) -> Result<Vec<ParamRow>, StoreError> {
    let select = format!("{COLUMNS} WHERE org = $1 AND repo = $2 AND name > $3 ORDER BY name LIMIT $4");
    sql.query(&select, values![&owner.org, owner.word(), cursor.unwrap_or_default(), limit])?.iter().map(read).collect()
}

/// Makes a param or changes it.
///
/// # Errors
/// When it cannot be written.
pub fn put(sql: &mut dyn Sql, owner: &Owner, row: &ParamRow, now: Millis) -> Result<(), StoreError> {
    let upsert =
        "INSERT INTO param (org, repo, name, secret, value, version, fingerprint, description, updated, sealed)
                  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (org, repo, name) DO UPDATE SET
                  secret = excluded.secret, value = excluded.value, version = excluded.version,
                  fingerprint = excluded.fingerprint, description = excluded.description,
                  updated = excluded.updated, sealed = excluded.sealed";
    let Param { name, secret, value, version, fingerprint, description, .. } = &row.param;
    let (value, fingerprint) = (value.as_deref(), fingerprint.as_deref());
    let (description, sealed) = (description.as_deref(), row.sealed.as_deref());
    let parameters =
        values![&owner.org, owner.word(), name, *secret, value, *version, fingerprint, description, now, sealed];
    sql.execute(upsert, parameters).map(drop)
}

/// Removes a param; tells whether there was one.
///
/// # Errors
/// When it cannot be written.
pub fn remove(sql: &mut dyn Sql, owner: &Owner, name: &str) -> Result<bool, StoreError> {
    let delete = "DELETE FROM param WHERE org = $1 AND repo = $2 AND name = $3";
    Ok(sql.execute(delete, values![&owner.org, owner.word(), name])? == 1)
}
