//! What a call has at hand.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use tokio_util::sync::CancellationToken;

use crate::diagnostic::{Diagnostic, Diagnostics};

/// What a call has at hand: the configured client, what the provider remembers of the object, and a way to say something
/// that is no failure.
#[derive(Debug)]
pub struct Context<C> {
    /// What [`Provider::configure`](crate::Provider::configure) made.
    pub client: Arc<C>,
    stop: CancellationToken,
    notes: Mutex<Notes>,
}

#[derive(Debug, Default)]
struct Notes {
    private: BTreeMap<String, Json>,
    said: Diagnostics,
}

impl<C> Context<C> {
    pub(crate) fn new(client: Arc<C>, stop: CancellationToken, private: &[u8]) -> Self {
        // What another provider left there, whose object has moved here, is of no use.
        let private = serde_json::from_slice(private).unwrap_or_default();
        Self { client, stop, notes: Mutex::new(Notes { private, said: Diagnostics::new() }) }
    }

    /// Says something beside the answer. An error makes the call fail, and yet its answer is kept: so a `create` that got
    /// half way gives back what there is, which Terraform then marks as tainted.
    pub fn say(&self, diagnostic: Diagnostic) {
        self.notes().said.push(diagnostic);
    }

    /// What the provider remembers of the object under this key. It is in the state, where users do not see it.
    pub fn private<T: DeserializeOwned>(&self, key: &str) -> Option<T> {
        self.notes().private.get(key).and_then(|json| serde_json::from_value(json.clone()).ok())
    }

    /// Remembers something of the object. It is no place for secrets: it is in the state.
    pub fn set_private<T: Serialize>(&self, key: &str, value: &T) {
        // What is no JSON, such as a map whose keys are no text, is remembered as null.
        let json = serde_json::to_value(value).unwrap_or_default();
        self.notes().private.insert(key.to_owned(), json);
    }

    /// Whether the user has interrupted Terraform.
    pub fn is_stopped(&self) -> bool {
        self.stop.is_cancelled()
    }

    /// Waits until the user interrupts Terraform. What changes nothing is dropped then by itself; `create`, `update` and
    /// `delete` may cut their waiting short, and give back what there is.
    pub async fn stopped(&self) {
        self.stop.cancelled().await;
    }

    pub(crate) fn finish(self) -> (Vec<u8>, Diagnostics) {
        let Notes { private, said } = self.notes.into_inner().unwrap_or_else(PoisonError::into_inner);
        let private = if private.is_empty() { Vec::new() } else { Json::from_iter(private).to_string().into_bytes() };
        (private, said)
    }

    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
