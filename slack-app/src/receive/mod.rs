//! What Slack sends: checked, understood, answered at once, and done afterwards.

pub mod http;
pub mod payload;
pub mod replay;
pub mod signature;
pub mod socket;
