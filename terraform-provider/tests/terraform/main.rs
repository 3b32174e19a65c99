//! The provider, driven by the real Terraform against a real server.

#[path = "../../../tests/fixture/monkeyci.rs"]
mod monkeyci;
#[path = "../../../tests/fixture/port.rs"]
mod port;

mod certificate;
#[path = "../../tfplugin/tests/provider/client.rs"]
#[expect(dead_code, reason = "tests of the library itself ask for more")]
mod client;
mod coverage;
mod credentials;
mod docs;
mod examples;
mod export;
mod guide;
mod input;
mod lookups;
#[cfg(target_os = "linux")]
mod mishaps;
mod moved;
mod options;
mod proxy;
mod queries;
mod reads;
#[cfg(target_os = "linux")]
mod registry;
mod release;
mod roles;
mod runs;
mod secrets;
mod server;
mod setup;
mod slack;
mod stories;
mod trouble;
mod trusts;
mod validation;
mod workspace;

#[test]
fn terraform_would_take_every_schema() {
    assert_eq!(monkeyci_provider::plugin().faults(), Vec::<String>::new());
}
