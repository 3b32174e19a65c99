//! Removes what earlier workers of an instance left.

use std::io;
use std::path::Path;
use std::time::Duration;

use crate::executor::{Executor, ExecutorError, Wanted};
use crate::job_dir::JobDir;

/// How long is waited for what dies to have written its last word, and how often that is looked at.
const LAST_WORD: Duration = Duration::from_millis(20);
const LAST_WORDS: u32 = 100;

/// Removes everything of `instance` that has none of the fences for which `wanted` says so: containers and processes
/// of the executor first, then attempts' folders in `folder`. Returns their names.
///
/// A worker does this by itself for what is its own. Call it to clean up after an instance that no longer lives.
///
/// # Errors
/// When the executor cannot be asked, or a folder cannot be removed; all others are by then.
pub async fn sweep(
    executor: &dyn Executor,
    instance: &str,
    folder: &Path,
    wanted: Wanted<'_>,
) -> Result<Vec<String>, ExecutorError> {
    let mut removed = executor.sweep(instance, wanted).await?;
    let mut left = None;
    for (fence, name) in attempts(folder, instance) {
        // Asked after the folder was seen: one that was just leased is on the desk before it has a folder.
        if wanted(fence) {
            continue;
        }
        let dir = JobDir::at(folder.join(&name));
        let gone = tokio::task::spawn_blocking(move || remove(&dir)).await;
        match gone.unwrap_or_else(|panic| Err(io::Error::other(panic))) {
            Ok(()) => removed.push(name),
            Err(source) => left = Some(ExecutorError::Io { what: "removing the folder of a dead attempt", source }),
        }
    }
    left.map_or(Ok(removed), Err)
}

/// Removes a job directory, also when what dies still writes its last word into it.
fn remove(dir: &JobDir) -> io::Result<()> {
    for _ in 0..LAST_WORDS {
        match dir.remove() {
            Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => std::thread::sleep(LAST_WORD),
            done => return done,
        }
    }
    dir.remove()
}

/// Fences and names of the attempts' folders of an instance.
fn attempts(folder: &Path, instance: &str) -> Vec<(u64, String)> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let prefix = format!("mci-{instance}-");
    names.filter_map(|name| Some((name.strip_prefix(&prefix)?.parse().ok()?, name.clone()))).collect()
}
