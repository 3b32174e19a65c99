//! A token.

use crate::ClientError;
use crate::place::Place;

/// A token of whoever asks.
#[derive(Debug, Clone)]
#[must_use = "nothing is asked before an answer is awaited"]
pub struct TokenRef {
    place: Place,
}

impl TokenRef {
    pub(crate) fn new(place: Place) -> Self {
        Self { place }
    }

    /// Makes it good for nothing, from now on.
    ///
    /// # Errors
    /// [`ClientError::NotFound`] when there is none.
    pub async fn revoke(&self) -> Result<(), ClientError> {
        self.place.delete(None).await
    }
}
