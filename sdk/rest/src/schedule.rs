//! Builds by the clock.

use std::collections::BTreeMap;

use monkeyci_model::Millis;
use serde::{Deserialize, Serialize};

/// A schedule: builds a repository at certain times.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Schedule {
    /// Its name in the repository.
    pub name: String,
    /// What was said of it.
    #[serde(flatten)]
    pub body: ScheduleBody,
    /// Another one with each change; the `ETag` of the object.
    #[serde(default)]
    pub revision: u64,
    /// When it fires next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Millis>,
    /// When it fired last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Millis>,
}

/// What may be said of a schedule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ScheduleBody {
    /// Five fields of cron: minute, hour, day of the month, month, day of the week.
    pub cron: String,
    /// The time zone by its IANA name.
    #[serde(default = "utc")]
    pub timezone: String,
    /// The branch; the default one when it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// Params of its builds.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub params: BTreeMap<String, String>,
    /// Whether it fires.
    #[serde(default = "yes")]
    pub enabled: bool,
}

fn utc() -> String {
    "UTC".into()
}

fn yes() -> bool {
    true
}
