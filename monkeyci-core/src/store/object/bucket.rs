//! Objects by their keys, with the errors of a store.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use futures::TryStreamExt as _;
use monkeyci_model::{BuildId, OrgId, RepoId};
use object_store::path::Path;
use object_store::{Error, ObjectStore, ObjectStoreExt as _, PutMode};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::blob::store::fit;
use crate::store::StoreError;

/// Bytes that an object may have which is read whole. A batch of facts is far smaller.
const MOST: u64 = 256 * 1024 * 1024;

/// Objects by their keys.
#[derive(Clone)]
pub struct Bucket(Arc<dyn ObjectStore>);

/// The key of what belongs to a repository.
pub(super) fn repo_key(above: &str, org: &OrgId, repo: &RepoId) -> String {
    format!("{above}/{}/{}", fit(org.as_str()), fit(repo.as_str()))
}

/// The key of what belongs to a build, as `builds/acme/web/42`.
pub fn key_of(above: &str, build: &BuildId) -> String {
    format!("{}/{}", repo_key(above, &build.org, &build.repo), build.number)
}

impl Bucket {
    /// The objects in `store`.
    #[must_use]
    pub fn new(store: Arc<dyn ObjectStore>) -> Self {
        Self(store)
    }

    /// What holds them.
    #[must_use]
    pub fn store(&self) -> &Arc<dyn ObjectStore> {
        &self.0
    }

    /// The key of something beneath a build, as `builds/acme/web/42/lease`.
    #[must_use]
    pub fn beneath(build: &BuildId, name: &str) -> String {
        format!("{}/{name}", key_of("builds", build))
    }

    /// Writes an object where none is; tells whether none was.
    ///
    /// An answer may get lost on its way and the object be sent again, so that what was there already may be our own:
    /// whoever must know reads it.
    ///
    /// # Errors
    /// When that cannot be done.
    pub async fn create(&self, key: &str, bytes: impl Into<Bytes>) -> Result<bool, StoreError> {
        match self.0.put_opts(&Path::from(key), bytes.into().into(), PutMode::Create.into()).await {
            Ok(_) => Ok(true),
            Err(Error::AlreadyExists { .. } | Error::Precondition { .. }) => Ok(false),
            Err(error) => Err(self.failed("cannot write", key, &error)),
        }
    }

    /// Writes an object in place of whatever is there.
    ///
    /// # Errors
    /// When that cannot be done.
    pub async fn put(&self, key: &str, bytes: impl Into<Bytes>) -> Result<(), StoreError> {
        let put = self.0.put(&Path::from(key), bytes.into().into()).await;
        put.map(drop).map_err(|error| self.failed("cannot write", key, &error))
    }

    /// Reads an object; nothing when there is none.
    ///
    /// # Errors
    /// When that cannot be done.
    pub async fn get(&self, key: &str) -> Result<Option<Bytes>, StoreError> {
        let failed = |error: &Error| self.failed("cannot read", key, error);
        let found = match self.0.get(&Path::from(key)).await {
            Ok(found) => found,
            Err(Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(failed(&error)),
        };
        if found.meta.size > MOST {
            return Err(self.damaged(key, &format!("it has {} bytes", found.meta.size)));
        }
        found.bytes().await.map(Some).map_err(|error| failed(&error))
    }

    /// Whether there is such an object.
    ///
    /// # Errors
    /// When that cannot be asked.
    pub async fn has(&self, key: &str) -> Result<bool, StoreError> {
        match self.0.head(&Path::from(key)).await {
            Ok(_) => Ok(true),
            Err(Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(self.failed("cannot read", key, &error)),
        }
    }

    /// Removes an object; one that is not there is removed already.
    ///
    /// # Errors
    /// When that cannot be done.
    pub async fn delete(&self, key: &str) -> Result<(), StoreError> {
        match self.0.delete(&Path::from(key)).await {
            Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(self.failed("cannot remove", key, &error)),
        }
    }

    /// The keys beneath one, in order.
    ///
    /// # Errors
    /// When that cannot be done.
    pub async fn list(&self, above: &str) -> Result<Vec<String>, StoreError> {
        self.list_after(above, "").await
    }

    /// The same, of those after `name`.
    ///
    /// # Errors
    /// When that cannot be done.
    pub async fn list_after(&self, above: &str, name: &str) -> Result<Vec<String>, StoreError> {
        let (prefix, offset) = (Path::from(above), Path::from(format!("{above}/{name}")));
        let listed =
            if name.is_empty() { self.0.list(Some(&prefix)) } else { self.0.list_with_offset(Some(&prefix), &offset) };
        let listed = listed.map_ok(|meta| meta.location.to_string()).try_collect::<Vec<_>>().await;
        let mut keys = listed.map_err(|error| self.failed("cannot list", above, &error))?;
        keys.sort_unstable();
        Ok(keys)
    }

    /// The names of the folders right beneath a key.
    ///
    /// # Errors
    /// When that cannot be done.
    pub async fn folders(&self, above: &str) -> Result<Vec<String>, StoreError> {
        let listed = self.0.list_with_delimiter(Some(&Path::from(above))).await;
        let listed = listed.map_err(|error| self.failed("cannot list", above, &error))?;
        let names = listed.common_prefixes.iter().filter_map(|path| path.filename().map(str::to_owned));
        Ok(names.collect())
    }

    /// Writes JSON where nothing is; tells whether nothing was.
    ///
    /// # Errors
    /// When that cannot be done.
    pub async fn create_json(&self, key: &str, value: &impl Serialize) -> Result<bool, StoreError> {
        self.create(key, self.json(key, value)?).await
    }

    /// Writes JSON in place of whatever is there.
    ///
    /// # Errors
    /// When that cannot be done.
    pub async fn put_json(&self, key: &str, value: &impl Serialize) -> Result<(), StoreError> {
        self.put(key, self.json(key, value)?).await
    }

    /// Reads JSON; nothing when there is none.
    ///
    /// # Errors
    /// When it cannot be read, or is something else.
    pub async fn get_json<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, StoreError> {
        let Some(bytes) = self.get(key).await? else { return Ok(None) };
        serde_json::from_slice(&bytes).map(Some).map_err(|error| self.damaged(key, &error.to_string()))
    }

    fn json(&self, key: &str, value: &impl Serialize) -> Result<Vec<u8>, StoreError> {
        serde_json::to_vec(value).map_err(|error| self.damaged(key, &error.to_string()))
    }

    fn damaged(&self, key: &str, why: &str) -> StoreError {
        let reason = format!("`{key}` is not what MonkeyCI writes there ({why}); restore it, or remove the build");
        StoreError::Damaged { path: self.to_string(), reason }
    }

    fn failed(&self, what: &'static str, key: &str, error: &Error) -> StoreError {
        let path = self.to_string();
        match error {
            _ if is_full(error) => StoreError::Full { path },
            Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => {
                StoreError::Unreachable { path, reason: format!("it does not let us in: {error}") }
            }
            error => StoreError::Database { what, reason: format!("`{key}` of `{path}`: {}", chain(error)) },
        }
    }
}

impl fmt::Display for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Whether a disk is full, deep down.
fn is_full(error: &Error) -> bool {
    let mut next: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = next {
        if error.downcast_ref::<std::io::Error>().is_some_and(|io| io.kind() == std::io::ErrorKind::StorageFull) {
            return true;
        }
        next = error.source();
    }
    false
}

fn chain(error: &Error) -> String {
    let mut text = error.to_string();
    let mut next = std::error::Error::source(error);
    while let Some(cause) = next {
        let told = cause.to_string();
        if !text.contains(&told) {
            text.push_str(": ");
            text.push_str(&told);
        }
        next = cause.source();
    }
    text
}
