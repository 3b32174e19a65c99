//! The program `monkeyci`: the same build on a laptop as on the server.

mod command;
mod context;
mod error;
mod graph;
mod junit;
mod param;
mod secret;
mod signals;
mod state;
mod tail;
mod ui;
mod xml;

use std::process::ExitCode;

fn main() -> ExitCode {
    command::main().into()
}
