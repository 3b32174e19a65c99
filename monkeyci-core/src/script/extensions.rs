//! Which keys of jobs belong to plugins.

use std::collections::BTreeSet;

/// The keys of jobs that belong to plugins. A key that is neither ours nor here is an error.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Extensions {
    keys: BTreeSet<String>,
}

impl Extensions {
    /// No plugin.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Lets in the key of a plugin, as scripts write it: `my-plugin`, `acme.plugin/config`.
    pub fn register(&mut self, key: impl Into<String>) {
        self.keys.insert(key.into());
    }

    /// Whether a plugin has this key.
    #[must_use]
    pub fn knows(&self, key: &str) -> bool {
        self.keys.contains(key)
    }
}
