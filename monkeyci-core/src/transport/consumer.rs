//! How messages are worked on.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{MissedTickBehavior, interval};

use super::{Message, Parcel, Transport, TransportError};

/// How often a message is tried when nothing else is said.
const TRIES: u32 = 5;

/// Letters that are kept of what is no JSON at all, and therefore nobody's message.
const LONGEST_TEXT: usize = 10_000;

/// Works on messages, one after the other.
///
/// A message is held as long as the work on it lasts, and removed when that went well. One that failed comes again; one that
/// did so too often, or that ended whoever worked on it, is parked: published where it is looked at by people, and removed.
pub struct Consumer {
    transport: Arc<dyn Transport>,
    parking: Arc<dyn Transport>,
    tries: u32,
}

/// What became of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Worked {
    /// None came.
    Idle,
    /// It was dealt with.
    Done,
    /// It failed, and comes again.
    Failed(String),
    /// It failed too often, or is none, and was parked.
    Parked(String),
}

impl Consumer {
    /// Takes messages from one transport, and parks those on another that are of no use.
    #[must_use]
    pub fn new(transport: Arc<dyn Transport>, parking: Arc<dyn Transport>) -> Self {
        Self { transport, parking, tries: TRIES }
    }

    /// Tries a message so often.
    #[must_use]
    pub fn tries(self, tries: u32) -> Self {
        Self { tries: tries.max(1), ..self }
    }

    /// Waits for one message and has it worked on. What the work returns as an error is for people.
    ///
    /// # Errors
    /// When the transport cannot be reached; a message that was received then comes again.
    pub async fn one(
        &self,
        patience: Duration,
        work: impl AsyncFnOnce(&Message) -> Result<(), String>,
    ) -> Result<Worked, TransportError> {
        let mut parcels = self.transport.receive(1, patience).await?;
        let Some(parcel) = parcels.pop() else { return Ok(Worked::Idle) };
        let message = match parcel.message() {
            Ok(message) => message,
            Err(error) => return self.park(&parcel, error.to_string()).await,
        };
        // Who took it the times before was ended by it, or it would be parked by now.
        if parcel.deliveries > self.tries {
            return self.park(&parcel, format!("it was tried {} times", parcel.deliveries - 1)).await;
        }
        let why = match self.held(&parcel, work(&message)).await {
            Ok(()) => {
                self.transport.remove(std::slice::from_ref(&parcel)).await?;
                return Ok(Worked::Done);
            }
            Err(why) => why,
        };
        if parcel.deliveries >= self.tries {
            return self.park(&parcel, why).await;
        }
        Ok(Worked::Failed(why))
    }

    /// Works, and holds the message meanwhile. What is somebody else's by now is worked on to the end all the same: to stop
    /// half way is no better, and whoever works bears being repeated.
    async fn held<T>(&self, parcel: &Parcel, work: impl Future<Output = T>) -> T {
        let mut again = interval((self.transport.hold() / 3).max(Duration::from_millis(10)));
        again.set_missed_tick_behavior(MissedTickBehavior::Delay);
        again.reset();
        let hold = async {
            loop {
                again.tick().await;
                if let Err(error) = self.transport.extend(std::slice::from_ref(parcel)).await {
                    tracing::warn!(%error, "a message that is worked on cannot be held");
                }
            }
        };
        tokio::select! {
            outcome = work => outcome,
            () = hold => unreachable!("it is held until the work is done"),
        }
    }

    async fn park(&self, parcel: &Parcel, why: String) -> Result<Worked, TransportError> {
        tracing::warn!(why, "a message is parked");
        let message = parcel.message();
        let (id, subject) = match &message {
            Ok(message) => (message.id.clone(), message.subject.clone()),
            Err(_) => (blake3::hash(parcel.text.as_bytes()).to_hex().to_string(), String::new()),
        };
        // The message itself: who mends what was wrong publishes it again.
        let text = || parcel.text.chars().take(LONGEST_TEXT).collect::<String>();
        let why_short: String = why.chars().take(1000).collect();
        let data = match serde_json::from_str::<Value>(&parcel.text) {
            Ok(message) => json!({ "why": why_short, "message": message }),
            Err(_) => json!({ "why": why_short, "text": text() }),
        };
        let (source, kind) = ("monkeyci/parked".to_owned(), Message::PARKED.to_owned());
        let parked = Message { id, source, kind, subject, data };
        self.parking.publish(&[parked]).await?;
        self.transport.remove(std::slice::from_ref(parcel)).await?;
        Ok(Worked::Parked(why))
    }
}
