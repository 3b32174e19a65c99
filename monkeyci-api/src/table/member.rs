//! Who belongs to which organisation.

use std::collections::BTreeMap;

use monkeyci_core::model::{Millis, OrgId};
use monkeyci_core::store::{Row, Sql, StoreError};
use monkeyci_core::values;
use monkeyci_rest::{Member, Role};

/// The roles of somebody, by organisation.
///
/// # Errors
/// When they cannot be read.
pub fn roles(sql: &mut dyn Sql, person: &str) -> Result<BTreeMap<OrgId, Role>, StoreError> {
    let rows = sql.query("SELECT org, role FROM member WHERE person = $1", values![person])?;
    rows.iter().map(|row| Ok((row.word(0)?, row.word(1)?))).collect()
}

/// The people who are members of an organisation after `cursor`, by name; not its service accounts.
///
/// # Errors
/// When they cannot be read.
pub fn list(sql: &mut dyn Sql, org: &OrgId, cursor: Option<&str>, limit: u64) -> Result<Vec<Member>, StoreError> {
    let select = "SELECT person, role, since FROM member WHERE org = $1 AND person > $2
                  AND person NOT LIKE '%/%' ORDER BY person LIMIT $3";
    let read = |row: &Row| Ok(Member { name: row.text(0)?.to_owned(), role: row.word(1)?, since: row.integer(2)? });
    sql.query(select, values![org, cursor.unwrap_or_default(), limit])?.iter().map(read).collect()
}

/// Gives somebody a role.
///
/// # Errors
/// When it cannot be written.
pub fn put(sql: &mut dyn Sql, org: &OrgId, person: &str, role: Role, now: Millis) -> Result<(), StoreError> {
    let upsert = "INSERT INTO member (org, person, role, since) VALUES ($1, $2, $3, $4)
                  ON CONFLICT (org, person) DO UPDATE SET role = excluded.role";
    sql.execute(upsert, values![org, person, role.as_str(), now]).map(drop)
}

/// Takes somebody's membership away; tells whether they had one.
///
/// # Errors
/// When it cannot be written.
pub fn remove(sql: &mut dyn Sql, org: &OrgId, person: &str) -> Result<bool, StoreError> {
    Ok(sql.execute("DELETE FROM member WHERE org = $1 AND person = $2", values![org, person])? == 1)
}

/// Whether an organisation has an owner beside `person`: the last one cannot leave. Nobody can ask a service account to
/// let them in, nor somebody who is disabled.
///
/// # Errors
/// When it cannot be read.
pub fn has_other_owner(sql: &mut dyn Sql, org: &OrgId, person: &str) -> Result<bool, StoreError> {
    let select = "SELECT 1 FROM member JOIN person ON person.name = member.person WHERE org = $1
                  AND member.person <> $2 AND role = 'owner' AND member.person NOT LIKE '%/%' AND disabled = 0 LIMIT 1";
    Ok(!sql.query(select, values![org, person])?.is_empty())
}
