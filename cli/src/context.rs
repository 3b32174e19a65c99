//! What a build is told about why it runs, and on what.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use monkeyci_core::model::trigger::{Changes, Git, Source};
use monkeyci_core::model::{Text, Trigger};
use monkeyci_core::source::Folder;

use crate::error::CliError;
use crate::param;
use crate::request::told;

/// The folder of a repository.
#[derive(Debug, clap::Args)]
pub struct FolderArgs {
    /// The folder of the repository [default: the current one]
    #[arg(value_name = "DIR")]
    place: Option<PathBuf>,
    /// The same, as MonkeyCI has it
    #[arg(short, long, value_name = "DIR", conflicts_with = "place")]
    dir: Option<PathBuf>,
}

impl FolderArgs {
    /// The folder as an absolute path.
    pub fn path(&self) -> Result<PathBuf, CliError> {
        let given = self.place.as_ref().or(self.dir.as_ref()).cloned().unwrap_or_else(|| PathBuf::from("."));
        let unusable = |why: String| CliError::usage(format!("folder `{}`: {why}", given.display()));
        let folder = given.canonicalize().map_err(|error| unusable(error.to_string()))?;
        if folder.is_dir() { Ok(folder) } else { Err(unusable("it is not a folder".into())) }
    }
}

/// Why a build runs, and on what.
#[derive(Debug, clap::Args)]
pub struct ContextArgs {
    /// The branch: with a url the one to check out, else the one that the jobs are told
    #[arg(short, long, value_name = "NAME", conflicts_with = "tag")]
    pub branch: Option<String>,
    /// The tag, likewise
    #[arg(short, long, value_name = "NAME")]
    pub tag: Option<String>,
    /// The commit, likewise
    #[arg(long, value_name = "SHA")]
    pub commit_id: Option<String>,
    /// Give the build a parameter (repeatable)
    #[arg(short, long, value_name = "NAME=VALUE")]
    pub param: Vec<String>,
    /// Read parameters from a file: yaml, json, toml, edn or properties (repeatable; a later one wins)
    #[arg(long, value_name = "FILE")]
    pub param_file: Vec<PathBuf>,
    /// Say that a file was changed, instead of asking git (repeatable)
    #[arg(long, value_name = "PATH")]
    pub changed: Vec<String>,
}

impl ContextArgs {
    /// The trigger of a build at `url`, or of a local folder.
    pub fn trigger(&self, url: Option<&str>) -> Result<Trigger, CliError> {
        let reference = match (&self.branch, &self.tag) {
            (Some(branch), _) => Some(format!("refs/heads/{branch}")),
            (None, Some(tag)) => Some(format!("refs/tags/{tag}")),
            (None, None) => None,
        };
        let git = Git { url: url.map(str::to_owned), reference, commit_id: self.commit_id.clone(), ..Git::default() };
        let params = param::read(&self.param_file, &self.param)?;
        let modified: BTreeSet<String> = self.changed.iter().cloned().collect();
        Ok(Trigger {
            source: Source::Cli,
            actor: std::env::var("USER").ok().filter(|user| !user.is_empty()),
            git: (git != Git::default()).then_some(git),
            changes: (!modified.is_empty()).then(|| Changes { modified, ..Changes::default() }),
            params: params.into_iter().map(|(name, value)| (name, Text::from(value))).collect(),
            fork: false,
        })
    }

    /// The trigger of a build of a local folder, with what git knows of it.
    pub fn local_trigger(&self, folder: &Path) -> Result<Trigger, CliError> {
        let mut trigger = self.trigger(None)?;
        let (git, changes) = Folder::new(folder).facts();
        trigger.git = told(trigger.git, git);
        trigger.changes = trigger.changes.or(changes);
        Ok(trigger)
    }
}
