//! Port: how messages travel to other processes: events of builds to whoever listens, triggers to whoever builds.
//!
//! A transport carries, and never holds the truth: that is the [`store`](crate::store)'s. What is published is safe when
//! [`publish`](Transport::publish) returns, and may arrive twice; the id of a [`Message`] tells. What was received is its
//! receiver's for a while, [`hold`](Transport::hold), and comes again unless it is [removed](Transport::remove) by then,
//! or [kept longer](Transport::extend).
//!
//! - [`Channel`]: within this process.
//! - [`Folder`]: objects under a prefix: a folder of this machine, a bucket.
//! - `Queue` and `Stream`: Oracle Cloud's, with the feature `oci`.
//!
//! [`Consumer`] is how messages are worked on: held while that lasts, parked when it fails again and again. [`feed`] is how
//! the events of a store get there.

mod channel;
mod consumer;
pub mod cursor;
pub mod feed;
mod folder;
mod message;
#[cfg(feature = "oci")]
mod queue;
#[cfg(feature = "oci")]
mod stream;

use std::time::Duration;

use async_trait::async_trait;

pub use channel::Channel;
pub use consumer::{Consumer, Worked};
pub use folder::Folder;
pub use message::{Message, NoMessage, Parcel};
#[cfg(feature = "oci")]
pub use queue::Queue;
#[cfg(feature = "oci")]
pub use stream::Stream;

/// How messages travel.
#[async_trait]
pub trait Transport: Send + Sync {
    /// Bytes that a message may have at most, written as [`Message::text`].
    fn longest(&self) -> usize;

    /// How long what was received is its receiver's, before it comes again.
    fn hold(&self) -> Duration;

    /// Publishes messages, those of one subject in this order. What it returns for is safe. After an error some may have
    /// been published, and all of them may be published again.
    ///
    /// # Errors
    /// When one of them is too long; when it cannot be reached, or refuses.
    async fn publish(&self, messages: &[Message]) -> Result<(), TransportError>;

    /// Up to `most` messages that wait, oldest first as far as there is an order; none where none came within `patience`.
    ///
    /// # Errors
    /// When it cannot be reached, or refuses.
    async fn receive(&self, most: usize, patience: Duration) -> Result<Vec<Parcel>, TransportError>;

    /// Holds what was received for once more as long, from now.
    ///
    /// # Errors
    /// [`TransportError::Lost`] when one of them is somebody else's by now; when it cannot be reached, or refuses.
    async fn extend(&self, parcels: &[Parcel]) -> Result<(), TransportError>;

    /// About how many messages wait that nobody holds; none where the transport does not tell.
    ///
    /// # Errors
    /// When it cannot be reached, or refuses.
    async fn waiting(&self) -> Result<Option<u64>, TransportError>;

    /// Removes what was dealt with. One that is gone already is none too few.
    ///
    /// # Errors
    /// When it cannot be reached, or refuses; then some may come again.
    async fn remove(&self, parcels: &[Parcel]) -> Result<(), TransportError>;
}

/// Why messages did not travel.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TransportError {
    /// A message has more bytes than the transport takes.
    #[error("message `{id}` has {bytes} bytes, and {longest} are taken at most")]
    TooLong {
        /// Its id.
        id: String,
        /// Its bytes.
        bytes: usize,
        /// Those that are taken.
        longest: usize,
    },
    /// What was held is somebody else's by now.
    #[error("a message was held for too long: it is somebody else's by now")]
    Lost,
    /// The transport cannot be reached, or refuses.
    #[error("{place}: {reason}")]
    Failed {
        /// What was asked: a queue, a folder.
        place: String,
        /// What came of it, and what to do.
        reason: String,
    },
}

impl TransportError {
    pub(crate) fn failed(place: impl Into<String>, reason: impl std::fmt::Display) -> Self {
        Self::Failed { place: place.into(), reason: reason.to_string() }
    }
}

/// Refuses messages that are too long, and writes the others.
fn written(messages: &[Message], longest: usize) -> Result<Vec<String>, TransportError> {
    let texts = messages.iter().map(|message| {
        let text = message.text();
        let bytes = text.len();
        if bytes > longest { Err(TransportError::TooLong { id: message.id.clone(), bytes, longest }) } else { Ok(text) }
    });
    texts.collect()
}

#[cfg(test)]
mod contract;
#[cfg(all(test, feature = "oci"))]
mod oracle;
