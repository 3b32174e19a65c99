//! The provider, driven by the real Terraform against a real server.

mod server;
mod stories;
mod workspace;

#[test]
fn terraform_would_take_every_schema() {
    assert_eq!(monkeyci_provider::plugin().faults(), Vec::<String>::new());
}
