//! Removes what earlier workers of an instance left.

use std::path::Path;

use crate::executor::{Executor, ExecutorError};
use crate::job_dir::JobDir;

/// Removes everything of `instance` that has none of the fences for which `wanted` says so: containers and processes
/// of the executor first, then attempts' folders in `folder`. Returns their names.
///
/// A worker does this by itself for what is its own. Call it to clean up after an instance that no longer lives.
///
/// # Errors
/// When the executor cannot be asked. A folder that cannot be removed is logged, and tried again next time.
pub async fn sweep(
    executor: &dyn Executor,
    instance: &str,
    folder: &Path,
    fences: &[u64],
    wanted: &(dyn Fn(u64) -> bool + Sync),
) -> Result<Vec<String>, ExecutorError> {
    let mut removed = executor.sweep(instance, fences).await?;
    for (fence, name) in attempts(folder, instance) {
        // Asked after the folder was seen: one that was just leased is on the desk before it has a folder.
        if wanted(fence) {
            continue;
        }
        let dir = JobDir::at(folder.join(&name));
        match tokio::task::spawn_blocking(move || dir.remove()).await {
            Ok(Ok(())) => removed.push(name),
            Ok(Err(error)) => tracing::warn!(folder = name, %error, "a dead attempt's folder could not be removed"),
            Err(error) => tracing::warn!(folder = name, %error, "a dead attempt's folder could not be removed"),
        }
    }
    Ok(removed)
}

/// Fences and names of the attempts' folders of an instance.
fn attempts(folder: &Path, instance: &str) -> Vec<(u64, String)> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let prefix = format!("mci-{instance}-");
    names.filter_map(|name| Some((name.strip_prefix(&prefix)?.parse().ok()?, name.clone()))).collect()
}
