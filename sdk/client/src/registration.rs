//! A code that workers register by.

use crate::ClientError;
use crate::place::Place;

/// A code that workers register by.
#[derive(Debug, Clone)]
#[must_use = "nothing is asked before an answer is awaited"]
pub struct RegistrationRef {
    place: Place,
}

impl RegistrationRef {
    pub(crate) fn new(place: Place) -> Self {
        Self { place }
    }

    /// Makes it good for nothing. Workers that have registered stay.
    ///
    /// # Errors
    /// [`ClientError::NotFound`] when it is so already.
    pub async fn revoke(&self) -> Result<(), ClientError> {
        self.place.delete(None).await
    }
}
