//! Who may do more in some repositories than in their organisation. Whoever leaves that is let go here by the database.

use std::collections::BTreeSet;

use monkeyci_core::model::{Millis, OrgId, RepoId};
use monkeyci_core::store::{Row, Sql, StoreError};
use monkeyci_core::values;
use monkeyci_rest::{LabelFilters, Repo, Role, RoleBinding, RoleBindingBody};

use crate::revision;

const COLUMNS: &str = "SELECT name, role, label_filters, description, created, updated FROM role_binding";

/// What somebody may do in some repositories.
#[derive(Debug, Clone)]
pub struct Bound {
    /// The organisation that these belong to.
    pub org: OrgId,
    /// What they may do.
    pub role: Role,
    repos: BTreeSet<RepoId>,
    label_filters: LabelFilters,
}

impl Bound {
    /// Whether it is about this repository. No filters mean none here: its repositories may all have been removed.
    pub fn is_for(&self, repo: &Repo) -> bool {
        let is_labelled = || !self.label_filters.is_empty() && self.label_filters.match_labels(&repo.body.labels);
        self.org == repo.org && (self.repos.contains(&repo.id) || is_labelled())
    }
}

/// What somebody may do besides, everywhere.
///
/// # Errors
/// When it cannot be read.
pub fn of_person(sql: &mut dyn Sql, person: &str) -> Result<Vec<Bound>, StoreError> {
    let select = "SELECT b.org, b.name, b.role, b.label_filters FROM role_binding_member m
                  JOIN role_binding b ON b.org = m.org AND b.name = m.binding WHERE m.person = $1";
    let rows = sql.query(select, values![person])?;
    let mut bound = |row: &Row| {
        let org = row.word(0)?;
        let repos = repos(sql, &org, row.text(1)?)?;
        Ok(Bound { org, role: row.word(2)?, repos, label_filters: row.json(3)? })
    };
    rows.iter().map(&mut bound).collect()
}

fn repos(sql: &mut dyn Sql, org: &OrgId, name: &str) -> Result<BTreeSet<RepoId>, StoreError> {
    let select = "SELECT repo FROM role_binding_repo WHERE org = $1 AND binding = $2";
    sql.query(select, values![org, name])?.iter().map(|row| row.word(0)).collect()
}

fn whole(sql: &mut dyn Sql, org: &OrgId, row: &Row) -> Result<RoleBinding, StoreError> {
    let name = row.text(0)?.to_owned();
    let select = "SELECT person FROM role_binding_member WHERE org = $1 AND binding = $2";
    let members = sql.query(select, values![org, &name])?;
    let body = RoleBindingBody {
        role: row.word(1)?,
        members: members.iter().map(|row| row.text(0).map(str::to_owned)).collect::<Result<_, _>>()?,
        repos: repos(sql, org, &name)?,
        label_filters: row.json(2)?,
        description: row.maybe(3, Row::text)?.map(str::to_owned),
    };
    let (created, updated, revision) = (row.integer(4)?, row.integer(5)?, revision::of(&body));
    Ok(RoleBinding { name, body, created, updated, revision })
}

/// The one of that name.
///
/// # Errors
/// When it cannot be read.
pub fn find(sql: &mut dyn Sql, org: &OrgId, name: &str) -> Result<Option<RoleBinding>, StoreError> {
    let rows = sql.query(&format!("{COLUMNS} WHERE org = $1 AND name = $2"), values![org, name])?;
    rows.first().map(|row| whole(sql, org, row)).transpose()
}

/// Up to `limit` of an organisation after `cursor`, by name.
///
/// # Errors
/// When they cannot be read.
pub fn list(sql: &mut dyn Sql, org: &OrgId, cursor: Option<&str>, limit: u64) -> Result<Vec<RoleBinding>, StoreError> {
    let select = format!("{COLUMNS} WHERE org = $1 AND name > $2 ORDER BY name LIMIT $3");
    let rows = sql.query(&select, values![org, cursor.unwrap_or_default(), limit])?;
    rows.iter().map(|row| whole(sql, org, row)).collect()
}

/// The most that somebody may do in any repository of an organisation by these alone.
///
/// # Errors
/// When it cannot be read.
pub fn most(sql: &mut dyn Sql, org: &OrgId, person: &str) -> Result<Option<Role>, StoreError> {
    let bound = of_person(sql, person)?;
    Ok(bound.iter().filter(|bound| bound.org == *org).map(|bound| bound.role).max())
}

/// Makes one or changes it. Who is in it belongs to the organisation, and the repositories are there.
///
/// # Errors
/// When it cannot be written.
pub fn put(sql: &mut dyn Sql, org: &OrgId, name: &str, body: &RoleBindingBody, now: Millis) -> Result<(), StoreError> {
    let filters = serde_json::to_string(&body.label_filters).expect("filters are JSON");
    let upsert = "INSERT INTO role_binding (org, name, role, label_filters, description, created, updated)
                  VALUES ($1, $2, $3, $4, $5, $6, $6) ON CONFLICT (org, name) DO UPDATE SET role = excluded.role,
                  label_filters = excluded.label_filters, description = excluded.description, updated = excluded.updated";
    let description = body.description.as_deref();
    sql.execute(upsert, values![org, name, body.role.as_str(), filters, description, now])?;
    sql.execute("DELETE FROM role_binding_member WHERE org = $1 AND binding = $2", values![org, name])?;
    for person in &body.members {
        let insert = "INSERT INTO role_binding_member (org, binding, person) VALUES ($1, $2, $3)";
        sql.execute(insert, values![org, name, person])?;
    }
    sql.execute("DELETE FROM role_binding_repo WHERE org = $1 AND binding = $2", values![org, name])?;
    for repo in &body.repos {
        let insert = "INSERT INTO role_binding_repo (org, binding, repo) VALUES ($1, $2, $3)";
        sql.execute(insert, values![org, name, repo])?;
    }
    Ok(())
}

/// Removes one.
///
/// # Errors
/// When it cannot be written.
pub fn remove(sql: &mut dyn Sql, org: &OrgId, name: &str) -> Result<(), StoreError> {
    sql.execute("DELETE FROM role_binding WHERE org = $1 AND name = $2", values![org, name]).map(drop)
}
