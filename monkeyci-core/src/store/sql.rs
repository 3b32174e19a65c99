//! Tables beside the builds: of the API, or of whoever embeds the engine, in the same database.
//!
//! A statement is written once for every database: its parameters are `$1`, `$2` …, its columns whole numbers, texts and
//! bytes. `{int}` and `{bytes}` in statements that make tables stand for what the database calls those types.
//!
//! What a statement must obey to run on SQLite and PostgreSQL alike:
//!
//! - `$` stands before the number of a parameter and nowhere else, not even in a literal. A parameter that is null needs
//!   no cast: where a database has to know its type, it is written into the statement as `NULL`. It has one type
//!   wherever it occurs: a number that is also wanted as text is two parameters. Where nothing beside a null tells its
//!   type (it is selected, or the only value of a `CASE`), there is `CAST($1 AS TEXT)` or `CAST($1 AS BIGINT)`.
//! - Truths are numbers: `WHERE open = 1`, never `WHERE open`; `SET full = CASE WHEN … THEN 1 ELSE 0 END`, never
//!   `SET full = (…)`. What is asked for may be a truth (`SELECT EXISTS (…)`), and is read as 0 or 1.
//! - In `ON CONFLICT (…) DO UPDATE`, a bare column is ambiguous: it is `report.next` or `excluded.next`.
//! - A sum of numbers is wider than they are: `CAST(sum(bytes) AS BIGINT)`. There are no fractions, and there is no `max` of
//!   bytes.
//! - Whatever is selected beside an aggregate stands in `GROUP BY`; there is an `ORDER BY` where the order matters.
//!   Texts are ordered by their bytes; nulls come first here and last there, unless `NULLS FIRST` or `LAST` is said.
//! - `LIKE` tells upper from lower case in one and not in the other: `substr(reference, 1, 11) = 'refs/heads/'` does not.
//! - No `INSERT OR`, `REPLACE`, `rowid`, `AUTOINCREMENT`, `GLOB`, `ifnull`, `datetime`, JSON functions, `STRICT`; names
//!   are no keywords of either (`user`, `end`, `order`, `group`, `check`, `default` …).
//! - What stands in an index or a key is short, 2,000 bytes at most: of what may be longer, its hash does.
//! - A statement that failed ends its task: nothing that it tries after that has an effect. Where a row may be there
//!   already, `ON CONFLICT (…) DO NOTHING` tells.
//! - Migrations hold one statement after another, each ended by `;` at the end of its line. `TEXT` is the type of a
//!   column; in a `CAST` it stands right after `AS`.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use async_trait::async_trait;

use super::StoreError;

/// A parameter of a statement, or what stands in a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Nothing.
    Null,
    /// A whole number; truths are 0 and 1.
    Integer(i64),
    /// Text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

/// One row of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row(pub Vec<Value>);

/// Statements of one transaction.
pub trait Sql {
    /// Changes something; returns how many rows that were.
    ///
    /// # Errors
    /// When the database refuses.
    fn execute(&mut self, sql: &str, parameters: &[Value]) -> Result<u64, StoreError>;

    /// Asks for rows.
    ///
    /// # Errors
    /// When the database refuses.
    fn query(&mut self, sql: &str, parameters: &[Value]) -> Result<Vec<Row>, StoreError>;
}

/// Statements that belong together.
pub type Task = Box<dyn FnOnce(&mut dyn Sql) -> Result<(), StoreError> + Send>;

/// Port: a database that has room for other tables.
#[async_trait]
pub trait Database: Send + Sync {
    /// Runs the task in a transaction, which is durable when this returns. A task that fails leaves nothing.
    ///
    /// # Errors
    /// The task's own; whatever keeps it from being written.
    async fn write(&self, task: Task) -> Result<(), StoreError>;

    /// Runs the task on what is durable; it may change nothing.
    ///
    /// # Errors
    /// The task's own.
    async fn read(&self, task: Task) -> Result<(), StoreError>;

    /// Brings the tables of a component up to date: `migrations` are run that it has not seen, in order, each once.
    ///
    /// # Errors
    /// When one of them fails, or the database has seen more of them than there are.
    async fn migrate(&self, component: &'static str, migrations: &'static [&'static str]) -> Result<(), StoreError>;
}

/// The tables of a component. Its clones are the same.
#[derive(Clone)]
pub struct Tables(Arc<dyn Database>);

impl Tables {
    /// Takes hold of the tables of `component`, once they are up to date.
    ///
    /// # Errors
    /// As [`Database::migrate`].
    pub async fn open(
        database: Arc<dyn Database>,
        component: &'static str,
        migrations: &'static [&'static str],
    ) -> Result<Self, StoreError> {
        database.migrate(component, migrations).await?;
        Ok(Self(database))
    }

    /// Runs statements in one transaction and returns what they came to, once that is durable.
    ///
    /// # Errors
    /// As [`Database::write`].
    pub fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut dyn Sql) -> Result<T, StoreError> + Send + 'static,
    ) -> impl Future<Output = Result<T, StoreError>> + Send {
        let (task, kept) = kept(work);
        Outcome { running: self.0.write(task), kept }
    }

    /// Runs statements that change nothing.
    ///
    /// # Errors
    /// As [`Database::read`].
    pub fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut dyn Sql) -> Result<T, StoreError> + Send + 'static,
    ) -> impl Future<Output = Result<T, StoreError>> + Send {
        let (task, kept) = kept(work);
        Outcome { running: self.0.read(task), kept }
    }
}

/// Where a task keeps what its work comes to.
type Kept<T> = Arc<Mutex<Option<T>>>;

/// A task that keeps what its work returns.
fn kept<T: Send + 'static>(
    work: impl FnOnce(&mut dyn Sql) -> Result<T, StoreError> + Send + 'static,
) -> (Task, Kept<T>) {
    let kept = Kept::default();
    let keep = Arc::clone(&kept);
    let task: Task = Box::new(move |sql| {
        let outcome = work(sql)?;
        *keep.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome);
        Ok(())
    });
    (task, kept)
}

/// A task that runs. It is compiled for each kind of outcome, and not for each piece of work.
struct Outcome<'a, T> {
    running: Pin<Box<dyn Future<Output = Result<(), StoreError>> + Send + 'a>>,
    kept: Kept<T>,
}

impl<T> Future for Outcome<'_, T> {
    type Output = Result<T, StoreError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        ready!(self.running.as_mut().poll(context))?;
        let outcome = self.kept.lock().unwrap_or_else(PoisonError::into_inner).take();
        Poll::Ready(Ok(outcome.expect("a task that ran well has kept what it came to")))
    }
}

impl Row {
    /// The number in a column.
    ///
    /// # Errors
    /// When something else stands there.
    pub fn integer(&self, column: usize) -> Result<i64, StoreError> {
        match self.0.get(column) {
            Some(Value::Integer(number)) => Ok(*number),
            other => Err(unexpected(column, "a number", other)),
        }
    }

    /// The number in a column, which is never below zero.
    ///
    /// # Errors
    /// When something else stands there.
    pub fn count(&self, column: usize) -> Result<u64, StoreError> {
        u64::try_from(self.integer(column)?).map_err(|_| unexpected(column, "a count", self.0.get(column)))
    }

    /// The truth in a column.
    ///
    /// # Errors
    /// When something else stands there.
    pub fn truth(&self, column: usize) -> Result<bool, StoreError> {
        Ok(self.integer(column)? != 0)
    }

    /// The text in a column.
    ///
    /// # Errors
    /// When something else stands there.
    pub fn text(&self, column: usize) -> Result<&str, StoreError> {
        match self.0.get(column) {
            Some(Value::Text(text)) => Ok(text),
            other => Err(unexpected(column, "a text", other)),
        }
    }

    /// The bytes in a column.
    ///
    /// # Errors
    /// When something else stands there.
    pub fn bytes(&self, column: usize) -> Result<&[u8], StoreError> {
        match self.0.get(column) {
            Some(Value::Bytes(bytes)) => Ok(bytes),
            other => Err(unexpected(column, "bytes", other)),
        }
    }

    /// What `read` makes of a column that may hold nothing.
    ///
    /// # Errors
    /// Those of `read`.
    pub fn maybe<'a, T>(
        &'a self,
        column: usize,
        read: impl FnOnce(&'a Self, usize) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        match self.0.get(column) {
            Some(Value::Null) => Ok(None),
            _ => read(self, column).map(Some),
        }
    }

    /// What the text in a column says: an id, a status.
    ///
    /// # Errors
    /// When it says no such thing.
    pub fn word<T: serde::de::DeserializeOwned>(&self, column: usize) -> Result<T, StoreError> {
        let text = self.text(column)?;
        let word: serde::de::value::StrDeserializer<'_, serde::de::value::Error> =
            serde::de::IntoDeserializer::into_deserializer(text);
        T::deserialize(word).map_err(|error| unreadable(column, &error))
    }

    /// What the JSON in a column says.
    ///
    /// # Errors
    /// When it says no such thing.
    pub fn json<T: serde::de::DeserializeOwned>(&self, column: usize) -> Result<T, StoreError> {
        serde_json::from_slice(self.text(column)?.as_bytes()).map_err(|error| unreadable(column, &error))
    }
}

fn unexpected(column: usize, wanted: &str, found: Option<&Value>) -> StoreError {
    let found = match found {
        None => "nothing",
        Some(Value::Null) => "null",
        Some(Value::Integer(_)) => "a number",
        Some(Value::Text(_)) => "a text",
        Some(Value::Bytes(_)) => "bytes",
    };
    unreadable(column, &format!("{wanted} is expected and {found} found"))
}

fn unreadable(column: usize, reason: &dyn std::fmt::Display) -> StoreError {
    StoreError::Database { what: "cannot read a row", reason: format!("column {column}: {reason}") }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

/// Numbers beyond what a database holds are its largest: nothing that is stored is greater.
impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Self::Integer(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Integer(truth.into())
    }
}

impl From<&[u8]> for Value {
    fn from(bytes: &[u8]) -> Self {
        Self::Bytes(bytes.to_owned())
    }
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl From<&monkeyci_model::OrgId> for Value {
    fn from(id: &monkeyci_model::OrgId) -> Self {
        id.as_str().into()
    }
}

impl From<&monkeyci_model::RepoId> for Value {
    fn from(id: &monkeyci_model::RepoId) -> Self {
        id.as_str().into()
    }
}

/// The parameters of a statement, in order: `values![org, repo, number]`.
#[macro_export]
macro_rules! values {
    ($($value:expr),* $(,)?) => { &[$($crate::store::Value::from($value)),*] };
}
