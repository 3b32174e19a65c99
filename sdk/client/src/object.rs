//! What is declared: had, set and removed by its name.

use std::marker::PhantomData;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::ClientError;
use crate::place::Place;

/// A thing of kind `T` that is set with a body of kind `B`.
#[derive(Debug)]
#[must_use = "nothing is done before it is asked for"]
pub struct Object<T, B> {
    place: Place,
    of: PhantomData<fn(B) -> T>,
}

impl<T, B> Clone for Object<T, B> {
    fn clone(&self) -> Self {
        Self { place: self.place.clone(), of: PhantomData }
    }
}

impl<T: DeserializeOwned, B: Serialize> Object<T, B> {
    pub(crate) fn new(place: Place) -> Self {
        Self { place, of: PhantomData }
    }

    /// It, as it is.
    ///
    /// # Errors
    /// [`ClientError::NotFound`] when there is none.
    pub async fn get(&self) -> Result<T, ClientError> {
        self.place.get().await
    }

    /// Makes it, or makes it another.
    ///
    /// # Errors
    /// When the server refuses or cannot be reached.
    pub async fn put(&self, body: &B) -> Result<T, ClientError> {
        self.place.put(body, None).await
    }

    /// Makes it another where it is still of `revision`.
    ///
    /// # Errors
    /// [`ClientError::Conflict`] when somebody else has changed it.
    pub async fn put_if(&self, body: &B, revision: u64) -> Result<T, ClientError> {
        self.place.put(body, Some(revision)).await
    }

    /// Removes it.
    ///
    /// # Errors
    /// [`ClientError::NotFound`] when there is none.
    pub async fn delete(&self) -> Result<(), ClientError> {
        self.place.delete(None).await
    }

    /// Removes it where it is still of `revision`.
    ///
    /// # Errors
    /// [`ClientError::Conflict`] when somebody else has changed it.
    pub async fn delete_if(&self, revision: u64) -> Result<(), ClientError> {
        self.place.delete(Some(revision)).await
    }
}
