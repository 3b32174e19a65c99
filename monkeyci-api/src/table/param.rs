//! Params. Those of an organisation stand under the empty name of a repository.

use monkeyci_core::model::{Millis, OrgId};
use monkeyci_core::store::{Row, Sql, StoreError};
use monkeyci_core::values;
use monkeyci_rest::Param;

/// A param as it is kept: the value of a secret one is sealed.
#[derive(Debug, Clone)]
pub struct ParamRow {
    /// What is shown of it.
    pub param: Param,
    /// The sealed value, when it is secret.
    pub sealed: Option<Vec<u8>>,
}

/// The name of a param among those of all organisations: `acme/TOKEN`, or `acme/web/TOKEN` of a repository.
pub fn full_name(org: &OrgId, repo: &str, name: &str) -> String {
    if repo.is_empty() { format!("{org}/{name}") } else { format!("{org}/{repo}/{name}") }
}

/// What the sealed value of a param is bound to.
pub fn place(org: &OrgId, repo: &str, name: &str, version: u64) -> String {
    format!("param/{org}/{repo}/{name}/{version}")
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
    };
    Ok(ParamRow { param, sealed: row.maybe(7, Row::bytes)?.map(<[u8]>::to_vec) })
}

/// The param of that name.
///
/// # Errors
/// When it cannot be read.
pub fn find(sql: &mut dyn Sql, org: &OrgId, repo: &str, name: &str) -> Result<Option<ParamRow>, StoreError> {
    let select = format!("{COLUMNS} WHERE org = $1 AND repo = $2 AND name = $3");
    sql.query(&select, values![org, repo, name])?.first().map(read).transpose()
}

/// Up to `limit` params after `cursor`, by name.
///
/// # Errors
/// When they cannot be read.
pub fn list(
    sql: &mut dyn Sql,
    org: &OrgId,
    repo: &str,
    cursor: Option<&str>,
    limit: u64,
) -> Result<Vec<ParamRow>, StoreError> {
    let select = format!("{COLUMNS} WHERE org = $1 AND repo = $2 AND name > $3 ORDER BY name LIMIT $4");
    sql.query(&select, values![org, repo, cursor.unwrap_or_default(), limit])?.iter().map(read).collect()
}

/// Makes a param or changes it.
///
/// # Errors
/// When it cannot be written.
pub fn put(sql: &mut dyn Sql, org: &OrgId, repo: &str, row: &ParamRow, now: Millis) -> Result<(), StoreError> {
    let upsert =
        "INSERT INTO param (org, repo, name, secret, value, version, fingerprint, description, updated, sealed)
                  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (org, repo, name) DO UPDATE SET
                  secret = excluded.secret, value = excluded.value, version = excluded.version,
                  fingerprint = excluded.fingerprint, description = excluded.description,
                  updated = excluded.updated, sealed = excluded.sealed";
    let Param { name, secret, value, version, fingerprint, description, .. } = &row.param;
    let (value, fingerprint) = (value.as_deref(), fingerprint.as_deref());
    let (description, sealed) = (description.as_deref(), row.sealed.as_deref());
    let parameters = values![org, repo, name, *secret, value, *version, fingerprint, description, now, sealed];
    sql.execute(upsert, parameters).map(drop)
}

/// Removes a param; tells whether there was one.
///
/// # Errors
/// When it cannot be written.
pub fn remove(sql: &mut dyn Sql, org: &OrgId, repo: &str, name: &str) -> Result<bool, StoreError> {
    let delete = "DELETE FROM param WHERE org = $1 AND repo = $2 AND name = $3";
    Ok(sql.execute(delete, values![org, repo, name])? == 1)
}
