//! A subscription.

use std::ops::Deref;

use monkeyci_rest::{NewSecret, Notice, Subscription, SubscriptionBody};

use crate::place::Place;
use crate::{ClientError, Object, Pages};

/// A subscription of an organisation, which is had, set and removed as an [`Object`].
#[derive(Debug, Clone)]
#[must_use = "nothing is asked before an answer is awaited"]
pub struct SubscriptionRef {
    place: Place,
    object: Object<Subscription, SubscriptionBody>,
}

/// Something that a subscriber is told.
#[derive(Debug, Clone)]
#[must_use = "nothing is asked before an answer is awaited"]
pub struct NoticeRef {
    place: Place,
}

/// A body without anything in it.
#[derive(serde::Serialize)]
struct Nothing {}

impl Deref for SubscriptionRef {
    type Target = Object<Subscription, SubscriptionBody>;
    fn deref(&self) -> &Self::Target {
        &self.object
    }
}

impl SubscriptionRef {
    pub(crate) fn new(place: Place) -> Self {
        Self { object: Object::new(place.clone()), place }
    }

    /// Gives its webhook a new secret. For a day the former signs as well, until the receiver knows the new one.
    ///
    /// # Errors
    /// When the server refuses or cannot be reached.
    pub async fn rotate(&self) -> Result<Subscription, ClientError> {
        self.place.at("rotate").post(&NewSecret::default()).await
    }

    /// Gives its webhook this secret, written as `whsec_…`, where it has another. For a day the former signs as well.
    ///
    /// # Errors
    /// When the server refuses or cannot be reached.
    pub async fn rotate_to(&self, secret: &str) -> Result<Subscription, ClientError> {
        self.place.at("rotate").post(&NewSecret { secret: Some(secret.to_owned()) }).await
    }

    /// Has it told something that has not happened. A mail goes to whoever asks as well, where it goes to authors and
    /// actors.
    ///
    /// # Errors
    /// When nobody would be told; when the server refuses or cannot be reached.
    pub async fn test(&self) -> Result<Vec<Notice>, ClientError> {
        self.place.at("test").post(&Nothing {}).await
    }

    /// What it was told, newest first.
    pub fn deliveries(&self) -> Pages<Notice> {
        Pages::new(self.place.at("deliveries"))
    }

    /// One of these.
    pub fn delivery(&self, id: &str) -> NoticeRef {
        NoticeRef { place: self.place.at("deliveries").at(id) }
    }
}

impl NoticeRef {
    /// It, with what is sent.
    ///
    /// # Errors
    /// [`ClientError::NotFound`] when there is none.
    pub async fn get(&self) -> Result<Notice, ClientError> {
        self.place.get().await
    }

    /// Has it sent once more, with the id that it has.
    ///
    /// # Errors
    /// When the server refuses or cannot be reached.
    pub async fn redeliver(&self) -> Result<Notice, ClientError> {
        self.place.at("redeliver").post(&Nothing {}).await
    }
}
