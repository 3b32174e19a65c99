//! The Slack app.

mod build;
mod message;
