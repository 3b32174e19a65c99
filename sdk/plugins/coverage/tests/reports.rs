//! Conditions on the tests of jobs.

use monkeyci_plugin_coverage::{Reports, reports};
use monkeyci_sdk::model::Cause;
use monkeyci_sdk::model::result::{TestCase, TestProblem, TestSuite};
use monkeyci_sdk::prelude::*;
use monkeyci_sdk::scenario::Run;
use serde_json::json;

fn case(name: &str, time: f64) -> TestCase {
    TestCase { class_name: "web".into(), test_case: name.into(), time, ..TestCase::default() }
}

fn failing(name: &str) -> TestCase {
    TestCase { failures: vec![TestProblem::default()], ..case(name, 0.5) }
}

fn suite(cases: Vec<TestCase>) -> JobResult {
    let skipped = cases.iter().filter(|case| case.skipped).count() as u64;
    let time = cases.iter().map(|case| case.time).sum();
    let suite = TestSuite { tests: cases.len() as u64, skipped, time, test_cases: cases, ..TestSuite::default() };
    JobResult { tests: vec![suite], ..JobResult::default() }
}

fn played(job: Job, result: JobResult) -> Run {
    let checkout = tempfile::tempdir().expect("a folder");
    let plan = Plan::from(job).using(reports::extension());
    Scenario::of(plan).resulting("unit", result).acting(&Ctx::on_branch("main"), checkout.path()).run()
}

fn judged(reports: Reports, result: JobResult) -> Outcome {
    played(reports.of(process("unit")), result).outcome("unit").expect("it ran").clone()
}

#[test]
fn the_result_counts_tests_and_names_the_slowest() {
    let skipped = TestCase { skipped: true, ..case("later", 0.0) };
    let result = suite(vec![case("fast", 0.25), case("login", 3.5), skipped, failing("shaky"), case("shaky", 0.25)]);
    let outcome = judged(reports().at_least(3).slow(2.0), result);
    assert_eq!(outcome.why(), None);
    assert_eq!(
        outcome.answer().values["tests"],
        json!({
            "total": 5, "failed": 0, "skipped": 1, "flaky": 1, "seconds": 4.5,
            "slowest": [
                {"test": "web::login", "seconds": 3.5}, {"test": "web::shaky", "seconds": 0.5},
                {"test": "web::fast", "seconds": 0.25}, {"test": "web::shaky", "seconds": 0.25},
                {"test": "web::later", "seconds": 0.0},
            ],
        })
    );
    let warnings = ["flaky, failed and then passed: web::shaky", "slower than 2 s: web::login (3.5 s)"];
    assert_eq!(outcome.answer().warnings, warnings);
}

#[test]
fn what_is_not_as_it_should_be_fails_the_job() {
    let skipped = |count| suite(vec![TestCase { skipped: true, ..case("later", 0.0) }; count]);
    for (wanted, result, why) in [
        (
            reports(),
            JobResult::default(),
            "there is no test report: let the job write one, and name it by `junit` or `reports`",
        ),
        (reports().at_least(2), suite(vec![case("a", 0.0)]), "1 tests ran, and at least 2 are wanted"),
        (reports(), skipped(1), "0 tests ran, and at least 1 are wanted"),
        (reports().at_least(0).most_skipped(1), skipped(2), "2 tests were skipped, and at most 1 may be"),
        (reports(), suite(vec![failing("a"), case("b", 0.0)]), "it ended well, though tests failed: web::a"),
    ] {
        assert_eq!(judged(wanted, result).why(), Some(why));
    }
    let many = suite((0..7).map(|number| failing(&number.to_string())).collect());
    let why = judged(reports(), many).why().map(str::to_owned);
    assert_eq!(
        why.as_deref(),
        Some("it ended well, though tests failed: web::0, web::1, web::2, web::3, web::4 and 2 others")
    );
    assert_eq!(judged(reports().at_least(0), JobResult::default()).why(), None);
}

#[test]
fn a_job_that_failed_gets_no_second_reason() {
    let result = JobResult {
        cause: Some(Cause::Failure),
        message: Some("line 1 ended with 1".into()),
        ..suite(vec![failing("a")])
    };
    let outcome = judged(reports().at_least(9), result);
    assert_eq!(outcome.why(), Some("line 1 ended with 1"));
    assert_eq!(outcome.answer().values["tests"]["failed"], 1);
}

#[test]
fn numbers_of_a_report_may_be_anything() {
    let odd = TestSuite {
        tests: u64::MAX,
        skipped: 1,
        time: f64::NAN,
        test_cases: vec![case("a", f64::NAN), case("b", f64::INFINITY)],
        ..TestSuite::default()
    };
    let result = JobResult { tests: vec![odd.clone(), odd], ..JobResult::default() };
    assert_eq!(judged(reports(), result).why(), None);
}

#[test]
fn a_job_says_it_by_a_property() {
    let job = |said| process("unit").extension("tests", said);
    let result = || suite(vec![case("a", 0.0)]);
    let run = played(job(json!({ "at-least": 2 })), result());
    assert_eq!(run.outcome("unit").and_then(Outcome::why), Some("1 tests ran, and at least 2 are wanted"));
    assert!(played(job(json!({})), result()).succeeded());
    let run = played(job(json!({ "atleast": 2 })), result());
    let why = run.outcome("unit").and_then(Outcome::why).expect("it fails");
    assert!(why.starts_with("`tests` of job `unit`: unknown field `atleast`"), "{why}");
}
