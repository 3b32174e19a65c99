//! Jobs that attack what carries their report.

use std::fs;
use std::time::Duration;

use monkeyci_core::job_dir::report::ReportError;
use tokio_util::sync::CancellationToken;

use crate::jobs::wait_until;
use crate::story::{Story, has_namespaces};

/// A line that finds the report from the file that the shell reads it from.
fn in_report(line: &str) -> String {
    format!("cd \"$(dirname \"$0\")/../report\" && {line}; exit 5")
}

#[test]
fn a_report_that_became_something_else_harms_nobody() {
    if !has_namespaces() {
        return;
    }
    for forgery in ["ln -s /etc/passwd frames", "mkfifo frames", "mkdir frames", "ln -s /dev/zero frames"] {
        let ran = Story::lines([&*in_report(&format!("rm -f frames result; {forgery}"))], &[]).run();
        assert!(matches!(ran.read, Ok(()) | Err(ReportError::Replaced { .. })), "{forgery}: {:?}", ran.read);
        assert_eq!(ran.output(), "", "{forgery}");
        // The result is the supervisor's all the same.
        assert_eq!(ran.outcome.expect("a result").expect("a result").code, Some(5), "{forgery}");
    }
}

#[test]
fn forged_frames_are_seen_as_such_and_go_no_further() {
    if !has_namespaces() {
        return;
    }
    for forgery in ["echo garbage >>frames", "head -c 3 /dev/zero >frames", "truncate -s 1000G frames"] {
        let story = Story::lines([&*in_report(&format!("echo kept; sleep 0.2; {forgery}; sleep 0.2"))], &[]);
        let ran = story.run();
        assert!(matches!(ran.read, Err(ReportError::Forged { .. })), "{forgery}: {:?}", ran.read);
        assert!(fs::metadata(story.dir.report().join("frames")).expect("there").len() < 100_000, "{forgery}");
        assert_eq!(ran.outcome.expect("a result").expect("a result").code, Some(5), "{forgery}");
    }
}

#[test]
fn a_job_that_moves_its_folders_shows_nothing_of_the_sidecar() {
    if !has_namespaces() {
        return;
    }
    let secret = tempfile::tempdir().expect("a folder");
    fs::write(secret.path().join("key"), "s3cr3t").expect("a file");
    fs::write(secret.path().join("answer.json"), "s3cr3t").expect("a file");
    let at = secret.path().display();
    // Whatever stands there, the sidecar has what it opened before the job began.
    let swap = format!(
        "cd \"$(dirname \"$0\")/../..\"; echo mine >work/key; mv work gone; ln -s {at} work; \
         mv job/report told; ln -s {at} job/report; mv job/control orders; ln -s {at} job/control; sleep 1.5"
    );
    let story = Story::lines([&*swap], &["key"]);
    story.prepare();
    let (mut sidecar, mut job, over) = (story.sidecar(&[]), story.job(), CancellationToken::new());
    let end = std::thread::scope(|scope| {
        let mirroring = scope.spawn(|| story.try_mirror(&over));
        wait_until(|| story.in_volume("orders").exists());
        story.dir.grant(Duration::from_secs(100)).expect("granted");
        wait_until(|| story.in_volume("orders/lease").exists());
        // Its supervisor writes the result where the report was, and nobody looks there.
        assert_eq!(job.ends(), Some(0));
        over.cancel();
        mirroring.join().expect("no panic").expect("it ends")
    });
    let ran = story.read(end);
    assert!(matches!(ran.outcome, Ok(None)), "{:?}", ran.outcome);
    assert_eq!(fs::read_to_string(story.dir.work().join("key")).expect("collected"), "mine\n");
    assert!(!story.dir.report().join("answer.json").exists(), "it answered nothing");
    assert_eq!(fs::read_dir(secret.path()).expect("there").count(), 2, "nothing of ours was written there");
    assert!(!format!("{:?}{:?}", ran.end, ran.frames).contains("s3cr3t"));
    assert_eq!(sidecar.ends(), Some(0));
}
