//! The script of a folder, and what is wrong with it, for people.

use std::path::Path;

use monkeyci_core::build::Graph;
use monkeyci_core::model::Trigger;
use monkeyci_core::script::{self, Extensions, Script, ScriptError};

use crate::error::CliError;

/// What one does who has no script yet.
pub const FIRST: &str = "write `.monkeyci/build.yaml`, for example `[{id: test, script: [make test]}]`";

/// Loads the script of a folder for the build that `trigger` would cause.
pub fn load(folder: &Path, trigger: &Trigger) -> Result<Script, ScriptError> {
    script::load(folder, None, trigger, &Extensions::none())
}

/// Checks what only all jobs together can show.
pub fn check(script: &Script) -> Result<(), CliError> {
    Graph::new(&script.jobs).map(drop).map_err(|error| CliError::failed(error.to_string()))
}

/// The error of a command that needed the script.
pub fn error(error: &ScriptError) -> CliError {
    match error {
        ScriptError::NotFound { .. } => CliError::no_script(error.to_string()).hint(FIRST),
        ScriptError::Invalid(_) => CliError::failed(error.to_string()),
        error if error.is_no_script() => CliError::no_script(error.to_string()),
        error => CliError::ours(error.to_string()),
    }
}
