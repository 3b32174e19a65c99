//! MonkeyCI in Slack: builds where people talk, without noise.
//!
//! The app is a user of MonkeyCI's public API and nothing else. It keeps no database: what it must remember is in the store
//! that the API has for integrations, and what people do by it they do as themselves.

pub mod house;
pub mod message;
pub mod place;
pub mod shelf;
pub mod slack;
pub mod tell;
pub mod workspace;
