//! Credentials of private registries. The password is sealed.

use monkeyci_core::model::{Millis, OrgId};
use monkeyci_core::store::{Row, Sql, StoreError};
use monkeyci_core::values;
use monkeyci_rest::RegistryCredential;

/// Credentials as they are kept.
#[derive(Debug, Clone)]
pub struct RegistryCredentialRow {
    /// What is shown of them.
    pub credential: RegistryCredential,
    /// The sealed password.
    pub sealed: Vec<u8>,
}

/// What a password is bound to.
pub fn place(org: &OrgId, name: &str, version: u64) -> String {
    format!("registry-credential/{org}/{name}/{version}")
}

const COLUMNS: &str = "SELECT name, host, username, version, fingerprint, label_filters, description, created, updated,
                       revision, sealed FROM registry_credential";

fn read(row: &Row) -> Result<RegistryCredentialRow, StoreError> {
    let credential = RegistryCredential {
        name: row.text(0)?.to_owned(),
        host: row.text(1)?.to_owned(),
        username: row.text(2)?.to_owned(),
        version: row.count(3)?,
        fingerprint: row.text(4)?.to_owned(),
        label_filters: row.json(5)?,
        description: row.maybe(6, Row::text)?.map(str::to_owned),
        created: row.integer(7)?,
        updated: row.integer(8)?,
        revision: row.count(9)?,
    };
    Ok(RegistryCredentialRow { credential, sealed: row.bytes(10)?.to_vec() })
}

/// The credentials of that name.
///
/// # Errors
/// When they cannot be read.
pub fn find(sql: &mut dyn Sql, org: &OrgId, name: &str) -> Result<Option<RegistryCredentialRow>, StoreError> {
    let select = format!("{COLUMNS} WHERE org = $1 AND name = $2");
    sql.query(&select, values![org, name])?.first().map(read).transpose()
}

/// Up to `limit` credentials of an organisation after `cursor`, by name.
///
/// # Errors
/// When they cannot be read.
pub fn list(
    sql: &mut dyn Sql,
    org: &OrgId,
    cursor: Option<&str>,
    limit: u64,
) -> Result<Vec<RegistryCredentialRow>, StoreError> {
    let select = format!("{COLUMNS} WHERE org = $1 AND name > $2 ORDER BY name LIMIT $3");
    sql.query(&select, values![org, cursor.unwrap_or_default(), limit])?.iter().map(read).collect()
}

/// All credentials of an organisation, by name.
///
/// # Errors
/// When they cannot be read.
pub fn all(sql: &mut dyn Sql, org: &OrgId) -> Result<Vec<RegistryCredentialRow>, StoreError> {
    sql.query(&format!("{COLUMNS} WHERE org = $1 ORDER BY name"), values![org])?.iter().map(read).collect()
}

/// Makes credentials or changes them.
///
/// # Errors
/// When they cannot be written.
pub fn put(sql: &mut dyn Sql, org: &OrgId, row: &RegistryCredentialRow, now: Millis) -> Result<(), StoreError> {
    let upsert =
        "INSERT INTO registry_credential (org, name, host, username, version, fingerprint, label_filters, description,
                  created, updated, revision, sealed) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, 1, $10)
                  ON CONFLICT (org, name) DO UPDATE SET host = excluded.host, username = excluded.username,
                  version = excluded.version, fingerprint = excluded.fingerprint,
                  label_filters = excluded.label_filters, description = excluded.description,
                  updated = excluded.updated, revision = registry_credential.revision + 1, sealed = excluded.sealed";
    let RegistryCredential { name, host, username, version, fingerprint, label_filters, description, .. } =
        &row.credential;
    let filters = serde_json::to_string(label_filters).expect("filters are JSON");
    let (description, sealed) = (description.as_deref(), row.sealed.as_slice());
    let parameters = values![org, name, host, username, *version, fingerprint, filters, description, now, sealed];
    sql.execute(upsert, parameters).map(drop)
}

/// Removes credentials.
///
/// # Errors
/// When they cannot be written.
pub fn remove(sql: &mut dyn Sql, org: &OrgId, name: &str) -> Result<(), StoreError> {
    sql.execute("DELETE FROM registry_credential WHERE org = $1 AND name = $2", values![org, name]).map(drop)
}
