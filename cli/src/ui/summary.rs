//! What stands at the end: every job with its time, the last output of those that failed, and one sentence.

use std::path::PathBuf;

use monkeyci_core::model::{BuildStatus, JobStatus};

use super::duration;
use super::escape::{Colours, neutral};
use super::picture;
use super::progress::{JobProgress, Progress};
use super::sentence;
use super::style::{Style, Tone};

/// Where a build left its files, and how to come back to it.
#[derive(Debug, Clone, Default)]
pub struct Place {
    /// The folder of its logs and artifacts.
    pub folder: Option<PathBuf>,
    /// The command that goes on with it.
    pub resume: Option<String>,
    /// What would have gone better.
    pub hint: Option<&'static str>,
}

/// More jobs than this are not listed one by one: only those that did not end well.
const LISTED: usize = 50;

/// The whole summary.
pub fn lines(progress: &Progress, place: &Place, style: Style) -> Vec<String> {
    let mut lines = vec![String::new()];
    let width = progress.jobs().iter().map(|job| job.job.id.as_str().len()).max().unwrap_or(0).min(40);
    let few = progress.jobs().len() <= LISTED;
    let shown = progress.jobs().iter().filter(|job| few || !matches!(job.status, JobStatus::Success));
    lines.extend(shown.take(LISTED * 4).map(|job| job_line(job, progress, width, style)));
    if lines.len() > 1 {
        lines.push(String::new());
    }
    lines.extend(beneath_jobs(progress, place, style));
    lines
}

/// What is left to say where every job was told as it ended.
pub fn beneath_jobs(progress: &Progress, place: &Place, style: Style) -> Vec<String> {
    let mut lines = Vec::new();
    // Why each job failed stands in its line: only what it wrote is left to show.
    for job in progress.jobs().iter().filter(|job| job.is_bad() && !job.tail.is_empty()).take(LISTED) {
        lines.extend(failure(job, "the end of its output", style));
    }
    lines.extend(end(progress, place, style));
    lines
}

/// What went wrong, and how it ended.
pub fn quiet(progress: &Progress, place: &Place, style: Style) -> Vec<String> {
    let mut lines = Vec::new();
    for job in progress.jobs().iter().filter(|job| job.is_bad()).take(LISTED) {
        lines.extend(failure(job, &sentence::outcome(job).unwrap_or_default(), style));
    }
    lines.extend(end(progress, place, style));
    lines
}

/// How it ended, and where its files are.
fn end(progress: &Progress, place: &Place, style: Style) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(guarantee) = sentence::guarantee(progress) {
        lines.push(style.paint(Tone::Quiet, &format!("note: {guarantee}")));
    }
    let (text, tone) = sentence::build(progress);
    lines.push(style.paint(tone, &text));
    // The jobs that failed are the message already, but for those that only ended with a build that broke.
    let told = progress.jobs().iter().any(|job| job.is_bad() && job.result.is_some());
    let is_canceled = progress.status == BuildStatus::Canceled;
    if let Some(message) = progress.message.as_ref().filter(|_| !told && !is_canceled) {
        lines.extend(picture::coloured(message, style).lines().map(str::to_owned));
    }
    if let Some(hint) = place.hint {
        lines.push(format!("{} {hint}", style.paint(Tone::Busy, "hint:")));
    }
    if let Some(folder) = &place.folder {
        let text = format!("Logs and artifacts: {}", neutral(&folder.display().to_string(), Colours::Strip));
        lines.push(style.paint(Tone::Quiet, &text));
    }
    if let Some(resume) = &place.resume {
        lines.push(format!("To go on: {resume}"));
    }
    lines
}

/// A job in one line: its sign, its id, its time, how it ended.
pub fn job_line(job: &JobProgress, progress: &Progress, width: usize, style: Style) -> String {
    let (sign, tone) = sentence::sign(job);
    let took = job.elapsed(progress.now).map(duration::short).unwrap_or_default();
    let mut line = format!("{} {:<width$} {took:>7}", style.paint(tone, sign), job.job.id.as_str());
    if job.attempt > 1 {
        line.push_str(&format!("  attempt {}", job.attempt));
    }
    if let Some(outcome) = sentence::outcome(job) {
        let tone = if job.is_bad() { Tone::Bad } else { Tone::Quiet };
        line.push_str("  ");
        line.push_str(&style.paint(tone, &outcome));
    }
    line.truncate(line.trim_end().len());
    line
}

/// What is said of a job that failed, with the last lines that it wrote.
fn failure(job: &JobProgress, said: &str, style: Style) -> Vec<String> {
    let mut lines = Vec::new();
    let colours = if style.is_coloured() { Colours::Keep } else { Colours::Strip };
    lines.push(style.paint(Tone::Bad, &format!("{}: {said}", job.job.id)));
    lines.extend(job.tail.iter().map(|line| format!("  {} {}", style.paint(Tone::Quiet, "│"), neutral(line, colours))));
    lines.push(String::new());
    lines
}
