//! A command, understood.

use crate::{At, BuildName, RepoName, Settings, Span, Subscribe, Until, Verb};

/// What somebody wants. What they leave out follows from where they say it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// They said nothing.
    Nothing,
    /// Begin a build.
    Run(Run),
    /// How something stands.
    Status {
        /// What.
        of: Subject,
        /// Whether all may read the answer.
        public: bool,
    },
    /// The newest builds.
    List(List),
    /// What a job printed.
    Logs(Logs),
    /// Stop a build.
    Cancel {
        /// Which; the one that is meant where it is said when that is nothing.
        build: Option<BuildName>,
    },
    /// Stop all builds of a branch.
    CancelBranch {
        /// The branch.
        branch: String,
    },
    /// Do a build again.
    Retry {
        /// Which.
        build: Option<BuildName>,
        /// Whether all of it, and not only what did not end well.
        all: bool,
    },
    /// Let a job go on.
    Approve {
        /// Of which build.
        build: Option<BuildName>,
        /// Which; the one that waits when that is not said.
        job: Option<String>,
    },
    /// Have a job canceled that waits.
    Reject {
        /// Of which build.
        build: Option<BuildName>,
        /// Why; the first word is the job where one of that name waits.
        reason: String,
    },
    /// Tell this channel of builds.
    Subscribe(Box<Subscribe>),
    /// Tell it no more.
    Unsubscribe {
        /// Of what; of everything when that is nothing.
        from: Option<Subject>,
        /// Labels, where it was told of those that have them.
        labels: Vec<(String, String)>,
    },
    /// What it is told.
    Subscriptions,
    /// Tell it nothing for a while.
    Mute(Mute),
    /// Tell it again.
    Unmute(Muted),
    /// What builds are given.
    Params {
        /// What is done.
        param: Param,
        /// Of which repository; of the organisation where it is said so.
        repo: Option<RepoName>,
        /// Whether those of the organisation are meant.
        org: bool,
    },
    /// Say who they are.
    Link,
    /// Be nobody again.
    Unlink,
    /// Who they are.
    Whoami,
    /// What a build has saved.
    Artifacts {
        /// Which.
        build: Option<BuildName>,
    },
    /// Why the channel is told of a build.
    Why {
        /// Which.
        build: Option<BuildName>,
    },
    /// How the channel is told.
    Settings(Settings),
    /// What there is.
    Help(Option<Verb>),
}

/// What a question is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// What is meant where it is said.
    Here,
    /// A repository.
    Repo(RepoName),
    /// A build.
    Build(BuildName),
}

/// Begin a build.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Run {
    /// Of which repository.
    pub repo: Option<RepoName>,
    /// Of what in it; the newest commit of its default branch when that is not said.
    pub at: Option<At>,
    /// Params by name, each once, in the order in which they are said.
    pub params: Vec<(String, String)>,
    /// Whether it is told here how it goes on.
    pub wait: bool,
    /// Whether all may read the answer.
    pub public: bool,
}

/// The newest builds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct List {
    /// Of which repository.
    pub repo: Option<RepoName>,
    /// Only those that stand so, in the server's word.
    pub status: Option<&'static str>,
    /// Only those of whoever asks.
    pub mine: bool,
    /// Only those of a branch.
    pub branch: Option<String>,
    /// Only those that began in the last so long.
    pub since: Option<Span>,
    /// At most so many.
    pub limit: Option<usize>,
    /// Whether all may read the answer.
    pub public: bool,
}

/// What a job printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logs {
    /// Of which build.
    pub build: Option<BuildName>,
    /// Which job; the first that failed when that is not said.
    pub job: Option<String>,
    /// Which part.
    pub part: Part,
    /// Whether all may read the answer.
    pub public: bool,
}

/// A part of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// The last lines.
    Tail(usize),
    /// Lines that hold this.
    Grep(String),
    /// Lines from the first to the last of these, from 1.
    Lines(usize, usize),
}

/// Be silent for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mute {
    /// Until when.
    pub until: Until,
    /// Of what.
    pub of: Muted,
}

/// What nothing is told of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Muted {
    /// Anything.
    All,
    /// A repository.
    Repo(RepoName),
    /// Branches, by a glob.
    Branch(String),
    /// What somebody caused.
    By(String),
}

/// What is done with a param.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Param {
    /// They are listed.
    List,
    /// One is set. Without a value that is asked for where nobody else sees it; so is every secret.
    Set {
        /// Its name.
        name: String,
        /// Its value.
        value: Option<String>,
    },
    /// One is removed.
    Unset {
        /// Its name.
        name: String,
    },
}

/// Whether that may be the name of a param.
#[must_use]
pub fn is_param(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    !name.is_empty() && name.len() <= 100 && name.chars().all(fits)
}
