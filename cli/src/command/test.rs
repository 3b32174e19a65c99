use monkeyci_core::program::ProgramError;
use monkeyci_core::script::ScriptError;

use crate::context::FolderArgs;
use crate::error::{CliError, Exit};
use crate::script;
use crate::ui::escape::{Colours, neutral};

/// Run the tests of a build script that is a program
///
/// Ends with 1 when one of them fails.
#[derive(Debug, clap::Args)]
pub struct TestArgs {
    #[command(flatten)]
    folder: FolderArgs,
}

/// Runs the tests of a script, and prints what they print.
pub fn run(args: &TestArgs) -> Result<Exit, CliError> {
    let tested = script::test(&args.folder.path()?).map_err(|error| match &error {
        ProgramError::Script(ScriptError::NotFound { looked_for }) => {
            let looked_for: Vec<_> = looked_for.iter().map(|path| format!("`{}`", path.display())).collect();
            CliError::no_script(format!("there is no script program: looked for {}", looked_for.join(", ")))
                .hint("only programs have tests; `monkeyci init --lang rust` writes one")
        }
        error => script::error(error),
    })?;
    let lines = tested.output.lines().map(|line| format!("{}\n", neutral(line, Colours::Keep)));
    super::print(&lines.collect::<String>())?;
    Ok(if tested.passed { Exit::Success } else { Exit::Failed })
}
