//! The graph as an SVG picture that suits light and dark pages.

use std::fmt::Write as _;

use console::{measure_text_width, truncate_str};
use monkeyci_core::model::Job;

use super::layout::{Layout, layout};
use super::{edges, marks, place};
use crate::xml::escaped;

/// Height of a job's box, in pixels; the second line stands below its id.
const HEIGHT: f64 = 48.0;
/// From one row to the next.
const ROW: f64 = 68.0;
/// Between the boxes of two columns.
const GAP: f64 = 64.0;
/// Around the picture.
const MARGIN: f64 = 16.0;
/// Width of a character; of the ids, in a monospaced font of 13 pixels.
const CHARACTER: f64 = 8.0;
/// The longest text in a box, in characters.
const LONGEST: usize = 36;

const STYLE: &str = "\
svg{color-scheme:light dark;--ink:#1f2328;--soft:#59636e;--line:#9aa4af;--box:#ffffff;--edge:#d1d9e0;--wait:#9a6700}
@media(prefers-color-scheme:dark){svg{--ink:#f0f6fc;--soft:#9198a1;--line:#656c76;--box:#151b23;--edge:#3d444d;--wait:#d29922}}
text{font:13px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;fill:var(--ink)}
.place{font-size:11px;fill:var(--soft)}
rect{fill:var(--box);stroke:var(--edge);stroke-width:1.5}
.blocked rect{stroke:var(--wait)}
.may-fail rect{stroke-dasharray:5 4}
path{fill:none;stroke:var(--line);stroke-width:1.5}
marker path{fill:var(--line);stroke:none}
";

/// The picture of `jobs`.
pub fn draw(jobs: &[Job]) -> String {
    let layout = layout(jobs.len(), &edges(jobs));
    let boxes = Boxes::new(jobs, &layout);
    let (width, height) = boxes.size(&layout);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" \
         height=\"{height:.0}\" role=\"img\" aria-label=\"{} jobs\">\n<style>{STYLE}</style>\n\
         <defs><marker id=\"tip\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" \
         orient=\"auto\"><path d=\"M0 0 8 4 0 8z\"/></marker></defs>\n",
        jobs.len()
    );
    for path in &layout.paths {
        boxes.edge(path, &mut svg);
    }
    for (at, job) in jobs.iter().enumerate() {
        boxes.job(job, layout.columns[at], layout.rows[at], &mut svg);
    }
    svg.push_str("</svg>\n");
    svg
}

/// Where each column begins, and how wide it is.
struct Boxes {
    columns: Vec<(f64, f64)>,
}

impl Boxes {
    fn new(jobs: &[Job], layout: &Layout) -> Self {
        let mut widths = vec![0_usize; layout.columns.iter().max().map_or(0, |last| last + 1)];
        for (job, column) in jobs.iter().zip(&layout.columns) {
            let text = measure_text_width(job.id.as_str()).max(measure_text_width(&second_line(job)) * 7 / 8 + 1);
            widths[*column] = widths[*column].max(text.clamp(8, LONGEST));
        }
        let mut x = MARGIN;
        let column = |characters: usize| {
            let characters = u32::try_from(characters).expect("at most the longest text");
            let width = f64::from(characters) * CHARACTER + 24.0;
            let left = x;
            x += width + GAP;
            (left, width)
        };
        Self { columns: widths.into_iter().map(column).collect() }
    }

    fn size(&self, layout: &Layout) -> (f64, f64) {
        let width = self.columns.last().map_or(0.0, |(left, width)| left + width) + MARGIN;
        let bends = layout.paths.iter().flatten().map(|(_, row)| *row);
        let last = layout.rows.iter().copied().chain(bends).fold(0.0, f64::max);
        (width.max(2.0 * MARGIN), last * ROW + HEIGHT + 2.0 * MARGIN)
    }

    fn edge(&self, path: &[(usize, f64)], svg: &mut String) {
        let Some(((first, row), rest)) = path.split_first().filter(|(_, rest)| !rest.is_empty()) else { return };
        let (left, width) = self.columns[*first];
        let (mut x, mut y) = (left + width, middle(*row));
        let mut line = format!("M{x:.1} {y:.1}");
        for (at, (column, row)) in rest.iter().enumerate() {
            let (left, width) = self.columns[*column];
            let (next_x, next_y) = (left, middle(*row));
            let half = f64::midpoint(x, next_x);
            let _ = write!(line, " C{half:.1} {y:.1} {half:.1} {next_y:.1} {next_x:.1} {next_y:.1}");
            (x, y) = (next_x, next_y);
            if at + 1 < rest.len() {
                x = left + width;
                let _ = write!(line, " H{x:.1}");
            }
        }
        let _ = writeln!(svg, "<path d=\"{line}\" marker-end=\"url(#tip)\"/>");
    }

    fn job(&self, job: &Job, column: usize, row: f64, svg: &mut String) {
        let (x, width) = self.columns[column];
        let y = middle(row) - HEIGHT / 2.0;
        let mut classes = Vec::from(["job"]);
        if job.blocked {
            classes.push("blocked");
        }
        if job.allow_failure {
            classes.push("may-fail");
        }
        let lines: Vec<_> = job.script.iter().chain(&job.command).map(ToString::to_string).collect();
        let _ = writeln!(
            svg,
            "<g class=\"{}\"><title>{}</title><rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{HEIGHT}\" \
             rx=\"8\"/><text x=\"{:.1}\" y=\"{:.1}\">{}</text><text class=\"place\" x=\"{:.1}\" y=\"{:.1}\">{}</text></g>",
            classes.join(" "),
            escaped(&lines.join("\n")),
            x + 12.0,
            y + 20.0,
            escaped(&truncate_str(job.id.as_str(), LONGEST, "…")),
            x + 12.0,
            y + 37.0,
            escaped(&truncate_str(&second_line(job), LONGEST * 8 / 7, "…")),
        );
    }
}

fn middle(row: f64) -> f64 {
    MARGIN + HEIGHT / 2.0 + row * ROW
}

fn second_line(job: &Job) -> String {
    let mut text = place(job).to_owned();
    for mark in marks(job) {
        text.push_str(" · ");
        text.push_str(&mark);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::tests::jobs;
    use super::*;

    #[test]
    fn a_diamond_is_drawn() {
        insta::assert_snapshot!(draw(&jobs("build test:build lint:build deploy:test,lint,build")));
    }

    #[test]
    fn a_hostile_script_stays_text() {
        let mut jobs = jobs("a");
        jobs[0].image = Some("x\"/><script>alert(1)</script>\u{1b}".into());
        jobs[0].script = vec!["echo '</title><script>'".into()];
        let svg = draw(&jobs);
        assert!(!svg.contains("<script>") && !svg.contains('\u{1b}'), "{svg}");
    }

    #[test]
    fn no_jobs_are_a_picture_too() {
        assert!(draw(&[]).starts_with("<svg"));
    }
}
