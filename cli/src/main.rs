//! The program `monkeyci`: the same build on a laptop as on the server.

mod authorize;
mod bucket;
mod command;
mod container_instances;
mod context;
mod controller;
mod drive;
mod error;
mod executor;
mod graph;
mod hook;
mod junit;
mod labels;
mod log;
mod login;
mod param;
mod remote;
mod request;
mod runtime;
mod script;
mod secret;
mod secret_source;
mod session;
mod settings_file;
mod signals;
mod state;
mod stored;
mod tail;
mod terminal;
mod terraform;
mod ui;
mod visit;
mod worker;
mod xml;

use std::process::ExitCode;

fn main() -> ExitCode {
    command::main().into()
}
