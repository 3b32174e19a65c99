//! Conditions on what the tests of a job leave: how much of the code they cover, and how many they are.
//!
//! ```
//! use monkeyci_plugin_coverage::{coverage, reports};
//! use monkeyci_sdk::prelude::*;
//!
//! fn plan(_: &Ctx) -> Plan {
//!     let unit = container("unit", "docker.io/rust:1")
//!         .run("cargo llvm-cov --lcov --output-path lcov.info")
//!         .junit("target/junit.xml");
//!     let unit = coverage("lcov.info").minimum(80.0).may_drop(0.5).of(unit);
//!     let unit = reports().at_least(100).slow(2.0).of(unit);
//!     // Jobs of a `build.yaml` beside the script may have both as properties, named `coverage` and `tests`.
//!     Plan::from(unit).using(coverage::extension()).using(reports::extension())
//! }
//!
//! let plan = plan(&Ctx::on_branch("main"));
//! assert_eq!(plan["unit"].model().save_artifacts[0].id, "coverage-unit");
//! ```
//!
//! A report is written by the job, and may be anything: it is read beneath the work dir of the job, at most 64 MiB of it,
//! and what is wrong with it is an error that says where. A job that has failed gets the values, and no second reason.

mod baseline;
pub mod coverage;
mod file;
mod format;
mod report;
pub mod reports;
mod verdict;

pub use coverage::{Coverage, coverage};
pub use format::Format;
pub use reports::{Reports, reports};
