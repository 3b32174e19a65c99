use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::future::BoxFuture;
use globset::{Glob, GlobSet, GlobSetBuilder};
use monkeyci_model::trigger::{Changes, Git};
use monkeyci_model::{BuildStatus, Job, OrgId, RepoId, Trigger};
use tokio_util::sync::CancellationToken;

use super::EngineError;

/// Puts the source of a build into a folder.
pub(super) type Fetch =
    Arc<dyn Fn(PathBuf, CancellationToken) -> BoxFuture<'static, Result<Fetched, String>> + Send + Sync>;

/// Reads the jobs of a build from its checkout and the folder of its script. It may block.
pub(super) type Load = Arc<dyn Fn(&Path, &str, &Trigger) -> Result<Loaded, LoadError> + Send + Sync>;

/// What fetching a source found.
#[derive(Debug, Clone, Default)]
pub struct Fetched {
    /// The commit, when the source is under git.
    pub git: Option<Git>,
    /// The files that changed, when that is known.
    pub changes: Option<Changes>,
    /// What a person should know.
    pub warnings: Vec<String>,
}

/// What loading a script found.
#[derive(Debug, Clone, Default)]
pub struct Loaded {
    /// The jobs, in the order of the script.
    pub jobs: Vec<Job>,
    /// What the author of the script should know.
    pub warnings: Vec<String>,
}

/// Why there are no jobs.
#[derive(Debug, Clone)]
pub struct LoadError {
    /// How the build ends: a failure is the author's to mend, an error ours.
    pub status: BuildStatus,
    /// For people.
    pub message: String,
}

/// What to build.
#[derive(Clone)]
pub struct BuildRequest {
    pub(super) org: OrgId,
    pub(super) repo: RepoId,
    pub(super) trigger: Trigger,
    pub(super) script_dir: String,
    pub(super) fetch: Fetch,
    pub(super) load: Load,
    pub(super) filter: GlobSet,
    pub(super) approve: GlobSet,
    pub(super) memo: Option<String>,
}

impl BuildRequest {
    /// What `fetch` puts into a folder, and the jobs that `load` reads from there.
    ///
    /// `load` gets the checkout, the folder of the script and the trigger, with the commit that was fetched.
    #[must_use]
    pub fn new<F, L>(fetch: F, load: L) -> Self
    where
        F: Fn(PathBuf, CancellationToken) -> BoxFuture<'static, Result<Fetched, String>> + Send + Sync + 'static,
        L: Fn(&Path, &str, &Trigger) -> Result<Loaded, LoadError> + Send + Sync + 'static,
    {
        Self {
            org: OrgId::new("local").expect("a valid id"),
            repo: RepoId::new("build").expect("a valid id"),
            trigger: Trigger::default(),
            script_dir: ".monkeyci".into(),
            fetch: Arc::new(fetch),
            load: Arc::new(load),
            filter: GlobSet::empty(),
            approve: GlobSet::empty(),
            memo: None,
        }
    }

    /// These jobs, in an empty folder.
    #[must_use]
    pub fn jobs(jobs: Vec<Job>) -> Self {
        let fetch = |into: PathBuf, _| -> BoxFuture<'static, _> {
            Box::pin(async move {
                let made = tokio::fs::create_dir_all(&into).await;
                made.map(|()| Fetched::default()).map_err(|error| format!("cannot make `{}`: {error}", into.display()))
            })
        };
        Self::new(fetch, move |_, _, _| Ok(Loaded { jobs: jobs.clone(), warnings: Vec::new() }))
    }

    /// The organisation and repository that it belongs to; `local` and `build` when that is not said.
    #[must_use]
    pub fn repo(mut self, org: OrgId, repo: RepoId) -> Self {
        (self.org, self.repo) = (org, repo);
        self
    }

    /// Why it runs, with its params. What is fetched adds the commit.
    #[must_use]
    pub fn trigger(mut self, trigger: Trigger) -> Self {
        self.trigger = trigger;
        self
    }

    /// The folder of its script, from the root of the checkout; `.monkeyci` when that is not said.
    #[must_use]
    pub fn script_dir(mut self, dir: impl Into<String>) -> Self {
        self.script_dir = dir.into();
        self
    }

    /// Only the jobs whose id matches one of these globs, and those that they depend on.
    ///
    /// # Errors
    /// When one of them is no glob.
    pub fn filter<T: AsRef<str>>(mut self, globs: impl IntoIterator<Item = T>) -> Result<Self, EngineError> {
        self.filter = glob_set(globs)?;
        Ok(self)
    }

    /// Lets jobs whose id matches one of these globs go on as soon as they block.
    ///
    /// # Errors
    /// When one of them is no glob.
    pub fn approve<T: AsRef<str>>(mut self, globs: impl IntoIterator<Item = T>) -> Result<Self, EngineError> {
        self.approve = glob_set(globs)?;
        Ok(self)
    }

    /// Words stored with the build and given back by [`Engine::unfinished`](super::Engine::unfinished), from which the
    /// caller makes this request again after a restart. No secrets: they are kept in the clear.
    #[must_use]
    pub fn memo(mut self, memo: impl Into<String>) -> Self {
        self.memo = Some(memo.into());
        self
    }
}

fn glob_set<T: AsRef<str>>(globs: impl IntoIterator<Item = T>) -> Result<GlobSet, EngineError> {
    let mut set = GlobSetBuilder::new();
    for glob in globs {
        let glob = glob.as_ref();
        set.add(Glob::new(glob).map_err(|error| EngineError::Request(format!("`{glob}` is no glob: {error}")))?);
    }
    set.build().map_err(|error| EngineError::Request(format!("these globs cannot be used together: {error}")))
}
