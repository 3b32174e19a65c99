//! A build.

use monkeyci_model::{Event, JobId};
use monkeyci_rest::{Artifact, ArtifactLink, BuildDetail, Match, NewArtifactLink, Reason, Retry};
use reqwest::Method;

use crate::place::Place;
use crate::{ArtifactRef, ClientError, Events, JobRef, LogRef, Pages, events};

/// A build.
#[derive(Debug, Clone)]
#[must_use = "nothing is asked before an answer is awaited"]
pub struct BuildRef {
    place: Place,
}

impl BuildRef {
    pub(crate) fn new(place: Place) -> Self {
        Self { place }
    }

    /// How it stands, with its jobs.
    ///
    /// # Errors
    /// [`ClientError::NotFound`] when there is none.
    pub async fn get(&self) -> Result<BuildDetail, ClientError> {
        self.place.get().await
    }

    /// Stops it.
    ///
    /// # Errors
    /// [`ClientError::Conflict`] when it has ended.
    pub async fn cancel(&self, reason: Option<&str>) -> Result<BuildDetail, ClientError> {
        self.place.at("cancel").post(&Reason { reason: reason.map(str::to_owned) }).await
    }

    /// Does it again, in a new build: all of it, or only what did not end well.
    ///
    /// # Errors
    /// [`ClientError::Conflict`] when it has not ended.
    pub async fn retry(&self, failed: bool) -> Result<BuildDetail, ClientError> {
        self.retry_holding(failed, None).await
    }

    /// The same, where the places of jobs that fail are held so many minutes for who wants a shell there.
    ///
    /// # Errors
    /// The same, and when whoever asks may open no shells.
    pub async fn retry_holding(&self, failed: bool, hold: Option<u32>) -> Result<BuildDetail, ClientError> {
        self.place.at("retry").post(&Retry { failed, hold, job: None }).await
    }

    /// Does one job of it again, and what comes after that, in a new build; how all others ended is taken over.
    ///
    /// # Errors
    /// The same, and when it has no such job or that has not run.
    pub async fn retry_job(&self, job: &JobId) -> Result<BuildDetail, ClientError> {
        self.place.at("retry").post(&Retry { job: Some(job.clone()), ..Retry::default() }).await
    }

    /// Lets the script of a fork run at the commit of this build, in a new build of it.
    ///
    /// # Errors
    /// When it may not, or nothing of it waits for that.
    pub async fn approve_script(&self) -> Result<BuildDetail, ClientError> {
        self.place.at("approve-script").post(&Reason::default()).await
    }

    /// Which subscriptions its event `seq` matches, and why: the newest that anybody may be told of when it is not said.
    ///
    /// # Errors
    /// [`ClientError::NotFound`] when there is no such event.
    pub async fn subscriptions(&self, seq: Option<u64>) -> Result<Vec<Match>, ClientError> {
        let call = self.place.at("subscriptions").call(Method::GET);
        match seq {
            Some(seq) => call.query("seq", seq).json().await,
            None => call.json().await,
        }
    }

    /// What happened after its event `after` (0: from its beginning), and what happens, up to its end.
    pub fn events(&self, after: u64) -> Events {
        events::by_seq(self.place.at("events"), after)
    }

    /// What has happened so far.
    pub fn history(&self) -> Pages<Event> {
        Pages::new(self.place.at("events"))
    }

    /// One of its jobs.
    pub fn job(&self, job: impl AsRef<str>) -> JobRef {
        JobRef::new(self.place.at("jobs").at(job.as_ref()))
    }

    /// What its script's program printed.
    pub fn script_log(&self) -> LogRef {
        LogRef::new(self.place.at("script").at("log"))
    }

    /// What its jobs have saved.
    pub fn artifacts(&self) -> Pages<Artifact> {
        Pages::new(self.place.at("artifacts"))
    }

    /// One of these.
    pub fn artifact(&self, id: &str) -> ArtifactRef {
        ArtifactRef::new(self.place.at("artifacts").at(id))
    }

    /// A link to one of these, by which everybody who has it can download it for a while.
    ///
    /// # Errors
    /// [`ClientError::NotFound`] when there is none.
    pub async fn link_artifact(&self, id: &str, wanted: &NewArtifactLink) -> Result<ArtifactLink, ClientError> {
        self.place.at("artifacts").at(id).at("links").post(wanted).await
    }
}
