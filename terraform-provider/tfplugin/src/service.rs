//! The calls of the protocol.

mod data;
mod dispatch;
mod failed;
mod metadata;
mod query;
mod resource;

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};

use futures::FutureExt;
use tokio_util::sync::CancellationToken;

use crate::Result;
use crate::context::Context;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::plugin::Plugin;
use crate::provider::Provider;
use crate::schema::Schema;
use crate::value::Value;

pub(crate) use dispatch::Router;

/// A provider that answers.
pub(crate) struct Service<P: Provider> {
    plugin: Plugin<P>,
    run: Mutex<Run<P::Client>>,
    /// Ends the process.
    shutdown: CancellationToken,
}

/// From one configuration to the next. A provider that tests attach to sees several.
struct Run<C> {
    client: Client<C>,
    stop: CancellationToken,
}

enum Client<C> {
    /// Not asked for yet.
    None,
    /// The configuration depends on what is not known before something else is applied.
    Unknown,
    Ready(Arc<C>),
}

impl<P: Provider> Service<P> {
    pub(crate) fn new(plugin: Plugin<P>, shutdown: CancellationToken) -> Self {
        let run = Mutex::new(Run { client: Client::None, stop: CancellationToken::new() });
        Self { plugin, run, shutdown }
    }

    fn stop(&self) -> CancellationToken {
        self.run.lock().unwrap_or_else(PoisonError::into_inner).stop.clone()
    }

    fn begin(&self, client: Client<P::Client>) {
        let mut run = self.run.lock().unwrap_or_else(PoisonError::into_inner);
        *run = Run { client, stop: CancellationToken::new() };
    }

    /// Whether the provider cannot be configured yet.
    fn is_open(&self) -> bool {
        let run = self.run.lock().unwrap_or_else(PoisonError::into_inner);
        matches!(run.client, Client::Unknown)
    }

    fn context(&self, private: &[u8]) -> Result<Context<P::Client>> {
        let run = self.run.lock().unwrap_or_else(PoisonError::into_inner);
        let client = match &run.client {
            Client::Ready(client) => Arc::clone(client),
            Client::Unknown => {
                let detail =
                    "It depends on what is not known before something else is applied. Apply that first, with -target.";
                return Err(Diagnostic::error("Provider configuration is not known yet", detail).into());
            }
            Client::None => {
                let detail = "Terraform has asked for an object before it configured the provider.";
                return Err(Diagnostic::error("Provider is not configured", detail).into());
            }
        };
        Ok(Context::new(client, run.stop.clone(), private))
    }

    /// Waits for what changes nothing, until the user interrupts.
    async fn unless_stopped<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        let stop = self.stop();
        tokio::select! {
            biased;
            answer = guarded(work) => answer,
            () = stop.cancelled() => Err(Diagnostic::error("Interrupted", "Nothing was changed.").into()),
        }
    }
}

/// A panic of the author's is an error like any other, and not the end of everything.
async fn guarded<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    AssertUnwindSafe(work).catch_unwind().await.unwrap_or_else(|_| Err(panicked()))
}

fn panicked() -> Diagnostics {
    let detail = "This is a bug of the provider, please report it. The provider's log (TF_LOG=error) has more.";
    Diagnostic::error("Provider has panicked", detail).into()
}

fn no_such(kind: &str, name: &str) -> Diagnostics {
    Diagnostic::error("No such type", format!("The provider has no {kind} {name:?}.")).into()
}

/// What is still unknown after it was applied or read is a bug; the rest must not be lost for it.
fn take_unknown(schema: &Schema, answer: &mut Value) -> Diagnostics {
    let mut found = Diagnostics::new();
    let Value::Map(attributes) = answer else { return found };
    for attribute in &schema.attributes {
        let Some(value) = attributes.get_mut(&attribute.name).filter(|value| value.has_unknown()) else { continue };
        let detail =
            format!("`{}` is still not known. This is a bug of the provider, please report it.", attribute.name);
        found.push(Diagnostic::error("Incomplete answer", detail).at(attribute.name.as_str()));
        clear_unknown(value);
    }
    found
}

fn clear_unknown(value: &mut Value) {
    match value {
        Value::Unknown(_) => *value = Value::Null,
        Value::List(elements) => elements.iter_mut().for_each(clear_unknown),
        Value::Map(elements) => elements.values_mut().for_each(clear_unknown),
        Value::Dynamic(_, inner) => clear_unknown(inner),
        _ => {}
    }
}
