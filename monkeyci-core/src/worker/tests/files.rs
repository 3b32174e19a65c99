//! Real processes: workspaces, artifacts, caches, secrets, and disks that are full.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use monkeyci_model::job::{Artifact, Cache, Report, ReportFormat, SaveWhen};
use monkeyci_model::{Cause, Job, SecretRef, Text};

use super::{House, soon};
use crate::blob::{Artifacts, Blobs};
use crate::executor::Process;
use crate::lease::Lease;
use crate::secret::Secrets;

/// A house whose jobs are processes.
fn house() -> (House, tempfile::TempDir) {
    let state = tempfile::tempdir().expect("a folder");
    (House::new(Arc::new(Process::new(state.path()))), state)
}

fn with(mut lease: Lease, change: impl FnOnce(&mut Job)) -> Lease {
    change(Arc::make_mut(&mut lease.job));
    lease
}

fn artifact(id: &str, path: &str, save: SaveWhen) -> Artifact {
    Artifact { id: id.into(), path: path.into(), save }
}

#[tokio::test]
async fn a_job_gets_its_own_copy_and_passes_on_artifacts_alone() {
    let (house, _state) = house();
    let make = with(house.lease(1, "echo changed > file; mkdir out; echo made > out/it; echo $MONKEYCI_JOB"), |job| {
        job.save_artifacts = vec![
            artifact("out", "out", SaveWhen::Success),
            artifact("core", "core", SaveWhen::Failure),
            artifact("missing", "nowhere", SaveWhen::Always),
        ];
    });
    let attempt = make.attempt.clone();
    let result = soon(house.run(make)).await;
    assert_eq!((result.cause, result.exit), (None, Some(0)), "{result:?}");
    assert_eq!(house.engine.log(&attempt), b"unit\n");
    assert_eq!(result.artifacts.iter().map(|file| file.id.as_str()).collect::<Vec<_>>(), ["out"]);
    assert!(result.warnings[0].contains("`missing`"), "{:?}", result.warnings);

    let take = with(house.lease(2, "cat file here/it"), |job| {
        job.restore_artifacts =
            vec![artifact("out", "here", SaveWhen::Success), artifact("none", "none", SaveWhen::Success)];
    });
    let attempt = take.attempt.clone();
    let result = soon(house.run(take)).await;
    assert_eq!(result.cause, None, "{result:?}");
    assert_eq!(house.engine.log(&attempt), b"as it was\nmade\n");
    assert!(result.warnings[0].contains("`none`"), "{:?}", result.warnings);
}

#[tokio::test]
async fn a_failed_job_still_leaves_what_it_was_asked_to() {
    let (house, _state) = house();
    let xml =
        r#"<testsuite name="s" tests="1" failures="1"><testcase name="t"><failure>no</failure></testcase></testsuite>"#;
    std::fs::write(house.checkout().join("report.xml"), xml).expect("a file");
    let fails = with(house.lease(1, "echo dump > core; exit 3"), |job| {
        job.save_artifacts =
            vec![artifact("core", "core", SaveWhen::Failure), artifact("ok", "core", SaveWhen::Success)];
        job.reports = vec![Report { format: ReportFormat::Junit, path: "*.xml".into() }];
        job.script.push("echo never".into());
    });
    let attempt = fails.attempt.clone();
    let result = soon(house.run(fails)).await;
    assert_eq!((result.cause, result.exit), (Some(Cause::Failure), Some(3)));
    let message = "line 1 of 2 (`echo dump > core; exit 3`) ended with code 3";
    assert_eq!(result.message.as_deref(), Some(message));
    assert_eq!(result.artifacts.iter().map(|file| file.id.as_str()).collect::<Vec<_>>(), ["core"]);
    assert_eq!(result.tests.iter().map(|suite| suite.failures).sum::<u64>(), 1);
    assert_eq!(house.engine.log(&attempt), b"");
    assert!(result.guarantee.is_some());
}

#[tokio::test]
async fn a_job_knows_the_folder_that_it_begins_in() {
    let (house, _state) = house();
    std::fs::create_dir(house.checkout().join("sub")).expect("a folder");
    for (fence, work_dir) in [(1, None), (2, Some("")), (3, Some("sub"))] {
        let line = r#"test "$MONKEYCI_WORK_DIR" = "$(pwd)" || { echo "$MONKEYCI_WORK_DIR is not $(pwd)"; exit 1; }"#;
        let lease = with(house.lease(fence, line), |job| job.work_dir = work_dir.map(str::to_owned));
        let result = soon(house.run(lease)).await;
        assert_eq!(result.cause, None, "{work_dir:?}: {result:?}");
    }
}

#[tokio::test]
async fn a_cache_survives() {
    let (house, _state) = house();
    for (fence, wrote) in [(1, "none\n"), (2, "1\n"), (3, "1\n2\n")] {
        let line = "cat cache/runs 2>/dev/null || echo none; mkdir -p cache; echo $MONKEYCI_ATTEMPT >> cache/runs";
        let lease = with(house.lease(fence, line), |job| {
            job.caches = vec![Cache {
                id: "c".into(),
                path: "cache".into(),
                key: None,
                fallbacks: Vec::new(),
                save: SaveWhen::Success,
            }];
        });
        let attempt = lease.attempt.clone();
        let result = soon(house.run(lease)).await;
        assert_eq!((result.cause, result.warnings.as_slice()), (None, [].as_slice()));
        assert_eq!(String::from_utf8_lossy(&house.engine.log(&attempt)), wrote);
    }
}

#[tokio::test]
async fn a_secret_reaches_the_job_and_nothing_that_is_kept() {
    const VALUE: &str = "s3cr3t/token+with=signs";
    let (mut house, _state) = house();
    let secret = SecretRef { name: "TOKEN".into(), version: 1 };
    let mut secrets = Secrets::new();
    secrets.insert(secret.clone(), VALUE.into());
    house.ports.secrets = Arc::new(secrets);
    std::fs::write(
        house.checkout().join("report.xml"),
        format!(r#"<testsuite name="s" tests="1"><testcase name="{VALUE}"/></testsuite>"#),
    )
    .expect("a file");
    let line = r#"test "${#TOKEN}" = 23 || exit 9
echo "$TOKEN" >&2; printf %s "$TOKEN" | base64; printf 'x%s' "$TOKEN" | base64; env | base64 -w0; echo
printf %s "$TOKEN" | od -An -tx1 | tr -d ' \n'; echo
for c in s3cr3t /token+ with=signs; do printf %s "$c"; done; exit 4"#;
    let lease = with(house.lease(1, line), |job| {
        job.env.insert("TOKEN".into(), Text::secret(secret));
        job.reports = vec![Report { format: ReportFormat::Junit, path: "report.xml".into() }];
    });
    let result = soon(house.run(lease)).await;
    assert_eq!((result.cause, result.exit), (Some(Cause::Failure), Some(4)), "{result:?}");
    assert_eq!(result.tests[0].test_cases[0].test_case, "***");
    assert!(!format!("{result:?}").contains(VALUE));
    let log = std::fs::read_to_string(house.engine.logs.path(&(&house.lease(1, "").attempt).into())).expect("a log");
    assert!(log.matches("***").count() >= 5, "{log}");
    for form in [VALUE, "czNjcjN0L3Rva2VuK3dpdGg9c2lnbn", "7333637233742f746f6b656e", "token+with"] {
        assert!(!log.contains(form), "`{form}` is in the log: {log}");
    }
    std::fs::remove_file(house.checkout().join("report.xml")).expect("removed");
    let found = Command::new("grep").args(["-raF", VALUE]).arg(house.home.path()).output().expect("grep runs");
    assert!(found.stdout.is_empty(), "{}", String::from_utf8_lossy(&found.stdout));
}

#[tokio::test]
async fn a_timeout_a_missing_shell_and_too_much_log_are_named() {
    let (mut house, _state) = house();
    house.settings.log_limit = 1 << 20;
    let late = with(house.lease(1, "sleep 60"), |job| job.timeout = Some(50));
    let shell = with(house.lease(2, "echo"), |job| job.shell = Some("/no/such/shell".into()));
    let loud = house.lease(3, "cat /dev/zero");
    for (lease, cause, named) in
        [(late, Cause::Timeout, "50 ms"), (shell, Cause::Invalid, "/no/such/shell"), (loud, Cause::LogLimit, "1 MB")]
    {
        let result = soon(house.run(lease)).await;
        let message = result.message.clone().unwrap_or_default();
        assert_eq!(result.cause, Some(cause), "{message}");
        assert!(message.contains(named), "{message}");
    }
}

/// A file system of its own that is unmounted in the end.
struct Small<'a>(&'a Path);

impl Drop for Small<'_> {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg("-l").arg(self.0).status();
        assert!(unmounted.is_ok_and(|status| status.success()));
    }
}

/// A disk of 1 MB at `path`.
fn small(path: &Path) -> Option<Small<'_>> {
    std::fs::create_dir(path).expect("a folder");
    let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"]).arg(path).output();
    if mounted.is_ok_and(|mounted| mounted.status.success()) {
        return Some(Small(path));
    }
    let required = std::env::var("MONKEYCI_TEST_REQUIRE").unwrap_or_default();
    let is_required = required.split(',').any(|name| ["tmpfs", "all"].contains(&name));
    assert!(!is_required, "tmpfs is required and cannot be mounted");
    eprintln!("skipped: tmpfs: it cannot be mounted here");
    None
}

#[tokio::test]
async fn what_does_not_fit_where_artifacts_are_kept_is_an_error_and_leaves_nothing_there() {
    let (mut house, _state) = house();
    let disk = house.home.path().join("disk");
    let Some(small) = small(&disk) else { return };
    let blobs = Blobs::on_disk(&disk).expect("a store");
    house.ports.artifacts = Artifacts::new(blobs.clone());
    let large = with(house.lease(1, "head -c 3000000 /dev/urandom > large"), |job| {
        job.save_artifacts = vec![artifact("large", "large", SaveWhen::Success)];
    });
    let result = soon(house.run(large)).await;
    assert_eq!(result.cause, Some(Cause::Infrastructure));
    let message = result.message.unwrap_or_default();
    assert!(message.contains("artifact `large`") && message.contains("No space left"), "{message}");
    let left = Command::new("find").arg(&disk).args(["-type", "f"]).output().expect("find runs");
    assert!(left.stdout.is_empty(), "{}", String::from_utf8_lossy(&left.stdout));
    drop(small);
}

/// Case D5: no room for what a job keeps.
#[tokio::test]
async fn a_full_disk_is_an_error_of_ours_that_says_so() {
    let (mut house, _state) = house();
    let disk = house.home.path().join("disk");
    let Some(small) = small(&disk) else { return };
    house.settings.folder = disk.join("jobs");
    std::fs::write(house.checkout().join("large"), vec![7; 3 << 20]).expect("a file");
    let result = soon(house.run(house.lease(1, "true"))).await;
    assert_eq!(result.cause, Some(Cause::Infrastructure));
    let message = result.message.unwrap_or_default();
    assert!(message.starts_with("the disk is full: "), "{message}");
    drop(small);
}
