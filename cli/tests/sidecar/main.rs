//! `monkeyci sidecar` beside a real supervisor, over a depot that is a plain HTTP server.
//!
//! The job runs as its container would: a shell as process 1 of namespaces of its own, which waits for the supervisor and
//! becomes it. What is shared with the sidecar is a folder; with the host, the depot.

mod collect;
mod depot;
mod entry;
mod faults;
mod hostile;
mod image;
mod jobs;
mod oracle;
mod order;
mod story;
