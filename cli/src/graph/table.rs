//! The jobs as a table for people.

use console::{measure_text_width, truncate_str};
use monkeyci_core::model::{Job, JobId};

use super::{marks, place};
use crate::ui::escape::{Colours, neutral};
use crate::ui::style::{Style, Tone};

/// The widest cell; what is longer is cut.
const WIDEST: usize = 60;

/// A line for each of `jobs` below a head.
pub fn draw(jobs: &[Job], style: Style) -> String {
    let head = ["JOB", "RUNS IN", "AFTER", ""].map(String::from);
    let rows: Vec<[String; 4]> = jobs.iter().map(row).collect();
    let mut widths = [0; 4];
    for row in std::iter::once(&head).chain(&rows) {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = measure_text_width(cell).max(*width);
        }
    }
    let mut text = style.paint(Tone::Quiet, line(&head, &widths).trim_end());
    text.push('\n');
    for row in &rows {
        text.push_str(line(row, &widths).trim_end());
        text.push('\n');
    }
    text
}

fn row(job: &Job) -> [String; 4] {
    let after: Vec<_> = job.dependencies.iter().map(JobId::as_str).collect();
    let after = if after.is_empty() { "-".into() } else { after.join(", ") };
    [job.id.to_string(), place(job).to_owned(), after, marks(job).join(", ")]
        .map(|cell| truncate_str(&neutral(&cell, Colours::Strip), WIDEST, "…").into_owned())
}

fn line(cells: &[String; 4], widths: &[usize; 4]) -> String {
    let padded = |(cell, width): (&String, &usize)| format!("{cell}{}", " ".repeat(width - measure_text_width(cell)));
    cells.iter().zip(widths).map(padded).collect::<Vec<_>>().join("  ")
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
