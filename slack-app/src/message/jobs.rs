//! The jobs of a build, in a line or one below the other.

use monkeyci_client::model::JobStatus;
use serde_json::Value;

use super::ladder::Length;
use super::text::{line, plain, took};
use super::{JobStory, View, block};

/// Jobs that are named in a line.
const NAMED: usize = 12;

/// Jobs that stand below each other.
const TASKS: usize = 50;

/// Characters of a job's name.
const NAME: usize = 40;

/// The sign of a job.
pub(super) fn sign(job: &JobStory) -> &'static str {
    match job.status {
        JobStatus::Success => ":white_check_mark:",
        JobStatus::Failure | JobStatus::Error if job.allowed => ":warning:",
        JobStatus::Failure | JobStatus::Error => ":x:",
        JobStatus::Initializing | JobStatus::Running => ":large_blue_circle:",
        JobStatus::Blocked => ":raised_hand:",
        JobStatus::Canceled => ":no_entry_sign:",
        JobStatus::Skipped => ":fast_forward:",
        JobStatus::Pending | JobStatus::Queued => ":white_circle:",
    }
}

fn status(job: &JobStory) -> &'static str {
    match job.status {
        JobStatus::Success | JobStatus::Skipped => "complete",
        JobStatus::Failure | JobStatus::Error if job.allowed => "complete",
        JobStatus::Failure | JobStatus::Error | JobStatus::Canceled => "error",
        JobStatus::Initializing | JobStatus::Running => "in_progress",
        _ => "pending",
    }
}

impl View<'_> {
    /// The jobs in a line, each with how it stands.
    pub(super) fn job_line(&self, length: Length) -> Option<String> {
        let story = self.story;
        if story.jobs.is_empty() {
            return None;
        }
        if length >= Length::Counted {
            return Some(format!("{} of {} jobs done", story.done(), story.jobs.len()));
        }
        let named = |job: &JobStory| {
            let took =
                job.ended.and(job.ran(story.time)).map(|millis| format!(" {}", took(millis))).unwrap_or_default();
            format!("{} {}{took}", sign(job), line(job.id.as_str(), NAME))
        };
        // What people look for stands first where not all do.
        let mut jobs: Vec<&JobStory> = story.jobs.iter().collect();
        if jobs.len() > NAMED {
            jobs.sort_by_key(|job| match job.status {
                JobStatus::Failure | JobStatus::Error => 0,
                JobStatus::Blocked => 1,
                JobStatus::Running | JobStatus::Initializing => 2,
                status if status.is_terminal() => 4,
                _ => 3,
            });
        }
        let mut pieces: Vec<String> = jobs.iter().take(NAMED).map(|job| named(job)).collect();
        if jobs.len() > NAMED {
            pieces.push(format!("and {} more", jobs.len() - NAMED));
        }
        Some(pieces.join("   "))
    }

    /// The jobs one below the other, where there are few enough.
    pub(super) fn job_plan(&self) -> Option<Value> {
        let story = self.story;
        if story.jobs.is_empty() || story.jobs.len() > TASKS {
            return None;
        }
        let task = |job: &JobStory| {
            let note = match (job.status, job.ran(story.time)) {
                (JobStatus::Blocked, _) => " (needs approval)".into(),
                (JobStatus::Skipped, _) => " (skipped)".into(),
                (_, Some(millis)) => format!(" · {}", took(millis)),
                _ => String::new(),
            };
            (job.id.to_string(), format!("{}{note}", plain(job.id.as_str(), NAME)), status(job))
        };
        let tasks: Vec<_> = story.jobs.iter().map(task).collect();
        Some(block::plan(&format!("{} of {} jobs done", story.done(), story.jobs.len()), &tasks))
    }
}
