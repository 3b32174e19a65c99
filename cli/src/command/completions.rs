use clap::CommandFactory as _;
use clap_complete::Shell;

use super::Cli;
use crate::error::{CliError, Exit};

/// Print a shell's completions
///
/// For bash: `monkeyci completions bash > ~/.local/share/bash-completion/completions/monkeyci`
#[derive(Debug, clap::Args)]
pub struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

/// Prints the completions of a shell.
pub fn run(args: &CompletionsArgs) -> Result<Exit, CliError> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "monkeyci", &mut text);
    super::print(&String::from_utf8_lossy(&text))
}
