//! What the server was asked to look at before it is written.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Mutex, PoisonError};

use monkeyci_client::rest::validate::Kind;
use monkeyci_client::{Client, ClientError};
use serde::Serialize;

/// What the server would take, as it said when it was asked. Terraform plans an object that it replaces twice, and each
/// once more when it applies.
#[derive(Debug, Default)]
pub(crate) struct Looks {
    good: Mutex<HashSet<u64>>,
}

impl Looks {
    /// Asks the server whether it would take this, unless it said so before.
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
