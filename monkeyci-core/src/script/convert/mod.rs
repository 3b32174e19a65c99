//! Nodes into jobs, by hand: a flaw is reported where it stands, and reading goes on behind it.

mod duration;
mod env;
mod extension;
mod fields;
mod files;
mod id_token;
mod job;
pub(super) mod keys;
mod report;
mod resources;
mod retry;
pub(super) mod scalar;
mod service;

use monkeyci_model::Trigger;

pub(super) use fields::{Fields, job_key, name_of};
pub(super) use job::{Converted, job};

use super::extensions::Extensions;
use super::node::Weight;
use super::pattern::Patterns;
use super::problems::Problems;

/// What a conversion looks things up in, and where it reports to.
pub(super) struct Context<'a, 'f> {
    pub(super) trigger: &'a Trigger,
    pub(super) extensions: &'a Extensions,
    pub(super) problems: &'a mut Problems<'f>,
    pub(super) patterns: &'a mut Patterns,
    /// What all jobs hold so far.
    pub(super) spent: &'a mut Weight,
    /// Whether the job does not belong to this build.
    pub(super) left_out: bool,
}
