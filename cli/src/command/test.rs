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
    let tested = script::test(&args.folder.path()?).map_err(|error| {
        let error = script::error(&error);
        match error.exit() {
            Exit::NoScript => error.hint("only programs have tests; `monkeyci init --lang rust` writes one"),
            _ => error,
        }
    })?;
    let lines = tested.output.lines().map(|line| format!("{}\n", neutral(line, Colours::Keep)));
    super::print(&lines.collect::<String>())?;
    Ok(if tested.passed { Exit::Success } else { Exit::Failed })
}
