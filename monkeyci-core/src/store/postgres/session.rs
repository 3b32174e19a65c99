//! The one connection that writes: it holds the database, and knows which of its transactions were written.

use std::time::Duration;

use super::address::Address;
use super::connection::Connection;
use super::tables::{self, Statements};
use crate::store::migration::migrate;
use crate::store::{Row, Sql, StoreError};
use crate::values;

/// Each entry takes the store's own tables from the version of its index to the next.
const MIGRATIONS: &[&str] = &[include_str!("schema_1.sql")];

/// The lock that a server holds while it has the database open: "MkCI" in ASCII.
const LOCK: i64 = 0x4D6B_4349;

/// The oldest PostgreSQL that is known to do.
const OLDEST: i64 = 130_000;

/// How long a statement of the writer may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Which server writes, and how many transactions it has written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Turn {
    /// Rises with each server that opens the database.
    pub(super) epoch: i64,
    /// Rises with each transaction.
    pub(super) batch: i64,
}

/// Opens the database for the one that writes, brings its tables up to date, and begins a new epoch.
pub(super) fn open(address: &Address, who: &str) -> Result<(Connection, Turn), StoreError> {
    let mut connection = connect(address, who)?;
    connection.batch("cannot open", "BEGIN")?;
    prepare(&mut connection)?;
    let mut sql = Statements::on(&mut connection);
    let rows = sql.query("UPDATE writer SET epoch = epoch + 1 RETURNING epoch, batch", &[])?;
    let turn = turn(&rows)?;
    connection.batch("cannot open", "COMMIT")?;
    Ok((connection, turn))
}

/// Connects once more; the turn is where the database stands. A transaction that was under way has ended.
pub(super) fn open_again(address: &Address, who: &str) -> Result<(Connection, Turn), StoreError> {
    let mut connection = Connection::open(address, who, PATIENCE)?;
    // The server may not know yet that the connection before is lost: it would hold the lock for as long.
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
               WHERE application_name = $1 AND usename = current_user AND pid <> pg_backend_pid()";
    Statements::on(&mut connection).query(end, values![who])?;
    hold(&mut connection)?;
    let rows = Statements::on(&mut connection).query("SELECT epoch, batch FROM writer", &[])?;
    let turn = turn(&rows)?;
    Ok((connection, turn))
}

fn connect(address: &Address, who: &str) -> Result<Connection, StoreError> {
    let mut connection = Connection::open(address, who, PATIENCE)?;
    hold(&mut connection)?;
    Ok(connection)
}

/// Makes sure that what is answered is durable, and that nobody else writes.
fn hold(connection: &mut Connection) -> Result<(), StoreError> {
    let path = connection.name().to_owned();
    let refused = |reason: String| StoreError::Damaged { path: path.clone(), reason };
    let settings = "SELECT current_setting('server_version_num'), current_setting('server_encoding'),
                    current_setting('fsync'), current_setting('synchronous_commit'), pg_is_in_recovery()";
    let rows = Statements::on(connection).query(settings, &[])?;
    let [row] = rows.as_slice() else { return Err(refused("it tells nothing of its settings".into())) };
    if row.text(0)?.parse::<i64>().is_ok_and(|version| version < OLDEST) {
        return Err(refused("it is older than PostgreSQL 13".into()));
    }
    if row.text(1)? != "UTF8" {
        let reason = format!("its encoding is {}: make one with `createdb --encoding=UTF8`", row.text(1)?);
        return Err(refused(reason));
    }
    if row.truth(4)? {
        let reason = "it is a standby, which takes no writes".into();
        return Err(StoreError::Unreachable { path, reason });
    }
    if row.text(2)? != "on" {
        tracing::warn!(database = path, "fsync is off: a power cut may lose builds and break the database");
    }
    if row.text(3)? == "off" {
        connection.batch("cannot make commits durable", "SET synchronous_commit = on")?;
        let rows = Statements::on(connection).query("SELECT current_setting('synchronous_commit')", &[])?;
        if rows.first().map(|row| row.text(0)).transpose()? != Some("on") {
            return Err(refused("synchronous_commit is off and stays so".into()));
        }
    }
    // One that was killed a moment ago is still being seen off.
    connection.batch("cannot lock", "SET lock_timeout = '3s'")?;
    let locked = Statements::on(connection).query("SELECT 1 FROM pg_advisory_lock($1)", values![LOCK]);
    match locked {
        Err(StoreError::Database { reason, .. }) if reason.contains("(55P03)") => Err(StoreError::InUse { path }),
        Err(error) => Err(error),
        Ok(_) => connection.batch("cannot lock", "SET lock_timeout = '10s'").map(drop),
    }
}

/// Brings the store's own tables up to date.
fn prepare(connection: &mut Connection) -> Result<(), StoreError> {
    let path = connection.name().to_owned();
    let mut sql = Statements::on(connection);
    let tables = "SELECT count(*), coalesce(sum(CASE WHEN table_name = 'migration' THEN 1 ELSE 0 END), 0) = 1
                  FROM information_schema.tables WHERE table_schema = current_schema()";
    let rows = sql.query(tables, &[])?;
    let is_ours = rows.first().map_or(Ok(true), |row| Ok(row.integer(0)? == 0 || row.truth(1)?))?;
    if !is_ours {
        let reason = "it is a database of another program; name another one".into();
        return Err(StoreError::Damaged { path, reason });
    }
    let own = tables::in_its_words(
        "CREATE TABLE IF NOT EXISTS migration (component TEXT PRIMARY KEY, version {int} NOT NULL)",
    );
    sql.execute(&own, &[])?;
    migrate(&mut sql, "store", MIGRATIONS, tables::in_its_words)
}

fn turn(rows: &[Row]) -> Result<Turn, StoreError> {
    let missing = || StoreError::Database { what: "cannot open", reason: "`writer` has no row".into() };
    let row = rows.first().ok_or_else(missing)?;
    Ok(Turn { epoch: row.integer(0)?, batch: row.integer(1)? })
}
