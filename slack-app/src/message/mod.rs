//! What is said of a build: from its events to blocks of Slack. Pure, and the only place that words messages of builds.
//!
//! [`Story`] folds events. [`View`] is a story with what the channel knows beside it: how it is told, what people did with
//! the message, what the log says. [`View::message`] is the one live message of the build there, and [`View::thread`] what
//! stands below it. Both are a function of the view: told again, it is the same message.

pub mod block;
pub mod excerpt;
pub mod ladder;
pub mod link;
pub mod roundup;
pub mod site;
pub mod story;
pub mod text;

mod buttons;
mod jobs;
mod live;
mod thread;

use std::collections::BTreeMap;
use std::fmt;

use monkeyci_client::rest::Moment;
use monkeyci_grammar::{Style, Thread};
use serde_json::{Value, json};

pub use excerpt::Excerpt;
pub use link::Part;
pub use site::Site;
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
    pub said: Said,
}

/// What is said in a thread.
#[derive(Debug, Clone, PartialEq)]
pub enum Said {
    /// A message.
    Words(Message),
    /// A file, which is sent once and never changed.
    File {
        /// What it is called: no two of a thread are called the same.
        name: String,
        /// What is in it.
        content: String,
    },
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
    /// The environments of its jobs, by name.
    pub sites: &'a BTreeMap<String, Site>,
    /// Tests that failed on this very commit in the build before it.
    pub flaky: &'a [String],
    /// Lines of a log that its thread shows.
    pub lines: usize,
}

/// Lines of a log that a thread shows where nobody says how many.
pub const LINES: usize = 12;

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

impl<'a> View<'a> {
    /// A build as it is drawn for whoever asks how it stands.
    #[must_use]
    pub fn of(story: &'a Story, server: &'a str) -> Self {
        static NO_EXCERPTS: BTreeMap<String, Excerpt> = BTreeMap::new();
        static NO_SITES: BTreeMap<String, Site> = BTreeMap::new();
        Self {
            story,
            server,
            on: Moment::Started,
            style: Style::Compact,
            thread: Thread::Off,
            excerpts: &NO_EXCERPTS,
            red: None,
            claimed: None,
            notes: &[],
            author: None,
            sites: &NO_SITES,
            flaky: &[],
            lines: LINES,
        }
    }

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
        page(self.server, &id.org, &id.repo, number)
    }

    /// The page of a job.
    pub(crate) fn job_page(&self, job: &str) -> String {
        format!("{}/j/{job}", self.page(self.story.id.number))
    }
}

/// The page of a build.
pub(crate) fn page(server: &str, org: impl fmt::Display, repo: impl fmt::Display, number: u64) -> String {
    format!("{server}/o/{org}/r/{repo}/b/{number}")
}

impl Said {
    /// What tells it from another.
    #[must_use]
    pub fn digest(&self) -> String {
        match self {
            Self::Words(message) => message.digest(),
            Self::File { name, .. } => name.clone(),
        }
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
