//! A job of a build.

use monkeyci_model::shell::Wish;
use monkeyci_rest::{JobView, Mark, Reason, WishQuery};
use reqwest::Method;

use crate::place::Place;
use crate::shell::{self, ShellReceiver, ShellSender};
use crate::{ClientError, LogRef};

/// Marks that are had at once, at most.
const MARKS: u32 = 1000;

/// A job.
#[derive(Debug, Clone)]
#[must_use = "nothing is asked before an answer is awaited"]
pub struct JobRef {
    place: Place,
}

/// An attempt of a job.
#[derive(Debug, Clone)]
#[must_use = "nothing is asked before an answer is awaited"]
pub struct AttemptRef {
    place: Place,
}

impl JobRef {
    pub(crate) fn new(place: Place) -> Self {
        Self { place }
    }

    /// How it stands.
    ///
    /// # Errors
    /// [`ClientError::NotFound`] when there is none.
    pub async fn get(&self) -> Result<JobView, ClientError> {
        self.place.get().await
    }

    /// Lets it go on.
    ///
    /// # Errors
    /// [`ClientError::Conflict`] when it does not wait for approval.
    pub async fn approve(&self, reason: Option<&str>) -> Result<JobView, ClientError> {
        self.decide("approve", reason).await
    }

    /// Has it canceled.
    ///
    /// # Errors
    /// [`ClientError::Conflict`] when it does not wait for approval.
    pub async fn reject(&self, reason: Option<&str>) -> Result<JobView, ClientError> {
        self.decide("reject", reason).await
    }

    /// Opens a shell in its place: what is typed goes to it, what it shows comes from it.
    ///
    /// # Errors
    /// [`ClientError::Conflict`] when it does not run, or somebody else has one open there.
    pub async fn open_shell(&self, wish: Wish) -> Result<(ShellSender, ShellReceiver), ClientError> {
        let WishQuery { shell, term, rows, columns } = wish.into();
        let mut call = self.place.at("shell").call(Method::GET);
        for (name, value) in [("shell", shell), ("term", term)] {
            if let Some(value) = value {
                call = call.query(name, value);
            }
        }
        for (name, value) in [("rows", rows), ("columns", columns)] {
            if let Some(value) = value {
                call = call.query(name, value);
            }
        }
        let none = call.protocol("there is no shell");
        shell::open(call).await?.ok_or(none)
    }

    async fn decide(&self, verb: &str, reason: Option<&str>) -> Result<JobView, ClientError> {
        self.place.at(verb).post(&Reason { reason: reason.map(str::to_owned) }).await
    }

    /// One of its attempts, from 1.
    pub fn attempt(&self, attempt: u32) -> AttemptRef {
        AttemptRef { place: self.place.at("attempts").at(attempt) }
    }
}

impl AttemptRef {
    /// What it wrote.
    pub fn log(&self) -> LogRef {
        LogRef::new(self.place.at("log"))
    }

    /// Where lines of the script begin and end in its log and streams change: from the mark `first` on, as many as the
    /// server gives at once.
    ///
    /// # Errors
    /// When the server refuses or cannot be reached.
    pub async fn marks(&self, first: u64) -> Result<Vec<Mark>, ClientError> {
        let call = self.place.at("marks").call(Method::GET).query("first", first).query("limit", MARKS);
        Ok(call.json::<monkeyci_rest::Page<Mark>>().await?.items)
    }
}
