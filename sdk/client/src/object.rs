//! What is declared: had, set and removed by its name.

use std::marker::PhantomData;

use reqwest::Method;
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
        self.place.put(body).await
    }

    /// Makes it where there is none yet. One that is there already just as the body says is taken for the one that was asked
    /// for, secrets included: somebody may have been killed who had just made it, or heard no answer.
    ///
    /// # Errors
    /// [`ClientError::Conflict`] with 412 when there is another one.
    pub async fn make(&self, body: &B) -> Result<T, ClientError> {
        self.place.call(Method::PUT).body(body)?.if_none_match().declared().json().await
    }

    /// Makes it another where it is still of `revision`, or is as the body says already.
    ///
    /// # Errors
    /// [`ClientError::Conflict`] when somebody else has changed it.
    pub async fn put_if(&self, body: &B, revision: u64) -> Result<T, ClientError> {
        self.place.call(Method::PUT).body(body)?.if_match(Some(revision)).declared().json().await
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
        self.place.call(Method::DELETE).if_match(Some(revision)).declared().nothing().await
    }
}
