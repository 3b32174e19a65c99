//! Logs.
//!
//! The bytes of a log are had from `…/jobs/unit/attempts/1/log` as they are: with `Range`, or with `?offset=` and
//! `?follow=true`, which waits for more until the attempt has ended. With `Accept: text/event-stream` each event's data
//! is a piece of the log in base64, and its `id` the offset at which the next piece begins; `Last-Event-ID` goes on there.

use serde::{Deserialize, Serialize};

/// A place in a log where a line of the script begins or ends, or the stream changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Mark {
    /// Bytes from the beginning of the log.
    pub offset: u64,
    /// Milliseconds since the attempt's first line began.
    pub millis: u64,
    /// What is there.
    #[serde(flatten)]
    pub kind: MarkKind,
}

/// What is at a place in a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum MarkKind {
    /// What follows was written to standard output.
    Stdout,
    /// What follows was written to standard error.
    Stderr,
    /// What follows was written to both, in turns too short to be told apart.
    Mixed,
    /// A line of the script begins.
    LineStart {
        /// Which line, from 0.
        index: u32,
    },
    /// It ended.
    LineEnd {
        /// Which line, from 0.
        index: u32,
        /// Its exit code; 128 + n when signal n ended it.
        exit: i32,
    },
}
