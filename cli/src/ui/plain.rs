//! For a pipe, a file, a terminal that can do little: plain lines, those of jobs with `[job]` before them.

use std::borrow::Cow;
use std::io::Write;

use monkeyci_core::log::LogId;
use monkeyci_core::model::{Event, EventKind, JobId, JobStatus};
use monkeyci_core::program::Step;

use super::duration;
use super::escape::{Colours, neutral};
use super::output::{Output, Stream};
use super::progress::Progress;
use super::style::{Style, Tone};
use super::summary::{self, Place};
use super::{View, sentence};

/// Characters of a script's line that are shown: several of a terminal's, and far from the megabytes that it may have.
const COMMAND_CHARS: usize = 1000;

/// How much is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// Every line of every job.
    All,
    /// What went wrong, and how it ended.
    Quiet,
}

/// Writes plain lines.
pub struct Plain<W> {
    to: W,
    style: Style,
    detail: Detail,
}

impl<W: Write> Plain<W> {
    /// Writes to `to`.
    pub fn new(to: W, style: Style, detail: Detail) -> Self {
        Self { to, style, detail }
    }

    /// A reader that went away ends neither the build nor its exit code: what cannot be written is not.
    fn line(&mut self, text: &str) {
        let _gone = writeln!(self.to, "{text}");
    }

    fn job_line(&mut self, job: &JobId, text: &str) {
        let prefix = self.style.paint(Tone::Quiet, &format!("[{job}]"));
        let _gone = writeln!(self.to, "{prefix} {text}");
    }

    fn job_ended(&mut self, progress: &Progress, id: &JobId) {
        let Some(job) = progress.job(id) else { return };
        let (_, tone) = sentence::sign(job);
        if matches!(job.status, JobStatus::Skipped | JobStatus::Canceled) {
            let outcome = sentence::outcome(job).unwrap_or_default();
            return self.job_line(id, &self.style.paint(tone, &outcome));
        }
        let mut text = job.status.to_string();
        if let Some(took) = job.elapsed(progress.now) {
            text.push_str(&format!(" after {}", duration::short(took)));
        }
        let text = self.style.paint(tone, &text);
        match sentence::outcome(job) {
            Some(outcome) => self.job_line(id, &format!("{text}: {outcome}")),
            None => self.job_line(id, &text),
        }
    }
}

impl<W: Write> View for Plain<W> {
    fn event(&mut self, progress: &Progress, event: &Event) {
        if self.detail == Detail::Quiet {
            return;
        }
        match &event.kind {
            EventKind::BuildTriggered { .. } => self.line(&format!("Build {}", event.subject)),
            EventKind::ScriptStart { jobs, warnings, tests, pipeline } => {
                if let Some(pipeline) = pipeline {
                    self.line(&format!("Pipeline {}, as the server has it", neutral(pipeline, Colours::Strip)));
                }
                if let Some(tests) = tests {
                    self.line(&sentence::script_tests(*tests));
                }
                for warning in warnings {
                    self.line(&format!("warning: {}", neutral(warning, Colours::Strip)));
                }
                let count = jobs.len() as u64;
                self.line(&format!("{count} job{} to run", sentence::plural(count)));
            }
            EventKind::JobTaken { job_id, from, .. } => {
                self.job_line(job_id, &format!("is taken over from {from}, where it ended well"));
            }
            EventKind::JobQueued { job_id, attempt } if *attempt > 1 => {
                self.job_line(job_id, &format!("starts again, attempt {attempt}"));
            }
            EventKind::JobBlocked { job_id } => {
                self.job_line(job_id, "waits for approval");
            }
            EventKind::JobUnblocked { job_id, .. } => self.job_line(job_id, "approved"),
            EventKind::JobHeld { job_id, .. } => {
                self.job_line(job_id, "did not end well, and is held for who wants a shell");
            }
            EventKind::ShellStart { job_id, actor, .. } => {
                self.job_line(job_id, &format!("{} has opened a shell", neutral(actor, Colours::Strip)));
            }
            EventKind::ShellEnd { job_id, actor, .. } => {
                self.job_line(job_id, &format!("the shell of {} is over", neutral(actor, Colours::Strip)));
            }
            // A skipped job has no end of its own beside this.
            EventKind::JobSkipped { job_id, .. } | EventKind::JobEnd { job_id, .. } => self.job_ended(progress, job_id),
            EventKind::JobExecuted { job_id, result, .. } => {
                for warning in &result.warnings {
                    self.job_line(job_id, &format!("warning: {}", neutral(warning, Colours::Strip)));
                }
            }
            _ => {}
        }
    }

    fn output(&mut self, progress: &Progress, job: &JobId, attempt: u32, output: &Output) {
        let is_script = attempt == LogId::SCRIPT;
        // Tests that pass are counted at their end, and what those print that fail is in the message of the build.
        let is_of_test = is_script && progress.script_step() == Some(Step::Test);
        if self.detail == Detail::Quiet || (is_of_test && matches!(output, Output::Line(Stream::Stdout, _))) {
            return;
        }
        for line in lines_of(progress, job, output, self.style) {
            self.job_line(job, &line);
        }
    }

    fn note(&mut self, text: &str) {
        self.line(text);
        let _gone = self.to.flush();
    }

    fn tick(&mut self, _progress: &Progress, _now: i64) {
        let _gone = self.to.flush();
    }

    fn leave(&mut self) {
        let _gone = self.to.flush();
    }

    fn end(&mut self, progress: &Progress, place: &Place) {
        let lines = match self.detail {
            Detail::All => summary::lines(progress, place, self.style),
            Detail::Quiet => summary::quiet(progress, place, self.style),
        };
        for line in lines {
            self.line(&line);
        }
        let _gone = self.to.flush();
    }
}

/// What a job wrote, as lines of a terminal.
pub fn lines_of(progress: &Progress, job: &JobId, output: &Output, style: Style) -> Vec<String> {
    match output {
        Output::CommandStart(index) => {
            let command = progress.job(job).and_then(|job| job.line(*index)).unwrap_or_default();
            let shown = command.lines().map(|line| format!("$ {}", cut(&neutral(line, Colours::Strip))));
            shown.map(|line| style.paint(Tone::Strong, &line)).collect()
        }
        Output::CommandEnd(..) => Vec::new(),
        Output::Line(_, text) => {
            let colours = if style.is_coloured() { Colours::Keep } else { Colours::Strip };
            vec![neutral(text, colours).into_owned()]
        }
    }
}

/// A line of a script as far as it is shown; what the job prints is shown whole.
fn cut(line: &str) -> Cow<'_, str> {
    match line.char_indices().nth(COMMAND_CHARS) {
        Some((end, _)) => Cow::Owned(format!("{} …", &line[..end])),
        None => Cow::Borrowed(line),
    }
}

#[cfg(test)]
mod tests {
    use super::super::recorded;
    use super::*;

    fn show(style: Style, detail: Detail) -> String {
        let mut shown = Vec::new();
        let mut view = Plain::new(&mut shown, style, detail);
        let mut progress = Progress::default();
        for event in recorded::begin() {
            progress.event(&event);
            view.event(&progress, &event);
        }
        for (job, output) in recorded::outputs() {
            let job = job.parse().expect("an id");
            progress.output(&job, 1, &output);
            view.output(&progress, &job, 1, &output);
        }
        for event in recorded::failed_end() {
            progress.event(&event);
            view.event(&progress, &event);
        }
        view.end(&progress, &Place { folder: Some("/home/me/logs".into()), ..Place::default() });
        String::from_utf8(shown).expect("text")
    }

    #[test]
    fn a_pipe_gets_plain_lines() {
        insta::assert_snapshot!(show(Style::PLAIN, Detail::All));
    }

    #[test]
    fn of_a_line_of_megabytes_the_beginning_is_shown() {
        let line = "é".repeat(3_000_000);
        assert_eq!(cut(&line), format!("{} …", "é".repeat(COMMAND_CHARS)));
        assert_eq!(cut("make test"), "make test");
    }

    #[test]
    fn quiet_tells_what_went_wrong() {
        insta::assert_snapshot!(show(Style::PLAIN, Detail::Quiet));
    }

    #[test]
    fn of_what_a_job_prints_only_colours_reach_a_terminal() {
        let shown = show(Style::COLOURED, Detail::All);
        assert!(shown.contains("\u{1b}[31merror\u{1b}[0m") && !shown.contains("evil"), "{shown:?}");
    }
}
