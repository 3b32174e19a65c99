//! What a build needs beside a [store](crate::store::object) to be run by whoever comes along: no server, no database, an
//! object store and nothing else.
//!
//! ```text
//! builds/ORG/REPO/NUMBER/lease/FENCE         who runs it, or ran it
//! builds/ORG/REPO/NUMBER/commands/NAME       what a person wants of it
//! builds/ORG/REPO/NUMBER/logs/JOB/OFFSET     what an attempt wrote, piece by piece
//! ```
//!
//! A process that runs one is a *controller*. It holds the build's [`Lease`], reads [`Command`]s, sends [logs](log) away as
//! they grow, and ends when the build has ended or waits for a person. Whichever comes next goes on where the facts end.

pub mod command;
mod fenced;
pub mod lease;
pub mod log;

pub use command::Command;
pub use fenced::Fenced;
pub use lease::{Held, Holding, Lease, NotHeld};

#[cfg(test)]
mod tests;
