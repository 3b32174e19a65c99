//! A set of params.

use std::ops::Deref;

use monkeyci_rest::{Param, ParamBody, ParamSet, ParamSetBody};

use crate::place::Place;
use crate::{Object, Pages};

/// A set of params, which is had, set and removed as an [`Object`].
#[derive(Debug, Clone)]
#[must_use = "nothing is asked before an answer is awaited"]
pub struct ParamSetRef {
    place: Place,
    object: Object<ParamSet, ParamSetBody>,
}

impl Deref for ParamSetRef {
    type Target = Object<ParamSet, ParamSetBody>;
    fn deref(&self) -> &Self::Target {
        &self.object
    }
}

impl ParamSetRef {
    pub(crate) fn new(place: Place) -> Self {
        Self { object: Object::new(place.clone()), place }
    }

    /// Its params.
    pub fn params(&self) -> Pages<Param> {
        Pages::new(self.place.at("params"))
    }

    /// One of them.
    pub fn param(&self, name: &str) -> Object<Param, ParamBody> {
        Object::new(self.place.at("params").at(name))
    }
}
