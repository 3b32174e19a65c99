//! Commits of forks whose own script may run.

use monkeyci_core::model::trigger::ScriptOf;
use monkeyci_core::model::{Millis, OrgId, RepoId, Trigger};
use monkeyci_core::store::{Row, Sql, StoreError};
use monkeyci_core::values;

/// Notes that somebody approves the script of a commit; who did so first stays.
///
/// # Errors
/// When it cannot be written.
pub fn put(
    sql: &mut dyn Sql,
    org: &OrgId,
    repo: &RepoId,
    commit: &str,
    actor: &str,
    time: Millis,
) -> Result<(), StoreError> {
    let insert = "INSERT INTO script_approval (org, repo, commit_id, actor, time) VALUES ($1, $2, $3, $4, $5)
                  ON CONFLICT (org, repo, commit_id) DO NOTHING";
    sql.execute(insert, values![org, repo, commit, actor, time]).map(drop)
}

/// Who approved the script of a commit, if anybody did.
///
/// # Errors
/// When it cannot be read.
pub fn find(sql: &mut dyn Sql, org: &OrgId, repo: &RepoId, commit: &str) -> Result<Option<String>, StoreError> {
    let select = "SELECT actor FROM script_approval WHERE org = $1 AND repo = $2 AND commit_id = $3";
    let found = sql.query(select, values![org, repo, commit])?;
    found.first().map(|row: &Row| row.text(0).map(str::to_owned)).transpose()
}

/// Decides whose script a build runs: that of a fork only where its very commit was approved.
///
/// # Errors
/// When that cannot be read.
pub fn decide(sql: &mut dyn Sql, org: &OrgId, repo: &RepoId, trigger: &mut Trigger) -> Result<(), StoreError> {
    trigger.script = None;
    let commit = trigger.git.as_ref().and_then(|git| git.commit_id.clone());
    if let Some(commit) = commit.filter(|_| trigger.fork) {
        let approved = find(sql, org, repo, &commit)?;
        trigger.script = approved.map(|approved_by| ScriptOf::Fork { approved_by });
    }
    Ok(())
}
