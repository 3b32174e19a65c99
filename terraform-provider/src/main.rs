//! The program that Terraform starts.

use std::process::ExitCode;

fn main() -> ExitCode {
    tfplugin::serve(monkeyci_provider::plugin())
}
