//! Other tables in the same file.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Statement, ToSql, types::ToSqlOutput};

use super::file::DatabaseFile;
use crate::store::{Row, Sql, StoreError, Task, Value};

/// The statements of a task on a connection of SQLite.
pub(super) struct Statements<'a> {
    pub(super) connection: &'a Connection,
    pub(super) file: &'a DatabaseFile,
}

impl Sql for Statements<'_> {
    fn execute(&mut self, sql: &str, parameters: &[Value]) -> Result<u64, StoreError> {
        let mut statement = self.prepare(sql, parameters)?;
        let changed = statement.raw_execute().map_err(|error| self.file.error("cannot write", error))?;
        Ok(changed as u64)
    }

    fn query(&mut self, sql: &str, parameters: &[Value]) -> Result<Vec<Row>, StoreError> {
        let failed = |error| self.file.error("cannot read", error);
        let mut statement = self.prepare(sql, parameters)?;
        let columns = statement.column_count();
        let mut rows = statement.raw_query();
        let mut found = Vec::new();
        while let Some(row) = rows.next().map_err(failed)? {
            let values = (0..columns).map(|column| row.get_ref(column).map(value)).collect::<Result<_, _>>();
            found.push(Row(values.map_err(failed)?));
        }
        Ok(found)
    }
}

impl<'a> Statements<'a> {
    fn prepare(&self, sql: &str, parameters: &[Value]) -> Result<rusqlite::CachedStatement<'a>, StoreError> {
        let failed = |error| self.file.error("cannot prepare a statement", error);
        // SQLite takes `$1` for a name and counts names as they occur; `?1` is the first, wherever it stands.
        let mut statement = self.connection.prepare_cached(&sql.replace('$', "?")).map_err(failed)?;
        for (index, parameter) in (1..).zip(parameters) {
            bind(&mut statement, index, parameter).map_err(failed)?;
        }
        Ok(statement)
    }
}

fn bind(statement: &mut Statement<'_>, index: usize, parameter: &Value) -> rusqlite::Result<()> {
    statement.raw_bind_parameter(index, parameter)
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Integer(number) => ValueRef::Integer(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

fn value(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Integer(number),
        // Tables are strict and have no columns of other numbers.
        #[expect(clippy::cast_possible_truncation, reason = "no column holds a fraction")]
        ValueRef::Real(number) => Value::Integer(number as i64),
        ValueRef::Text(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(bytes) => Value::Bytes(bytes.to_owned()),
    }
}

/// Runs a task within a transaction; one that fails leaves nothing in it.
pub(super) fn run(connection: &Connection, file: &DatabaseFile, task: Task) -> Result<(), StoreError> {
    let sql = |error| file.error("cannot write", error);
    let point = |statement: &str| connection.prepare_cached(statement).and_then(|mut it| it.execute([])).map_err(sql);
    point("SAVEPOINT task")?;
    match task(&mut Statements { connection, file }) {
        Ok(()) => point("RELEASE task").map(drop),
        Err(error) => {
            point("ROLLBACK TO task")?;
            point("RELEASE task")?;
            Err(error)
        }
    }
}

/// A migration as SQLite reads it.
pub(super) fn in_its_words(migration: &str) -> String {
    migration.replace("{int}", "INTEGER").replace("{bytes}", "BLOB")
}
