//! Everybody who is known to the server, for who runs it.

use monkeyci_rest::Person;

use crate::place::Place;
use crate::{Client, ClientError, Pages};

/// Somebody who is known.
#[derive(Debug, Clone)]
#[must_use = "nothing is asked before an answer is awaited"]
pub struct PersonRef {
    place: Place,
}

/// A body without anything in it.
#[derive(serde::Serialize)]
struct Nothing {}

impl Client {
    /// Everybody who is known.
    pub fn people(&self) -> Pages<Person> {
        Pages::new(self.root().at("v1").at("people"))
    }

    /// One of them.
    pub fn person(&self, name: &str) -> PersonRef {
        PersonRef { place: self.root().at("v1").at("people").at(name) }
    }
}

impl PersonRef {
    /// What is known of them.
    ///
    /// # Errors
    /// [`ClientError::NotFound`] when nobody is called so.
    pub async fn get(&self) -> Result<Person, ClientError> {
        self.place.get().await
    }

    /// Lets them in no more: their sessions and tokens end at once.
    ///
    /// # Errors
    /// [`ClientError::NotFound`] when nobody is called so.
    pub async fn disable(&self) -> Result<Person, ClientError> {
        self.place.at("disable").post(&Nothing {}).await
    }

    /// Lets them in again; they sign in anew.
    ///
    /// # Errors
    /// [`ClientError::NotFound`] when nobody is called so.
    pub async fn enable(&self) -> Result<Person, ClientError> {
        self.place.at("enable").post(&Nothing {}).await
    }
}
