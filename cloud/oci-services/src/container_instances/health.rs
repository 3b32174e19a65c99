//! How an instance knows that a container is well.

use serde::Serialize;

/// How an instance knows that a container is well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HealthCheck {
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What is looked at.
    #[serde(flatten)]
    pub check: Check,
    /// Seconds before the first look.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub initial_delay_in_seconds: Option<u32>,
    /// Seconds between two.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval_in_seconds: Option<u32>,
    /// How many must fail one after the other.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure_threshold: Option<u32>,
    /// How many must succeed one after the other.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub success_threshold: Option<u32>,
    /// Seconds that one may take.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_in_seconds: Option<u32>,
    /// What becomes of a container that is not well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure_action: Option<FailureAction>,
}

/// What is looked at: there is no check by a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "healthCheckType")]
pub enum Check {
    /// It answers a request well.
    #[serde(rename = "HTTP")]
    Http {
        /// The path that is asked for.
        path: String,
        /// The port.
        port: u16,
        /// Headers that are sent.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        headers: Vec<HealthHeader>,
    },
    /// It accepts a connection.
    #[serde(rename = "TCP")]
    Tcp {
        /// The port.
        port: u16,
    },
}

/// A header that is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HealthHeader {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// What becomes of a container that is not well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum FailureAction {
    /// It is killed.
    Kill,
    /// Nothing.
    None,
}
