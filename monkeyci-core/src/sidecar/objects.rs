//! A depot in an object store that we sign in to.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures::{StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{Error, ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload};

use super::depot::{Depot, DepotError};

/// A depot under a prefix of an object store.
#[derive(Debug, Clone)]
pub struct Objects {
    store: Arc<dyn ObjectStore>,
    prefix: Path,
}

impl Objects {
    /// The objects of `store` under `prefix`.
    #[must_use]
    pub fn new(store: Arc<dyn ObjectStore>, prefix: Path) -> Self {
        Self { store, prefix }
    }

    fn path(&self, name: &str) -> Path {
        let name = Path::from(name);
        self.prefix.parts().chain(name.parts()).collect()
    }

    async fn put_as(&self, name: &str, bytes: Bytes, mode: PutMode) -> Result<bool, DepotError> {
        let options = PutOptions { mode, ..PutOptions::default() };
        match self.store.put_opts(&self.path(name), PutPayload::from_bytes(bytes), options).await {
            Ok(_) => Ok(true),
            Err(Error::AlreadyExists { .. } | Error::Precondition { .. }) => Ok(false),
            Err(error) => Err(failed(name, &error)),
        }
    }
}

#[async_trait]
impl Depot for Objects {
    async fn put(&self, name: &str, bytes: Bytes) -> Result<(), DepotError> {
        self.put_as(name, bytes, PutMode::Overwrite).await.map(drop)
    }

    async fn create(&self, name: &str, bytes: Bytes) -> Result<bool, DepotError> {
        self.put_as(name, bytes, PutMode::Create).await
    }

    async fn get(&self, name: &str, most: usize) -> Result<Option<Bytes>, DepotError> {
        let found = match self.store.get(&self.path(name)).await {
            Ok(found) => found,
            Err(Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(failed(name, &error)),
        };
        if found.meta.size > most as u64 {
            return Err(DepotError::too_long(name, most));
        }
        let mut bytes = BytesMut::new();
        let mut pieces = found.into_stream();
        while let Some(piece) = pieces.next().await {
            bytes.extend_from_slice(&piece.map_err(|error| failed(name, &error))?);
            if bytes.len() > most {
                return Err(DepotError::too_long(name, most));
            }
        }
        Ok(Some(bytes.freeze()))
    }

    async fn clear(&self) -> Result<(), DepotError> {
        let error = |error: Error| failed("", &error);
        let mut found = self.store.list(Some(&self.prefix));
        while let Some(object) = found.try_next().await.map_err(error)? {
            match self.store.delete(&object.location).await {
                Ok(()) | Err(Error::NotFound { .. }) => {}
                Err(refused) => return Err(error(refused)),
            }
        }
        Ok(())
    }
}

/// Stores try again by themselves what may pass; what they say then of rights and names holds.
fn failed(name: &str, error: &Error) -> DepotError {
    match error {
        Error::PermissionDenied { .. }
        | Error::Unauthenticated { .. }
        | Error::InvalidPath { .. }
        | Error::NotSupported { .. }
        | Error::NotFound { .. } => DepotError::refused(name, error),
        _ => DepotError::away(name, error),
    }
}

#[cfg(test)]
mod tests {
    use object_store::memory::InMemory;

    use super::*;

    #[tokio::test]
    async fn what_is_created_stays_what_is_put_is_replaced_and_all_goes() {
        let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        let depot = Objects::new(store.clone(), Path::from("jobs/a-1"));
        let beside = Objects::new(store, Path::from("jobs/a-12"));
        beside.put("order.json", Bytes::from_static(b"theirs")).await.expect("put");
        assert_eq!(depot.get("report/0", 9).await.expect("asked"), None);
        assert!(depot.create("report/0", Bytes::from_static(b"first")).await.expect("created"));
        assert!(!depot.create("report/0", Bytes::from_static(b"second")).await.expect("there"));
        assert_eq!(depot.get("report/0", 9).await.expect("asked").as_deref(), Some(&b"first"[..]));
        depot.put("report/0", Bytes::new()).await.expect("replaced");
        assert_eq!(depot.get("report/0", 9).await.expect("asked").as_deref(), Some(&b""[..]));
        assert!(matches!(beside.get("order.json", 5).await, Err(DepotError::TooLong { most: 5, .. })));
        depot.clear().await.expect("cleared");
        assert_eq!(depot.get("report/0", 9).await.expect("asked"), None);
        assert!(beside.get("order.json", 9).await.expect("asked").is_some(), "another's stays");
    }
}
