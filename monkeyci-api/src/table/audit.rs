//! Who changed what. Rows are added and never changed.

use monkeyci_core::model::OrgId;
use monkeyci_core::store::{Row, Sql, StoreError};
use monkeyci_core::values;
use monkeyci_rest::AuditRow;

/// Adds a row for an organisation; its position is given here.
///
/// # Errors
/// When it cannot be written.
pub fn add(sql: &mut dyn Sql, org: &str, row: &AuditRow) -> Result<(), StoreError> {
    let insert = "INSERT INTO audit (position, time, org, actor, via, token, action, object, details)
                  SELECT coalesce(max(position), 0) + 1, $1, $2, $3, $4, $5, $6, $7, $8 FROM audit";
    let details = serde_json::to_string(&row.details).expect("details are JSON");
    let AuditRow { time, actor, via, token, action, object, .. } = row;
    sql.execute(insert, values![*time, org, actor, via.as_deref(), token.as_deref(), action, object, details]).map(drop)
}

/// Up to `limit` rows of an organisation before `cursor`, newest first.
///
/// # Errors
/// When they cannot be read.
pub fn list(sql: &mut dyn Sql, org: &OrgId, cursor: Option<u64>, limit: u64) -> Result<Vec<AuditRow>, StoreError> {
    let select = "SELECT position, time, actor, via, token, action, object, details FROM audit
                  WHERE org = $1 AND position < $2 ORDER BY position DESC LIMIT $3";
    let read = |row: &Row| {
        Ok(AuditRow {
            position: row.count(0)?,
            time: row.integer(1)?,
            actor: row.text(2)?.to_owned(),
            via: row.maybe(3, Row::text)?.map(str::to_owned),
            token: row.maybe(4, Row::text)?.map(str::to_owned),
            action: row.text(5)?.to_owned(),
            object: row.text(6)?.to_owned(),
            details: row.json(7)?,
        })
    };
    sql.query(select, values![org, cursor.unwrap_or(u64::MAX), limit])?.iter().map(read).collect()
}
