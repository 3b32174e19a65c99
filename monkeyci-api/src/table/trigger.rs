//! Triggers: builds that follow builds of other repositories.

use monkeyci_core::model::{OrgId, RepoId};
use monkeyci_core::store::{Row, Sql, StoreError};
use monkeyci_core::values;
use monkeyci_rest::{Trigger, TriggerBody};

use crate::revision;

const COLUMNS: &str = "SELECT name, body, repo FROM trigger_of_repo";

fn read(row: &Row) -> Result<Trigger, StoreError> {
    let body: TriggerBody = row.json(1)?;
    Ok(Trigger { name: row.text(0)?.to_owned(), revision: revision::of(&body), body })
}

/// The trigger of that name.
///
/// # Errors
/// When it cannot be read.
pub fn find(sql: &mut dyn Sql, org: &OrgId, repo: &RepoId, name: &str) -> Result<Option<Trigger>, StoreError> {
    let select = format!("{COLUMNS} WHERE org = $1 AND repo = $2 AND name = $3");
    sql.query(&select, values![org, repo, name])?.first().map(read).transpose()
}

/// Up to `limit` triggers of a repository after `cursor`, by name.
///
/// # Errors
/// When they cannot be read.
pub fn list(
    sql: &mut dyn Sql,
    org: &OrgId,
    repo: &RepoId,
    cursor: Option<&str>,
    limit: u64,
) -> Result<Vec<Trigger>, StoreError> {
    let select = format!("{COLUMNS} WHERE org = $1 AND repo = $2 AND name > $3 ORDER BY name LIMIT $4");
    sql.query(&select, values![org, repo, cursor.unwrap_or_default(), limit])?.iter().map(read).collect()
}

/// The triggers that builds of a repository may set off, each with the repository that it builds.
///
/// # Errors
/// When they cannot be read.
pub fn after(sql: &mut dyn Sql, org: &OrgId, source: &RepoId) -> Result<Vec<(RepoId, Trigger)>, StoreError> {
    let select = format!("{COLUMNS} WHERE org = $1 AND source = $2 ORDER BY repo, name");
    let rows = sql.query(&select, values![org, source])?;
    rows.iter().map(|row| Ok((row.word(2)?, read(row)?))).collect()
}

/// Makes a trigger or changes it.
///
/// # Errors
/// When it cannot be written.
pub fn put(sql: &mut dyn Sql, org: &OrgId, repo: &RepoId, name: &str, body: &TriggerBody) -> Result<(), StoreError> {
    let upsert = "INSERT INTO trigger_of_repo (org, repo, name, source, body) VALUES ($1, $2, $3, $4, $5)
                  ON CONFLICT (org, repo, name) DO UPDATE SET source = excluded.source, body = excluded.body";
    let json = serde_json::to_string(body).expect("a body is JSON");
    sql.execute(upsert, values![org, repo, name, &body.repo, json]).map(drop)
}

/// Removes a trigger; tells whether there was one.
///
/// # Errors
/// When it cannot be written.
pub fn remove(sql: &mut dyn Sql, org: &OrgId, repo: &RepoId, name: &str) -> Result<bool, StoreError> {
    let delete = "DELETE FROM trigger_of_repo WHERE org = $1 AND repo = $2 AND name = $3";
    Ok(sql.execute(delete, values![org, repo, name])? == 1)
}
