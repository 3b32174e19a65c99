//! What was covered when the main branch was built last.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use monkeyci_sdk::model::job::Cache;
use monkeyci_sdk::prelude::{Act, cache};
use serde::{Deserialize, Serialize};

use crate::file;
use crate::report::Part;

/// Where it lies in the work dir while it is read and written.
const PATH: &str = ".monkeyci-coverage.json";

#[derive(Serialize, Deserialize)]
struct Kept {
    lines: u64,
    covered: u64,
}

/// What was covered then, if the cache knows.
pub(crate) fn last(act: &Act) -> Result<Option<Part>, String> {
    // What the job has left there is none of ours.
    clear(&act.path(PATH)).map_err(|error| format!("`{PATH}`: {error}"))?;
    if !act.restore_cache(&kept_by(act)).map_err(|error| error.to_string())?.found {
        return Ok(None);
    }
    let text = file::read(act.dir(), PATH)?.unwrap_or_default();
    let kept: Kept =
        serde_json::from_str(&text).map_err(|error| format!("the coverage of the main branch: {error}"))?;
    Ok(Some(Part::new(kept.lines, kept.covered)))
}

/// Remembers what is covered now.
pub(crate) fn keep(act: &Act, lines: Part) -> Result<(), String> {
    let text =
        serde_json::to_vec(&Kept { lines: lines.all, covered: lines.covered }).map_err(|error| error.to_string())?;
    write(&act.path(PATH), &text).map_err(|error| format!("`{PATH}`: {error}"))?;
    act.save_cache(&kept_by(act)).map_err(|error| error.to_string())
}

/// A cache of one key is never saved again, so that each build has a key of its own, and the newest serves.
fn kept_by(act: &Act) -> Cache {
    let id = format!("coverage-{}", act.job().id());
    let build = act.build().map(ToString::to_string);
    let key = format!("{id} {}", build.as_deref().or(act.commit()).unwrap_or_default());
    Cache { key: Some(key), fallbacks: vec![format!("{id} ")], ..cache(&id, PATH) }
}

fn clear(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Writes a file that is not there yet, so that no link of the job leads the writing elsewhere.
fn write(path: &Path, text: &[u8]) -> io::Result<()> {
    clear(path)?;
    fs::OpenOptions::new().write(true).create_new(true).open(path)?.write_all(text)
}
