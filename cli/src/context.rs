//! What a build is told about why it runs, and on what.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use monkeyci_core::model::trigger::{Changes, Git, Source};
use monkeyci_core::model::{SecretRef, Text, Trigger};
use monkeyci_core::secret::Secrets;
use monkeyci_core::source::Folder;

use crate::error::CliError;
use crate::executor::Choice;
use crate::request::{Request, told};
use crate::session::Limits;
use crate::{param, secret};

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
            ..Trigger::default()
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

/// What is run on this machine: from where, with what, and how.
#[derive(Debug, clap::Args)]
pub struct LocalArgs {
    #[command(flatten)]
    folder: FolderArgs,
    /// Build a git repository instead of a folder
    #[arg(short = 'u', long, value_name = "URL", conflicts_with_all = ["place", "dir"])]
    git_url: Option<String>,
    #[command(flatten)]
    context: ContextArgs,
    /// Give the build a secret: from the variable NAME, or a file (NAME=@FILE), or else ask (repeatable)
    #[arg(long, value_name = "NAME")]
    secret: Vec<String>,
    /// Where the jobs run [default: auto]
    #[arg(long, value_enum, value_name = "EXECUTOR")]
    pub executor: Option<Choice>,
    /// Run at most N jobs at once [default: cores]
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    jobs: Option<u16>,
    /// Let jobs that wait for approval go on (repeatable; a glob)
    #[arg(long, value_name = "JOB")]
    pub approve: Vec<String>,
}

impl LocalArgs {
    /// The folder as it is written, where one is.
    pub fn place(&self) -> Option<&Path> {
        self.folder.place.as_deref()
    }

    /// Whether something is said that only matters to a build on this machine.
    pub fn says_more(&self) -> bool {
        let ContextArgs { branch, tag, commit_id, param, param_file, changed } = &self.context;
        let named = [branch, tag, commit_id, &self.git_url].into_iter().any(Option::is_some);
        let listed = [param, changed, &self.secret, &self.approve].into_iter().any(|list| !list.is_empty());
        named
            || listed
            || !param_file.is_empty()
            || self.folder.dir.is_some()
            || self.executor.is_some()
            || self.jobs.is_some()
    }

    /// Why it runs, and on what, without its secrets.
    pub fn trigger(&self) -> Result<Trigger, CliError> {
        self.context.trigger(self.git_url.as_deref())
    }

    /// What is asked for: the jobs that match `filter`.
    pub fn request(&self, trigger: &Trigger, filter: &[String]) -> Result<Request, CliError> {
        let folder = match &self.git_url {
            Some(_) => None,
            None => Some(self.folder.path()?),
        };
        Ok(Request {
            folder,
            git: trigger.git.clone(),
            changes: trigger.changes.clone(),
            filter: filter.to_vec(),
            no_script_tests: false,
            executor: self.executor.unwrap_or_default(),
            secrets: Vec::new(),
        })
    }

    /// Adds the secrets to those of the request, reads all of them, and puts references to them among the parameters.
    pub fn with_secrets(&self, mut trigger: Trigger, request: &mut Request) -> Result<(Trigger, Secrets), CliError> {
        request.secrets.extend(self.secret.iter().cloned());
        request.secrets.dedup();
        let mut secrets = Secrets::new();
        for read in secret::read(&request.secrets)? {
            let reference = SecretRef { name: read.name.clone(), version: 1 };
            trigger.params.insert(read.name, Text::secret(reference.clone()));
            secrets.insert(reference, read.value);
        }
        Ok((trigger, secrets))
    }

    /// How many jobs may run at once.
    pub fn limits(&self, keep: bool) -> Limits {
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        Limits { jobs: self.jobs.map_or_else(cores, usize::from), keep }
    }
}
