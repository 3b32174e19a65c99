//! Port: where host and sidecar put things for each other.

use async_trait::async_trait;
use bytes::Bytes;

use super::series::Pieces;

/// Objects under one address, for one attempt. Names are ours: small letters, digits, `.`, `-` and `/`.
#[async_trait]
pub trait Depot: Send + Sync {
    /// Puts an object, in the place of what is there. Nobody ever gets half of it.
    ///
    /// # Errors
    /// When it cannot be put.
    async fn put(&self, name: &str, bytes: Bytes) -> Result<(), DepotError>;

    /// Puts an object where none of that name is; false where one is, which stays as it is.
    ///
    /// # Errors
    /// When it cannot be put.
    async fn create(&self, name: &str, bytes: Bytes) -> Result<bool, DepotError>;

    /// An object, if it is there.
    ///
    /// # Errors
    /// When it cannot be had, or has more than `most` bytes.
    async fn get(&self, name: &str, most: usize) -> Result<Option<Bytes>, DepotError>;

    /// An object, if it is there, told to `pieces` as it comes; how many bytes it has. One that was broken off may be asked for
    /// again, and goes on where it was.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    async fn pour(&self, name: &str, most: usize, pieces: &Pieces) -> Result<Option<usize>, DepotError> {
        let Some(bytes) = self.get(name, most).await? else { return Ok(None) };
        let length = bytes.len();
        pieces.tell(0, bytes).await;
        Ok(Some(length))
    }

    /// Removes all objects. The sidecar never does.
    ///
    /// # Errors
    /// When some are left.
    async fn clear(&self) -> Result<(), DepotError>;
}

/// Why a depot did not do what it was asked. No address is in it: that may be a secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DepotError {
    /// It cannot be reached, or asks to come again.
    #[error("the depot does not answer for `{name}`: {why}")]
    Away {
        /// The object.
        name: String,
        /// What happened.
        why: String,
    },
    /// It refuses, and will do so again.
    #[error("the depot refuses `{name}`: {why}")]
    Refused {
        /// The object.
        name: String,
        /// What it said.
        why: String,
    },
    /// An object is larger than it may be.
    #[error("`{name}` in the depot has more than {most} bytes")]
    TooLong {
        /// The object.
        name: String,
        /// Bytes that it may have.
        most: usize,
    },
    /// Its address cannot be used.
    #[error("the depot's address {0}")]
    Address(&'static str),
}

impl DepotError {
    pub(super) fn away(name: &str, why: impl ToString) -> Self {
        Self::Away { name: name.to_owned(), why: why.to_string() }
    }

    pub(super) fn refused(name: &str, why: impl ToString) -> Self {
        Self::Refused { name: name.to_owned(), why: why.to_string() }
    }

    pub(super) fn too_long(name: &str, most: usize) -> Self {
        Self::TooLong { name: name.to_owned(), most }
    }
}
