//! The program `monkeyci`: the same build on a laptop as on the server.

mod command;
mod context;
mod error;
mod filter;
mod graph;
mod junit;
mod param;
mod secret;
mod state;
mod ui;
mod xml;

use std::process::ExitCode;

fn main() -> ExitCode {
    command::main().into()
}
