//! Scripts that are programs: a Cargo package in the folder of the script.
//!
//! What a program and MonkeyCI say to each other is written down in [`monkeyci_model::script`]. [`Programs`] compiles
//! one from exactly its hashed inputs, keeps it in a cache by that hash, and asks it for its jobs:
//!
//! 1. `inputs`: the files that it is made of, and `toolchain`: by which compiler; together they are its name;
//! 2. `compile`: copies the inputs into a folder of their own, where no configuration of a parent applies, and runs
//!    cargo there; `sdk` puts the SDK's sources beside it, so that the registry need not have it;
//! 3. `tested`: runs its tests, where a build is to begin;
//! 4. `plan`: the question, the answer, and what is wrong with it; `action`: what a job needs that runs a function of the
//!    program; `hook`: what the program changes in a job before it runs, and adds to its result after.
//!
//! Where the executor has an image [stand in](Executor::stand_in), all of that is done in containers of it (`bench`).
//!
//! A program is not trusted, and neither is what its package does while it compiles: both run by an
//! [`Executor`] like any job, with a supervisor, a time limit and a limit of output, and nothing is left of them.

mod action;
mod bench;
mod cargo;
mod compile;
mod error;
mod hook;
mod inputs;
mod log;
mod manifest;
mod output;
mod plan;
mod prune;
mod run;
mod sdk;
mod speaks;
mod tested;
#[cfg(test)]
pub(crate) mod tests;
mod toolchain;
mod watch;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use monkeyci_model::job::{Arch, Hook};
use monkeyci_model::script::{Context, Question};
use monkeyci_model::{BuildId, Job, Text, Trigger, plan::PROTOCOL};
use tokio_util::sync::CancellationToken;

use self::log::Log;
pub(crate) use action::Action;
pub use action::is_action;
pub use error::ProgramError;
pub(crate) use hook::{SOCKET, Site};
pub use log::Step;
pub use tested::Tested;
pub use watch::Watch;

use crate::build::Graph;
use crate::executor::{Executor, RegistryAuth};
use crate::log::Chunk;
use crate::script::{self, Extensions, SCRIPT_DIR, Script, ScriptError};
use crate::secret::Secrets;

/// How long a program may compile.
const COMPILE: Duration = Duration::from_secs(20 * 60);

/// How long a compiler may take to say its version: rustup may install it first, or an engine the image.
const VERSION: Duration = Duration::from_secs(300);

/// How long a program may take to answer with its jobs.
const PLAN: Duration = Duration::from_secs(60);

/// The file of a Cargo package.
const MANIFEST: &str = "Cargo.toml";

/// Compiles script programs, keeps them, and asks them. A clone is another handle of the same.
#[derive(Clone)]
pub struct Programs {
    shared: Arc<Shared>,
    secrets: Arc<Secrets>,
    registries: Arc<[RegistryAuth]>,
    log: Option<Arc<Log>>,
    compiled: Option<PathBuf>,
}

struct Shared {
    cache: PathBuf,
    runs: PathBuf,
    instance: String,
    next: AtomicU64,
    executor: Arc<dyn Executor>,
    plan_limit: Duration,
}

/// Which script is loaded, and for which build.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The checkout.
    pub checkout: &'a Path,
    /// The folder of the script, from the root of the checkout; [`SCRIPT_DIR`] when absent.
    pub script_dir: Option<&'a str>,
    /// The build, unless the jobs are only looked at.
    pub build: Option<&'a BuildId>,
    /// Why it runs, and on what; secrets among its params are references.
    pub trigger: &'a Trigger,
    /// Whether the program runs in the checkout itself, and not in a copy of it.
    pub in_place: bool,
}

impl Programs {
    /// Keeps programs in the folder `cache`, which others may use at the same time, and runs them by `executor`, each
    /// in a folder below `runs`, under the label `instance` that nobody else may have. What `secrets` has is masked
    /// in all that a program prints.
    #[must_use]
    pub fn new(
        cache: impl Into<PathBuf>,
        runs: impl Into<PathBuf>,
        instance: impl Into<String>,
        executor: Arc<dyn Executor>,
        secrets: Arc<Secrets>,
    ) -> Self {
        let (cache, runs, instance) = (cache.into(), runs.into(), instance.into());
        let next = AtomicU64::new(1);
        let shared = Shared { cache, runs, instance, next, executor, plan_limit: PLAN };
        Self { shared: Arc::new(shared), secrets, registries: Arc::default(), log: None, compiled: None }
    }

    /// A handle that tells what scripts do and print while they are loaded and tested, as it happens: chunks of a log from
    /// the byte `offset` on, in which each [`Step`] is a line. It must be quick, for they are waited for.
    #[must_use]
    pub fn logged(&self, offset: u64, to: impl Fn(&Chunk) + Send + Sync + 'static) -> Self {
        Self { log: Some(Arc::new(Log::new(offset, to))), ..self.clone() }
    }

    /// A handle for a build that knows these secrets.
    #[must_use]
    pub fn knowing(&self, secrets: Arc<Secrets>) -> Self {
        Self { secrets, ..self.clone() }
    }

    /// A handle for a build that is known at these registries, where its script's image may be of one of them.
    #[must_use]
    pub fn known_at(&self, registries: impl Into<Arc<[RegistryAuth]>>) -> Self {
        Self { registries: registries.into(), ..self.clone() }
    }

    /// A handle for a script whose program was compiled elsewhere and is this file.
    #[must_use]
    pub fn compiled(&self, program: impl Into<PathBuf>) -> Self {
        Self { compiled: Some(program.into()), ..self.clone() }
    }

    /// Removes what one before it with the same label left: processes, and folders with questions in them.
    pub async fn sweep(&self) {
        let Shared { executor, instance, runs, .. } = &*self.shared;
        if let Err(error) = executor.sweep(instance, &|_| false).await {
            tracing::warn!(%error, "could not look for script programs that nobody waits for");
        }
        let dir = runs.clone();
        let removed = tokio::task::spawn_blocking(move || std::fs::remove_dir_all(dir)).await;
        if let Ok(Err(error)) = removed
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!(folder = %runs.display(), %error, "what a script program left could not be removed");
        }
    }

    /// Loads the script of a checkout: its files as [`script::load`] does, then the jobs of its program if it has one.
    ///
    /// # Errors
    /// When there is no script, or it has mistakes, or its program does not compile or gives no jobs.
    pub async fn load(
        &self,
        asked: Asked<'_>,
        extensions: &Extensions,
        cancel: &CancellationToken,
    ) -> Result<Script, ProgramError> {
        self.read(asked, extensions, false, cancel).await.map(|(script, _)| script)
    }

    /// The same, once the tests of its program have passed. Those of a program that has passed them before are not run
    /// again; beside the script is how many passed now, where any were run.
    ///
    /// # Errors
    /// As [`load`](Self::load), and when a test fails.
    pub async fn load_tested(
        &self,
        asked: Asked<'_>,
        extensions: &Extensions,
        cancel: &CancellationToken,
    ) -> Result<(Script, Option<u64>), ProgramError> {
        self.read(asked, extensions, true, cancel).await
    }

    async fn read(
        &self,
        asked: Asked<'_>,
        extensions: &Extensions,
        tests: bool,
        cancel: &CancellationToken,
    ) -> Result<(Script, Option<u64>), ProgramError> {
        let read_first = match read(asked, extensions).await {
            Ok((script, None)) => return Ok((script, None)),
            Ok((script, Some(manifest))) => Some((script, manifest)),
            // Its mistakes may be properties that only the program knows.
            Err(ProgramError::Script(ScriptError::Invalid(_))) if has_program(asked) => None,
            Err(error) => return Err(error),
        };
        let image = self.image(asked).await?;
        let ready = self.tested(asked, image.clone(), tests, cancel).await?;
        let question = self.question(asked.build, asked.trigger, None)?;
        let plan = self.plan(&ready.program, image, &question, asked, cancel);
        let (plan, output) = self.during(Step::Plan, plan).await?;
        let (mut script, manifest) = match read_first {
            Some(read) => read,
            None => {
                let mut known = extensions.clone();
                plan.extensions.keys().for_each(|key| known.register(key));
                let (script, manifest) = read(asked, &known).await?;
                let changed = || ProgramError::Broke("its program went away meanwhile: run it again".into());
                (script, manifest.ok_or_else(changed)?)
            }
        };
        mark(&mut script.jobs, &plan.extensions);
        script.jobs.extend(plan.jobs);
        script.warnings.extend(plan.warnings);
        script.files.push(manifest);
        match action::refusal(&script.jobs).or_else(|| Graph::new(&script.jobs).err().map(|error| error.to_string())) {
            Some(why) => Err(ProgramError::Answer { why, output }),
            None => Ok((script, ready.tests)),
        }
    }

    /// Tells that a step begins, and how it ends.
    async fn during<T>(
        &self,
        step: Step,
        work: impl Future<Output = Result<T, ProgramError>>,
    ) -> Result<T, ProgramError> {
        if let Some(log) = &self.log {
            log.begin(step);
        }
        let done = work.await;
        if let Some(log) = &self.log {
            log.end(step, done.is_ok());
        }
        done
    }

    /// What a program is asked: for its jobs, or to run the action of `job`, whose secrets are filled in.
    fn question(
        &self,
        build: Option<&BuildId>,
        trigger: &Trigger,
        job: Option<&Job>,
    ) -> Result<Question, ProgramError> {
        let mut trigger = trigger.clone();
        if trigger.fork {
            // A fork's code never sees a secret; a param that is one is not there for it.
            trigger.params.retain(|_, value| value.as_plain().is_some());
        }
        for (name, value) in &mut trigger.params {
            let plain = self.secrets.resolve(value);
            let plain = plain.map_err(|error| ProgramError::Param { name: name.clone(), why: error.to_string() })?;
            *value = Text::from(plain.as_str());
        }
        let context = Context { build: build.cloned(), trigger, archs: vec![Arch::host()] };
        Ok(Question { protocol: PROTOCOL, context, job: job.cloned(), result: None })
    }
}

/// Marks jobs of files with the moments at which the program is asked about them.
fn mark(jobs: &mut [Job], extensions: &BTreeMap<String, BTreeSet<Hook>>) {
    for job in jobs {
        let moments = extensions.iter().filter(|(key, _)| job.extensions.contains_key(*key)).flat_map(|(_, at)| at);
        job.hooks.extend(moments);
    }
}

/// Whether the script has a program.
pub(crate) fn has_program(asked: Asked<'_>) -> bool {
    asked.checkout.join(asked.script_dir.unwrap_or(SCRIPT_DIR)).join(MANIFEST).is_file()
}

/// Loads a script where nothing can run a program.
///
/// # Errors
/// As [`Programs::load`], and when the script has a program.
pub(crate) async fn load_files(asked: Asked<'_>, extensions: &Extensions) -> Result<Script, ProgramError> {
    match read(asked, extensions).await? {
        (script, None) => Ok(script),
        (_, Some(manifest)) => Err(ProgramError::NoExecutor { manifest }),
    }
}

/// Reads the files of the script, and says where the manifest of its program is.
async fn read(asked: Asked<'_>, extensions: &Extensions) -> Result<(Script, Option<PathBuf>), ProgramError> {
    let (checkout, script_dir) = (asked.checkout.to_owned(), asked.script_dir.map(str::to_owned));
    let (trigger, extensions) = (asked.trigger.clone(), extensions.clone());
    let read =
        tokio::task::spawn_blocking(move || script::declared(&checkout, script_dir.as_deref(), &trigger, &extensions));
    match read.await {
        Ok(read) => Ok(read?),
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

/// Everything that is asked of a file system at once, on a thread where that may take its time.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ProgramError> + Send + 'static,
) -> Result<T, ProgramError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => Err(ProgramError::Broke(error.to_string())),
    }
}
