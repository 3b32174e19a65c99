//! What may be done with a build where it is told of.

use monkeyci_client::model::BuildStatus;
use serde_json::Value;

use super::View;
use super::block::{Button, overflow};
use super::text::{line, plain};

/// Characters of a job's name.
const NAME: usize = 40;

impl View<'_> {
    /// What may be done.
    pub(super) fn buttons(&self) -> Vec<Value> {
        let (story, id) = (self.story, &self.story.id);
        let value = format!("v1:{}/{}/{}", id.org, id.repo, id.number);
        let open = Button {
            label: "Logs",
            action: "build.open",
            url: Some(match story.failed().next() {
                Some(job) => self.job_page(job.id.as_str()),
                None => self.page(id.number),
            }),
            ..Button::default()
        };
        let act = |label, action| Button { label, action, value: Some(value.clone()), ..Button::default() };
        let mut buttons = Vec::new();
        if story.status == BuildStatus::Success || self.red.is_some_and(|red| red.mended.is_some()) {
            return Vec::new();
        }
        if let (BuildStatus::Blocked | BuildStatus::Running, Some(job)) = (story.status, story.waiting().next()) {
            let of = format!("{value}/{}", job.id);
            let where_to = job.environment.as_deref().unwrap_or(job.id.as_str());
            let question = format!("You approve *{}* of {}.", line(job.id.as_str(), NAME), self.name());
            let title = format!("Go on with {}?", plain(where_to, 60));
            buttons.push(
                Button {
                    style: Some("primary"),
                    value: Some(of.clone()),
                    confirm: Some((title.as_str(), question, "Approve")),
                    ..act("Approve", "approval.approve")
                }
                .json(),
            );
            buttons.push(Button { style: Some("danger"), value: Some(of), ..act("Reject…", "approval.reject") }.json());
        }
        let more = |action: &str| format!("{action} {value}");
        let mut options = vec![
            ("Re-run with params…", more("rerun")),
            ("Mute this branch 24h", more("mute")),
            ("Why am I told?", more("why")),
        ];
        if self.is_open() {
            let title = format!("Cancel build #{}?", id.number);
            let running: Vec<String> = story
                .jobs
                .iter()
                .filter(|job| job.status.is_active())
                .take(5)
                .map(|job| format!("*{}*", line(job.id.as_str(), NAME)))
                .collect();
            let question = match running.len() {
                0 => "What waits will not run.".into(),
                1 => format!("The running job {} will be stopped.", running[0]),
                _ => format!("Running jobs {} will be stopped.", running.join(", ")),
            };
            buttons.push(
                Button {
                    style: Some("danger"),
                    confirm: Some((&title, question, "Cancel build")),
                    ..act("Cancel", "build.cancel")
                }
                .json(),
            );
            buttons.push(open.json());
        } else {
            buttons.push(Button { style: Some("primary"), ..act("Retry failed", "build.retry_failed") }.json());
            buttons.push(open.json());
            if self.claimed.is_none() && story.is_bad() {
                buttons.push(act("I'm on it", "build.claim").json());
            }
            options.insert(0, ("Retry all jobs", more("retry_all")));
        }
        buttons.push(overflow("build.more", &options));
        buttons
    }
}
