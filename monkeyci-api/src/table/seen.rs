//! Where branches pointed when they were last heard of.

use std::collections::BTreeMap;

use monkeyci_core::model::{OrgId, RepoId};
use monkeyci_core::store::{Sql, StoreError};
use monkeyci_core::values;

/// The commits of the branches of a repository, by full ref.
///
/// # Errors
/// When they cannot be read.
pub fn of(sql: &mut dyn Sql, org: &OrgId, repo: &RepoId) -> Result<BTreeMap<String, String>, StoreError> {
    let rows = sql.query("SELECT reference, commit_id FROM seen WHERE org = $1 AND repo = $2", values![org, repo])?;
    rows.iter().map(|row| Ok((row.text(0)?.to_owned(), row.text(1)?.to_owned()))).collect()
}

/// Notes where a branch points.
///
/// # Errors
/// When it cannot be written.
pub fn put(sql: &mut dyn Sql, org: &OrgId, repo: &RepoId, reference: &str, commit: &str) -> Result<(), StoreError> {
    let upsert = "INSERT INTO seen (org, repo, reference, commit_id) VALUES ($1, $2, $3, $4)
                  ON CONFLICT (org, repo, reference) DO UPDATE SET commit_id = excluded.commit_id";
    sql.execute(upsert, values![org, repo, reference, commit]).map(drop)
}
