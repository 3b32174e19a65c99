//! What is known of a list of words once it was counted.

use std::fs;
use std::path::Path;

use monkeyci_sdk::model::job::Artifact;
use monkeyci_sdk::prelude::*;

/// The file in which a check leaves how many words its list has.
pub fn counted(list: &str) -> Artifact {
    artifact(list, &format!("{list}.count"))
}

/// Adds up what the checks left in a folder.
pub fn sum(dir: &Path) -> Result<Outcome, String> {
    let mut words = 0;
    for entry in fs::read_dir(dir).map_err(|error| error.to_string())? {
        let path = entry.map_err(|error| error.to_string())?.path();
        if path.extension().is_some_and(|ending| ending == "count") {
            let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
            words += text.trim().parse::<u64>().map_err(|error| format!("{}: {error}", path.display()))?;
        }
    }
    Ok(Outcome::success().message(format!("{words} words")).value("words", words))
}
