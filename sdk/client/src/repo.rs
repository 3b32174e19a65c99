//! A repository.

use std::ops::Deref;

use monkeyci_model::BuildStatus;
use monkeyci_rest::{
    Build, BuildDetail, EffectiveParam, Environment, Hook, HookSecret, NewBuild, NewHook, Param, ParamBody, Repo,
    RepoBody, Schedule, ScheduleBody, Statistics, Trigger, TriggerBody,
};
use reqwest::Method;

use crate::org::statistics;
use crate::place::Place;
use crate::{BuildRef, ClientError, EnvironmentRef, HookRef, Object, Pages};

/// A repository, which is had, set and removed as an [`Object`].
#[derive(Debug, Clone)]
#[must_use = "nothing is asked before an answer is awaited"]
pub struct RepoRef {
    place: Place,
    object: Object<Repo, RepoBody>,
}

impl Deref for RepoRef {
    type Target = Object<Repo, RepoBody>;
    fn deref(&self) -> &Self::Target {
        &self.object
    }
}

impl RepoRef {
    pub(crate) fn new(place: Place) -> Self {
        Self { object: Object::new(place.clone()), place }
    }

    /// Its build of that number.
    pub fn build(&self, number: u64) -> BuildRef {
        BuildRef::new(self.place.at("builds").at(number))
    }

    /// Its builds, newest first: of all states and branches, or of those that are named.
    pub fn builds(&self, status: Option<BuildStatus>, branch: Option<&str>) -> Pages<Build> {
        let mut pages = Pages::new(self.place.at("builds"));
        if let Some(status) = status {
            pages = pages.having("status", status);
        }
        match branch {
            Some(branch) => pages.having("branch", branch),
            None => pages,
        }
    }

    /// Begins a build.
    ///
    /// # Errors
    /// When the server refuses or cannot be reached.
    pub async fn start(&self, build: &NewBuild) -> Result<BuildDetail, ClientError> {
        self.place.at("builds").post(build).await
    }

    /// Its own params.
    pub fn params(&self) -> Pages<Param> {
        Pages::new(self.place.at("params"))
    }

    /// One of them.
    pub fn param(&self, name: &str) -> Object<Param, ParamBody> {
        Object::new(self.place.at("params").at(name))
    }

    /// The params that its builds get, each with where it comes from.
    pub fn effective_params(&self) -> Pages<EffectiveParam> {
        Pages::new(self.place.at("effective-params"))
    }

    /// When it is built by the clock.
    pub fn schedules(&self) -> Pages<Schedule> {
        Pages::new(self.place.at("schedules"))
    }

    /// One of its schedules.
    pub fn schedule(&self, name: &str) -> Object<Schedule, ScheduleBody> {
        Object::new(self.place.at("schedules").at(name))
    }

    /// After which builds of other repositories it is built.
    pub fn triggers(&self) -> Pages<Trigger> {
        Pages::new(self.place.at("triggers"))
    }

    /// One of its triggers.
    pub fn trigger(&self, name: &str) -> Object<Trigger, TriggerBody> {
        Object::new(self.place.at("triggers").at(name))
    }

    /// The environments that its jobs work on.
    pub fn environments(&self) -> Pages<Environment> {
        Pages::new(self.place.at("environments"))
    }

    /// One of them.
    pub fn environment(&self, name: &str) -> EnvironmentRef {
        EnvironmentRef::new(self.place.at("environments").at(name))
    }

    /// Its webhooks.
    pub fn hooks(&self) -> Pages<Hook> {
        Pages::new(self.place.at("hooks"))
    }

    /// One of them.
    pub fn hook(&self, name: &str) -> HookRef {
        HookRef::new(self.place.at("hooks").at(name))
    }

    /// Makes a webhook. Its secret is told this once.
    ///
    /// # Errors
    /// When the server refuses or cannot be reached.
    pub async fn make_hook(&self, hook: &NewHook) -> Result<HookSecret, ClientError> {
        self.place.at("hooks").post(hook).await
    }

    /// How its builds went in the last `days`: 30 when that is not said, 366 at the most.
    ///
    /// # Errors
    /// When the server refuses or cannot be reached.
    pub async fn statistics(&self, days: Option<u64>) -> Result<Statistics, ClientError> {
        statistics(&self.place, days).await
    }

    /// How its default branch stands, or another, as a picture in SVG.
    ///
    /// # Errors
    /// When the server refuses or cannot be reached.
    pub async fn badge(&self, branch: Option<&str>) -> Result<String, ClientError> {
        let call = self.place.at("badge.svg").call(Method::GET);
        match branch {
            Some(branch) => call.query("branch", branch).text().await,
            None => call.text().await,
        }
    }
}
