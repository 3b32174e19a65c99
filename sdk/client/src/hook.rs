//! A webhook.

use monkeyci_rest::{Delivery, Hook, HookSecret, NewSecret};

use crate::place::Place;
use crate::{ClientError, Pages};

/// A webhook of a repository.
#[derive(Debug, Clone)]
#[must_use = "nothing is asked before an answer is awaited"]
pub struct HookRef {
    place: Place,
}

/// What a forge delivered.
#[derive(Debug, Clone)]
#[must_use = "nothing is asked before an answer is awaited"]
pub struct DeliveryRef {
    place: Place,
}

/// A body without anything in it.
#[derive(serde::Serialize)]
struct Nothing {}

impl HookRef {
    pub(crate) fn new(place: Place) -> Self {
        Self { place }
    }

    /// It, without its secret.
    ///
    /// # Errors
    /// [`ClientError::NotFound`] when there is none.
    pub async fn get(&self) -> Result<Hook, ClientError> {
        self.place.get().await
    }

    /// Removes it.
    ///
    /// # Errors
    /// [`ClientError::NotFound`] when there is none.
    pub async fn delete(&self) -> Result<(), ClientError> {
        self.place.delete(None).await
    }

    /// Gives it a new secret. The former is good for a while, until the forge knows the new one.
    ///
    /// # Errors
    /// When the server refuses or cannot be reached.
    pub async fn rotate(&self) -> Result<HookSecret, ClientError> {
        self.place.at("rotate").post(&NewSecret::default()).await
    }

    /// Gives it this secret, of at least 16 bytes, where it has another. The former is good until this one was used.
    ///
    /// # Errors
    /// When the server refuses or cannot be reached.
    pub async fn rotate_to(&self, secret: &str) -> Result<HookSecret, ClientError> {
        self.place.at("rotate").post(&NewSecret { secret: Some(secret.to_owned()) }).await
    }

    /// What came, newest first.
    pub fn deliveries(&self) -> Pages<Delivery> {
        Pages::new(self.place.at("deliveries"))
    }

    /// One of these.
    pub fn delivery(&self, id: &str) -> DeliveryRef {
        DeliveryRef { place: self.place.at("deliveries").at(id) }
    }
}

impl DeliveryRef {
    /// It, with its headers and its body.
    ///
    /// # Errors
    /// [`ClientError::NotFound`] when there is none.
    pub async fn get(&self) -> Result<Delivery, ClientError> {
        self.place.get().await
    }

    /// Has it looked at once more, as if it came now.
    ///
    /// # Errors
    /// When the server refuses or cannot be reached.
    pub async fn redeliver(&self) -> Result<Delivery, ClientError> {
        self.place.at("redeliver").post(&Nothing {}).await
    }
}
