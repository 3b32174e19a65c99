//! A commit as GitHub, GitLab and those that speak as they do tell of it.

use serde::Deserialize;

use super::change::Commit;
use super::files::Paths;

/// A commit of a push.
#[derive(Deserialize)]
pub(super) struct PushedCommit {
    pub(super) id: Option<String>,
    message: Option<String>,
    author: Option<Author>,
    added: Option<Paths>,
    modified: Option<Paths>,
    removed: Option<Paths>,
}

#[derive(Deserialize)]
struct Author {
    name: Option<String>,
}

impl PushedCommit {
    /// The files that it added, modified and removed.
    pub(super) fn lists(&self) -> [&Option<Paths>; 3] {
        [&self.added, &self.modified, &self.removed]
    }
}

impl From<PushedCommit> for Commit {
    fn from(theirs: PushedCommit) -> Self {
        Self { id: theirs.id, message: theirs.message, author: theirs.author.and_then(|author| author.name) }
    }
}
