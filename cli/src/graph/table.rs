//! The jobs as a table for people.

use monkeyci_core::model::{Job, JobId};

use super::{marks, place};
use crate::ui::style::Style;
use crate::ui::table;

/// A line for each of `jobs` below a head.
pub fn draw(jobs: &[Job], style: Style) -> String {
    let rows: Vec<[String; 4]> = jobs.iter().map(row).collect();
    table::draw(["JOB", "RUNS IN", "AFTER", ""], &rows, style)
}

fn row(job: &Job) -> [String; 4] {
    let after: Vec<_> = job.dependencies.iter().map(JobId::as_str).collect();
    let after = if after.is_empty() { "-".into() } else { after.join(", ") };
    [job.id.to_string(), place(job).to_owned(), after, marks(job).join(", ")]
}

#[cfg(test)]
mod tests {
    use super::super::tests::jobs;
    use super::*;

    #[test]
    fn a_table_lists_the_jobs() {
        let mut jobs = jobs("build unit-tests:build deploy:build,unit-tests");
        jobs[0].image = Some("docker.io/library/rust:1.95".into());
        jobs[2].blocked = true;
        assert_eq!(
            draw(&jobs, Style::PLAIN),
            "\
JOB         RUNS IN                      AFTER
build       docker.io/library/rust:1.95  -
unit-tests  process                      build
deploy      process                      build, unit-tests  needs approval
"
        );
    }
}
