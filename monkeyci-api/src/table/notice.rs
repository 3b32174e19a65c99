//! What subscribers are told: the outbox.

use monkeyci_core::model::Millis;
use monkeyci_core::store::{Row, Sql, StoreError};
use monkeyci_core::values;
use monkeyci_rest::{Moment, Notice, NoticeState};

/// Milliseconds for which it is tried to tell somebody something.
pub const PATIENCE: Millis = 24 * 60 * 60 * 1000;

/// Something to note that it is to be told.
#[derive(Debug, Clone)]
pub struct News {
    /// The subscription.
    pub subscription: String,
    /// The position of the event that it tells of; below 0 where it tells of none.
    pub event: i64,
    /// The address, where it is a mail.
    pub address: String,
    /// What happened.
    pub on: Moment,
    /// The build, as `acme/web#42`.
    pub build: String,
    /// What is sent.
    pub body: String,
}

/// Something to tell.
#[derive(Debug, Clone)]
pub struct Due {
    /// Its id.
    pub id: String,
    /// What is sent.
    pub body: String,
    /// When it was noted.
    pub created: Millis,
    /// Since when it is tried.
    pub since: Millis,
    /// How often it was tried since then.
    pub tries: u64,
}

const COLUMNS: &str = "SELECT id, moment, build, created, state, tries, next, note, address FROM notice";

fn read(row: &Row) -> Result<Notice, StoreError> {
    Ok(Notice {
        id: row.text(0)?.to_owned(),
        on: row.word(1)?,
        build: row.text(2)?.to_owned(),
        created: row.integer(3)?,
        state: row.word(4)?,
        tries: row.count(5)?,
        next: row.maybe(6, Row::integer)?,
        note: row.maybe(7, Row::text)?.map(str::to_owned),
        to: Some(row.text(8)?.to_owned()).filter(|address| !address.is_empty()),
        body: None,
    })
}

/// Notes that a subscriber is to be told something, unless it was noted of that event. Returns its id.
///
/// # Errors
/// When it cannot be written.
pub fn add(sql: &mut dyn Sql, news: &News, now: Millis) -> Result<String, StoreError> {
    let insert = "INSERT INTO notice
                  (id, subscription, event, address, moment, build, body, created, state, since, tries, next)
                  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'queued', $8, 0, $8)
                  ON CONFLICT (subscription, event, address) DO NOTHING";
    let id = crate::random::id();
    let News { subscription, event, address, on, build, body } = news;
    sql.execute(insert, values![&id, subscription, *event, address, on.as_str(), build, body, now])?;
    Ok(id)
}

/// Up to `limit` notices of a subscription before `cursor`, newest first.
///
/// # Errors
/// When they cannot be read.
pub fn list(
    sql: &mut dyn Sql,
    subscription: &str,
    cursor: Option<&str>,
    limit: u64,
) -> Result<Vec<Notice>, StoreError> {
    let select = format!(
        "{COLUMNS} WHERE subscription = $1 AND (CAST($2 AS TEXT) IS NULL OR id < CAST($2 AS TEXT))
         ORDER BY id DESC LIMIT $3"
    );
    sql.query(&select, values![subscription, cursor, limit])?.iter().map(read).collect()
}

/// A notice of a subscription with what is sent.
///
/// # Errors
/// When it cannot be read.
pub fn find(sql: &mut dyn Sql, subscription: &str, id: &str) -> Result<Option<Notice>, StoreError> {
    let parameters = values![subscription, id];
    let rows = sql.query(&format!("{COLUMNS} WHERE subscription = $1 AND id = $2"), parameters)?;
    let Some(row) = rows.first() else { return Ok(None) };
    let body = sql.query("SELECT body FROM notice WHERE subscription = $1 AND id = $2", parameters)?;
    let body = body.first().map(|row| row.text(0).map(str::to_owned)).transpose()?;
    Ok(Some(Notice { body, ..read(row)? }))
}

/// Notes that a notice is sent once more, whatever became of it.
///
/// # Errors
/// When it cannot be written.
pub fn again(sql: &mut dyn Sql, id: &str, now: Millis) -> Result<(), StoreError> {
    // Later than before in any case: who is sending it just now then knows that this is another telling.
    let update = "UPDATE notice SET state = 'queued', since = CASE WHEN since < $2 THEN $2 ELSE since + 1 END,
                  tries = 0, next = $2, note = NULL WHERE id = $1";
    sql.execute(update, values![id, now]).map(drop)
}

/// The subscriptions of which something is due.
///
/// # Errors
/// When they cannot be read.
pub fn due(sql: &mut dyn Sql, now: Millis) -> Result<Vec<String>, StoreError> {
    let rows = sql.query("SELECT DISTINCT subscription FROM notice WHERE next <= $1", values![now])?;
    rows.iter().map(|row| row.text(0).map(str::to_owned)).collect()
}

/// What is due first of a subscription.
///
/// # Errors
/// When it cannot be read.
pub fn due_of(sql: &mut dyn Sql, subscription: &str, now: Millis) -> Result<Option<Due>, StoreError> {
    let select = "SELECT id, body, created, since, tries FROM notice WHERE subscription = $1 AND next <= $2
                  ORDER BY next, id LIMIT 1";
    let rows = sql.query(select, values![subscription, now])?;
    let read = |row: &Row| {
        let (id, body) = (row.text(0)?.to_owned(), row.text(1)?.to_owned());
        Ok(Due { id, body, created: row.integer(2)?, since: row.integer(3)?, tries: row.count(4)? })
    };
    rows.first().map(read).transpose()
}

/// When the next after `now` is due.
///
/// # Errors
/// When it cannot be read.
pub fn next(sql: &mut dyn Sql, now: Millis) -> Result<Option<Millis>, StoreError> {
    let rows = sql.query("SELECT min(next) FROM notice WHERE next > $1", values![now])?;
    rows.first().map_or(Ok(None), |row| row.maybe(0, Row::integer))
}

/// Notes how it went to send a notice that was wanted at `since`, and when that is tried again, if it is. Where it was wanted
/// once more in the meantime, that is due still.
///
/// # Errors
/// When it cannot be written.
pub fn settle(
    sql: &mut dyn Sql,
    id: &str,
    since: Millis,
    state: NoticeState,
    next: Option<Millis>,
    note: Option<&str>,
) -> Result<(), StoreError> {
    let update = "UPDATE notice SET tries = tries + 1, state = $3, next = $4, note = $5 WHERE id = $1 AND since = $2";
    sql.execute(update, values![id, since, state.as_str(), next, note]).map(drop)
}

/// Removes up to `limit` notices from before a moment that are not tried again; returns how many.
///
/// # Errors
/// When it cannot be written.
pub fn forget(sql: &mut dyn Sql, moment: Millis, limit: u64) -> Result<u64, StoreError> {
    let delete = "DELETE FROM notice WHERE id IN
                  (SELECT id FROM notice WHERE created < $1 AND next IS NULL ORDER BY created LIMIT $2)";
    sql.execute(delete, values![moment, limit])
}
