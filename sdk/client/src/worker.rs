//! Workers elsewhere, as people see them.

use monkeyci_rest::Worker;

use crate::ClientError;
use crate::place::Place;

/// A worker elsewhere.
#[derive(Debug, Clone)]
#[must_use = "nothing is asked before an answer is awaited"]
pub struct WorkerRef {
    place: Place,
}

/// A body without anything in it.
#[derive(serde::Serialize)]
struct Nothing {}

impl WorkerRef {
    pub(crate) fn new(place: Place) -> Self {
        Self { place }
    }

    /// It, with what it runs.
    ///
    /// # Errors
    /// [`ClientError::NotFound`] when there is none.
    pub async fn get(&self) -> Result<Worker, ClientError> {
        self.place.get().await
    }

    /// Removes it. What it runs is lost, and tried again elsewhere as the rules of its jobs have it.
    ///
    /// # Errors
    /// [`ClientError::NotFound`] when there is none.
    pub async fn delete(&self) -> Result<(), ClientError> {
        self.place.delete(None).await
    }

    /// Lets it end what it has, and take no more.
    ///
    /// # Errors
    /// [`ClientError::NotFound`] when there is none.
    pub async fn pause(&self) -> Result<Worker, ClientError> {
        self.place.at("pause").post(&Nothing {}).await
    }

    /// Lets it take jobs again.
    ///
    /// # Errors
    /// [`ClientError::NotFound`] when there is none.
    pub async fn resume(&self) -> Result<Worker, ClientError> {
        self.place.at("resume").post(&Nothing {}).await
    }
}
