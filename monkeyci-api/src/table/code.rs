//! Words that are good for a while, for one purpose, and mostly once. Of each only a hash is kept.

use monkeyci_core::model::Millis;
use monkeyci_core::store::{Row, Sql, StoreError};
use monkeyci_core::values;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// What a code is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A program gets a token of whoever gave it the code.
    Login,
    /// Somebody says who they are in a chat.
    Link,
    /// Machines become workers.
    Worker,
}

impl Purpose {
    fn as_str(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Link => "link",
            Self::Worker => "worker",
        }
    }
}

/// Keeps a code until `expires`, and forgets those that are over.
///
/// # Errors
/// When it cannot be written.
pub fn add(
    sql: &mut dyn Sql,
    hash: &str,
    purpose: Purpose,
    body: &impl Serialize,
    now: Millis,
    expires: Millis,
) -> Result<(), StoreError> {
    sql.execute("DELETE FROM code WHERE expires <= $1", values![now])?;
    let body = serde_json::to_string(body).expect("what a code is good for is JSON");
    let insert = "INSERT INTO code (hash, purpose, body, expires) VALUES ($1, $2, $3, $4)";
    sql.execute(insert, values![hash, purpose.as_str(), body, expires]).map(drop)
}

/// What a code is good for, as long as it is.
///
/// # Errors
/// When it cannot be read.
pub fn find<T: DeserializeOwned>(
    sql: &mut dyn Sql,
    hash: &str,
    purpose: Purpose,
    now: Millis,
) -> Result<Option<T>, StoreError> {
    let select = "SELECT body FROM code WHERE hash = $1 AND purpose = $2 AND expires > $3";
    sql.query(select, values![hash, purpose.as_str(), now])?.first().map(|row: &Row| row.json(0)).transpose()
}

/// Makes all codes for a purpose good for nothing.
///
/// # Errors
/// When it cannot be written.
pub fn remove_all(sql: &mut dyn Sql, purpose: Purpose) -> Result<(), StoreError> {
    sql.execute("DELETE FROM code WHERE purpose = $1", values![purpose.as_str()]).map(drop)
}

/// Makes a code for a purpose good for nothing; tells whether there was one.
///
/// # Errors
/// When it cannot be written.
pub fn revoke(sql: &mut dyn Sql, hash: &str, purpose: Purpose) -> Result<bool, StoreError> {
    let delete = "DELETE FROM code WHERE hash = $1 AND purpose = $2";
    Ok(sql.execute(delete, values![hash, purpose.as_str()])? == 1)
}

/// Makes a code good for nothing.
///
/// # Errors
/// When it cannot be written.
pub fn remove(sql: &mut dyn Sql, hash: &str) -> Result<(), StoreError> {
    sql.execute("DELETE FROM code WHERE hash = $1", values![hash]).map(drop)
}
