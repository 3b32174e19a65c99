//! Who is written to by a subscription, and whether they want that.

use monkeyci_core::model::Millis;
use monkeyci_core::store::{Row, Sql, StoreError};
use monkeyci_core::values;

use crate::random;

/// Somebody who is written to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Correspondent {
    /// What stands in the link by which they end that.
    pub code: String,
    /// Whether they did.
    pub ended: bool,
}

/// A subscription that somebody is written to by, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Correspondence {
    /// The organisation.
    pub org: String,
    /// The name of the subscription.
    pub subscription: String,
    /// The address.
    pub address: String,
}

/// Notes that somebody is written to, unless that was noted.
///
/// # Errors
/// When it cannot be written.
pub fn add(sql: &mut dyn Sql, subscription: &str, address: &str) -> Result<(), StoreError> {
    let insert = "INSERT INTO correspondent (subscription, address, code) VALUES ($1, $2, $3)
                  ON CONFLICT (subscription, address) DO NOTHING";
    let code = random::hex(&random::bytes::<16>());
    sql.execute(insert, values![subscription, address, code]).map(drop)
}

/// Who is written to at an address, where somebody is.
///
/// # Errors
/// When it cannot be read.
pub fn find(sql: &mut dyn Sql, subscription: &str, address: &str) -> Result<Option<Correspondent>, StoreError> {
    let select = "SELECT code, ended FROM correspondent WHERE subscription = $1 AND address = $2";
    let read = |row: &Row| {
        let ended = row.maybe(1, Row::integer)?.is_some();
        Ok(Correspondent { code: row.text(0)?.to_owned(), ended })
    };
    sql.query(select, values![subscription, address])?.first().map(read).transpose()
}

/// What a link is about, where it is about anything.
///
/// # Errors
/// When it cannot be read.
pub fn of_code(sql: &mut dyn Sql, code: &str) -> Result<Option<Correspondence>, StoreError> {
    let select = "SELECT subscription.org, subscription.name, correspondent.address FROM correspondent
                  JOIN subscription ON subscription.id = correspondent.subscription WHERE code = $1";
    let read = |row: &Row| {
        let text = |column| row.text(column).map(str::to_owned);
        Ok(Correspondence { org: text(0)?, subscription: text(1)?, address: text(2)? })
    };
    sql.query(select, values![code])?.first().map(read).transpose()
}

/// Notes that whoever has a link is not written to any more.
///
/// # Errors
/// When it cannot be written.
pub fn end(sql: &mut dyn Sql, code: &str, now: Millis) -> Result<(), StoreError> {
    let update = "UPDATE correspondent SET ended = $2 WHERE code = $1 AND ended IS NULL";
    sql.execute(update, values![code, now]).map(drop)
}
