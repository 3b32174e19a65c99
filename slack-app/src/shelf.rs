//! What the app keeps, in the store that the API has for it: values that change only as they were read.

use bytes::Bytes;
use monkeyci_client::{ClientError, IntegrationRef};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// How often a value is read again that another changed meanwhile.
const TRIES: usize = 20;

/// What the app keeps.
#[derive(Debug, Clone)]
pub struct Shelf {
    store: IntegrationRef,
}

impl Shelf {
    /// The store of an integration.
    #[must_use]
    pub fn new(store: IntegrationRef) -> Self {
        Self { store }
    }

    /// A value with its version; nothing where none is kept, or none that this version of the app understands.
    ///
    /// # Errors
    /// When the server cannot be asked.
    pub async fn read<T: DeserializeOwned>(&self, key: &str) -> Result<Option<(T, u64)>, ClientError> {
        let stored = match self.store.store(key).get().await {
            Ok(stored) => stored,
            Err(ClientError::NotFound(_)) => return Ok(None),
            Err(error) => return Err(error),
        };
        match serde_json::from_slice(&stored.bytes) {
            Ok(value) => Ok(Some((value, stored.version))),
            Err(error) => {
                tracing::warn!(key, %error, "a value that is kept cannot be understood");
                Ok(None)
            }
        }
    }

    /// Writes a value in place of the version that was read, or where none is.
    ///
    /// # Errors
    /// [`ClientError::Conflict`] when another was faster.
    pub async fn write(
        &self,
        key: &str,
        value: &impl Serialize,
        version: Option<u64>,
        seconds: Option<u32>,
    ) -> Result<u64, ClientError> {
        Ok(self.store.store(key).put_json(value, version, seconds).await?.version)
    }

    /// The bytes of a value that is no JSON, with its version; nothing where none is kept.
    ///
    /// # Errors
    /// When the server cannot be asked.
    pub async fn bytes(&self, key: &str) -> Result<Option<(Bytes, u64)>, ClientError> {
        match self.store.store(key).get().await {
            Ok(stored) => Ok(Some((stored.bytes, stored.version))),
            Err(ClientError::NotFound(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Writes bytes in place of the version that was read, or where none is.
    ///
    /// # Errors
    /// [`ClientError::Conflict`] when another was faster.
    pub async fn write_bytes(
        &self,
        key: &str,
        value: Bytes,
        version: Option<u64>,
        seconds: u32,
    ) -> Result<u64, ClientError> {
        Ok(self.store.store(key).put_bytes(value, version, Some(seconds)).await?.version)
    }

    /// Changes a value, or the usual one where none is kept, and returns it with what `change` says. What is not changed is
    /// not written. `change` is asked again where another was faster.
    ///
    /// # Errors
    /// When the server cannot be asked.
    pub async fn change<T, R>(
        &self,
        key: &str,
        seconds: u32,
        mut change: impl FnMut(&mut T) -> R,
    ) -> Result<(T, R), ClientError>
    where
        T: Default + Clone + PartialEq + Serialize + DeserializeOwned,
    {
        let mut tries = 0;
        loop {
            let (before, version) = match self.store.store(key).get().await {
                Ok(stored) => (serde_json::from_slice(&stored.bytes).unwrap_or_default(), Some(stored.version)),
                Err(ClientError::NotFound(_)) => (T::default(), None),
                Err(error) => return Err(error),
            };
            let mut after = before.clone();
            let said = change(&mut after);
            if after == before {
                return Ok((after, said));
            }
            tries += 1;
            match self.write(key, &after, version, Some(seconds)).await {
                Ok(_) => return Ok((after, said)),
                Err(ClientError::Conflict(problem)) if problem.code.as_deref() != Some("quota") && tries < TRIES => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Forgets a value.
    ///
    /// # Errors
    /// When the server cannot be asked.
    pub async fn forget(&self, key: &str) -> Result<(), ClientError> {
        match self.store.store(key).delete().await {
            Ok(()) | Err(ClientError::NotFound(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Forgets a value where it is of that version. Says whether it was.
    ///
    /// # Errors
    /// When the server cannot be asked.
    pub async fn take(&self, key: &str, version: u64) -> Result<bool, ClientError> {
        match self.store.store(key).delete_if(version).await {
            Ok(()) => Ok(true),
            Err(ClientError::NotFound(_) | ClientError::Conflict(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Keys that begin so, with their versions.
    ///
    /// # Errors
    /// When the server cannot be asked.
    pub async fn versions(&self, prefix: &str) -> Result<Vec<(String, u64)>, ClientError> {
        let found = self.store.stored(prefix).all().await?;
        Ok(found.into_iter().map(|entry| (entry.key, entry.version)).collect())
    }

    /// Keys that begin so, with when each was last changed.
    ///
    /// # Errors
    /// When the server cannot be asked.
    pub async fn keys(&self, prefix: &str) -> Result<Vec<(String, i64)>, ClientError> {
        let found = self.store.stored(prefix).all().await?;
        Ok(found.into_iter().map(|entry| (entry.key, entry.updated)).collect())
    }
}
