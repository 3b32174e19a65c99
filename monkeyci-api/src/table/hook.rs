//! Webhooks of forges.

use monkeyci_core::model::{Millis, OrgId, RepoId};
use monkeyci_core::store::{Row, Sql, StoreError};
use monkeyci_core::values;

/// A webhook as it is kept: its secrets are sealed.
#[derive(Debug, Clone)]
pub struct HookRow {
    /// The last part of its URL, drawn by lot.
    pub key: String,
    /// The organisation.
    pub org: OrgId,
    /// The repository.
    pub repo: RepoId,
    /// Its name in the repository.
    pub name: String,
    /// The forge.
    pub forge: String,
    /// Its secret.
    pub secret: Vec<u8>,
    /// The one before, while that is good as well.
    pub former: Option<Vec<u8>>,
    /// When it was made.
    pub created: Millis,
    /// When its newest delivery came.
    pub last: Option<Millis>,
}

const COLUMNS: &str = "SELECT key, org, repo, name, forge, secret, former, created,
    (SELECT received FROM delivery WHERE delivery.hook = hook.key ORDER BY id DESC LIMIT 1) FROM hook";

/// What the sealed secret of a webhook is bound to.
#[must_use]
pub fn place(key: &str) -> String {
    format!("hook/{key}")
}

fn read(row: &Row) -> Result<HookRow, StoreError> {
    Ok(HookRow {
        key: row.text(0)?.to_owned(),
        org: row.word(1)?,
        repo: row.word(2)?,
        name: row.text(3)?.to_owned(),
        forge: row.text(4)?.to_owned(),
        secret: row.bytes(5)?.to_vec(),
        former: row.maybe(6, Row::bytes)?.map(<[u8]>::to_vec),
        created: row.integer(7)?,
        last: row.maybe(8, Row::integer)?,
    })
}

/// The webhook with that key in its URL.
///
/// # Errors
/// When it cannot be read.
pub fn by_key(sql: &mut dyn Sql, key: &str) -> Result<Option<HookRow>, StoreError> {
    sql.query(&format!("{COLUMNS} WHERE key = $1"), values![key])?.first().map(read).transpose()
}

/// The webhook of that name.
///
/// # Errors
/// When it cannot be read.
pub fn find(sql: &mut dyn Sql, org: &OrgId, repo: &RepoId, name: &str) -> Result<Option<HookRow>, StoreError> {
    let select = format!("{COLUMNS} WHERE org = $1 AND repo = $2 AND name = $3");
    sql.query(&select, values![org, repo, name])?.first().map(read).transpose()
}

/// The webhooks of a repository after `cursor`, by name.
///
/// # Errors
/// When they cannot be read.
pub fn list(
    sql: &mut dyn Sql,
    org: &OrgId,
    repo: &RepoId,
    cursor: Option<&str>,
    limit: u64,
) -> Result<Vec<HookRow>, StoreError> {
    let select = format!("{COLUMNS} WHERE org = $1 AND repo = $2 AND name > $3 ORDER BY name LIMIT $4");
    sql.query(&select, values![org, repo, cursor.unwrap_or_default(), limit])?.iter().map(read).collect()
}

/// Keeps a webhook; tells whether there was none of that name.
///
/// # Errors
/// When it cannot be written.
pub fn add(sql: &mut dyn Sql, hook: &HookRow) -> Result<bool, StoreError> {
    let insert = "INSERT INTO hook (key, org, repo, name, forge, secret, created) VALUES ($1, $2, $3, $4, $5, $6, $7)
                  ON CONFLICT (org, repo, name) DO NOTHING";
    let HookRow { key, org, repo, name, forge, secret, created, .. } = hook;
    Ok(sql.execute(insert, values![key, org, repo, name, forge, secret.as_slice(), *created])? == 1)
}

/// Gives a webhook another secret; the one that it had stays good beside it.
///
/// # Errors
/// When it cannot be written.
pub fn rotate(sql: &mut dyn Sql, key: &str, secret: &[u8]) -> Result<(), StoreError> {
    sql.execute("UPDATE hook SET former = secret, secret = $2 WHERE key = $1", values![key, secret]).map(drop)
}

/// Forgets the former secret of a webhook, as the new one was seen in use.
///
/// # Errors
/// When it cannot be written.
pub fn rotated(sql: &mut dyn Sql, key: &str) -> Result<(), StoreError> {
    sql.execute("UPDATE hook SET former = NULL WHERE key = $1", values![key]).map(drop)
}

/// Removes a webhook with its deliveries; tells whether there was one.
///
/// # Errors
/// When it cannot be written.
pub fn remove(sql: &mut dyn Sql, org: &OrgId, repo: &RepoId, name: &str) -> Result<bool, StoreError> {
    let delete = "DELETE FROM hook WHERE org = $1 AND repo = $2 AND name = $3";
    Ok(sql.execute(delete, values![org, repo, name])? == 1)
}
