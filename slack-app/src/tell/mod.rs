//! What a channel is told, and when: from events of builds to messages that stand in Slack.
//!
//! - [`line`](mod@line) decides, purely, which message tells of which build: the durable part.
//! - [`channel`] is how a channel wants to be told.
//! - [`roundup`] is what is told together; [`burst`] says when that is so, [`cron`] when a subscription wants it.
//! - [`direct`] is who hears of it by themselves.
//! - [`pace`] is how fast Slack takes messages.
//! - `follow` reads the server's events and notes what is to be told; `outbox` has Slack show what was noted.

pub mod burst;
pub mod channel;
pub mod cron;
pub mod digest;
pub mod direct;
pub mod line;
pub mod pace;
pub mod report;
pub mod roundup;

mod deliver;
mod find;
mod follow;
mod outbox;
mod reply;
mod say;
mod stories;
mod together;

pub use follow::Follower;
pub use outbox::{Outbox, Wake};
pub use stories::{Known, Stories};

use crate::place::Place;

pub use deliver::{Deliverer, KEPT};

/// The key under which the messages of a ref are kept.
#[must_use]
pub fn line_key(repo: &str, name: &str) -> String {
    format!("line/{repo}/{}", &blake3::hash(name.as_bytes()).to_hex()[..24])
}

/// The key under which it is kept which ref a message tells of.
#[must_use]
pub fn pointer(place: &Place, ts: &str) -> String {
    format!("message/{place}/{ts}")
}
