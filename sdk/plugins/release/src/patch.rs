use std::sync::Arc;

use monkeyci_sdk::http::HttpError;
use monkeyci_sdk::job::{Job, action};
use monkeyci_sdk::prelude::{Act, Outcome};

use crate::fault::Fault;
use crate::github::GitHub;
use crate::{Forge, Repository};

/// Times that a file is read and written again, because somebody else has changed it meanwhile.
const TRIES: usize = 3;

/// From the text of a file to its new text.
type Change = Arc<dyn Fn(&str) -> String + Send + Sync>;

/// Changes to text files of a repository, each committed by itself.
#[must_use = "a patch becomes a job by `job`"]
#[derive(Clone)]
pub struct Patch {
    repository: Repository,
    id: String,
    branch: String,
    message: String,
    files: Vec<(String, Change)>,
}

impl Patch {
    pub(crate) fn new(repository: Repository, id: &str) -> Self {
        let (id, branch, message) = (id.to_owned(), "main".to_owned(), format!("Changed by the job {id}"));
        Self { repository, id, branch, message, files: Vec::new() }
    }

    /// The branch that is changed; `main` when nothing is said.
    pub fn branch(mut self, branch: &str) -> Self {
        branch.clone_into(&mut self.branch);
        self
    }

    /// What the commits say.
    pub fn message(mut self, message: &str) -> Self {
        message.clone_into(&mut self.message);
        self
    }

    /// Changes a file that is there; one that comes out as it was is left alone.
    pub fn file(mut self, path: &str, change: impl Fn(&str) -> String + Send + Sync + 'static) -> Self {
        self.files.push((path.to_owned(), Arc::new(change)));
        self
    }

    /// Its job.
    ///
    /// # Panics
    /// When the id is none, and for a repository that is not on GitHub.
    #[must_use]
    #[track_caller]
    pub fn job(self) -> Job {
        assert!(self.repository.forge == Forge::GitHub, "only files on GitHub can be changed");
        let id = self.id.clone();
        action(&id, move |act: &Act| self.apply(act))
    }

    fn apply(&self, act: &Act) -> Result<Outcome, Fault> {
        let github = GitHub::new(&self.repository, self.repository.token(act)?);
        let mut changed = 0;
        for (path, change) in &self.files {
            match self.apply_to(&github, path, change)? {
                Some(commit) => {
                    changed += 1;
                    act.say(&format!("{path}: commit {commit}"));
                }
                None => act.say(&format!("{path}: nothing to change")),
            }
        }
        let (of, path) = (self.files.len(), &self.repository.path);
        let message = format!("changed {changed} of {of} files of {path}");
        Ok(Outcome::success().message(message).value("changed", changed))
    }

    fn apply_to(&self, github: &GitHub<'_>, path: &str, change: &Change) -> Result<Option<String>, Fault> {
        let mut tries = 0;
        loop {
            let old = github.content(path, &self.branch)?;
            let new = change(&old.text);
            if new == old.text {
                return Ok(None);
            }
            tries += 1;
            match github.commit((path, &self.branch), &self.message, &old, &new) {
                Err(HttpError::Status { response }) if response.status == 409 && tries < TRIES => {}
                committed => return Ok(Some(committed?)),
            }
        }
    }
}
