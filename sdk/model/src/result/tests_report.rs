use serde::{Deserialize, Serialize};

/// A suite of tests, with the field names of MonkeyCI's JUnit plugin.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct TestSuite {
    /// Its name.
    pub name: String,
    /// How many tests it has.
    pub tests: u64,
    /// How many broke.
    pub errors: u64,
    /// How many failed.
    pub failures: u64,
    /// How many were not run.
    pub skipped: u64,
    /// Seconds that it took.
    pub time: f64,
    /// Its tests.
    pub test_cases: Vec<TestCase>,
}

/// One test.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct TestCase {
    /// Its name.
    pub test_case: String,
    /// The class or module it belongs to.
    pub class_name: String,
    /// Seconds that it took.
    pub time: f64,
    /// Why it failed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<TestProblem>,
    /// Why it broke.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<TestProblem>,
    /// Whether it was not run.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub skipped: bool,
}

/// Why a test failed or broke.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct TestProblem {
    /// In one line.
    pub message: String,
    /// The type of the assertion or exception.
    #[serde(rename = "type")]
    pub kind: String,
    /// In full.
    pub description: String,
}
