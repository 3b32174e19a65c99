//! What is done after a job ran: its artifacts and caches, and its test reports.

use std::path::Path;

use monkeyci_model::job::SaveWhen;
use monkeyci_model::{Cause, Job, JobResult};

use super::caches::JobCaches;
use super::halt::{Halt, Why};
use super::settings::Ports;
use crate::lease::Lease;
use crate::test_report;

/// Files and folders, from the root of the workspace, that are looked at once the job has run.
pub(super) fn wanted(job: &Job) -> Vec<String> {
    let artifacts = job.save_artifacts.iter().map(|artifact| &artifact.path);
    let caches = job.caches.iter().map(|cache| &cache.path);
    let reports = job.reports.iter().map(|report| &report.path);
    let root = job.work_dir.as_deref().unwrap_or_default();
    artifacts.chain(caches).chain(reports).map(|path| join(root, without_glob(path))).collect()
}

/// Saves what the job asks to be saved after such an end, and reads its reports; all of it ends up in `result`.
pub(super) async fn save(
    ports: &Ports,
    lease: &Lease,
    halt: &Halt,
    caches: &JobCaches<'_>,
    work_dir: &Path,
    result: &mut JobResult,
) {
    // An attempt that was given up saves nothing, however well it ended: another one may have begun.
    let is_given_up = || halt.why() == Some(&Why::Stale);
    if result.cause == Some(Cause::Lost) || is_given_up() {
        return;
    }
    let job = &lease.job;
    let ended = result.cause;
    let due = |when: SaveWhen| match when {
        SaveWhen::Always => true,
        SaveWhen::Success => ended.is_none(),
        SaveWhen::Failure => !matches!(ended, None | Some(Cause::Canceled)),
    };
    read_reports(job, work_dir, result).await;
    for artifact in job.save_artifacts.iter().filter(|artifact| due(artifact.save)) {
        if is_given_up() {
            return;
        }
        match ports.artifacts.save(&lease.attempt, artifact, work_dir).await {
            Ok(saved) => {
                let left_out = saved
                    .left_out
                    .iter()
                    .map(|left| format!("artifact `{}`: `{}` is not in it: {}", artifact.id, left.path, left.why));
                result.warnings.extend(left_out);
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
    if is_given_up() {
        return;
    }
    caches.save(work_dir, due, &mut result.warnings).await;
}

async fn read_reports(job: &Job, work_dir: &Path, result: &mut JobResult) {
    if job.reports.is_empty() {
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
