//! Jobs that attack what watches them.

use monkeyci_core::job_dir::outcome::Reason;
use monkeyci_core::job_dir::report::ReportError;
use monkeyci_core::model::Job;

use crate::fixture::Fixture;

/// A line that finds the report from the file that the shell reads it from.
fn in_report(line: &str) -> String {
    format!("cd \"$(dirname \"$0\")/../report\" && {line}; exit 5")
}

pub async fn a_report_that_became_something_else_harms_nobody(fixture: &Fixture) {
    for forgery in ["ln -s /etc/passwd frames", "mkfifo frames", "mkdir frames", "ln -s /dev/zero frames"] {
        let ran = fixture.run(fixture.job("forger", [&*in_report(&format!("rm -f frames result; {forgery}"))])).await;
        assert!(ran.exit.is_ok(), "{forgery}: {:?}", ran.exit);
        // Who does not see the folder keeps what came from it before, and takes nothing but files.
        assert!(matches!(ran.read, Ok(()) | Err(ReportError::Replaced { .. })), "{forgery}: {:?}", ran.read);
        assert_eq!(ran.output(), "", "{forgery}");
        // The result is the supervisor's all the same.
        assert_eq!(ran.outcome.expect("a result").expect("a result").code, Some(5), "{forgery}");
    }
}

pub async fn forged_frames_are_refused(fixture: &Fixture) {
    let ran = fixture.run(fixture.job("forger", [&*in_report("echo garbage >> frames")])).await;
    if ran.output().to_lowercase().contains("permission denied") {
        // Who runs as somebody else cannot even write them.
        assert!(ran.read.is_ok(), "{:?}", ran.read);
        return;
    }
    assert!(matches!(ran.read, Err(ReportError::Forged { .. })), "{:?}", ran.read);
    assert!(ran.read.expect_err("refused").to_string().contains("the job forged its report"));
}

pub async fn a_work_dir_that_the_job_removed_is_named(fixture: &Fixture) {
    let job = Job { work_dir: Some("sub".into()), ..fixture.job("gone", ["rm -rf \"$PWD\"", "echo never"]) };
    let order = fixture.order(job, Default::default());
    std::fs::create_dir(order.dir.work().join("sub")).expect("a folder");
    let ran = fixture.start(order).end().await;
    let outcome = ran.outcome();
    assert_eq!((outcome.reason, outcome.line), (Reason::CannotStart, Some(1)));
    assert!(outcome.message.contains("removed its work dir `sub`"), "{outcome:?}");
}
