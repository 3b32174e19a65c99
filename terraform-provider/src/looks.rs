//! What the server was asked to look at before it is written.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use monkeyci_client::rest::validate::Kind;
use monkeyci_client::{Client, ClientError};
use serde::Serialize;

/// What the server would take, as it said when it was asked. Terraform plans an object that it replaces twice, and each
/// once more when it applies.
#[derive(Debug, Default)]
pub(crate) struct Looks {
    good: Mutex<HashSet<u64>>,
    is_over: AtomicBool,
}

impl Looks {
    /// Something is written. Terraform applies in a process of its own, or at least with a provider that is configured anew,
    /// where each object is written right after it was planned once more: the server refuses then what is wrong, and at the
    /// same lines.
    pub(crate) fn end(&self) {
        self.is_over.store(true, Ordering::Relaxed);
    }

    /// Asks the server whether it would take this, unless it said so before, or is about to be told.
    ///
    /// # Errors
    /// What it would refuse.
    pub(crate) async fn look(
        &self,
        client: &Client,
        kind: Kind,
        name: &str,
        body: &impl Serialize,
    ) -> Result<(), ClientError> {
        if self.is_over.load(Ordering::Relaxed) {
            return Ok(());
        }
        let mut hasher = DefaultHasher::new();
        (kind, name, serde_json::to_vec(body).unwrap_or_default()).hash(&mut hasher);
        let look = hasher.finish();
        if self.good.lock().unwrap_or_else(PoisonError::into_inner).contains(&look) {
            return Ok(());
        }
        client.validate(kind, Some(name), body).await?;
        self.good.lock().unwrap_or_else(PoisonError::into_inner).insert(look);
        Ok(())
    }
}
