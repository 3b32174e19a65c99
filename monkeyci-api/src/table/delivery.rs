//! What forges delivered.

use std::collections::BTreeMap;

use monkeyci_core::model::{BuildId, Millis};
use monkeyci_core::store::{Row, Sql, StoreError};
use monkeyci_core::values;
use monkeyci_rest::{Delivery, DeliveryState};

/// A delivery as it is kept.
#[derive(Debug, Clone)]
pub struct DeliveryRow {
    /// Its id here; ids rise with time.
    pub id: String,
    /// The key of its webhook.
    pub hook: String,
    /// Its id at the forge.
    pub delivery_id: Option<String>,
    /// The forge's name of the event.
    pub event: String,
    /// When it came.
    pub received: Millis,
    /// Its headers, without secrets.
    pub headers: BTreeMap<String, String>,
    /// Its body as it came.
    pub body: Vec<u8>,
}

const COLUMNS: &str = "SELECT id, delivery_id, event, received, state, message, builds, length(body) FROM delivery";
const WHOLE: &str = "SELECT id, hook, delivery_id, event, received, headers, body FROM delivery";

fn shown(row: &Row) -> Result<Delivery, StoreError> {
    Ok(Delivery {
        id: row.text(0)?.to_owned(),
        delivery_id: row.maybe(1, Row::text)?.map(str::to_owned),
        event: row.text(2)?.to_owned(),
        received: row.integer(3)?,
        state: row.word(4)?,
        message: row.maybe(5, Row::text)?.map(str::to_owned),
        builds: row.json(6)?,
        size: row.count(7)?,
        headers: BTreeMap::new(),
        body: None,
    })
}

fn whole(row: &Row) -> Result<DeliveryRow, StoreError> {
    Ok(DeliveryRow {
        id: row.text(0)?.to_owned(),
        hook: row.text(1)?.to_owned(),
        delivery_id: row.maybe(2, Row::text)?.map(str::to_owned),
        event: row.text(3)?.to_owned(),
        received: row.integer(4)?,
        headers: row.json(5)?,
        body: row.bytes(6)?.to_vec(),
    })
}

/// Keeps a delivery. One that its webhook had before is not kept again: the id of that one is returned.
///
/// # Errors
/// When it cannot be written.
pub fn add(sql: &mut dyn Sql, row: &DeliveryRow) -> Result<Result<(), String>, StoreError> {
    let insert = "INSERT INTO delivery (id, hook, delivery_id, event, received, state, builds, headers, body)
                  VALUES ($1, $2, $3, $4, $5, 'received', '[]', $6, $7) ON CONFLICT (hook, delivery_id) DO NOTHING";
    let headers = serde_json::to_string(&row.headers).expect("headers are JSON");
    let DeliveryRow { id, hook, delivery_id, event, received, body, .. } = row;
    let id_there = delivery_id.as_deref();
    if sql.execute(insert, values![id, hook, id_there, event, *received, headers, body.as_slice()])? == 1 {
        return Ok(Ok(()));
    }
    let known = sql.query("SELECT id FROM delivery WHERE hook = $1 AND delivery_id = $2", values![hook, id_there])?;
    Ok(Err(known.first().map_or(Ok(id.clone()), |row| row.text(0).map(str::to_owned))?))
}

/// Notes what became of a delivery.
///
/// # Errors
/// When it cannot be written.
pub fn settle(
    sql: &mut dyn Sql,
    id: &str,
    state: DeliveryState,
    message: Option<&str>,
    builds: &[BuildId],
) -> Result<(), StoreError> {
    let builds = serde_json::to_string(builds).expect("ids are JSON");
    let update = "UPDATE delivery SET state = $2, message = $3, builds = $4 WHERE id = $1";
    sql.execute(update, values![id, state.as_str(), message, builds]).map(drop)
}

/// Removes up to `limit` deliveries that came before a moment and were looked at; returns how many.
///
/// # Errors
/// When it cannot be written.
pub fn forget(sql: &mut dyn Sql, moment: Millis, limit: u64) -> Result<u64, StoreError> {
    let delete = "DELETE FROM delivery WHERE id IN
                  (SELECT id FROM delivery WHERE received < $1 AND state <> 'received' ORDER BY id LIMIT $2)";
    sql.execute(delete, values![moment, limit])
}

/// How many deliveries are safe, and nobody has looked at.
///
/// # Errors
/// When they cannot be counted.
pub fn waiting(sql: &mut dyn Sql) -> Result<u64, StoreError> {
    sql.query("SELECT count(*) FROM delivery WHERE state = 'received'", &[])?.first().map_or(Ok(0), |row| row.count(0))
}

/// Up to `limit` deliveries that are safe and that nobody has looked at, oldest first.
///
/// # Errors
/// When they cannot be read.
pub fn open(sql: &mut dyn Sql, limit: u64) -> Result<Vec<DeliveryRow>, StoreError> {
    let select = format!("{WHOLE} WHERE state = 'received' ORDER BY id LIMIT $1");
    sql.query(&select, values![limit])?.iter().map(whole).collect()
}

/// Up to `limit` deliveries of a webhook before `cursor`, newest first.
///
/// # Errors
/// When they cannot be read.
pub fn list(sql: &mut dyn Sql, hook: &str, cursor: Option<&str>, limit: u64) -> Result<Vec<Delivery>, StoreError> {
    let select = format!("{COLUMNS} WHERE hook = $1 AND ($2 IS NULL OR id < $2) ORDER BY id DESC LIMIT $3");
    sql.query(&select, values![hook, cursor, limit])?.iter().map(shown).collect()
}

/// A delivery of a webhook with its headers and its body.
///
/// # Errors
/// When it cannot be read.
pub fn find(sql: &mut dyn Sql, hook: &str, id: &str) -> Result<Option<(Delivery, DeliveryRow)>, StoreError> {
    let parameters = values![hook, id];
    let Some(row) = sql.query(&format!("{WHOLE} WHERE hook = $1 AND id = $2"), parameters)?.pop() else {
        return Ok(None);
    };
    let row = whole(&row)?;
    let mut rows = sql.query(&format!("{COLUMNS} WHERE hook = $1 AND id = $2"), parameters)?;
    let Some(delivery) = rows.pop() else { return Ok(None) };
    let body = Some(String::from_utf8_lossy(&row.body).into_owned());
    Ok(Some((Delivery { headers: row.headers.clone(), body, ..shown(&delivery)? }, row)))
}
