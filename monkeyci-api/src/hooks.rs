//! The webhooks that deliver, with their secrets opened.
//!
//! Forges come in bursts, and a row that is read and opened again for each delivery is a good part of what one costs.
//! Who changes or removes webhooks has all of them forgotten here: that is seldom, and nothing old is ever believed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use monkeyci_core::store::{Sql, StoreError};
use zeroize::Zeroizing;

use crate::table::hook::{self, HookRow, place};
use crate::vault::Vault;

/// Webhooks that are kept, at most.
const MOST: usize = 4096;

/// A webhook that may deliver.
pub struct Known {
    /// Its row.
    pub row: HookRow,
    /// Its secret, where that opens.
    pub secret: Option<Zeroizing<String>>,
    /// The one before, while that is good as well.
    pub former: Option<Zeroizing<String>>,
}

/// The webhooks that delivered of late, by the key in their URL.
#[derive(Default)]
pub struct Hooks(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    known: HashMap<String, Arc<Known>>,
    /// How often something was forgotten: what was read before that is not kept after it.
    forgotten: u64,
}

impl Hooks {
    /// The webhook with that key, if it delivered before.
    pub fn get(&self, key: &str) -> Option<Arc<Known>> {
        self.lock().known.get(key).cloned()
    }

    /// Reads the webhook with that key, and keeps it.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(&self, vault: &Vault, sql: &mut dyn Sql, key: &str) -> Result<Option<Arc<Known>>, StoreError> {
        let forgotten = self.lock().forgotten;
        let Some(row) = hook::by_key(sql, key)? else { return Ok(None) };
        let mut open = |sealed: &[u8]| match vault.open(sql, &row.org, &place(key), sealed) {
            Ok(secret) => Some(Zeroizing::new(String::from_utf8_lossy(&secret).into_owned())),
            Err(error) => {
                tracing::error!(%error, "the secret of a webhook does not open");
                None
            }
        };
        let (secret, former) = (open(&row.secret), row.former.as_deref().and_then(&mut open));
        let known = Arc::new(Known { row, secret, former });
        let mut kept = self.lock();
        if kept.forgotten == forgotten {
            if kept.known.len() >= MOST {
                kept.known.clear();
            }
            kept.known.insert(key.to_owned(), Arc::clone(&known));
        }
        Ok(Some(known))
    }

    /// Forgets all of them, once one was changed or removed.
    pub fn forget(&self) {
        let mut kept = self.lock();
        kept.forgotten += 1;
        kept.known.clear();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
