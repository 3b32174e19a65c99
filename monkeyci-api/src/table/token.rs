//! Tokens and sessions. Of what they are known by only a hash is kept.

use monkeyci_core::model::Millis;
use monkeyci_core::store::{Row, Sql, StoreError};
use monkeyci_core::values;
use monkeyci_rest::{Scope, Session, Token};

/// What a secret is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Sent by programs.
    Api,
    /// Sent by browsers, in a cookie.
    Session,
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Session => "session",
        }
    }
}

/// A token, and whose it is.
#[derive(Debug, Clone)]
pub struct Held {
    /// The token.
    pub token: Token,
    /// Whose it is.
    pub person: String,
}

const COLUMNS: &str = "SELECT id, description, scope, created, expires, used, person FROM token";

fn read(row: &Row) -> Result<Held, StoreError> {
    let token = Token {
        id: row.text(0)?.to_owned(),
        description: row.text(1)?.to_owned(),
        scope: row.maybe(2, Row::json::<Scope>)?,
        created: row.integer(3)?,
        expires: row.maybe(4, Row::integer)?,
        used: row.maybe(5, Row::integer)?,
    };
    Ok(Held { token, person: row.text(6)?.to_owned() })
}

/// The token of that hash, unless it has expired.
///
/// # Errors
/// When it cannot be read.
pub fn find(sql: &mut dyn Sql, hash: &str, kind: Kind, now: Millis) -> Result<Option<Held>, StoreError> {
    let select = format!("{COLUMNS} WHERE hash = $1 AND kind = $2 AND (expires IS NULL OR expires > $3)");
    sql.query(&select, values![hash, kind.as_str(), now])?.first().map(read).transpose()
}

/// Whether a token is known by that hash. One that has expired is forgotten by this.
///
/// # Errors
/// When it cannot be read or written.
pub fn is_taken(sql: &mut dyn Sql, hash: &str, now: Millis) -> Result<bool, StoreError> {
    sql.execute("DELETE FROM token WHERE hash = $1 AND expires <= $2", values![hash, now])?;
    Ok(!sql.query("SELECT id FROM token WHERE hash = $1", values![hash])?.is_empty())
}

/// Keeps a token.
///
/// # Errors
/// When it cannot be written.
pub fn add(sql: &mut dyn Sql, held: &Held, hash: &str, kind: Kind) -> Result<(), StoreError> {
    let Held { token, person } = held;
    let scope = token.scope.as_ref().map(|scope| serde_json::to_string(scope).expect("a scope is JSON"));
    let insert = "INSERT INTO token (id, hash, person, kind, description, scope, created, expires)
                  VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let Token { id, description, created, expires, .. } = token;
    sql.execute(insert, values![id, hash, person, kind.as_str(), description, scope, *created, *expires]).map(drop)
}

/// Keeps a token that was given out by a trust of a service account, and forgets those of it that have expired.
///
/// # Errors
/// When it cannot be written.
pub fn add_trusted(sql: &mut dyn Sql, held: &Held, hash: &str, trust: &str) -> Result<(), StoreError> {
    let delete = "DELETE FROM token WHERE person = $1 AND trust IS NOT NULL AND expires <= $2";
    sql.execute(delete, values![&held.person, held.token.created])?;
    add(sql, held, hash, Kind::Api)?;
    sql.execute("UPDATE token SET trust = $2 WHERE id = $1", values![&held.token.id, trust]).map(drop)
}

/// Removes the tokens that a trust of a service account gave out.
///
/// # Errors
/// When it cannot be written.
pub fn remove_trusted(sql: &mut dyn Sql, person: &str, trust: &str) -> Result<(), StoreError> {
    sql.execute("DELETE FROM token WHERE person = $1 AND trust = $2", values![person, trust]).map(drop)
}

/// The API tokens of somebody after `cursor`.
///
/// # Errors
/// When they cannot be read.
pub fn list(sql: &mut dyn Sql, person: &str, cursor: Option<&str>, limit: u64) -> Result<Vec<Token>, StoreError> {
    let select = format!("{COLUMNS} WHERE person = $1 AND kind = 'api' AND id > $2 ORDER BY id LIMIT $3");
    let rows = sql.query(&select, values![person, cursor.unwrap_or_default(), limit])?;
    rows.iter().map(|row| read(row).map(|held| held.token)).collect()
}

/// Removes a token of somebody; tells whether they had it.
///
/// # Errors
/// When it cannot be written.
pub fn remove(sql: &mut dyn Sql, person: &str, id: &str) -> Result<bool, StoreError> {
    Ok(sql.execute("DELETE FROM token WHERE person = $1 AND id = $2", values![person, id])? == 1)
}

/// Removes all tokens and sessions of somebody.
///
/// # Errors
/// When it cannot be written.
pub fn remove_all(sql: &mut dyn Sql, person: &str) -> Result<(), StoreError> {
    sql.execute("DELETE FROM token WHERE person = $1", values![person]).map(drop)
}

/// The sessions of somebody that are not over, newest first; `own` is the one that asks.
///
/// # Errors
/// When they cannot be read.
pub fn sessions(sql: &mut dyn Sql, person: &str, own: &str, now: Millis) -> Result<Vec<Session>, StoreError> {
    let select = "SELECT id, description, agent, created, expires, used FROM token WHERE person = $1
                  AND kind = 'session' AND (expires IS NULL OR expires > $2) ORDER BY id DESC";
    let read = |row: &Row| {
        Ok(Session {
            id: row.text(0)?.to_owned(),
            description: row.text(1)?.to_owned(),
            agent: row.maybe(2, Row::text)?.map(str::to_owned),
            created: row.integer(3)?,
            expires: row.maybe(4, Row::integer)?,
            used: row.maybe(5, Row::integer)?,
            current: row.text(0)? == own,
        })
    };
    sql.query(select, values![person, now])?.iter().map(read).collect()
}

/// Says what the browser of a session is.
///
/// # Errors
/// When it cannot be written.
pub fn told_agent(sql: &mut dyn Sql, id: &str, agent: &str) -> Result<(), StoreError> {
    sql.execute("UPDATE token SET agent = $2 WHERE id = $1", values![id, agent]).map(drop)
}

/// Ends the session of that hash, if there is one.
///
/// # Errors
/// When it cannot be written.
pub fn end(sql: &mut dyn Sql, hash: &str) -> Result<(), StoreError> {
    sql.execute("DELETE FROM token WHERE hash = $1 AND kind = 'session'", values![hash]).map(drop)
}

/// Ends one session of somebody, or all; tells how many those were.
///
/// # Errors
/// When it cannot be written.
pub fn end_of(sql: &mut dyn Sql, person: &str, id: Option<&str>) -> Result<u64, StoreError> {
    let delete = "DELETE FROM token WHERE person = $1 AND kind = 'session' AND (CAST($2 AS TEXT) IS NULL OR id = $2)";
    sql.execute(delete, values![person, id])
}

/// Forgets sessions of somebody that are over.
///
/// # Errors
/// When it cannot be written.
pub fn forget_ended(sql: &mut dyn Sql, person: &str, now: Millis) -> Result<(), StoreError> {
    let delete = "DELETE FROM token WHERE person = $1 AND kind = 'session' AND expires <= $2";
    sql.execute(delete, values![person, now]).map(drop)
}

/// Notes that a token was used.
///
/// # Errors
/// When it cannot be written.
pub fn used(sql: &mut dyn Sql, id: &str, now: Millis) -> Result<(), StoreError> {
    sql.execute("UPDATE token SET used = $2 WHERE id = $1", values![id, now]).map(drop)
}
