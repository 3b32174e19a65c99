//! What stands in the thread of a message: only what would be too much in the channel.

use monkeyci_client::model::BuildStatus;
use monkeyci_grammar::Thread;

use super::block::{Button, actions, preformatted, section};
use super::text::{code, line, plain};
use super::{Message, Reply, Said, View};

/// Jobs whose logs are told.
const JOBS: usize = 3;

impl View<'_> {
    pub(super) fn thread_replies(&self) -> Vec<Reply> {
        if self.thread == Thread::Off {
            return Vec::new();
        }
        let several = self.story.failed().nth(1).is_some();
        let mut replies: Vec<Reply> =
            self.story.failed().take(JOBS).flat_map(|job| self.log_replies(job.id.as_str(), several)).collect();
        let is_over = self.story.status.is_terminal() && self.story.status != BuildStatus::Success;
        if self.thread == Thread::Always && (is_over || self.story.status == BuildStatus::Success) {
            let id = &self.story.id;
            let text = format!("#{} ended: {}", id.number, self.story.status);
            let words = self.job_line(super::ladder::Length::Full).unwrap_or_else(|| text.clone());
            replies.push(Reply { key: format!("{}:end", id.number), said: Said::Words(Message::said(&text, &words)) });
        }
        replies
    }

    /// The end of the log of a job, with the tests that failed; and as a file where it is too long for a message.
    fn log_replies(&self, job: &str, several: bool) -> Vec<Reply> {
        let (Some(story), Some(excerpt)) = (self.story.job(job), self.excerpts.get(job)) else { return Vec::new() };
        let last = excerpt.last(self.lines);
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
        if last.shown > 0 {
            let of = excerpt.of.map(|of| format!(" of {of}")).unwrap_or_default();
            head += &format!(" · last {}{of} lines (secrets masked)", last.shown);
        }
        let mut blocks = vec![section(&head)];
        if let Some(failure) = story.failure.as_ref().filter(|failure| !failure.tests.is_empty()) {
            let mut tests: Vec<String> = failure.tests.iter().map(|test| format!("• {}", code(test, 150))).collect();
            if failure.more > 0 {
                tests.push(format!("and {} more", failure.more));
            }
            blocks.push(section(&tests.join("\n")));
        }
        if !last.lines.is_empty() {
            blocks.push(preformatted(&last.lines));
        }
        let open =
            Button { label: "Full log", action: "build.open", url: Some(self.job_page(job)), ..Button::default() };
        let mut buttons = vec![open.json()];
        // Where it alone has failed, the message itself says that.
        if several && self.story.status.is_terminal() {
            let id = &self.story.id;
            let value = format!("v1:{}/{}/{number}/{job}", id.org, id.repo);
            let retry =
                Button { label: "Retry this job", action: "build.retry_job", value: Some(value), ..Button::default() };
            buttons.push(retry.json());
        }
        blocks.push(actions(&format!("build:{number}:tail:{job}"), buttons));
        let text = plain(&format!("Last {} lines of {job} (build #{number})", last.shown), 150);
        let key = format!("{number}:{job}:{}", story.attempt);
        let mut replies = vec![Reply { key: key.clone(), said: Said::Words(Message { text, blocks }) }];
        if last.is_cut {
            let name = format!("{job}-{number}-{}.log", story.attempt);
            replies.push(Reply { key: format!("{key}:file"), said: Said::File { name, content: excerpt.end.clone() } });
        }
        replies
    }
}
