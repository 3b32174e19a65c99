//! An environment of a repository.

use std::ops::Deref;

use monkeyci_rest::{Deployment, Environment, EnvironmentBody, Param, ParamBody};

use crate::place::Place;
use crate::{Object, Pages};

/// An environment, which is had, set and removed as an [`Object`].
#[derive(Debug, Clone)]
#[must_use = "nothing is asked before an answer is awaited"]
pub struct EnvironmentRef {
    place: Place,
    object: Object<Environment, EnvironmentBody>,
}

impl Deref for EnvironmentRef {
    type Target = Object<Environment, EnvironmentBody>;
    fn deref(&self) -> &Self::Target {
        &self.object
    }
}

impl EnvironmentRef {
    pub(crate) fn new(place: Place) -> Self {
        Self { object: Object::new(place.clone()), place }
    }

    /// Jobs of it, those of the newest build first.
    pub fn deployments(&self) -> Pages<Deployment> {
        Pages::new(self.place.at("deployments"))
    }

    /// What its jobs get.
    pub fn params(&self) -> Pages<Param> {
        Pages::new(self.place.at("params"))
    }

    /// One of these params.
    pub fn param(&self, name: &str) -> Object<Param, ParamBody> {
        Object::new(self.place.at("params").at(name))
    }
}
