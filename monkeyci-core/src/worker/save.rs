//! What is done after a job ran: its artifacts and caches, and its test reports.

use std::path::Path;

use monkeyci_model::job::SaveWhen;
use monkeyci_model::{Cause, Job, JobResult};

use super::caches::JobCaches;
use super::halt::Halt;
use super::settings::Ports;
use crate::blob::archive::LeftOut;
use crate::lease::Lease;
use crate::test_report;

/// Files that are named when they are not in what was saved.
const NAMED: usize = 5;

/// Files and folders, from the root of the workspace, that are looked at once the job has run.
pub(super) fn wanted(job: &Job) -> Vec<String> {
    let artifacts = job.save_artifacts.iter().map(|artifact| &artifact.path);
    let caches = job.caches.iter().map(|cache| &cache.path);
    let reports = job.reports.iter().map(|report| &report.path);
    let root = job.work_dir.as_deref().unwrap_or_default();
    artifacts.chain(caches).chain(reports).map(|path| join(root, without_glob(path))).collect()
}

/// Saves what the job asks to be saved after such an end; what became of it ends up in `result`.
pub(super) async fn save(
    ports: &Ports,
    lease: &Lease,
    halt: &Halt,
    caches: &JobCaches<'_>,
    work_dir: &Path,
    result: &mut JobResult,
) {
    // An attempt that was given up saves nothing, however well it ended: another one may have begun.
    if result.cause == Some(Cause::Lost) || halt.is_stale() {
        return;
    }
    let job = &lease.job;
    let ended = result.cause;
    let due = |when: SaveWhen| match when {
        SaveWhen::Always => true,
        SaveWhen::Success => ended.is_none(),
        SaveWhen::Failure => !matches!(ended, None | Some(Cause::Canceled)),
    };
    for artifact in job.save_artifacts.iter().filter(|artifact| due(artifact.save)) {
        if halt.is_stale() {
            return;
        }
        match ports.artifacts.save(&lease.attempt, artifact, work_dir).await {
            Ok(saved) => {
                result.warnings.extend(missing(&format!("artifact `{}`", artifact.id), &saved.left_out));
                // What the job has saved itself under that id is no more.
                result.artifacts.retain(|other| other.id != saved.file.id);
                result.artifacts.push(saved.file);
            }
            Err(error) if error.is_not_there() => result.warnings.push(format!("not saved: {error}")),
            // Others rely on it: that it is missing must not look like success.
            Err(error) if result.cause.is_none() => {
                result.cause = Some(Cause::Infrastructure);
                result.message = Some(format!("it ended well, but could not be saved: {error}"));
            }
            Err(error) => result.warnings.push(format!("not saved: {error}")),
        }
    }
    if halt.is_stale() {
        return;
    }
    caches.save(work_dir, due, &mut result.warnings).await;
}

/// Warnings that name the first files that are not in what was saved, and count the others.
pub(super) fn missing(of: &str, left_out: &[LeftOut]) -> Vec<String> {
    let (first, others) = left_out.split_at(left_out.len().min(NAMED));
    let named = first.iter().map(|left| format!("{of}: `{}` is not in it: it {}", left.path, left.why));
    let counted = (!others.is_empty()).then(|| format!("{of}: {} others are not in it either", others.len()));
    named.chain(counted).collect()
}

/// Reads the test reports of a job into its result.
pub(super) async fn read_reports(job: &Job, work_dir: &Path, result: &mut JobResult) {
    if job.reports.is_empty() || result.cause == Some(Cause::Lost) {
        return;
    }
    let (reports, work_dir) = (job.reports.clone(), work_dir.to_owned());
    let read = move || reports.iter().map(|report| test_report::read(&work_dir, report)).collect::<Vec<_>>();
    match tokio::task::spawn_blocking(read).await {
        Ok(read) => read.into_iter().for_each(|read| match read {
            Ok(suites) => result.tests.extend(suites),
            Err(error) => result.warnings.push(error.to_string()),
        }),
        Err(error) => result.warnings.push(format!("test reports could not be read: {error}")),
    }
}

/// The folders before the first glob.
fn without_glob(path: &str) -> &str {
    let end = path.find(['*', '?', '[', '{']).map_or(path.len(), |glob| path[..glob].rfind('/').unwrap_or(0));
    &path[..end]
}

fn join(root: &str, path: &str) -> String {
    match (root.trim_matches('/'), path.trim_end_matches('/')) {
        ("", "") => ".".to_owned(),
        ("", path) => path.to_owned(),
        (root, "") => root.to_owned(),
        (root, path) => format!("{root}/{path}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_looked_at_is_named_from_the_root_of_the_workspace() {
        for (root, path, wanted) in [
            ("", "target/app", "target/app"),
            ("sub/", "target/", "sub/target"),
            ("sub", "build/**/TEST-*.xml", "sub/build"),
            ("", "*.xml", "."),
            ("sub", "*.xml", "sub"),
        ] {
            assert_eq!(join(root, without_glob(path)), wanted, "{root} and {path}");
        }
    }
}
