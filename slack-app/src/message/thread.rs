//! What stands in the thread of a message: only what would be too much in the channel.

use monkeyci_client::model::BuildStatus;
use monkeyci_grammar::Thread;

use super::block::{Button, actions, preformatted, section};
use super::text::{code, line, plain};
use super::{Message, Reply, View};

/// Jobs whose logs are told.
const JOBS: usize = 3;

impl View<'_> {
    pub(super) fn thread_replies(&self) -> Vec<Reply> {
        if self.thread == Thread::Off {
            return Vec::new();
        }
        let mut replies: Vec<Reply> =
            self.story.failed().take(JOBS).filter_map(|job| self.log_reply(job.id.as_str())).collect();
        let is_over = self.story.status.is_terminal() && self.story.status != BuildStatus::Success;
        if self.thread == Thread::Always && (is_over || self.story.status == BuildStatus::Success) {
            let id = &self.story.id;
            let text = format!("#{} ended: {}", id.number, self.story.status);
            let words = self.job_line(super::ladder::Length::Full).unwrap_or_else(|| text.clone());
            replies.push(Reply { key: format!("{}:end", id.number), message: Message::said(&text, &words) });
        }
        replies
    }

    /// The end of the log of a job, with the tests that failed.
    fn log_reply(&self, job: &str) -> Option<Reply> {
        let story = self.story.job(job)?;
        let excerpt = self.excerpts.get(job)?;
        let number = self.story.id.number;
        let mut head = format!("*{}*", line(job, 40));
        if let Some(failure) = &story.failure {
            if let Some(step) = &failure.line {
                head += &format!(" · step {}", code(step, 60));
            }
            if let Some(exit) = failure.exit {
                head += &format!(" · exit {exit}");
            }
        }
        if excerpt.shown > 0 {
            let of = excerpt.of.map(|of| format!(" of {of}")).unwrap_or_default();
            head += &format!(" · last {}{of} lines (secrets masked)", excerpt.shown);
        }
        let mut blocks = vec![section(&head)];
        if let Some(failure) = story.failure.as_ref().filter(|failure| !failure.tests.is_empty()) {
            let mut tests: Vec<String> = failure.tests.iter().map(|test| format!("• {}", code(test, 150))).collect();
            if failure.more > 0 {
                tests.push(format!("and {} more", failure.more));
            }
            blocks.push(section(&tests.join("\n")));
        }
        if !excerpt.tail.is_empty() {
            blocks.push(preformatted(&excerpt.tail));
        }
        let open =
            Button { label: "Full log", action: "build.open", url: Some(self.job_page(job)), ..Button::default() };
        blocks.push(actions(&format!("build:{number}:tail:{job}"), vec![open.json()]));
        let text = plain(&format!("Last {} lines of {job} (build #{number})", excerpt.shown), 150);
        Some(Reply { key: format!("{number}:{job}:{}", story.attempt), message: Message { text, blocks } })
    }
}
