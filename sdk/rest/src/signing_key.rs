//! The keys that sign ID tokens of jobs.

use monkeyci_model::Millis;
use serde::{Deserialize, Serialize};

/// A key that signs ID tokens, without its private half, which nobody sees.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct SigningKey {
    /// Its id, the `kid` of what it signs.
    pub id: String,
    /// When it was made.
    pub created: Millis,
    /// From when on it signs. It is shown before, so that whoever keeps a copy of the keys has it by then.
    pub signs: Millis,
    /// Until when what it signed is believed; absent where no other follows it yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends: Option<Millis>,
}

/// Makes a new key.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rotate {
    /// Whether those before are believed no more from now on, as one that leaked must not be. What they signed is good for
    /// nothing then, and whoever keeps a copy of the keys has to ask for the new one.
    #[serde(default)]
    pub at_once: bool,
}
