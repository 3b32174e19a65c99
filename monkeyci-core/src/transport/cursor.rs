//! Where a consumer of a stream stands: streams remember nothing of who read them.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;

use super::TransportError;
use crate::store::{Row, StoreError, Tables};
use crate::values;

/// The tables of [`InTables`]: open them as the component `transport`.
pub const MIGRATIONS: &[&str] = &["CREATE TABLE transport_cursor (
    consumer TEXT NOT NULL,
    part TEXT NOT NULL,
    passed {int},
    tries {int} NOT NULL,
    PRIMARY KEY (consumer, part)
);
"];

/// Where a consumer stands in a partition.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Place {
    /// The offset of the newest message that was dealt with, and all before it; none at the beginning.
    pub passed: Option<u64>,
    /// How often the one behind it was received since.
    pub tries: u32,
}

/// Where consumers stand.
#[async_trait]
pub trait Cursors: Send + Sync {
    /// Where a consumer stands in a partition.
    ///
    /// # Errors
    /// When it cannot be read.
    async fn place(&self, consumer: &str, partition: &str) -> Result<Place, TransportError>;

    /// Notes where it stands. What it returns for is durable, as far as anything here is.
    ///
    /// # Errors
    /// When it cannot be written.
    async fn keep(&self, consumer: &str, partition: &str, place: Place) -> Result<(), TransportError>;
}

/// Cursors that end with the process.
#[derive(Debug, Default)]
pub struct InMemory(Mutex<HashMap<(String, String), Place>>);

#[async_trait]
impl Cursors for InMemory {
    async fn place(&self, consumer: &str, partition: &str) -> Result<Place, TransportError> {
        let places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(places.get(&(consumer.to_owned(), partition.to_owned())).copied().unwrap_or_default())
    }

    async fn keep(&self, consumer: &str, partition: &str, place: Place) -> Result<(), TransportError> {
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        places.insert((consumer.to_owned(), partition.to_owned()), place);
        Ok(())
    }
}

/// Cursors beside the builds, in the same database.
#[derive(Clone)]
pub struct InTables(Tables);

impl InTables {
    /// Keeps them in tables that were opened with [`MIGRATIONS`].
    #[must_use]
    pub fn new(tables: Tables) -> Self {
        Self(tables)
    }
}

#[async_trait]
impl Cursors for InTables {
    async fn place(&self, consumer: &str, partition: &str) -> Result<Place, TransportError> {
        let (consumer, partition) = (consumer.to_owned(), partition.to_owned());
        let read = self.0.read(move |sql| {
            let select = "SELECT passed, tries FROM transport_cursor WHERE consumer = $1 AND part = $2";
            sql.query(select, values![consumer, partition])?.first().map_or(Ok(Place::default()), place)
        });
        read.await.map_err(|error| TransportError::failed("the cursors of consumers", error))
    }

    async fn keep(&self, consumer: &str, partition: &str, place: Place) -> Result<(), TransportError> {
        let (consumer, partition) = (consumer.to_owned(), partition.to_owned());
        let written = self.0.write(move |sql| {
            let upsert = "INSERT INTO transport_cursor (consumer, part, passed, tries) VALUES ($1, $2, $3, $4)
                          ON CONFLICT (consumer, part) DO UPDATE SET passed = excluded.passed, tries = excluded.tries";
            sql.execute(upsert, values![consumer, partition, place.passed, u64::from(place.tries)]).map(drop)
        });
        written.await.map_err(|error| TransportError::failed("the cursors of consumers", error))
    }
}

fn place(row: &Row) -> Result<Place, StoreError> {
    let tries = u32::try_from(row.count(1)?).unwrap_or(u32::MAX);
    Ok(Place { passed: row.maybe(0, Row::count)?, tries })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::store::Sqlite;

    #[tokio::test]
    async fn a_place_outlives_its_process() {
        let folder = tempfile::tempdir().expect("a folder");
        let open = async || {
            let store = Sqlite::open(folder.path().join("db")).expect("opens");
            InTables::new(Tables::open(Arc::new(store), "transport", MIGRATIONS).await.expect("opens"))
        };
        let place = Place { passed: Some(7), tries: 2 };
        {
            let cursors = open().await;
            assert_eq!(cursors.place("web", "0").await.expect("reads"), Place::default());
            cursors.keep("web", "0", Place { passed: None, tries: 1 }).await.expect("keeps");
            cursors.keep("web", "0", place).await.expect("keeps");
        }
        let cursors = open().await;
        assert_eq!(cursors.place("web", "0").await.expect("reads"), place);
        assert_eq!(cursors.place("web", "1").await.expect("reads"), Place::default());
    }
}
