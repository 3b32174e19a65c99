//! What forges are to be told of builds, and what they were told.
//!
//! A build has one row, so that of all that happens only the newest is told. Of the builds of a commit only the newest
//! is told of at all: they share one status at the forge.

use monkeyci_core::model::{BuildId, BuildStatus, Millis, OrgId, RepoId};
use monkeyci_core::store::{Row, Sql, StoreError};
use monkeyci_core::values;

/// Milliseconds for which it is tried to tell a forge how a build stands.
pub const PATIENCE: Millis = 24 * 60 * 60 * 1000;

/// What is to be told of a build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportRow {
    /// The build.
    pub build: BuildId,
    /// How it stands.
    pub wanted: BuildStatus,
    /// What the forge knows, when it knows something.
    pub sent: Option<BuildStatus>,
    /// When it came to stand so.
    pub since: Millis,
    /// How often in a row it could not be told.
    pub tries: u64,
    /// When it is to be told; never when it is absent.
    pub next: Option<Millis>,
    /// Why it was not told, for people.
    pub note: Option<String>,
}

const COLUMNS: &str = "SELECT org, repo, number, wanted, sent, since, tries, next, note FROM report";

fn read(row: &Row) -> Result<ReportRow, StoreError> {
    Ok(ReportRow {
        build: BuildId::new(row.word(0)?, row.word(1)?, row.count(2)?),
        wanted: row.word(3)?,
        sent: row.maybe(4, Row::word)?,
        since: row.integer(5)?,
        tries: row.count(6)?,
        next: row.maybe(7, Row::integer)?,
        note: row.maybe(8, Row::text)?.map(str::to_owned),
    })
}

/// What is to be told of a build, when something is or was.
///
/// # Errors
/// When it cannot be read.
pub fn find(sql: &mut dyn Sql, build: &BuildId) -> Result<Option<ReportRow>, StoreError> {
    let select = format!("{COLUMNS} WHERE org = $1 AND repo = $2 AND number = $3");
    sql.query(&select, values![&build.org, &build.repo, build.number])?.first().map(read).transpose()
}

/// Notes that a build of a commit stands so. What could not be told before keeps the wait that the forge asked for.
///
/// # Errors
/// When it cannot be written.
pub fn want(
    sql: &mut dyn Sql,
    build: &BuildId,
    commit: &str,
    wanted: BuildStatus,
    now: Millis,
) -> Result<(), StoreError> {
    let BuildId { org, repo, number } = build;
    let newer = "SELECT 1 FROM report WHERE org = $1 AND repo = $2 AND commit_id = $3 AND number > $4 LIMIT 1";
    if !sql.query(newer, values![org, repo, commit, *number])?.is_empty() {
        return Ok(());
    }
    let former = "UPDATE report SET next = NULL, note = $5
                  WHERE org = $1 AND repo = $2 AND commit_id = $3 AND number < $4 AND next IS NOT NULL";
    let note = format!("build {number} of the same commit is newer");
    sql.execute(former, values![org, repo, commit, *number, note])?;
    let upsert = "INSERT INTO report (org, repo, number, commit_id, wanted, since, tries, next)
                  VALUES ($1, $2, $3, $4, $5, $6, 0, $6) ON CONFLICT (org, repo, number) DO UPDATE SET
                  wanted = excluded.wanted, since = excluded.since, note = NULL,
                  tries = CASE WHEN report.next IS NULL THEN 0 ELSE report.tries END,
                  next = coalesce(report.next, excluded.next) WHERE report.wanted <> excluded.wanted";
    sql.execute(upsert, values![org, repo, *number, commit, wanted.as_str(), now]).map(drop)
}

/// The repositories of which something is due.
///
/// # Errors
/// When they cannot be read.
pub fn due(sql: &mut dyn Sql, now: Millis) -> Result<Vec<(OrgId, RepoId)>, StoreError> {
    let rows = sql.query("SELECT DISTINCT org, repo FROM report WHERE next <= $1", values![now])?;
    rows.iter().map(|row| Ok((row.word(0)?, row.word(1)?))).collect()
}

/// What is due first of a repository.
///
/// # Errors
/// When it cannot be read.
pub fn due_of(sql: &mut dyn Sql, org: &OrgId, repo: &RepoId, now: Millis) -> Result<Option<ReportRow>, StoreError> {
    let select = format!("{COLUMNS} WHERE org = $1 AND repo = $2 AND next <= $3 ORDER BY next, number LIMIT 1");
    sql.query(&select, values![org, repo, now])?.first().map(read).transpose()
}

/// When the next after `now` is due.
///
/// # Errors
/// When it cannot be read.
pub fn next(sql: &mut dyn Sql, now: Millis) -> Result<Option<Millis>, StoreError> {
    let rows = sql.query("SELECT min(next) FROM report WHERE next > $1", values![now])?;
    rows.first().map_or(Ok(None), |row| row.maybe(0, Row::integer))
}

/// Notes that the forge knows that a build stands so; what it came to in the meantime is due.
///
/// # Errors
/// When it cannot be written.
pub fn told(sql: &mut dyn Sql, build: &BuildId, sent: BuildStatus, now: Millis) -> Result<(), StoreError> {
    let update = "UPDATE report SET sent = $4, tries = 0, note = NULL,
                  next = CASE WHEN next IS NULL OR wanted = $4 THEN NULL ELSE $5 END
                  WHERE org = $1 AND repo = $2 AND number = $3";
    sql.execute(update, values![&build.org, &build.repo, build.number, sent.as_str(), now]).map(drop)
}

/// Notes that it could not be told, and when that is tried again.
///
/// # Errors
/// When it cannot be written.
pub fn later(sql: &mut dyn Sql, build: &BuildId, next: Millis, note: &str) -> Result<(), StoreError> {
    let update = "UPDATE report SET tries = tries + 1, next = $4, note = $5
                  WHERE org = $1 AND repo = $2 AND number = $3 AND next IS NOT NULL";
    sql.execute(update, values![&build.org, &build.repo, build.number, next, note]).map(drop)
}

/// Notes that it is told no more that a build stood so; what it came to in the meantime is due.
///
/// # Errors
/// When it cannot be written.
pub fn give_up(
    sql: &mut dyn Sql,
    build: &BuildId,
    stood: BuildStatus,
    note: &str,
    now: Millis,
) -> Result<(), StoreError> {
    let update = "UPDATE report SET tries = 0, note = $5,
                  next = CASE WHEN next IS NULL OR wanted = $4 THEN NULL ELSE $6 END
                  WHERE org = $1 AND repo = $2 AND number = $3";
    let parameters = values![&build.org, &build.repo, build.number, stood.as_str(), note, now];
    sql.execute(update, parameters).map(drop)
}

/// Notes that what was given up in the last day is due once more, of a repository or of all: what kept it from being told
/// may be mended. Not of a build whose commit has a newer one.
///
/// # Errors
/// When it cannot be written.
pub fn again(sql: &mut dyn Sql, org: &OrgId, repo: Option<&RepoId>, now: Millis) -> Result<(), StoreError> {
    let update = "UPDATE report SET next = $3, tries = 0 WHERE org = $1 AND ($2 IS NULL OR repo = $2)
                  AND next IS NULL AND note IS NOT NULL AND since > $4 AND wanted <> coalesce(sent, '')
                  AND NOT EXISTS (SELECT 1 FROM report AS newer WHERE newer.org = report.org
                  AND newer.repo = report.repo AND newer.commit_id = report.commit_id AND newer.number > report.number)";
    sql.execute(update, values![org, repo.map(RepoId::as_str), now, now - PATIENCE]).map(drop)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use BuildStatus::{Canceled, Failure, Running, Success};
    use monkeyci_core::store::{Sqlite, Tables};

    use super::*;
    use crate::table::{MIGRATIONS, org, repo};

    /// Runs `story` on empty tables that know the repository `acme/web`.
    async fn tables(story: impl FnOnce(&mut dyn Sql, &OrgId, &RepoId) -> Result<(), StoreError> + Send + 'static) {
        let dir = tempfile::tempdir().expect("a folder");
        let store = Arc::new(Sqlite::open(dir.path().join("monkeyci.db")).expect("opens"));
        let tables = Tables::open(store, "api", MIGRATIONS).await.expect("opens");
        let told = tables.write(move |sql| {
            let (acme, web): (OrgId, RepoId) = ("acme".parse().expect("an id"), "web".parse().expect("an id"));
            let body = serde_json::from_str(r#"{"url": "https://example.com/web.git"}"#).expect("a repository");
            org::add(sql, &acme, "Acme", 0)?;
            repo::put(sql, &acme, &web, &body, 0)?;
            story(sql, &acme, &web)
        });
        told.await.expect("works");
    }

    fn row(sql: &mut dyn Sql, build: &BuildId) -> ReportRow {
        find(sql, build).expect("reads").expect("it is there")
    }

    #[tokio::test]
    async fn only_what_is_newest_is_due_and_keeps_the_wait_of_what_could_not_be_told() {
        tables(|sql, org, repo| {
            let build = BuildId::new(org.clone(), repo.clone(), 1);
            want(sql, &build, "c0ffee", Running, 10)?;
            assert_eq!(due(sql, 9)?, []);
            assert_eq!(due(sql, 10)?, [(org.clone(), repo.clone())]);
            later(sql, &build, 500, "it broke")?;
            want(sql, &build, "c0ffee", Running, 20)?;
            want(sql, &build, "c0ffee", Success, 30)?;
            assert_eq!((due_of(sql, org, repo, 499)?, next(sql, 499)?), (None, Some(500)));
            let newest = due_of(sql, org, repo, 500)?.expect("it is due");
            assert_eq!((newest.wanted, newest.since, newest.tries), (Success, 30, 1));
            told(sql, &build, Success, 510)?;
            assert_eq!((due(sql, Millis::MAX)?.len(), next(sql, 0)?), (0, None));
            assert_eq!((row(sql, &build).sent, row(sql, &build).note), (Some(Success), None));
            Ok(())
        })
        .await;
    }

    #[tokio::test]
    async fn what_comes_while_a_forge_is_told_is_due_after_it_whether_it_took_that_or_not() {
        tables(|sql, org, repo| {
            let build = BuildId::new(org.clone(), repo.clone(), 1);
            want(sql, &build, "c0ffee", Running, 10)?;
            want(sql, &build, "c0ffee", Failure, 20)?;
            told(sql, &build, Running, 30)?;
            assert_eq!(due_of(sql, org, repo, 30)?.map(|row| row.wanted), Some(Failure));
            give_up(sql, &build, Running, "it was refused", 40)?;
            assert_eq!(due_of(sql, org, repo, 40)?.map(|row| row.wanted), Some(Failure));
            give_up(sql, &build, Failure, "it was refused", 50)?;
            assert_eq!(due(sql, Millis::MAX)?, []);
            Ok(())
        })
        .await;
    }

    #[tokio::test]
    async fn a_commit_follows_its_newest_build_alone() {
        tables(|sql, org, repo| {
            let [first, second, other] = [1, 2, 3].map(|number| BuildId::new(org.clone(), repo.clone(), number));
            want(sql, &first, "c0ffee", Running, 10)?;
            want(sql, &second, "c0ffee", Running, 20)?;
            want(sql, &other, "beef", Running, 20)?;
            // The first was being told when the second came.
            told(sql, &first, Running, 30)?;
            want(sql, &first, "c0ffee", Canceled, 40)?;
            again(sql, org, Some(repo), 50)?;
            assert_eq!(due_of(sql, org, repo, 60)?.map(|row| row.build), Some(second.clone()));
            told(sql, &second, Running, 60)?;
            assert_eq!(due_of(sql, org, repo, 60)?.map(|row| row.build), Some(other));
            assert_eq!(row(sql, &first).next, None);
            Ok(())
        })
        .await;
    }

    #[tokio::test]
    async fn what_was_given_up_in_the_last_day_is_due_again_once_something_is_mended() {
        tables(|sql, org, repo| {
            let [old, new, well] = [1, 2, 3].map(|number| BuildId::new(org.clone(), repo.clone(), number));
            for (build, commit, since) in [(&old, "a", 0), (&new, "b", PATIENCE), (&well, "c", PATIENCE)] {
                want(sql, build, commit, Success, since)?;
            }
            give_up(sql, &old, Success, "given up", PATIENCE)?;
            give_up(sql, &new, Success, "its token is none", PATIENCE)?;
            told(sql, &well, Success, PATIENCE)?;
            again(sql, org, None, PATIENCE + 1)?;
            assert_eq!(due_of(sql, org, repo, PATIENCE + 1)?.map(|row| row.build), Some(new.clone()));
            told(sql, &new, Success, PATIENCE + 2)?;
            assert_eq!(due(sql, Millis::MAX)?, []);
            Ok(())
        })
        .await;
    }
}
