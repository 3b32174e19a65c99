//! The Terraform provider of MonkeyCI: organisations, repositories and all that is set up in them, as code.
//!
//! It is a user of the REST API, through its typed client, and of nothing else. Each resource is one object of the API and
//! one file in `resource/`; most of them are declared (`declared`), and say only what they are called and how
//! their attributes become a body and come back from an answer.
//!
//! Secrets are write-only, with a version that the user counts up: none is ever in a plan or a state.

mod action;
mod address;
mod data;
mod declared;
mod digest;
mod ephemeral;
mod function;
mod lint;
mod list;
mod looks;
mod moment;
mod moved;
mod provider;
mod refusal;
mod resource;
mod role;
mod scope;
mod secret;
mod server;
mod snapshot;
mod time;

pub use provider::MonkeyCi;
use tfplugin::Plugin;

/// The provider `monkeyci`, with everything that it has.
pub fn plugin() -> Plugin<MonkeyCi> {
    let plugin = resource::all(Plugin::new());
    let plugin = function::all(ephemeral::all(data::all(plugin)));
    action::all(list::all(plugin))
}
