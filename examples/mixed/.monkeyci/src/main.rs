//! What is easier said in a program than in the `build.yaml` beside it: a badge with the coverage of the tests.

use monkeyci_plugin_coverage::{coverage, reports};
use monkeyci_sdk::api::ApiError;
use monkeyci_sdk::prelude::*;

fn plan(_: &Ctx) -> Plan {
    // A job of `build.yaml`, which is known by its id: it can be waited for, and is no part of this plan.
    let unit = process("unit");
    let page = artifact("badge", "badge.txt");
    let badge = action("badge", badge).after(&unit).save(&page);
    let publish = process("publish").run("cat badge.txt").after(&badge).restore(&page);
    Plan::from((badge, publish)).using(coverage::extension()).using(reports::extension())
}

/// Writes a line with what the plugin has found.
fn badge(act: &Act) -> Result<Outcome, ApiError> {
    let values = act.job_of("unit")?.and_then(|unit| unit.result).map(|result| result.values).unwrap_or_default();
    let percent = values.get("coverage").and_then(|coverage| coverage["percent"].as_f64());
    let Some(percent) = percent else { return Ok(Outcome::failure("`unit` has measured no coverage")) };
    let colour = if percent >= 90.0 { "green" } else { "yellow" };
    Ok(match std::fs::write(act.path("badge.txt"), format!("coverage: {percent} % ({colour})\n")) {
        Ok(()) => Outcome::success().message(format!("a {colour} badge")).value("colour", colour),
        Err(error) => Outcome::failure(format!("`badge.txt`: {error}")),
    })
}

monkeyci_sdk::main!(plan);

#[cfg(test)]
mod tests {
    use monkeyci_sdk::scenario::Run;
    use serde_json::json;

    use super::*;

    /// Plays the build with a report of so many lines, of which so many are covered.
    fn played(lines: usize, covered: usize) -> Run {
        let ctx = Ctx::on_branch("main");
        // What stands in `build.yaml`, as far as it matters here.
        let unit = process("unit").extension("coverage", json!({ "path": "lcov.info", "minimum": 80 }));
        let lines: String = (0..lines).map(|line| format!("DA:{line},{}\n", u8::from(line < covered))).collect();
        let report = format!("SF:greet\n{lines}end_of_record\n");
        let checkout = std::env::temp_dir().join(format!("mixed-{}-{covered}", std::process::id()));
        std::fs::create_dir_all(&checkout).expect("a folder");
        let scenario = Scenario::of(Plan::from((unit, plan(&ctx)))).writing("unit", "lcov.info", report);
        let run = scenario.acting(&ctx, &checkout).run();
        std::fs::remove_dir_all(&checkout).expect("removed");
        run
    }

    #[test]
    fn the_badge_tells_what_the_tests_of_the_other_file_cover() {
        let run = played(10, 9);
        assert!(run.succeeded(), "{run:?}");
        assert_eq!(run.outcome("badge").expect("it ran").answer().values["colour"], "green");
        assert_eq!(played(10, 8).outcome("badge").expect("it ran").answer().values["colour"], "yellow");
    }

    #[test]
    fn too_little_coverage_ends_the_build() {
        let run = played(10, 7);
        assert_eq!((run.status("unit"), run.status("publish")), (JobStatus::Failure, JobStatus::Skipped));
        let why = run.outcome("unit").and_then(Outcome::why).expect("it fails");
        assert!(why.starts_with("70 % of the lines are covered, 10 points below the minimum of 80 %"), "{why}");
    }
}
