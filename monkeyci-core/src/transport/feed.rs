//! The events of a store are published.
//!
//! How far that is, is the caller's to keep: what it notes after [`publish`] has returned is never beyond what is safe, so
//! that each event is published at least once, with its position as the id of the message.

use std::sync::Arc;

use monkeyci_model::Event;
use serde_json::{Value, json};

use super::{Message, Transport, TransportError};
use crate::store::{Feed, StoreError};

/// Events that are published at once.
const PAGE: usize = 100;

/// Why events were not published.
#[derive(Debug, Clone, thiserror::Error)]
pub enum FeedError {
    /// They cannot be read.
    #[error("events cannot be read: {0}")]
    Store(#[from] StoreError),
    /// They cannot be sent.
    #[error(transparent)]
    Transport(#[from] TransportError),
}

/// Publishes the next events after `position`; returns the position of the last of them, or `position` where there are none.
///
/// # Errors
/// When they cannot be read or sent. Then none of them counts as published.
pub async fn publish(
    store: &dyn Feed,
    transport: &dyn Transport,
    source: &str,
    position: u64,
) -> Result<u64, FeedError> {
    let events = store.feed(position, PAGE).await?;
    let Some(last) = events.last().map(|event| event.position) else { return Ok(position) };
    let longest = transport.longest();
    let messages: Vec<Message> = events.iter().map(|event| fitting(event, source, longest)).collect();
    transport.publish(&messages).await?;
    Ok(last)
}

/// An event as a message. One that is too long says where it stands, and no more: it is read where it is kept.
#[must_use]
pub fn fitting(event: &Arc<Event>, source: &str, longest: usize) -> Message {
    let message = message(event, source);
    if message.text().len() <= longest {
        return message;
    }
    let Event { position, subject, seq, time, .. } = &**event;
    let kind = event.kind.name();
    let data = json!({ "position": position, "subject": subject, "seq": seq, "time": time, "type": kind, "cut": true });
    Message { data, ..message }
}

/// An event as a message.
#[must_use]
pub fn message(event: &Event, source: &str) -> Message {
    Message {
        id: event.position.to_string(),
        source: source.to_owned(),
        kind: event.kind.name().to_owned(),
        subject: event.subject.to_string(),
        data: serde_json::to_value(event).unwrap_or(Value::Null),
    }
}
