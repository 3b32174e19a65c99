//! What is said of a build: from its events to blocks of Slack. Pure, and the only place that words messages of builds.
//!
//! [`Story`] folds events. [`View`] is a story with what the channel knows beside it: how it is told, what people did with
//! the message, what the log says. [`View::message`] is the one live message of the build there, and [`View::thread`] what
//! stands below it. Both are a function of the view: told again, it is the same message.

pub mod block;
pub mod excerpt;
pub mod ladder;
pub mod story;
pub mod text;

mod jobs;
mod live;
mod thread;

use std::collections::BTreeMap;

use monkeyci_client::rest::Moment;
use monkeyci_grammar::{Style, Thread};
use serde_json::{Value, json};

pub use excerpt::Excerpt;
pub use story::{Decision, Failure, JobStory, Story};

/// A message as Slack has it.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// All of it in one line: for notifications and for those who hear it.
    pub text: String,
    /// What is seen.
    pub blocks: Vec<Value>,
}

/// What stands in the thread of a message. Each is said once; under the same key it is changed.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    /// What tells it from the others.
    pub key: String,
    /// What is said.
    pub message: Message,
}

/// A build, as a channel is told of it.
#[derive(Debug, Clone)]
pub struct View<'a> {
    /// The build.
    pub story: &'a Story,
    /// The address of the server's page.
    pub server: &'a str,
    /// What it was first told for.
    pub on: Moment,
    /// How it is drawn.
    pub style: Style,
    /// What is in its thread.
    pub thread: Thread,
    /// What the logs of its failed jobs say.
    pub excerpts: &'a BTreeMap<String, Excerpt>,
    /// Since when its ref has been broken, and by how many builds.
    pub red: Option<Red>,
    /// Who is at it.
    pub claimed: Option<&'a str>,
    /// What people did by the message.
    pub notes: &'a [String],
    /// Who is called, as Slack names them.
    pub author: Option<&'a str>,
}

/// How long a ref has been broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Red {
    /// The build that broke it.
    pub first: u64,
    /// How many builds failed since then, with it.
    pub builds: u64,
    /// When it ended.
    pub since: i64,
    /// The build that mended it, and when.
    pub mended: Option<(u64, i64)>,
}

impl View<'_> {
    /// The live message of the build.
    #[must_use]
    pub fn message(&self) -> Message {
        ladder::shortest(|length| self.live(length))
    }

    /// What stands in its thread.
    #[must_use]
    pub fn replies(&self) -> Vec<Reply> {
        self.thread_replies()
    }

    /// The page of a build of this repository.
    pub(crate) fn page(&self, number: u64) -> String {
        let id = &self.story.id;
        format!("{}/o/{}/r/{}/b/{number}", self.server, id.org, id.repo)
    }

    /// The page of a job.
    pub(crate) fn job_page(&self, job: &str) -> String {
        format!("{}/j/{job}", self.page(self.story.id.number))
    }
}

impl Message {
    /// A message of one paragraph.
    #[must_use]
    pub fn said(text: &str, words: &str) -> Self {
        Self { text: text::plain(text, 300), blocks: vec![block::section(words)] }
    }

    /// What tells it from another.
    #[must_use]
    pub fn digest(&self) -> String {
        let all = json!([self.text, self.blocks]).to_string();
        blake3::hash(all.as_bytes()).to_hex()[..16].to_owned()
    }
}
