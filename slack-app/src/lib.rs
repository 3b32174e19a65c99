//! MonkeyCI in Slack: builds where people talk, without noise.
//!
//! The app is a user of MonkeyCI's public API and nothing else. It keeps no database: what it must remember is in the store
//! that the API has for integrations, and what people do by it they do as themselves.
//!
//! - [`receive`]: what Slack sends, checked and understood; [`app`] answers it at once, and has it done afterwards. Until
//!   then the [`inbox`] keeps it, and [`heir`] does what was left.
//! - [`command`], [`click`], [`modal`], [`home`], [`unfurl`]: what people ask, done as themselves.
//! - [`tell`]: what channels are told of builds; [`message`]: how it is said.
//! - [`house`] is what all share: the server, [`slack`], the [`shelf`] of what is kept, the [`workspace`]s; [`seal`]
//!   closes what is for nobody else to read.
//! - [`serve`] runs it all; [`lead`] has one replica tell; [`directory`] says to the server which channels there are; [`install`], [`manifest`] and [`doctor`] set it up.

pub mod app;
pub mod click;
pub mod command;
pub mod directory;
pub mod doctor;
pub mod heir;
pub mod home;
pub mod house;
pub mod inbox;
pub mod install;
pub mod lead;
pub mod manifest;
pub mod message;
pub mod modal;
pub mod names;
pub mod place;
pub mod receive;
pub mod seal;
pub mod serve;
pub mod shelf;
pub mod slack;
pub mod tell;
pub mod unfurl;
pub mod workspace;
