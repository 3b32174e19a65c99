use std::io::IsTerminal as _;

use monkeyci_core::model::JobId;
use monkeyci_core::program::ProgramError;
use monkeyci_core::script::ScriptError;

use crate::context::{ContextArgs, FolderArgs};
use crate::error::{CliError, Exit};
use crate::script;
use crate::ui::escape::{Colours, neutral};
use crate::ui::picture;
use crate::ui::sentence::plural;
use crate::ui::style::Tone;

/// Check the build script
///
/// Prints every mistake with its place, and ends with 1 when there is one.
#[derive(Debug, clap::Args)]
pub struct VerifyArgs {
    #[command(flatten)]
    folder: FolderArgs,
    #[command(flatten)]
    context: ContextArgs,
}

/// Prints what is wrong with a script, or that nothing is.
pub fn run(args: &VerifyArgs) -> Result<Exit, CliError> {
    let trigger = args.context.trigger(None)?;
    let style = super::style_of(std::io::stdout().is_terminal());
    let script = match script::load(&args.folder.path()?, &trigger) {
        Ok(script) => script,
        Err(error @ ProgramError::Script(ScriptError::Invalid(_))) => {
            super::print(&picture::coloured(&error.to_string(), style))?;
            return Ok(Exit::Failed);
        }
        Err(error) => return Err(script::error(&error)),
    };
    script::check(&script)?;
    let mut text = String::new();
    for warning in &script.warnings {
        let warning = format!("warning: {}", neutral(warning, Colours::Strip));
        text.push_str(&style.paint(Tone::Waiting, &warning));
        text.push('\n');
    }
    let files: Vec<_> = script.files.iter().map(|file| format!("`{}`", file.display())).collect();
    let jobs = script.jobs.len() as u64;
    let ok = format!("No mistakes: {jobs} job{} in {}", plural(jobs), files.join(", "));
    text.push_str(&style.paint(Tone::Good, &neutral(&ok, Colours::Strip)));
    text.push('\n');
    if !script.left_out.is_empty() {
        let left_out: Vec<_> = script.left_out.iter().map(JobId::as_str).collect();
        text.push_str(&format!("Not part of this build, by their conditions: {}\n", left_out.join(", ")));
    }
    super::print(&text)
}
