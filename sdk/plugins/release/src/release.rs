use monkeyci_sdk::job::{Job, action};
use monkeyci_sdk::prelude::{Act, Ctx, Outcome};

use crate::asset::{self, Asset};
use crate::fault::Fault;
use crate::github::GitHub;
use crate::gitlab::GitLab;
use crate::notes::Notes;
use crate::{Forge, Repository};

/// A release that is to be made, or brought up to date.
#[must_use = "a release becomes a job by `job`"]
#[derive(Debug, Clone)]
pub struct Release {
    repository: Repository,
    id: String,
    tag: Option<String>,
    title: Option<String>,
    notes: Notes,
    assets: Vec<String>,
    prerelease: bool,
}

/// What a forge is asked to show.
pub(crate) struct Wanted {
    pub(crate) tag: String,
    pub(crate) title: String,
    pub(crate) notes: String,
    pub(crate) prerelease: bool,
    pub(crate) assets: Vec<Asset>,
}

/// What became of it.
pub(crate) struct Released {
    /// Whether it was not there before.
    pub(crate) is_new: bool,
    /// Where people find it.
    pub(crate) page: String,
}

impl Release {
    pub(crate) fn new(repository: Repository, id: &str) -> Self {
        let (tag, title, assets) = Default::default();
        let notes = Notes::Text(String::new());
        Self { repository, id: id.to_owned(), tag, title, notes, assets, prerelease: false }
    }

    /// The tag that is released; that of the build when nothing is said. A forge makes one that is not there.
    pub fn tag(mut self, tag: &str) -> Self {
        self.tag = Some(tag.to_owned());
        self
    }

    /// What it is called; as its tag when nothing is said.
    pub fn title(mut self, title: &str) -> Self {
        self.title = Some(title.to_owned());
        self
    }

    /// What is said of it.
    pub fn notes(mut self, text: &str) -> Self {
        self.notes = Notes::Text(text.to_owned());
        self
    }

    /// Says of it what stands in this file under the heading with its version.
    pub fn changelog(mut self, path: &str) -> Self {
        self.notes = Notes::Changelog(path.to_owned());
        self
    }

    /// Says of it the subjects of the commits since the last tag. The checkout needs its history for that.
    pub fn commits(mut self) -> Self {
        self.notes = Notes::Commits;
        self
    }

    /// Adds files by a glob from the work dir, as in `dist/*.tar.gz`; each by its own name.
    pub fn asset(mut self, glob: &str) -> Self {
        self.assets.push(glob.to_owned());
        self
    }

    /// Marks it as not yet for everybody. GitLab knows no such mark.
    pub fn prerelease(mut self) -> Self {
        self.prerelease = true;
        self
    }

    /// Its job; none when there is no tag.
    ///
    /// # Panics
    /// When the id is none.
    #[must_use]
    #[track_caller]
    pub fn job(self, ctx: &Ctx) -> Option<Job> {
        let tag = self.tag.clone().or_else(|| ctx.tag().map(str::to_owned))?;
        let id = self.id.clone();
        Some(action(&id, move |act: &Act| self.publish(act, &tag)))
    }

    fn publish(&self, act: &Act, tag: &str) -> Result<Outcome, Fault> {
        let token = self.repository.token(act)?;
        // All that can fail here fails before the forge shows anything.
        let wanted = Wanted {
            tag: tag.to_owned(),
            title: self.title.clone().unwrap_or_else(|| tag.to_owned()),
            notes: self.notes.of(act, tag)?,
            prerelease: self.prerelease,
            assets: asset::find(act.dir(), &self.assets)?,
        };
        let say = |line: &str| act.say(line);
        let (released, warning) = match self.repository.forge {
            Forge::GitHub => (GitHub::new(&self.repository, token).release(&wanted, &say)?, None),
            Forge::GitLab => {
                let warning = self.prerelease.then_some("GitLab has no mark for a release that is not for everybody");
                (GitLab::new(&self.repository, token).release(&wanted, &say)?, warning)
            }
        };
        let done = if released.is_new { "released" } else { "brought up to date" };
        let files = wanted.assets.len();
        act.say(&format!("{done}: {}", released.page));
        let outcome = Outcome::success().message(format!("{tag} was {done}, with {files} files"));
        let outcome = outcome.value("release", released.page).value("new", released.is_new);
        Ok(warning.into_iter().fold(outcome, Outcome::warning))
    }
}
