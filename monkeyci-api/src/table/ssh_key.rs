//! SSH keys. The private part is sealed.

use monkeyci_core::model::{Millis, OrgId};
use monkeyci_core::store::{Row, Sql, StoreError};
use monkeyci_core::values;
use monkeyci_rest::SshKey;

/// A key as it is kept.
#[derive(Debug, Clone)]
pub struct SshKeyRow {
    /// What is shown of it.
    pub key: SshKey,
    /// The sealed private part.
    pub sealed: Vec<u8>,
}

/// What a private part is bound to.
pub fn place(org: &OrgId, name: &str, version: u64) -> String {
    format!("ssh-key/{org}/{name}/{version}")
}

const COLUMNS: &str =
    "SELECT name, public, fingerprint, version, label_filters, known_hosts, description, created, updated,
                       revision, sealed FROM ssh_key";

fn read(row: &Row) -> Result<SshKeyRow, StoreError> {
    let text = |column| row.maybe(column, Row::text).map(|text| text.map(str::to_owned));
    let key = SshKey {
        name: row.text(0)?.to_owned(),
        public_key: row.text(1)?.to_owned(),
        fingerprint: row.text(2)?.to_owned(),
        version: row.count(3)?,
        label_filters: row.json(4)?,
        known_hosts: text(5)?,
        description: text(6)?,
        created: row.integer(7)?,
        updated: row.integer(8)?,
        revision: row.count(9)?,
    };
    Ok(SshKeyRow { key, sealed: row.bytes(10)?.to_vec() })
}

/// The key of that name.
///
/// # Errors
/// When it cannot be read.
pub fn find(sql: &mut dyn Sql, org: &OrgId, name: &str) -> Result<Option<SshKeyRow>, StoreError> {
    let select = format!("{COLUMNS} WHERE org = $1 AND name = $2");
    sql.query(&select, values![org, name])?.first().map(read).transpose()
}

/// Up to `limit` keys of an organisation after `cursor`, by name.
///
/// # Errors
/// When they cannot be read.
pub fn list(sql: &mut dyn Sql, org: &OrgId, cursor: Option<&str>, limit: u64) -> Result<Vec<SshKeyRow>, StoreError> {
    let select = format!("{COLUMNS} WHERE org = $1 AND name > $2 ORDER BY name LIMIT $3");
    sql.query(&select, values![org, cursor.unwrap_or_default(), limit])?.iter().map(read).collect()
}

/// Every key of an organisation, by name.
///
/// # Errors
/// When they cannot be read.
pub fn all(sql: &mut dyn Sql, org: &OrgId) -> Result<Vec<SshKeyRow>, StoreError> {
    let select = format!("{COLUMNS} WHERE org = $1 ORDER BY name");
    sql.query(&select, values![org])?.iter().map(read).collect()
}

/// Makes a key or changes it.
///
/// # Errors
/// When it cannot be written.
pub fn put(sql: &mut dyn Sql, org: &OrgId, row: &SshKeyRow, now: Millis) -> Result<(), StoreError> {
    let upsert =
        "INSERT INTO ssh_key (org, name, public, fingerprint, version, label_filters, known_hosts, description,
                  created, updated, revision, sealed) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, 1, $10)
                  ON CONFLICT (org, name) DO UPDATE SET public = excluded.public, fingerprint = excluded.fingerprint,
                  version = excluded.version, label_filters = excluded.label_filters,
                  known_hosts = excluded.known_hosts, description = excluded.description, updated = excluded.updated,
                  revision = ssh_key.revision + 1, sealed = excluded.sealed";
    let SshKey { name, public_key, fingerprint, version, label_filters, known_hosts, description, .. } = &row.key;
    let filters = serde_json::to_string(label_filters).expect("filters are JSON");
    let (hosts, description, sealed) = (known_hosts.as_deref(), description.as_deref(), row.sealed.as_slice());
    let parameters = values![org, name, public_key, fingerprint, *version, filters, hosts, description, now, sealed];
    sql.execute(upsert, parameters).map(drop)
}

/// Removes a key.
///
/// # Errors
/// When it cannot be written.
pub fn remove(sql: &mut dyn Sql, org: &OrgId, name: &str) -> Result<(), StoreError> {
    sql.execute("DELETE FROM ssh_key WHERE org = $1 AND name = $2", values![org, name]).map(drop)
}
