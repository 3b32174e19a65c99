//! Other tables in the same database.

use super::connection::{Bound, Connection};
use super::value;
use crate::store::{Row, Sql, StoreError, Task, Value};

/// The statements of a task on a connection of PostgreSQL.
pub(super) struct Statements<'a> {
    connection: &'a mut Connection,
    /// The first refusal. After it PostgreSQL refuses the rest of the transaction as well.
    refusal: Option<StoreError>,
}

impl<'a> Statements<'a> {
    pub(super) fn on(connection: &'a mut Connection) -> Self {
        Self { connection, refusal: None }
    }

    fn noted<T>(&mut self, answer: Result<T, StoreError>) -> Result<T, StoreError> {
        if let (Err(error), None) = (&answer, &self.refusal) {
            self.refusal = Some(error.clone());
        }
        answer
    }
}

impl Sql for Statements<'_> {
    fn execute(&mut self, sql: &str, parameters: &[Value]) -> Result<u64, StoreError> {
        let changed = self.connection.execute(&value::with_nulls(sql, parameters), &bound(parameters));
        self.noted(changed)
    }

    fn query(&mut self, sql: &str, parameters: &[Value]) -> Result<Vec<Row>, StoreError> {
        let found = self.connection.query(&value::with_nulls(sql, parameters), &bound(parameters), value::row);
        self.noted(found)
    }
}

fn bound(parameters: &[Value]) -> Vec<Bound<'_>> {
    parameters.iter().map(|parameter| (parameter as _, value::kind(parameter))).collect()
}

/// Runs a task. One that takes no notice of a refusal has failed all the same.
pub(super) fn run(connection: &mut Connection, task: Task) -> Result<(), StoreError> {
    let mut statements = Statements::on(connection);
    task(&mut statements)?;
    statements.refusal.map_or(Ok(()), Err)
}

/// A migration as PostgreSQL reads it. Texts are ordered by their bytes, as in SQLite, whatever language the database
/// speaks.
pub(super) fn in_its_words(migration: &str) -> String {
    let migration = migration.replace("{int}", "BIGINT").replace("{bytes}", "BYTEA");
    let mut parts = migration.split("TEXT");
    let mut whole = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let is_type_of_cast = whole.trim_end().ends_with(" AS");
        whole.push_str(if is_type_of_cast { "TEXT" } else { "TEXT COLLATE \"C\"" });
        whole.push_str(part);
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_columns_are_ordered_by_their_bytes() {
        assert_eq!(
            in_its_words("CREATE TABLE a (b TEXT NOT NULL, c {int});\nUPDATE a SET b = CAST(c AS TEXT)"),
            "CREATE TABLE a (b TEXT COLLATE \"C\" NOT NULL, c BIGINT);\nUPDATE a SET b = CAST(c AS TEXT)"
        );
    }
}
