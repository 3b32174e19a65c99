//! Conditions on the coverage of jobs.

use monkeyci_plugin_coverage::{Coverage, Format, coverage};
use monkeyci_sdk::model::Cause;
use monkeyci_sdk::model::job::{Cache, SaveWhen};
use monkeyci_sdk::prelude::*;
use monkeyci_sdk::scenario::Run;
use serde_json::{Value, json};

const LCOV: &str =
    "TN:\nSF:src/a.rs\nDA:1,1\nDA:2,0\nDA:3,0\nDA:4,1\nend_of_record\nSF:src/b.rs\nDA:1,3\nend_of_record\n";

fn played(plan: impl Into<Plan>, ctx: &Ctx, report: Option<&str>) -> Run {
    let checkout = tempfile::tempdir().expect("a folder");
    let scenario = Scenario::of(plan.into().using(coverage::extension()));
    let scenario = report.into_iter().fold(scenario, |scenario, text| scenario.writing("unit", "out/lcov.info", text));
    scenario.acting(ctx, checkout.path()).run()
}

fn judged(coverage: Coverage, report: &str) -> Outcome {
    let run = played(coverage.of(process("unit")), &Ctx::on_branch("main"), Some(report));
    run.outcome("unit").expect("it ran").clone()
}

#[test]
fn what_is_covered_is_a_value_of_the_result() {
    let outcome = judged(coverage("out/lcov.info").minimum(60.0), LCOV);
    assert_eq!(outcome.why(), None);
    assert_eq!(outcome.answer().message.as_deref(), Some("60 % of 5 lines are covered"));
    assert_eq!(
        outcome.answer().values["coverage"],
        json!({
            "format": "lcov", "lines": 5, "covered": 3, "percent": 60.0, "files": 2,
            "least": [{"file": "src/a.rs", "lines": 4, "covered": 2, "percent": 50.0}],
        })
    );
}

#[test]
fn too_little_fails_the_job_and_says_where() {
    let outcome = judged(coverage("out/lcov.info").format(Format::Lcov).minimum(80.0), LCOV);
    assert_eq!(
        outcome.why(),
        Some(
            "60 % of the lines are covered, 20 points below the minimum of 80 %; 1 more would do; most is missing in \
             `src/a.rs` (2 of 4)"
        )
    );
    assert_eq!(outcome.answer().values["coverage"]["percent"], 60.0, "it is told all the same");
}

#[test]
fn a_report_that_is_none_fails_the_job() {
    for (report, why) in [
        ("", "the coverage report `out/lcov.info`: its format is not known by its beginning: "),
        ("SF:a\nDA:1,x\n", "the coverage report `out/lcov.info`: line 2: `DA:1,x` is none of lcov"),
        ("TN:\nSF:a\nend_of_record\n", "the coverage report `out/lcov.info` names no lines: "),
        ("mode: set\n", "the coverage report `out/lcov.info` names no statements: "),
        ("<coverage>", "the coverage report `out/lcov.info`: after 10 bytes: it ends within a tag"),
    ] {
        let said = judged(coverage("out/lcov.info"), report).why().map(str::to_owned).expect("it fails");
        assert!(said.starts_with(why), "{said}");
    }
    let run = played(coverage("out/lcov.info").of(process("unit")), &Ctx::on_branch("main"), None);
    let why = run.outcome("unit").and_then(Outcome::why).expect("it fails");
    assert!(why.starts_with("there is no coverage report `out/lcov.info` in the job's work dir"), "{why}");
}

#[test]
fn a_job_that_failed_gets_no_second_reason() {
    let failed = || JobResult::failed(Cause::Failure, "line 1 ended with 1");
    let plan = Plan::from(coverage("out/lcov.info").minimum(90.0).of(process("unit")));
    let checkout = tempfile::tempdir().expect("a folder");
    let scenario = Scenario::of(plan).resulting("unit", failed()).acting(&Ctx::on_branch("x"), checkout.path());
    for (scenario, percent) in
        [(scenario.clone().writing("unit", "out/lcov.info", LCOV), json!(60.0)), (scenario, Value::Null)]
    {
        let run = scenario.run();
        let result = run.result("unit").expect("it ran");
        assert_eq!(result.message.as_deref(), Some("line 1 ended with 1"));
        assert_eq!(result.values.get("coverage").map_or(Value::Null, |value| value["percent"].clone()), percent);
    }
}

#[test]
fn a_job_of_a_file_beside_the_script_says_it_by_a_property_and_keeps_the_report() {
    let job = |said: Value| process("unit").extension("coverage", said);
    let ctx = Ctx::on_branch("main");
    let run = played(job(json!({"path": "out/lcov.info", "format": "auto", "minimum": 80})), &ctx, Some(LCOV));
    assert!(run.outcome("unit").and_then(Outcome::why).expect("it fails").starts_with("60 % of the lines"));
    let kept = &run.job("unit").model().save_artifacts[0];
    assert_eq!((kept.id.as_str(), kept.path.as_str(), kept.save), ("coverage-unit", "out/lcov.info", SaveWhen::Always));

    let own = job(json!({"path": "out/lcov.info"})).save(&artifact("mine", "out/lcov.info"));
    assert_eq!(played(own, &ctx, Some(LCOV)).job("unit").model().save_artifacts.len(), 1, "it is kept already");
    for (wrong, why) in [
        (
            json!({"path": "a", "minimum": 101}),
            "`coverage` of job `unit`: `minimum` is 101, and must be a number from 0 to 100",
        ),
        (json!({"path": "../a"}), "`coverage` of job `unit`: `../a` is no path from the job's work dir"),
        (json!({"path": "a", "minimun": 1}), "`coverage` of job `unit`: unknown field `minimun`"),
        (json!({"path": "a", "format": "gcov"}), "`coverage` of job `unit`: unknown variant `gcov`"),
        (json!({}), "`coverage` of job `unit`: missing field `path`"),
        (json!(80), "`coverage` of job `unit`: invalid type: integer `80`"),
    ] {
        let run = played(job(wrong), &ctx, None);
        let said = run.outcome("unit").and_then(Outcome::why).expect("it is refused before it runs");
        assert!(said.starts_with(why), "{said}");
    }
}

#[test]
#[should_panic(expected = "the coverage of job `unit`: `may-drop` is -1, and must be a number from 0 to 100")]
fn a_slip_in_a_script_is_told_where_it_stands() {
    let _ = coverage("lcov.info").may_drop(-1.0).of(process("unit"));
}

#[test]
fn what_is_covered_may_not_drop_far_below_the_main_branch() {
    let kept = |build: &str| Cache {
        key: Some(format!("coverage-unit {build}")),
        ..cache("coverage-unit", ".monkeyci-coverage.json")
    };
    let (old, new) = (kept("a/b/build-1"), kept("a/b/build-2"));
    // Builds of the main branch before this one.
    let main = action("main", move |act: &Act| {
        for (cache, covered) in [(&old, 99), (&new, 70)] {
            std::fs::write(act.path(&cache.path), format!(r#"{{"lines": 100, "covered": {covered}}}"#))
                .expect("written");
            act.save_cache(cache)?;
        }
        Ok::<_, monkeyci_sdk::api::ApiError>(())
    });
    let this = kept("a/b/build-3");
    let after = action("after", move |act: &Act| {
        let found = act.restore_cache(&this)?.exact;
        let text = std::fs::read_to_string(act.path(".monkeyci-coverage.json")).unwrap_or_default();
        Ok::<_, monkeyci_sdk::api::ApiError>(Outcome::success().message(if found { text } else { "nothing".into() }))
    });
    let run = |ctx: Ctx, may_drop| {
        let unit = coverage("out/lcov.info").may_drop(may_drop).of(process("unit")).after(&main);
        let plan = Plan::from((main.clone(), after.clone().after(&unit).when(When::Always), unit));
        played(plan, &ctx.with_build("a/b/build-3"), Some(LCOV))
    };
    let why = |run: &Run| run.outcome("unit").and_then(Outcome::why).map(str::to_owned);
    let said = |run: &Run| run.outcome("after").and_then(|outcome| outcome.answer().message.clone());

    let branch = run(Ctx::on_branch("feature"), 10.0);
    assert_eq!((why(&branch), said(&branch).as_deref()), (None, Some("nothing")));
    assert_eq!(branch.result("unit").expect("it ran").values["coverage"]["main"], 70.0, "the newest");
    let dropped = run(Ctx::on_branch("main"), 9.0);
    let text = why(&dropped).expect("too far");
    assert!(
        text.starts_with("60 % of the lines are covered, 10 points fewer than the 70 % of the main branch"),
        "{text}"
    );
    assert_eq!(said(&dropped).as_deref(), Some("nothing"), "what is not good enough is no measure");
    let main = run(Ctx::on_branch("main"), 10.0);
    assert_eq!((why(&main), said(&main).as_deref()), (None, Some(r#"{"lines":5,"covered":3}"#)));
}
