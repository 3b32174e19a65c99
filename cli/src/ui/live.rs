//! On a terminal: a line for each running job that is drawn again and again, finished jobs scrolled above.

use std::io::Write;

use console::{Term, truncate_str};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use monkeyci_core::log::LogId;
use monkeyci_core::model::{Event, EventKind, JobId, JobStatus, Millis};
use monkeyci_core::program::Step;

use super::escape::{Colours, neutral};
use super::output::Output;
use super::plain::lines_of;
use super::progress::{JobProgress, Progress, ScriptProgress};
use super::style::{Style, Tone};
use super::summary::{self, Place};
use super::{View, duration, sentence};

/// Draws a build.
pub struct Live {
    bars: MultiProgress,
    lines: Vec<ProgressBar>,
    term: Term,
    style: Style,
    /// All that this job writes is shown, above the lines.
    followed: Option<JobId>,
}

/// Pictures a second: enough for seconds with tenths, few enough for a slow connection.
const HERTZ: u8 = 12;

/// The widest column of job ids.
const ID_WIDTH: usize = 30;

impl Live {
    /// Draws on a terminal.
    pub fn new(term: Term, style: Style) -> Self {
        let bars = MultiProgress::with_draw_target(ProgressDrawTarget::term(term.clone(), HERTZ));
        Self { bars, lines: Vec::new(), term, style, followed: None }
    }

    /// Shows all that a job writes, and not only its last line.
    #[must_use]
    pub fn following(self, job: Option<JobId>) -> Self {
        Self { followed: job, ..self }
    }

    fn above(&self, text: &str) {
        let _gone = self.bars.println(text);
    }

    fn draw(&mut self, picture: &[String]) {
        while self.lines.len() > picture.len() {
            if let Some(bar) = self.lines.pop() {
                bar.finish_and_clear();
                self.bars.remove(&bar);
            }
        }
        while self.lines.len() < picture.len() {
            let plain = ProgressStyle::with_template("{msg}").expect("the template is a constant");
            self.lines.push(self.bars.add(ProgressBar::new_spinner().with_style(plain)));
        }
        for (bar, line) in self.lines.iter().zip(picture) {
            bar.set_message(line.clone());
        }
    }
}

impl View for Live {
    fn event(&mut self, progress: &Progress, event: &Event) {
        match &event.kind {
            EventKind::BuildTriggered { .. } => {
                self.above(&self.style.paint(Tone::Strong, &format!("Build {}", event.subject)));
            }
            EventKind::ScriptStart { warnings, tests, .. } => {
                if let Some(tests) = tests {
                    self.above(&self.style.paint(Tone::Good, &sentence::script_tests(*tests)));
                }
                for warning in warnings {
                    let warning = format!("warning: {}", neutral(warning, Colours::Strip));
                    self.above(&self.style.paint(Tone::Waiting, &warning));
                }
            }
            EventKind::JobSkipped { job_id, .. } | EventKind::JobEnd { job_id, .. } => {
                if let Some(job) = progress.job(job_id) {
                    self.above(&summary::job_line(job, progress, id_width(progress), self.style));
                }
            }
            EventKind::JobExecuted { job_id, result, .. } => {
                for warning in &result.warnings {
                    let warning = format!("! {job_id}: {}", neutral(warning, Colours::Strip));
                    self.above(&self.style.paint(Tone::Waiting, &warning));
                }
            }
            _ => {}
        }
    }

    fn output(&mut self, progress: &Progress, job: &JobId, attempt: u32, output: &Output) {
        if self.followed.as_ref() == Some(job) {
            return lines_of(progress, job, output, self.style).iter().for_each(|line| self.above(line));
        }
        // What cargo prints is shown while it does so, what the script itself prints stays.
        if let Output::Line(_, text) = output
            && attempt == LogId::SCRIPT
            && progress.script_step() == Some(Step::Plan)
        {
            let colours = if self.style.is_coloured() { Colours::Keep } else { Colours::Strip };
            self.above(&format!("{} {}", self.style.paint(Tone::Quiet, &format!("[{job}]")), neutral(text, colours)));
        }
    }

    fn tick(&mut self, progress: &Progress, now: Millis) {
        let (height, width) = self.term.size();
        let picture = picture(progress, now, usize::from(width), usize::from(height), self.style);
        self.draw(&picture);
    }

    fn note(&mut self, text: &str) {
        self.above(&self.style.paint(Tone::Waiting, text));
    }

    fn leave(&mut self) {
        self.draw(&[]);
        let _gone = self.bars.clear();
    }

    fn end(&mut self, progress: &Progress, place: &Place) {
        self.leave();
        let _gone = writeln!(self.term);
        for line in summary::beneath_jobs(progress, place, self.style) {
            let _gone = writeln!(self.term, "{line}");
        }
    }
}

fn id_width(progress: &Progress) -> usize {
    progress.jobs().iter().map(|job| job.job.id.as_str().len()).max().unwrap_or(0).min(ID_WIDTH)
}

/// The lines at the bottom of a terminal of this size, at `now`.
pub fn picture(progress: &Progress, now: Millis, width: usize, height: usize, style: Style) -> Vec<String> {
    // The last column stays free: a terminal may break a line that fills it.
    let width = width.saturating_sub(1);
    let room = height.saturating_sub(3).max(1);
    let ids = id_width(progress);
    if let Some(script) = progress.script.as_ref().filter(|script| script.step.is_some() || !script.line.is_empty()) {
        return vec![fit(&script_line(script, now, style), width)];
    }
    let running: Vec<_> = progress.active().collect();
    let shown = if running.len() > room { room - 1 } else { running.len() };
    let mut lines: Vec<_> =
        running[..shown].iter().map(|job| fit(&running_line(job, now, ids, style), width)).collect();
    if running.len() > shown {
        lines.push(fit(&style.paint(Tone::Quiet, &format!("  and {} more", running.len() - shown)), width));
    }
    if !progress.status.is_terminal() {
        lines.push(fit(&style.paint(Tone::Quiet, &state_line(progress, now)), width));
    }
    lines
}

fn running_line(job: &JobProgress, now: Millis, ids: usize, style: Style) -> String {
    let sign = style.paint(Tone::Busy, spinner(now));
    let took = duration::short(job.elapsed(now).unwrap_or(0));
    let line = match (job.tail.back(), job.command) {
        _ if job.status == JobStatus::Initializing => "prepares".into(),
        (Some(line), _) => line.clone(),
        (None, Some(index)) => {
            job.line(index).map(|line| format!("$ {}", line.replace('\n', "; "))).unwrap_or_default()
        }
        (None, None) => String::new(),
    };
    let line = neutral(&line, Colours::Strip).replace('\t', " ");
    let attempt = if job.attempt > 1 { format!("  attempt {}", job.attempt) } else { String::new() };
    let id = truncate_str(job.job.id.as_str(), ids, "…");
    format!("{sign} {id:<ids$} {took:>7}{attempt}  {}", style.paint(Tone::Quiet, line.trim()))
}

fn script_line(script: &ScriptProgress, now: Millis, style: Style) -> String {
    let sign = style.paint(Tone::Busy, spinner(now));
    let took = duration::short(now - script.started);
    let does = match script.step {
        None => "waiting…",
        Some(Step::Compile) => "compiling…",
        Some(Step::Test) => "testing…",
        Some(Step::Plan) => "planning…",
    };
    let line = neutral(&script.line, Colours::Strip).replace('\t', " ");
    format!("{sign} script  {does} {took:>7}  {}", style.paint(Tone::Quiet, line.trim()))
}

fn spinner(now: Millis) -> &'static str {
    const TURNS: [&str; 10] = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
    TURNS[usize::try_from(now.max(0) / 100).unwrap_or(0) % TURNS.len()]
}

fn state_line(progress: &Progress, now: Millis) -> String {
    let took = progress.started.map(|start| duration::short(now - start)).unwrap_or_default();
    if progress.jobs().is_empty() {
        return format!("  {} {took}", progress.status);
    }
    let done: usize =
        [JobStatus::Success, JobStatus::Failure, JobStatus::Error, JobStatus::Skipped, JobStatus::Canceled]
            .into_iter()
            .map(|status| progress.count(status))
            .sum();
    let mut text = format!("  {done} of {} done {took}", progress.jobs().len());
    let waiting = progress.count(JobStatus::Pending) + progress.count(JobStatus::Queued);
    if waiting > 0 {
        text.push_str(&format!(", {waiting} waiting"));
    }
    let blocked: Vec<_> = progress
        .jobs()
        .iter()
        .filter(|job| job.status == JobStatus::Blocked)
        .take(3)
        .map(|job| job.job.id.as_str())
        .collect();
    if !blocked.is_empty() {
        text.push_str(&format!(", waiting for approval: {}", blocked.join(", ")));
    }
    text
}

fn fit(line: &str, width: usize) -> String {
    truncate_str(line, width, "…").into_owned()
}

#[cfg(test)]
mod tests {
    use super::super::output::Stream;
    use super::super::recorded;
    use super::*;

    const NOW: Millis = 1_700_000_003_200;

    #[test]
    fn a_running_job_has_a_line_with_its_time_and_its_last_output() {
        let lines = picture(&recorded::running(), NOW, 60, 24, Style::PLAIN);
        insta::assert_snapshot!(lines.join("\n"));
    }

    #[test]
    fn a_script_that_is_loaded_has_a_line_with_what_is_done_and_said_last() {
        let mut progress = Progress::default();
        for event in recorded::begin().iter().take(4) {
            progress.event(event);
        }
        let before = picture(&progress, NOW, 60, 24, Style::PLAIN);
        assert_eq!(before, ["  initializing 3.2s"]);
        let script = LogId::script(progress.id.as_ref().expect("known"));
        let mut hear = |output| progress.output(&script.job, script.attempt, &output);
        hear(Output::CommandStart(Step::Compile.index()));
        hear(Output::Line(Stream::Stderr, "   Compiling serde v1.0.0".into()));
        hear(Output::Line(Stream::Stderr, String::new()));
        let lines = picture(&progress, NOW, 60, 24, Style::PLAIN);
        assert_eq!(lines, ["⠹ script  compiling…    3.2s  Compiling serde v1.0.0"]);
    }

    #[test]
    fn a_narrow_terminal_breaks_no_line_and_a_low_one_is_not_filled() {
        for width in 2..60 {
            for line in picture(&recorded::running(), NOW, width, 24, Style::COLOURED) {
                assert!(console::measure_text_width(&line) <= width.saturating_sub(1), "{line:?} in {width}");
            }
        }
        assert_eq!(picture(&recorded::running(), NOW, 60, 4, Style::PLAIN).len(), 2);
    }
}
