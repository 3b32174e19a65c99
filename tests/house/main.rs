//! Tests that need the whole house: its rules, and its programs run for real.

#[expect(dead_code, reason = "tests of the server ask it more")]
#[path = "../fixture/github.rs"]
mod github;
#[path = "../fixture/monkeyci.rs"]
mod monkeyci;
#[path = "../fixture/port.rs"]
mod port;

mod bad_input;
mod builders;
mod controllers;
mod crash;
mod debug;
mod deploy;
mod docs;
mod examples;
mod faults;
mod forge;
mod guide;
mod handover;
mod image;
mod openapi;
mod original;
mod page;
mod program;
mod registry;
mod remains;
mod scenario;
mod script;
mod server;
mod signals;
mod tidy;
