//! Repositories.

use monkeyci_core::model::{Millis, OrgId, RepoId};
use monkeyci_core::store::{Row, Sql, StoreError};
use monkeyci_core::values;
use monkeyci_rest::{Repo, RepoBody};

use crate::table::declared;

const COLUMNS: &str = "SELECT org, id, body, created, updated, revision FROM repo";

fn read(row: &Row) -> Result<Repo, StoreError> {
    Ok(Repo {
        org: row.word(0)?,
        id: row.word(1)?,
        body: row.json(2)?,
        latest: None,
        branches: Default::default(),
        created: row.integer(3)?,
        updated: row.integer(4)?,
        revision: row.count(5)?,
    })
}

/// A repository, when there is one of that id.
///
/// # Errors
/// When it cannot be read.
pub fn find(sql: &mut dyn Sql, org: &OrgId, id: &RepoId) -> Result<Option<Repo>, StoreError> {
    let rows = sql.query(&format!("{COLUMNS} WHERE org = $1 AND id = $2"), values![org, id])?;
    rows.first().map(read).transpose()
}

/// Up to `limit` repositories of an organisation after `cursor`, by id.
///
/// # Errors
/// When they cannot be read.
pub fn list(sql: &mut dyn Sql, org: &OrgId, cursor: Option<&str>, limit: u64) -> Result<Vec<Repo>, StoreError> {
    let select = format!("{COLUMNS} WHERE org = $1 AND id > $2 ORDER BY id LIMIT $3");
    sql.query(&select, values![org, cursor.unwrap_or_default(), limit])?.iter().map(read).collect()
}

/// Every repository.
///
/// # Errors
/// When they cannot be read.
pub fn all(sql: &mut dyn Sql) -> Result<Vec<Repo>, StoreError> {
    sql.query(&format!("{COLUMNS} ORDER BY org, id"), &[])?.iter().map(read).collect()
}

/// Makes a repository or changes it; tells whether it is new.
///
/// # Errors
/// When it cannot be written.
pub fn put(sql: &mut dyn Sql, org: &OrgId, id: &RepoId, body: &RepoBody, now: Millis) -> Result<bool, StoreError> {
    let json = serde_json::to_string(body).expect("a body is JSON");
    let insert = "INSERT INTO repo (org, id, body, created, updated, revision) VALUES ($1, $2, $3, $4, $4, 1)
                  ON CONFLICT (org, id) DO NOTHING";
    let update = "UPDATE repo SET body = $3, updated = $4, revision = revision + 1
                  WHERE org = $1 AND id = $2 AND body <> $3";
    declared::put(sql, insert, update, values![org, id, &json, now])
}

/// Removes a repository with all that it has, but not its builds.
///
/// # Errors
/// When it cannot be written.
pub fn remove(sql: &mut dyn Sql, org: &OrgId, id: &RepoId) -> Result<(), StoreError> {
    sql.execute("DELETE FROM param WHERE org = $1 AND repo = $2", values![org, id])?;
    // Those of its environments.
    let (from, to) = (format!("{id}:"), format!("{id};"));
    let delete = "DELETE FROM param WHERE org = $1 AND repo > $2 AND repo < $3";
    sql.execute(delete, values![org, from, to])?;
    sql.execute("DELETE FROM repo WHERE org = $1 AND id = $2", values![org, id]).map(drop)
}
