//! The provider of `examples/files.rs`, driven by a client of the protocol and by the real Terraform.

mod actions;
mod client;
mod codec;
mod docs;
#[path = "../../examples/files.rs"]
#[expect(dead_code, reason = "its `main` is for the program")]
mod files;
mod folder;
mod follows;
mod identity;
mod mishaps;
mod plans;
mod process;
mod program;
mod stories;
mod wild;
mod workspace;
