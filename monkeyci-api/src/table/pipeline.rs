//! Pipelines that are declared on the server.

use std::collections::BTreeMap;

use monkeyci_core::model::{Millis, OrgId, RepoId};
use monkeyci_core::store::{Row, Sql, StoreError};
use monkeyci_core::values;
use monkeyci_rest::{Pipeline, PipelineBody};

use crate::table::declared;

const COLUMNS: &str = "SELECT name, body, created, updated, revision FROM pipeline";

fn read(row: &Row) -> Result<Pipeline, StoreError> {
    let (created, updated, revision) = (row.integer(2)?, row.integer(3)?, row.count(4)?);
    Ok(Pipeline { name: row.text(0)?.to_owned(), body: row.json(1)?, created, updated, revision })
}

/// The pipeline of that name.
///
/// # Errors
/// When it cannot be read.
pub fn find(sql: &mut dyn Sql, org: &OrgId, name: &str) -> Result<Option<Pipeline>, StoreError> {
    let select = format!("{COLUMNS} WHERE org = $1 AND name = $2");
    sql.query(&select, values![org, name])?.first().map(read).transpose()
}

/// Up to `limit` pipelines of an organisation after `cursor`, by name.
///
/// # Errors
/// When they cannot be read.
pub fn list(sql: &mut dyn Sql, org: &OrgId, cursor: Option<&str>, limit: u64) -> Result<Vec<Pipeline>, StoreError> {
    let select = format!("{COLUMNS} WHERE org = $1 AND name > $2 ORDER BY name LIMIT $3");
    sql.query(&select, values![org, cursor.unwrap_or_default(), limit])?.iter().map(read).collect()
}

/// Makes a pipeline or changes it; tells whether it is new.
///
/// # Errors
/// When it cannot be written.
pub fn put(sql: &mut dyn Sql, org: &OrgId, name: &str, body: &PipelineBody, now: Millis) -> Result<bool, StoreError> {
    let json = serde_json::to_string(body).expect("a body is JSON");
    let repo = body.repo.as_ref().map(RepoId::as_str);
    let insert = "INSERT INTO pipeline (org, name, repo, body, created, updated, revision)
                  VALUES ($1, $2, $3, $4, $5, $5, 1) ON CONFLICT (org, name) DO NOTHING";
    let update = "UPDATE pipeline SET repo = $3, body = $4, updated = $5, revision = revision + 1
                  WHERE org = $1 AND name = $2 AND body <> $4";
    declared::put(sql, insert, update, values![org, name, repo, &json, now])
}

/// The pipeline of a repository with these labels: one that names it before one that its labels fit, then by name.
///
/// # Errors
/// When it cannot be read.
pub fn of(
    sql: &mut dyn Sql,
    org: &OrgId,
    repo: &RepoId,
    labels: &BTreeMap<String, String>,
) -> Result<Option<Pipeline>, StoreError> {
    let select = format!("{COLUMNS} WHERE org = $1 AND (repo = $2 OR repo IS NULL) ORDER BY repo IS NULL, name");
    let found = sql.query(&select, values![org, repo])?;
    let found = found.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let fits = |pipeline: &Pipeline| pipeline.body.repo.is_some() || pipeline.body.label_filters.match_labels(labels);
    Ok(found.into_iter().find(fits))
}

/// Removes a pipeline.
///
/// # Errors
/// When it cannot be written.
pub fn remove(sql: &mut dyn Sql, org: &OrgId, name: &str) -> Result<(), StoreError> {
    sql.execute("DELETE FROM pipeline WHERE org = $1 AND name = $2", values![org, name]).map(drop)
}
