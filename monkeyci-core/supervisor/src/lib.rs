//! Process 1 of every job, as bytes, and the words in which host and supervisor speak.
//!
//! The supervisor knows one thing, the *job directory*:
//!
//! ```text
//! control/job      what to run ([`control::Program`])
//! control/env      its variables, apart because it is unlinked once read
//! control/line-0   the first line of the script, a file for the shell; then line-1, line-2 …
//! control/start    appears when the job may begin
//! control/cancel   appears when the job must end
//! control/lease    milliseconds that the job may go on from the moment this file last changed
//! report/frames    what happened, in order ([`frame::Frame`])
//! report/result    how it ended, written last and at once ([`outcome::Outcome`])
//! work/            the workspace
//! ```
//!
//! The program has these verbs:
//!
//! ```text
//! monkeyci-supervisor run [--process] [--tethered] [--interactive] [--without-namespaces] JOBDIR
//! monkeyci-supervisor follow JOBDIR OFFSET
//! monkeyci-supervisor remove PATH…
//! monkeyci-supervisor own UID:GID PATH…
//! monkeyci-supervisor connect PORT…
//! monkeyci-supervisor hang-up NAME=VALUE
//! monkeyci-supervisor on-terminal PROGRAM [ARGUMENT…]
//! ```
//!
//! `hang-up` kills every process among whose variables is one that begins so.
//! `run` ends with 0 once `report/result` is written, however the job ended. `SIGTERM` cancels the job as
//! `control/cancel` does, `SIGQUIT` ends it without grace. With `--interactive` the job has the supervisor's own
//! standard input, output and errors, a terminal among them, and ends when the program that started it does.

pub mod control;
pub mod frame;
pub mod outcome;
pub mod remove;

/// The program by gzip, for the processor and system that this crate was compiled for: static on Linux, fit for any image.
pub const PACKED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/supervisor.gz"));

/// Bytes of the program, unpacked.
pub const LENGTH: u64 = include!(concat!(env!("OUT_DIR"), "/supervisor.length"));
