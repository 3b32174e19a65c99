use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use globset::{Glob, GlobMatcher, GlobSet, GlobSetBuilder};
use monkeyci_model::{BuildStatus, Job, OrgId, RepoId, Trigger};
use tokio_util::sync::CancellationToken;

use super::EngineError;
use crate::program::ProgramError;
use crate::script::Extensions;
use crate::source::{Checkout, Folder, Source, SourceError};

/// Reads the jobs of a build from its checkout and the folder of its script, in a way of the caller's own. It may block.
pub(super) type Own = dyn Fn(&Path, Option<&str>, &Trigger) -> Result<Loaded, LoadError> + Send + Sync;

/// How the jobs of a build are read.
#[derive(Clone)]
pub(super) enum Load {
    /// From the script that its checkout holds; where it gives no jobs, `refused` says how the build ends.
    Script { extensions: Extensions, refused: Arc<dyn Fn(&ProgramError) -> LoadError + Send + Sync> },
    /// Otherwise.
    Own(Arc<Own>),
}

/// What loading a script found.
#[derive(Debug, Clone, Default)]
pub struct Loaded {
    /// The jobs, in the order of the script.
    pub jobs: Vec<Job>,
    /// What the author of the script should know.
    pub warnings: Vec<String>,
    /// Tests of the script that were run for this build, all of which passed; none when none were run.
    pub tests: Option<u64>,
    /// The pipeline that stood in for a script of the checkout, with its revision.
    pub pipeline: Option<String>,
}

/// A script in JSON that is declared elsewhere than in the checkout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Declared {
    pub(super) name: String,
    pub(super) document: String,
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
    pub(super) script_dir: Option<String>,
    pub(super) source: Arc<dyn Source>,
    pub(super) load: Load,
    pub(super) declared: Option<Declared>,
    pub(super) script_tests: bool,
    pub(super) filter: Vec<GlobMatcher>,
    pub(super) approve: GlobSet,
    pub(super) memo: Option<String>,
    pub(super) key: Option<String>,
}

impl BuildRequest {
    /// The script that this source holds.
    #[must_use]
    pub fn new(source: impl Source + 'static) -> Self {
        Self {
            org: OrgId::new("local").expect("a valid id"),
            repo: RepoId::new("build").expect("a valid id"),
            trigger: Trigger::default(),
            script_dir: None,
            source: Arc::new(source),
            load: Load::Script { extensions: Extensions::none(), refused: Arc::new(refused) },
            declared: None,
            script_tests: true,
            filter: Vec::new(),
            approve: GlobSet::empty(),
            memo: None,
            key: None,
        }
    }

    /// These jobs, in an empty folder.
    #[must_use]
    pub fn jobs(jobs: Vec<Job>) -> Self {
        Self::new(EmptyFolder).load(move |_, _, _| Ok(Loaded { jobs: jobs.clone(), ..Loaded::default() }))
    }

    /// Reads the jobs in another way than from the script's files.
    ///
    /// `load` gets the checkout, the folder of the script where one was named, and the trigger with the commit that was
    /// fetched. It may block.
    #[must_use]
    pub fn load(
        mut self,
        load: impl Fn(&Path, Option<&str>, &Trigger) -> Result<Loaded, LoadError> + Send + Sync + 'static,
    ) -> Self {
        self.load = Load::Own(Arc::new(load));
        self
    }

    /// Whether the tests of a script that is a program are run first, unless they have passed before: a build whose
    /// script fails them ends as a failure, before any job. They are when that is not said.
    #[must_use]
    pub fn script_tests(mut self, run: bool) -> Self {
        self.script_tests = run;
        self
    }

    /// Runs this script, in the form of a `build.json`, where the checkout has none of its own: before files of other CI
    /// tools, after `.monkeyci/`. `name` says for people what it is, with its revision: `main@3`.
    #[must_use]
    pub fn declared(mut self, name: impl Into<String>, document: impl Into<String>) -> Self {
        self.declared = Some(Declared { name: name.into(), document: document.into() });
        self
    }

    /// Knows these properties of plugins when it reads the script's files.
    #[must_use]
    pub fn extensions(mut self, extensions: Extensions) -> Self {
        let refused = match self.load {
            Load::Script { refused, .. } => refused,
            Load::Own(_) => Arc::new(refused),
        };
        self.load = Load::Script { extensions, refused };
        self
    }

    /// Says in its own words how a build ends whose script gives no jobs.
    #[must_use]
    pub fn refused(mut self, refused: impl Fn(&ProgramError) -> LoadError + Send + Sync + 'static) -> Self {
        let extensions = match self.load {
            Load::Script { extensions, .. } => extensions,
            Load::Own(_) => Extensions::none(),
        };
        self.load = Load::Script { extensions, refused: Arc::new(refused) };
        self
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

    /// The folder of its script, from the root of the checkout; [`SCRIPT_DIR`](crate::script::SCRIPT_DIR) when that is not said.
    #[must_use]
    pub fn script_dir(mut self, dir: impl Into<String>) -> Self {
        self.script_dir = Some(dir.into());
        self
    }

    /// Only the jobs whose id matches one of these globs, and those that they depend on.
    ///
    /// # Errors
    /// When one of them is no glob.
    pub fn filter<T: AsRef<str>>(mut self, globs: impl IntoIterator<Item = T>) -> Result<Self, EngineError> {
        let matchers = globs.into_iter().map(|text| Ok(glob(text.as_ref())?.compile_matcher()));
        self.filter = matchers.collect::<Result<_, EngineError>>()?;
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

    /// Makes it one build however often it is begun: who begins one with a key that was used before gets that build, also
    /// after a restart. Keys are the caller's, unique over all repositories.
    #[must_use]
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// Words stored with the build and given back by [`Engine::unfinished`](super::Engine::unfinished), from which the
    /// caller makes this request again after a restart. No secrets: they are kept in the clear.
    #[must_use]
    pub fn memo(mut self, memo: impl Into<String>) -> Self {
        self.memo = Some(memo.into());
        self
    }
}

fn glob(text: &str) -> Result<Glob, EngineError> {
    // The library's own words repeat the text.
    Glob::new(text).map_err(|error| EngineError::Request(format!("`{text}` is no glob: {}", error.kind())))
}

fn glob_set<T: AsRef<str>>(globs: impl IntoIterator<Item = T>) -> Result<GlobSet, EngineError> {
    let mut set = GlobSetBuilder::new();
    for text in globs {
        set.add(glob(text.as_ref())?);
    }
    set.build().map_err(|error| EngineError::Request(format!("these globs cannot be used together: {error}")))
}

/// A folder, with the script that it holds.
impl From<&Path> for BuildRequest {
    fn from(folder: &Path) -> Self {
        Self::new(Folder::new(folder))
    }
}

impl From<PathBuf> for BuildRequest {
    fn from(folder: PathBuf) -> Self {
        folder.as_path().into()
    }
}

impl From<&str> for BuildRequest {
    fn from(folder: &str) -> Self {
        Path::new(folder).into()
    }
}

/// The source of a build that needs none.
struct EmptyFolder;

#[async_trait]
impl Source for EmptyFolder {
    async fn fetch(&self, into: &Path, _: CancellationToken) -> Result<Checkout, SourceError> {
        let io = |source| SourceError::Io { what: "cannot make", path: into.to_owned(), source };
        tokio::fs::create_dir_all(into).await.map_err(io)?;
        Ok(Checkout { dir: into.to_owned(), ..Checkout::default() })
    }
}

/// What is wrong with a script is its author's to mend, and so is that there is none.
fn refused(error: &ProgramError) -> LoadError {
    let status = match error {
        ProgramError::Script(_) => BuildStatus::Failure,
        error if error.is_ours() => BuildStatus::Error,
        _ => BuildStatus::Failure,
    };
    LoadError { status, message: error.to_string() }
}
