//! The Slack app: what it says of builds, and the whole of it between a real server and a double of Slack.

#[path = "../../../tests/fixture/monkeyci.rs"]
mod monkeyci;
#[path = "../../../tests/fixture/port.rs"]
mod port;

mod approve;
mod ask;
mod build;
mod crash;
mod deploy;
mod directory;
mod form;
mod home;
mod house;
mod inbox;
mod install;
mod link;
mod live;
mod message;
mod press;
mod setup;
mod socket;
mod thread;
mod together;
mod trust;
mod unfurl;
