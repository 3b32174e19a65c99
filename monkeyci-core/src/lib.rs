//! Runs builds. Embed it, and a build is ten lines.
//!
//! Modules in reading order: what a build *is*, what makes it go, and the ports it goes through.
//!
//! - [`build`]: the pure machine. Events in, the events that follow from them out; no clock, no I/O.
//! - [`queue`]: which queued job may start now, and why the others wait. Pure as well.
//! - [`engine`]: the one loop that makes facts durable and acts on them; [`lease`] is how workers take part.
//! - [`worker`]: runs leased jobs: workspace, secrets, executor, log, artifacts.
//! - ports: [`store`], [`source`], [`script`], [`executor`].
//! - files: [`job_dir`], [`workspace`], [`log`], [`blob`], [`test_report`], [`secret`].

pub use monkeyci_model as model;

pub mod build;
pub mod queue;

pub mod attempt;
pub mod engine;
pub mod lease;
pub mod worker;

pub mod executor;
pub mod script;
pub mod source;
pub mod store;

pub mod blob;
pub mod job_dir;
pub mod log;
pub mod secret;
pub mod test_report;
pub mod workspace;
