//! A build as a JUnit file: its jobs as test cases, and beside them the suites of their own test reports.

use std::fmt::Write as _;

use monkeyci_core::model::JobStatus;
use monkeyci_core::model::result::{TestCase, TestSuite};

use crate::ui::progress::{JobProgress, Progress};
use crate::ui::sentence;
use crate::xml::escaped;

/// The file's text.
pub fn write(progress: &Progress) -> String {
    let name = progress.id.as_ref().map(ToString::to_string).unwrap_or_default();
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(xml, "<testsuites name=\"{}\">", escaped(&name));
    jobs(progress, &name, &mut xml);
    for job in progress.jobs() {
        for suite in job.result.iter().flat_map(|result| &result.tests) {
            tests(job, suite, &mut xml);
        }
    }
    xml.push_str("</testsuites>\n");
    xml
}

fn jobs(progress: &Progress, name: &str, xml: &mut String) {
    let all = progress.jobs();
    let count = |wanted: fn(&JobProgress) -> bool| all.iter().filter(|job| wanted(job)).count();
    let failures = count(|job| job.is_bad() && job.status == JobStatus::Failure);
    let errors = count(|job| job.is_bad() && job.status == JobStatus::Error);
    let skipped = count(was_not_run);
    let _ = writeln!(
        xml,
        "  <testsuite name=\"jobs\" tests=\"{}\" failures=\"{failures}\" errors=\"{errors}\" skipped=\"{skipped}\" \
         time=\"{}\">",
        all.len(),
        seconds(progress.started.map_or(0, |start| progress.now - start)),
    );
    for job in all {
        let took = seconds(job.elapsed(progress.now).unwrap_or(0));
        let head = format!("    <testcase name=\"{}\" classname=\"{}\" time=\"{took}\"", job.job.id, escaped(name));
        let why = sentence::outcome(job).unwrap_or_default();
        let body = match job.status {
            _ if was_not_run(job) => format!("<skipped message=\"{}\"/>", escaped(&why)),
            JobStatus::Failure if job.is_bad() => problem("failure", &why, job),
            JobStatus::Error if job.is_bad() => problem("error", &why, job),
            _ => String::new(),
        };
        let _ = if body.is_empty() { writeln!(xml, "{head}/>") } else { writeln!(xml, "{head}>{body}</testcase>") };
    }
    xml.push_str("  </testsuite>\n");
}

fn problem(element: &str, why: &str, job: &JobProgress) -> String {
    let tail: Vec<_> = job.tail.iter().map(String::as_str).collect();
    format!("<{element} message=\"{}\">{}</{element}>", escaped(why), escaped(&tail.join("\n")))
}

fn tests(job: &JobProgress, suite: &TestSuite, xml: &mut String) {
    let _ = writeln!(
        xml,
        "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" time=\"{}\">",
        escaped(&format!("{}: {}", job.job.id, suite.name)),
        suite.tests,
        suite.failures,
        suite.errors,
        suite.skipped,
        suite.time,
    );
    for case in &suite.test_cases {
        test(case, xml);
    }
    xml.push_str("  </testsuite>\n");
}

fn test(case: &TestCase, xml: &mut String) {
    let _ = write!(
        xml,
        "    <testcase name=\"{}\" classname=\"{}\" time=\"{}\">",
        escaped(&case.test_case),
        escaped(&case.class_name),
        case.time
    );
    for (element, problems) in [("failure", &case.failures), ("error", &case.errors)] {
        for problem in problems {
            let _ = write!(
                xml,
                "<{element} message=\"{}\" type=\"{}\">{}</{element}>",
                escaped(&problem.message),
                escaped(&problem.kind),
                escaped(&problem.description)
            );
        }
    }
    if case.skipped {
        xml.push_str("<skipped/>");
    }
    xml.push_str("</testcase>\n");
}

fn was_not_run(job: &JobProgress) -> bool {
    !matches!(job.status, JobStatus::Success | JobStatus::Failure | JobStatus::Error)
}

fn seconds(millis: i64) -> String {
    format!("{}.{:03}", millis.max(0) / 1000, millis.max(0) % 1000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::recorded;

    #[test]
    fn a_failed_build_is_a_junit_file() {
        insta::assert_snapshot!(write(&recorded::failed()));
    }
}
