//! Who may ask for something.

use monkeyci_core::model::Millis;
use monkeyci_core::store::{Sql, StoreError};
use monkeyci_core::values;

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

/// Whether somebody runs the server; nothing when they are not known.
///
/// # Errors
/// When it cannot be read.
pub fn is_admin(sql: &mut dyn Sql, name: &str) -> Result<Option<bool>, StoreError> {
    let rows = sql.query("SELECT admin FROM person WHERE name = $1", values![name])?;
    rows.first().map(|row| row.truth(0)).transpose()
}
