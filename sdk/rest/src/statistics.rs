//! How builds went over some time.

use monkeyci_model::{Millis, RepoId};
use serde::{Deserialize, Serialize};

/// How the builds of an organisation, or of one of its repositories, went over some days. Days are those of UTC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Statistics {
    /// The first moment that counts: builds are counted by when they were asked for.
    pub from: Millis,
    /// The first moment after it that does not.
    pub until: Millis,
    /// Each day of that time, the oldest first.
    pub days: Vec<Day>,
    /// How many of the newest builds of that time all that follows is drawn from: 3,000 at the most.
    pub sample: u64,
    /// How long builds took that passed or failed, from when they were asked for. Absent where there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration: Option<Spread>,
    /// How long builds waited until their first job ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait: Option<Spread>,
    /// How long branches that had failed took until they passed again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovery: Option<Spread>,
    /// Branches that fail now.
    pub broken: u64,
    /// Jobs, those first that ran longest in sum; 50 at the most.
    pub jobs: Vec<JobStatistics>,
    /// Tests that failed in one attempt of a job and not in the next one of the same build, those first that did so most;
    /// of the 20 newest jobs that had more than one attempt and ended well.
    pub flaky_tests: Vec<FlakyTest>,
}

/// The builds of a day.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Day {
    /// When it began.
    pub time: Millis,
    /// Builds that passed.
    pub success: u64,
    /// Builds that failed.
    pub failure: u64,
    /// Builds that broke by something that is not theirs.
    pub error: u64,
    /// Builds that were canceled.
    pub canceled: u64,
    /// Builds that have not ended.
    pub open: u64,
    /// How long those took that passed or failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration: Option<Spread>,
}

/// How long something takes that is not always equally long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Spread {
    /// How often it was seen.
    pub count: u64,
    /// Milliseconds that half of them took no longer than.
    pub p50: Millis,
    /// Milliseconds that 19 of 20 took no longer than.
    pub p95: Millis,
}

/// How a job went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct JobStatistics {
    /// The repository.
    pub repo: RepoId,
    /// The job.
    pub job: String,
    /// How often it ended well.
    pub success: u64,
    /// How often it failed, or broke.
    pub failure: u64,
    /// How often it ended well, but not at once.
    pub retried: u64,
    /// Milliseconds that its last attempts ran in sum.
    pub total: Millis,
    /// How long its last attempts ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration: Option<Spread>,
}

/// A test that cannot be relied on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct FlakyTest {
    /// The repository.
    pub repo: RepoId,
    /// The job.
    pub job: String,
    /// The class or module of the test; empty where the report says none.
    pub class: String,
    /// The test.
    pub test: String,
    /// How often it failed, and did not in the next attempt.
    pub count: u64,
    /// The newest build in which it did.
    pub build: u64,
}
