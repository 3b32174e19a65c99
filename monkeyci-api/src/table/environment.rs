//! Environments of repositories. Their params stand among the params, under a word of the environment.

use monkeyci_core::model::{Millis, OrgId, RepoId};
use monkeyci_core::store::{Row, Sql, StoreError};
use monkeyci_core::values;
use monkeyci_rest::{Environment, EnvironmentBody};

use crate::owner::Owner;
use crate::table::declared;

const COLUMNS: &str = "SELECT name, body, created, updated, revision FROM environment";

fn read(row: &Row) -> Result<Environment, StoreError> {
    let (created, updated, revision) = (row.integer(2)?, row.integer(3)?, row.count(4)?);
    Ok(Environment { name: row.text(0)?.to_owned(), body: row.json(1)?, created, updated, revision })
}

/// The environment of that name.
///
/// # Errors
/// When it cannot be read.
pub fn find(sql: &mut dyn Sql, org: &OrgId, repo: &RepoId, name: &str) -> Result<Option<Environment>, StoreError> {
    let select = format!("{COLUMNS} WHERE org = $1 AND repo = $2 AND name = $3");
    sql.query(&select, values![org, repo, name])?.first().map(read).transpose()
}

/// Up to `limit` environments of a repository after `cursor`, by name.
///
/// # Errors
/// When they cannot be read.
pub fn list(
    sql: &mut dyn Sql,
    org: &OrgId,
    repo: &RepoId,
    cursor: Option<&str>,
    limit: u64,
) -> Result<Vec<Environment>, StoreError> {
    let select = format!("{COLUMNS} WHERE org = $1 AND repo = $2 AND name > $3 ORDER BY name LIMIT $4");
    sql.query(&select, values![org, repo, cursor.unwrap_or_default(), limit])?.iter().map(read).collect()
}

/// Makes an environment or changes it; tells whether it is new.
///
/// # Errors
/// When it cannot be written.
pub fn put(
    sql: &mut dyn Sql,
    org: &OrgId,
    repo: &RepoId,
    name: &str,
    body: &EnvironmentBody,
    now: Millis,
) -> Result<bool, StoreError> {
    let json = serde_json::to_string(body).expect("a body is JSON");
    let insert = "INSERT INTO environment (org, repo, name, body, created, updated, revision)
                  VALUES ($1, $2, $3, $4, $5, $5, 1) ON CONFLICT (org, repo, name) DO NOTHING";
    let update = "UPDATE environment SET body = $4, updated = $5, revision = revision + 1
                  WHERE org = $1 AND repo = $2 AND name = $3 AND body <> $4";
    declared::put(sql, insert, update, values![org, repo, name, &json, now])
}

/// Removes an environment with its params.
///
/// # Errors
/// When it cannot be written.
pub fn remove(sql: &mut dyn Sql, org: &OrgId, repo: &RepoId, name: &str) -> Result<(), StoreError> {
    let word = Owner::environment(org, repo, name).word();
    sql.execute("DELETE FROM param WHERE org = $1 AND repo = $2", values![org, word])?;
    let delete = "DELETE FROM environment WHERE org = $1 AND repo = $2 AND name = $3";
    sql.execute(delete, values![org, repo, name]).map(drop)
}
