use monkeyci_client::rest::Statistics;
use monkeyci_client::rest::statistics::{FlakyTest, JobStatistics, Spread};
use monkeyci_core::model::OrgId;

use crate::error::{CliError, Exit};
use crate::remote::{OutputArgs, RepoName};
use crate::runtime::Runtime;
use crate::ui::style::{Style, Tone};
use crate::ui::{duration, table};

/// Jobs that are shown; with `--json`, all are.
const JOBS: usize = 15;

/// Show how builds went: how many passed, how long they took and waited, which jobs fail, which tests are flaky
#[derive(Debug, clap::Args)]
pub struct StatsArgs {
    /// The repository, as in `acme/web` [default: the one of this checkout]
    #[arg(value_name = "REPO")]
    repo: Option<RepoName>,
    /// All repositories of an organisation, instead
    #[arg(long, value_name = "ORG", conflicts_with = "repo")]
    org: Option<OrgId>,
    /// Of the last N days, of UTC
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=366))]
    days: u64,
    #[command(flatten)]
    output: OutputArgs,
}

/// Shows statistics.
pub fn run(args: &StatsArgs) -> Result<Exit, CliError> {
    Runtime::new()?.block_on(async {
        let connection = args.output.connect()?;
        let found = match &args.org {
            Some(org) => connection.client.org(org).statistics(Some(args.days)).await?,
            None => connection.repo(args.repo.as_ref()).await?.statistics(Some(args.days)).await?,
        };
        args.output.print(&found, |style| drawn(&found, args.org.is_some(), style))
    })
}

fn drawn(found: &Statistics, with_repo: bool, style: Style) -> String {
    let (mut passed, mut failed, mut others) = (0, 0, 0);
    for day in &found.days {
        passed += day.success;
        failed += day.failure + day.error;
        others += day.canceled + day.open;
    }
    let days = found.days.len();
    let builds = passed + failed + others;
    if builds == 0 {
        return format!("No build in {days} days\n");
    }
    let rate = (passed * 100).checked_div(passed + failed).map_or_else(String::new, |rate| format!(", {rate}%"));
    let mut text = format!("{builds} builds in {days} days: {passed} passed{rate}, {failed} failed\n");
    for (name, spread) in [
        ("Took", found.duration),
        ("Waited for the first job", found.wait),
        ("Failed branches passed again after", found.recovery),
    ] {
        if let Some(Spread { p50, p95, .. }) = spread {
            let (half, most) = (duration::short(p50), duration::short(p95));
            text.push_str(&format!("{name} {half} at half of them, up to {most} at 19 of 20\n"));
        }
    }
    if found.broken > 0 {
        text.push_str(&format!("Branches that fail now: {}\n", found.broken));
    }
    if found.sample < builds {
        text.push_str(&format!("All but the counts is drawn from the newest {} builds\n", found.sample));
    }
    let name = |repo: &str, job: &str| if with_repo { format!("{repo}/{job}") } else { job.to_owned() };
    let jobs: Vec<_> = found.jobs.iter().take(JOBS).map(|job| row(job, name(job.repo.as_str(), &job.job))).collect();
    if !jobs.is_empty() {
        let tone = |row: usize, column: usize| (column == 2 && found.jobs[row].failure > 0).then_some(Tone::Bad);
        let head = ["JOB", "RUNS", "FAILED", "RETRIED", "HALF", "19 OF 20"];
        text.push_str(&format!("\n{}", table::draw_in(head, &jobs, style, tone)));
    }
    let test = |test: &FlakyTest| {
        let named = [test.class.as_str(), &test.test].into_iter().filter(|name| !name.is_empty());
        let job = name(test.repo.as_str(), &test.job);
        [named.collect::<Vec<_>>().join(" "), job, test.count.to_string(), format!("{}/{}", test.repo, test.build)]
    };
    let tests: Vec<_> = found.flaky_tests.iter().map(test).collect();
    if !tests.is_empty() {
        text.push_str(&format!("\n{}", table::draw(["FLAKY TEST", "JOB", "TIMES", "LAST"], &tests, style)));
    }
    text
}

fn row(job: &JobStatistics, name: String) -> [String; 6] {
    let runs = job.success + job.failure;
    let share = job.failure * 1000 / runs.max(1);
    let took =
        |millis: fn(Spread) -> i64| job.duration.map_or_else(String::new, |spread| duration::short(millis(spread)));
    let retried = if job.retried == 0 { String::new() } else { job.retried.to_string() };
    let failed = format!("{}.{}%", share / 10, share % 10);
    [name, runs.to_string(), failed, retried, took(|spread| spread.p50), took(|spread| spread.p95)]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn figures_are_told_in_a_few_lines_and_no_name_reaches_the_terminal_as_it_is() {
        let day = json!({ "time": 0, "success": 8, "failure": 1, "error": 1, "canceled": 1, "open": 0 });
        let spread = json!({ "count": 10, "p50": 90_000, "p95": 3_700_000 });
        let found = json!({
            "from": 0, "until": 1, "days": [day], "sample": 10, "duration": spread, "broken": 2,
            "jobs": [{ "repo": "web", "job": "unit\u{1b}[2J", "success": 9, "failure": 1, "retried": 2, "total": 1, "duration": spread }],
            "flakyTests": [{ "repo": "web", "job": "unit", "class": "cart", "test": "adds", "count": 3, "build": 7 }],
        });
        let found: Statistics = serde_json::from_value(found).expect("statistics");
        assert_eq!(
            drawn(&found, true, Style::PLAIN),
            "\
11 builds in 1 days: 8 passed, 80%, 2 failed
Took 1m30s at half of them, up to 1h01m at 19 of 20
Branches that fail now: 2
All but the counts is drawn from the newest 10 builds

JOB       RUNS  FAILED  RETRIED  HALF   19 OF 20
web/unit  10    10.0%   2        1m30s  1h01m

FLAKY TEST  JOB       TIMES  LAST
cart adds   web/unit  3      web/7
"
        );
    }
}
