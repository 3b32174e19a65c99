//! Who may ask for something.

use monkeyci_core::model::Millis;
use monkeyci_core::store::{Row, Sql, StoreError};
use monkeyci_core::values;
use monkeyci_rest::Person as Shown;

/// What is known of somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Person {
    /// Whether they run the server.
    pub admin: bool,
    /// Whether they are let in no more.
    pub disabled: bool,
}

/// Whether anybody is known at all.
///
/// # Errors
/// When it cannot be read.
pub fn is_empty(sql: &mut dyn Sql) -> Result<bool, StoreError> {
    Ok(sql.query("SELECT 1 FROM person LIMIT 1", &[])?.is_empty())
}

/// Makes somebody known; who is known already stays as they are.
///
/// # Errors
/// When it cannot be written.
pub fn add(sql: &mut dyn Sql, name: &str, admin: bool, now: Millis) -> Result<(), StoreError> {
    let insert = "INSERT INTO person (name, admin, created) VALUES ($1, $2, $3) ON CONFLICT (name) DO NOTHING";
    sql.execute(insert, values![name, admin, now]).map(drop)
}

/// What is known of somebody; nothing when they are not known.
///
/// # Errors
/// When it cannot be read.
pub fn find(sql: &mut dyn Sql, name: &str) -> Result<Option<Person>, StoreError> {
    let rows = sql.query("SELECT admin, disabled FROM person WHERE name = $1", values![name])?;
    let read = |row: &Row| Ok(Person { admin: row.truth(0)?, disabled: row.truth(1)? });
    rows.first().map(read).transpose()
}

/// Lets somebody in no more, or again; tells whether they are known.
///
/// # Errors
/// When it cannot be written.
pub fn disable(sql: &mut dyn Sql, name: &str, disabled: bool) -> Result<bool, StoreError> {
    Ok(sql.execute("UPDATE person SET disabled = $2 WHERE name = $1", values![name, disabled])? == 1)
}

/// Forgets somebody of whom nothing else is left.
///
/// # Errors
/// When it cannot be written.
pub fn remove(sql: &mut dyn Sql, name: &str) -> Result<(), StoreError> {
    sql.execute("DELETE FROM person WHERE name = $1", values![name]).map(drop)
}

/// Up to `limit` people after `cursor`, by name; no service accounts.
///
/// # Errors
/// When they cannot be read.
pub fn list(sql: &mut dyn Sql, cursor: Option<&str>, limit: u64) -> Result<Vec<Shown>, StoreError> {
    let select = "SELECT name, admin, disabled, created FROM person WHERE name > $1 AND name NOT LIKE '%/%'
                  ORDER BY name LIMIT $2";
    sql.query(select, values![cursor.unwrap_or_default(), limit])?.iter().map(shown).collect()
}

/// Somebody as they are shown; nobody where there is none of that name, or it is a service account's.
///
/// # Errors
/// When they cannot be read.
pub fn show(sql: &mut dyn Sql, name: &str) -> Result<Option<Shown>, StoreError> {
    let select = "SELECT name, admin, disabled, created FROM person WHERE name = $1 AND name NOT LIKE '%/%'";
    sql.query(select, values![name])?.first().map(shown).transpose()
}

fn shown(row: &Row) -> Result<Shown, StoreError> {
    let (name, admin) = (row.text(0)?.to_owned(), row.truth(1)?);
    Ok(Shown { name, admin, disabled: row.truth(2)?, created: row.integer(3)? })
}

/// Who is called by an address, which is in small letters.
///
/// # Errors
/// When it cannot be read.
pub fn with_email(sql: &mut dyn Sql, email: &str) -> Result<Option<String>, StoreError> {
    let rows = sql.query("SELECT name FROM person WHERE lower(name) = $1 ORDER BY name", values![email])?;
    // Two that differ by their letters alone are nobody's for sure.
    let [row] = rows.as_slice() else { return Ok(None) };
    row.text(0).map(|name| Some(name.to_owned()))
}
