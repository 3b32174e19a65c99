//! What an action or a hook asks and tells the build that it is part of, beyond the context.
//!
//! All of it goes by the [protocol](monkeyci_model::script::api) to the worker that runs the job. In a
//! [`Scenario`](crate::scenario) the scenario itself answers.
//!
//! ```
//! use monkeyci_sdk::prelude::*;
//!
//! /// Fails a release whose tests took too long.
//! fn judge(act: &Act) -> Result<Outcome, monkeyci_sdk::api::ApiError> {
//!     let test = act.job_of("test")?.and_then(|test| test.result).unwrap_or_default();
//!     let seconds: f64 = test.tests.iter().map(|suite| suite.time).sum();
//!     Ok(if seconds > 600.0 { Outcome::failure("the tests take too long") } else { Outcome::success() })
//! }
//! # let _ = action("judge", judge);
//! ```

mod remote;
mod socket;

use std::collections::BTreeMap;
use std::fmt;

use monkeyci_model::job::{Artifact, Cache};
use monkeyci_model::result::SavedFile;
use monkeyci_model::script::Answer;
pub use monkeyci_model::script::api::{Address, JobView, Restored};
use serde_json::Value;

use crate::action::Act;

pub(crate) use remote::Remote;

/// Who answers.
pub(crate) trait Api {
    fn params(&self) -> Result<BTreeMap<String, String>, ApiError>;
    fn jobs(&self) -> Result<Vec<JobView>, ApiError>;
    fn job(&self, id: &str) -> Result<Option<JobView>, ApiError>;
    fn log(&self, id: &str) -> Result<Option<Vec<u8>>, ApiError>;
    fn save(&self, artifact: &Artifact) -> Result<Option<SavedFile>, ApiError>;
    fn restore(&self, artifact: &Artifact) -> Result<bool, ApiError>;
    fn save_cache(&self, cache: &Cache) -> Result<(), ApiError>;
    fn restore_cache(&self, cache: &Cache) -> Result<Restored, ApiError>;
    fn tell(&self, fields: &Answer) -> Result<(), ApiError>;
}

/// What of its build a running job sees.
impl Act {
    /// The value of a param of the build, as it is now; [`Ctx::get`](crate::context::Ctx::get) is as it was planned.
    ///
    /// # Errors
    /// When the build does not answer.
    pub fn param(&self, name: &str) -> Result<Option<String>, ApiError> {
        Ok(self.api().params()?.remove(name))
    }

    /// All jobs of the build, as they stand now.
    ///
    /// # Errors
    /// When the build does not answer.
    pub fn jobs(&self) -> Result<Vec<JobView>, ApiError> {
        self.api().jobs()
    }

    /// Another job of the build as it stands now, with its result; nothing when there is no such job.
    ///
    /// # Errors
    /// When the build does not answer.
    pub fn job_of(&self, id: &str) -> Result<Option<JobView>, ApiError> {
        self.api().job(id)
    }

    /// What another job has written so far; nothing when there is no such job.
    ///
    /// # Errors
    /// When the build does not answer.
    pub fn log_of(&self, id: &str) -> Result<Option<String>, ApiError> {
        Ok(self.api().log(id)?.map(|log| String::from_utf8_lossy(&log).into_owned()))
    }

    /// Where an exposed port of a job that runs is reached.
    ///
    /// # Errors
    /// When the build does not answer.
    pub fn address_of(&self, id: &str, port: u16) -> Result<Option<Address>, ApiError> {
        let job = self.job_of(id)?;
        Ok(job.and_then(|job| job.addresses.into_iter().find(|address| address.exposed == port)))
    }

    /// Saves an artifact at once, from its path in the work dir; nothing when there is nothing at its path.
    ///
    /// # Errors
    /// When the build does not answer, or the artifact cannot be stored.
    pub fn save(&self, artifact: &Artifact) -> Result<Option<SavedFile>, ApiError> {
        self.api().save(artifact)
    }

    /// Puts an artifact of the build at its path in the work dir, and says whether there was one.
    ///
    /// # Errors
    /// When the build does not answer, or the artifact cannot be written.
    pub fn restore(&self, artifact: &Artifact) -> Result<bool, ApiError> {
        self.api().restore(artifact)
    }

    /// Saves a cache at once.
    ///
    /// # Errors
    /// When the build does not answer, there is nothing at its path, or it cannot be stored.
    pub fn save_cache(&self, cache: &Cache) -> Result<(), ApiError> {
        self.api().save_cache(cache)
    }

    /// Restores a cache, if there is one.
    ///
    /// # Errors
    /// When the build does not answer, or the cache cannot be written.
    pub fn restore_cache(&self, cache: &Cache) -> Result<Restored, ApiError> {
        self.api().restore_cache(cache)
    }

    /// Adds a value to the result of the job at once, so that it is there however the job ends.
    ///
    /// # Errors
    /// When the build does not answer.
    pub fn tell(&self, name: &str, value: impl Into<Value>) -> Result<(), ApiError> {
        let values = [(name.to_owned(), value.into())].into_iter().collect();
        self.api().tell(&Answer { values, ..Answer::default() })
    }
}

/// Why a build did not do what it was asked.
#[derive(Debug, Clone)]
pub struct ApiError {
    what: String,
    why: String,
    status: Option<u16>,
}

impl ApiError {
    pub(crate) fn new(what: impl Into<String>, why: impl fmt::Display) -> Self {
        Self { what: what.into(), why: why.to_string(), status: None }
    }

    /// The status of the answer, as HTTP has it; nothing when there was no answer.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.status
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.what, self.why)
    }
}

impl std::error::Error for ApiError {}
