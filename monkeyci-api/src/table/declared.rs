//! What is declared: it is made, or changed where it is there.

use monkeyci_core::store::{Sql, StoreError, Value};

/// Runs `insert`, which leaves a row that is there alone, or else `update`; tells whether the row is new. Both have the same
/// parameters.
///
/// # Errors
/// When it cannot be written.
pub(super) fn put(sql: &mut dyn Sql, insert: &str, update: &str, parameters: &[Value]) -> Result<bool, StoreError> {
    let is_new = sql.execute(insert, parameters)? == 1;
    if !is_new {
        sql.execute(update, parameters)?;
    }
    Ok(is_new)
}
