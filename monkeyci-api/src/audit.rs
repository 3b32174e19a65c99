//! Writing down who changed what.

use std::collections::BTreeMap;

use monkeyci_core::store::{Sql, StoreError};
use monkeyci_rest::AuditRow;

use crate::identity::Known;
use crate::state::now;
use crate::table::audit;

/// A change, to be written down in the transaction that makes it.
#[derive(Debug, Clone)]
pub struct Change {
    org: String,
    row: AuditRow,
}

impl Change {
    /// Somebody does something to an object, which is named by its path in the API.
    pub fn by(who: &Known, org: &str, action: &str, object: impl Into<String>) -> Self {
        let mut change = Self::of(&who.name, Some(&who.token), org, action, object);
        change.row.via.clone_from(&who.via);
        change
    }

    /// The same, of somebody who is becoming known.
    pub fn of(name: &str, token: Option<&str>, org: &str, action: &str, object: impl Into<String>) -> Self {
        let row = AuditRow {
            position: 0,
            time: now(),
            actor: name.to_owned(),
            via: None,
            token: token.map(str::to_owned),
            action: action.to_owned(),
            object: object.into(),
            details: BTreeMap::new(),
        };
        Self { org: org.to_owned(), row }
    }

    /// Says more about it; never a secret.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.row.details.insert(name.to_owned(), value.into());
        self
    }

    /// Writes it down.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, sql: &mut dyn Sql) -> Result<(), StoreError> {
        audit::add(sql, &self.org, &self.row)
    }
}
