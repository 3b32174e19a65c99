//! Whom service accounts trust.

use monkeyci_core::model::{Millis, OrgId};
use monkeyci_core::store::{Row, Sql, StoreError};
use monkeyci_core::values;
use monkeyci_rest::{Trust, TrustBody};

use crate::table::declared;

const COLUMNS: &str = "SELECT service_account, name, body, created, updated, revision FROM trust";

fn read(row: &Row) -> Result<Trust, StoreError> {
    Ok(Trust {
        service_account: row.text(0)?.to_owned(),
        name: row.text(1)?.to_owned(),
        body: row.json(2)?,
        created: row.integer(3)?,
        updated: row.integer(4)?,
        revision: row.count(5)?,
    })
}

/// The trust of that name.
///
/// # Errors
/// When it cannot be read.
pub fn find(sql: &mut dyn Sql, org: &OrgId, account: &str, name: &str) -> Result<Option<Trust>, StoreError> {
    let select = format!("{COLUMNS} WHERE org = $1 AND service_account = $2 AND name = $3");
    sql.query(&select, values![org, account, name])?.first().map(read).transpose()
}

/// Up to `limit` of a service account after `cursor`, by name.
///
/// # Errors
/// When they cannot be read.
pub fn list(
    sql: &mut dyn Sql,
    org: &OrgId,
    account: &str,
    cursor: Option<&str>,
    limit: u64,
) -> Result<Vec<Trust>, StoreError> {
    let select = format!("{COLUMNS} WHERE org = $1 AND service_account = $2 AND name > $3 ORDER BY name LIMIT $4");
    sql.query(&select, values![org, account, cursor.unwrap_or_default(), limit])?.iter().map(read).collect()
}

/// Those of all service accounts of an organisation.
///
/// # Errors
/// When they cannot be read.
pub fn all(sql: &mut dyn Sql, org: &OrgId) -> Result<Vec<Trust>, StoreError> {
    let select = format!("{COLUMNS} WHERE org = $1 ORDER BY service_account, name");
    sql.query(&select, values![org])?.iter().map(read).collect()
}

/// Makes a trust or changes it; tells whether it is new.
///
/// # Errors
/// When it cannot be written.
pub fn put(
    sql: &mut dyn Sql,
    org: &OrgId,
    account: &str,
    name: &str,
    body: &TrustBody,
    now: Millis,
) -> Result<bool, StoreError> {
    let json = serde_json::to_string(body).expect("a body is JSON");
    let insert = "INSERT INTO trust (org, service_account, name, body, created, updated, revision)
                  VALUES ($1, $2, $3, $4, $5, $5, 1) ON CONFLICT (org, service_account, name) DO NOTHING";
    let update = "UPDATE trust SET body = $4, updated = $5, revision = revision + 1
                  WHERE org = $1 AND service_account = $2 AND name = $3 AND body <> $4";
    declared::put(sql, insert, update, values![org, account, name, &json, now])
}

/// Removes a trust.
///
/// # Errors
/// When it cannot be written.
pub fn remove(sql: &mut dyn Sql, org: &OrgId, account: &str, name: &str) -> Result<(), StoreError> {
    let delete = "DELETE FROM trust WHERE org = $1 AND service_account = $2 AND name = $3";
    sql.execute(delete, values![org, account, name]).map(drop)
}
