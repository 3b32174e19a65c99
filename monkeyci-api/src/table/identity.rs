//! By which accounts elsewhere people sign in.

use monkeyci_core::store::{Row, Sql, StoreError};
use monkeyci_core::values;
use monkeyci_rest::Identity;

const COLUMNS: &str = "SELECT provider, subject, name, email, created, used, person FROM identity";

fn read(row: &Row) -> Result<Identity, StoreError> {
    Ok(Identity {
        provider: row.text(0)?.to_owned(),
        subject: row.text(1)?.to_owned(),
        name: row.text(2)?.to_owned(),
        email: row.maybe(3, Row::text)?.map(str::to_owned),
        created: row.integer(4)?,
        used: row.integer(5)?,
    })
}

/// Whose it is; nobody's when it is not linked.
///
/// # Errors
/// When it cannot be read.
pub fn person(sql: &mut dyn Sql, provider: &str, subject: &str) -> Result<Option<String>, StoreError> {
    let select = "SELECT person FROM identity WHERE provider = $1 AND subject = $2";
    let rows = sql.query(select, values![provider, subject])?;
    rows.first().map(|row| row.text(0).map(str::to_owned)).transpose()
}

/// The people who sign in by an account with that verified address, by name. Addresses differ by more than their letters'
/// size.
///
/// # Errors
/// When they cannot be read.
pub fn with_email(sql: &mut dyn Sql, email: &str) -> Result<Vec<String>, StoreError> {
    let select = "SELECT DISTINCT person FROM identity WHERE lower(email) = $1 ORDER BY person";
    let rows = sql.query(select, values![email.to_ascii_lowercase()])?;
    rows.iter().map(|row| row.text(0).map(str::to_owned)).collect()
}

/// Who is called so by a provider; nobody where several are.
///
/// # Errors
/// When it cannot be read.
pub fn called(sql: &mut dyn Sql, provider: &str, name: &str) -> Result<Option<String>, StoreError> {
    let select = "SELECT DISTINCT person FROM identity WHERE provider = $1 AND lower(name) = $2";
    let rows = sql.query(select, values![provider, name.to_ascii_lowercase()])?;
    let [row] = rows.as_slice() else { return Ok(None) };
    row.text(0).map(|person| Some(person.to_owned()))
}

/// Those of somebody.
///
/// # Errors
/// When they cannot be read.
pub fn list(sql: &mut dyn Sql, person: &str) -> Result<Vec<Identity>, StoreError> {
    let select = format!("{COLUMNS} WHERE person = $1 ORDER BY provider, subject");
    sql.query(&select, values![person])?.iter().map(read).collect()
}

/// Links one to somebody, or notes that it was used, and what it is called there now. It stays with whom it is linked to.
///
/// # Errors
/// When it cannot be written.
pub fn put(sql: &mut dyn Sql, person: &str, identity: &Identity) -> Result<(), StoreError> {
    let upsert = "INSERT INTO identity (provider, subject, person, name, email, created, used)
                  VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (provider, subject) DO UPDATE SET
                  name = excluded.name, email = excluded.email, used = excluded.used";
    let Identity { provider, subject, name, email, created, used } = identity;
    sql.execute(upsert, values![provider, subject, person, name, email.as_deref(), *created, *used]).map(drop)
}

/// Takes one from somebody; tells whether they had it.
///
/// # Errors
/// When it cannot be written.
pub fn remove(sql: &mut dyn Sql, person: &str, provider: &str, subject: &str) -> Result<bool, StoreError> {
    let delete = "DELETE FROM identity WHERE person = $1 AND provider = $2 AND subject = $3";
    Ok(sql.execute(delete, values![person, provider, subject])? == 1)
}
