//! Accounts of programs. Each is a person of a name that nobody else can have, and a member of its organisation.

use monkeyci_core::model::{Millis, OrgId};
use monkeyci_core::store::{Row, Sql, StoreError};
use monkeyci_core::values;
use monkeyci_rest::{Role, ServiceAccount, ServiceAccountBody};

use super::{member, person, role_binding, token};

const COLUMNS: &str =
    "SELECT a.name, m.role, a.description, a.integration, p.disabled, a.created, a.updated, a.revision
                       FROM service_account a JOIN person p ON p.name = a.person
                       JOIN member m ON m.org = a.org AND m.person = a.person";

fn read(row: &Row) -> Result<ServiceAccount, StoreError> {
    let body = ServiceAccountBody {
        role: row.word(1)?,
        description: row.maybe(2, Row::text)?.map(str::to_owned),
        integration: row.truth(3)?,
        disabled: row.truth(4)?,
    };
    let (created, updated, revision) = (row.integer(5)?, row.integer(6)?, row.count(7)?);
    Ok(ServiceAccount { name: row.text(0)?.to_owned(), body, created, updated, revision })
}

/// What a service account is called among all who may ask.
pub fn person_of(org: &OrgId, name: &str) -> String {
    format!("{org}/{name}")
}

/// Whether somebody of that name is a service account: nobody else has a slash in theirs.
pub fn is_one(person: &str) -> bool {
    person.contains('/')
}

/// The service account of that name.
///
/// # Errors
/// When it cannot be read.
pub fn find(sql: &mut dyn Sql, org: &OrgId, name: &str) -> Result<Option<ServiceAccount>, StoreError> {
    let select = format!("{COLUMNS} WHERE a.org = $1 AND a.name = $2");
    sql.query(&select, values![org, name])?.first().map(read).transpose()
}

/// Up to `limit` service accounts of an organisation after `cursor`, by name.
///
/// # Errors
/// When they cannot be read.
pub fn list(
    sql: &mut dyn Sql,
    org: &OrgId,
    cursor: Option<&str>,
    limit: u64,
) -> Result<Vec<ServiceAccount>, StoreError> {
    let select = format!("{COLUMNS} WHERE a.org = $1 AND a.name > $2 ORDER BY a.name LIMIT $3");
    sql.query(&select, values![org, cursor.unwrap_or_default(), limit])?.iter().map(read).collect()
}

/// Makes a service account or changes it; tells whether it is new.
///
/// # Errors
/// When it cannot be written.
pub fn put(
    sql: &mut dyn Sql,
    org: &OrgId,
    name: &str,
    body: &ServiceAccountBody,
    now: Millis,
) -> Result<bool, StoreError> {
    let before = find(sql, org, name)?;
    if before.as_ref().is_some_and(|before| before.body == *body) {
        return Ok(false);
    }
    let own = person_of(org, name);
    person::add(sql, &own, false, now)?;
    person::disable(sql, &own, body.disabled)?;
    member::put(sql, org, &own, body.role, now)?;
    let upsert = "INSERT INTO service_account
                  (org, name, person, description, integration, stored, created, updated, revision)
                  VALUES ($1, $2, $3, $4, $5, 0, $6, $6, 1) ON CONFLICT (org, name) DO UPDATE SET
                  description = excluded.description, integration = excluded.integration, updated = excluded.updated,
                  revision = service_account.revision + 1";
    let description = body.description.as_deref();
    sql.execute(upsert, values![org, name, &own, description, body.integration, now])?;
    Ok(before.is_none())
}

/// The most that one may do anywhere in its organisation.
///
/// # Errors
/// When it cannot be read.
pub fn most(sql: &mut dyn Sql, org: &OrgId, account: &ServiceAccount) -> Result<Role, StoreError> {
    let bound = role_binding::most(sql, org, &person_of(org, &account.name))?;
    Ok(bound.map_or(account.body.role, |bound| bound.max(account.body.role)))
}

/// Removes a service account with its tokens and all that it keeps.
///
/// # Errors
/// When it cannot be written.
pub fn remove(sql: &mut dyn Sql, org: &OrgId, name: &str) -> Result<(), StoreError> {
    let own = person_of(org, name);
    sql.execute("DELETE FROM service_account WHERE org = $1 AND name = $2", values![org, name])?;
    member::remove(sql, org, &own)?;
    token::remove_all(sql, &own)?;
    person::remove(sql, &own)
}

/// Removes all of an organisation: who makes one of the same name later gets no token of before.
///
/// # Errors
/// When it cannot be written.
pub fn remove_all(sql: &mut dyn Sql, org: &OrgId) -> Result<(), StoreError> {
    let rows = sql.query("SELECT name FROM service_account WHERE org = $1", values![org])?;
    rows.iter().try_for_each(|row| remove(sql, org, row.text(0)?))
}
