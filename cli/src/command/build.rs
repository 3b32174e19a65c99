use std::path::{Path, PathBuf};
use std::sync::Arc;

use globset::Glob;
use monkeyci_core::engine::{BuildHandle, BuildRequest, EngineError};
use monkeyci_core::model::{BuildStatus, JobStatus};

use crate::context::LocalArgs;
use crate::drive::{Drive, Left};
use crate::error::{CliError, Exit, chain};
use crate::executor::Choice;
use crate::junit;
use crate::login::Logins;
use crate::request::{NoScript, Request};
use crate::runtime::Runtime;
use crate::session::{self, Session};
use crate::state::{Folders, Invocation, Repository, is_alive, unusable};
use crate::ui::progress::{JobProgress, Progress};
use crate::ui::sentence::plural;
use crate::ui::summary::Place;
use crate::ui::{self, View};

/// Run a build
///
/// Runs the script in `.monkeyci/` on a copy of the folder. Ctrl-C cancels, twice ends at once.
#[derive(Debug, clap::Args)]
pub struct BuildArgs {
    #[command(flatten)]
    local: LocalArgs,
    /// Run only the jobs whose id matches, and what they depend on (repeatable)
    #[arg(short, long, value_name = "GLOB")]
    filter: Vec<String>,
    /// Run nothing and show what would run: the executor `fake`
    #[arg(long, conflicts_with = "executor")]
    dry_run: bool,
    /// Go on with build N of this repository, which has not ended
    #[arg(long, value_name = "N", conflicts_with_all = ["filter", "executor", "dry_run", "param", "param_file"])]
    resume: Option<u64>,
    /// Do not run the tests of a script that is a program first
    #[arg(long)]
    no_script_tests: bool,
    /// Keep the workspaces of the jobs
    #[arg(long)]
    keep: bool,
    /// Show only what went wrong, and the end
    #[arg(short, long, conflicts_with = "json")]
    quiet: bool,
    /// Print a JSON object for each event and each line of output
    #[arg(long)]
    json: bool,
    /// Write the jobs and their tests to a JUnit file
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
}

/// Runs a build to its end.
pub fn run(args: &BuildArgs) -> Result<Exit, CliError> {
    let runtime = Runtime::new()?;
    let exit = runtime.block_on(build(args));
    if matches!(exit, Ok(Exit::Interrupted)) {
        // Who wants to end at once does not wait for files to be removed.
        runtime.shutdown_background();
    }
    exit
}

async fn build(args: &BuildArgs) -> Result<Exit, CliError> {
    let folders = Folders::of_user()?;
    let no_state = |error: std::io::Error| unusable(&error);
    args.junit.as_deref().map_or(Ok(()), check_folder)?;
    let trigger = args.local.trigger()?;
    let executor = if args.dry_run { Choice::Fake } else { args.local.executor.unwrap_or_default() };
    let mut request = Request { executor, ..args.local.request(&trigger, &args.filter)? };
    let repository = folders.repository(request.repo().as_str(), &request.place());
    let mut invocation = match args.resume {
        None => None,
        Some(number) => Some(take_up(&repository, number)?),
    };
    if let Some(invocation) = &invocation {
        request = invocation.record.request.clone();
    }
    request.no_script_tests |= args.no_script_tests;
    let (trigger, secrets) = args.local.with_secrets(trigger, &mut request)?;
    let no_script = NoScript::default();
    // Where nothing runs nobody has to be asked.
    let approve = if request.executor == Choice::Fake { &["*".to_owned()][..] } else { &args.local.approve };
    let wanted = request.build(trigger, approve, Arc::clone(&no_script))?;

    let mut view = ui::view(args.json, args.quiet);
    for note in session::clean(&folders, &repository).await? {
        view.note(&note);
    }
    let resumed = invocation.is_some();
    let mut invocation = match invocation.take() {
        Some(mut invocation) => {
            // Its last process may have died with a job that has ended: nothing else would ever look at its folder.
            for note in session::sweep_up(&folders, &mut invocation).await? {
                view.note(&note);
            }
            invocation.again().map_err(no_state)?;
            invocation
        }
        None => repository.begin(&request).map_err(no_state)?,
    };
    let logins = Logins::of_user(&mut *view);
    let session = Session::open(&folders, &invocation, args.local.limits(args.keep), secrets, logins, None).await;
    if session.is_err() && !resumed {
        // Nothing has begun that could be gone on with; the first error is the one to tell.
        let _second = invocation.end();
    }
    let session = session?;
    let handle = begin(&session, wanted, resumed, approve).await?;
    if resumed {
        view.note(&heading(&handle).await?);
    }
    // Programs get the whole story.
    let known = if args.json { 0 } else { session.known };
    let instance = &invocation.record.instance;
    let drive =
        Drive { session: &session, instance, build: handle, view: &mut *view, known, visits: None, leaves: false };
    let (progress, left) = drive.run().await?;
    finish(&mut invocation, &progress, &mut *view)?;
    if left != Left::Killed && session.close().await {
        invocation.swept().map_err(no_state)?;
    }
    if let Some(path) = &args.junit {
        write(path, &junit::write(&progress))?;
    }
    Ok(match (left, no_script.get()) {
        (Left::Canceled | Left::Killed, _) => Exit::Interrupted,
        (Left::Itself, Some(exit)) => *exit,
        (Left::Itself, None) => exit(progress.status),
    })
}

/// Begins the build of this invocation, or goes on with it.
async fn begin(
    session: &Session,
    wanted: BuildRequest,
    resumed: bool,
    approve: &[String],
) -> Result<BuildHandle, CliError> {
    let ours = |error: EngineError| CliError::ours(chain(&error));
    if resumed && let Some(left) = session.engine.unfinished().await.map_err(ours)?.first() {
        let handle = session.engine.resume(&left.build, Some(wanted)).await.map_err(ours)?;
        // The engine approves jobs as they block; these did so before.
        let globs: Vec<_> = approve.iter().filter_map(|glob| Some(Glob::new(glob).ok()?.compile_matcher())).collect();
        for job in handle.snapshot().await.map_err(ours)?.jobs() {
            let id = &job.job().id;
            if job.status() == JobStatus::Blocked && globs.iter().any(|glob| glob.is_match(id.as_str())) {
                handle.approve(id, None).await.map_err(ours)?;
            }
        }
        return Ok(handle);
    }
    // An invocation can die before it wrote down that its build is over, and before its build was begun.
    if resumed && let Some(over) = session.engine.last().await.map_err(ours)? {
        return Ok(over);
    }
    session.engine.build(wanted).await.map_err(ours)
}

/// What is said first of a build that is gone on with.
async fn heading(build: &BuildHandle) -> Result<String, CliError> {
    let state = build.snapshot().await.map_err(|error| CliError::ours(chain(&error)))?;
    let (all, ended) = (state.jobs().len(), state.jobs().iter().filter(|job| job.status().is_terminal()).count());
    Ok(match all {
        0 => format!("Resuming build {}", build.id()),
        _ => format!("Resuming build {}: {ended} of {all} job{} ended before", build.id(), plural(all as u64)),
    })
}

fn finish(invocation: &mut Invocation, progress: &Progress, view: &mut dyn View) -> Result<(), CliError> {
    let number = invocation.number;
    let resume = match progress.status {
        BuildStatus::Blocked => {
            let blocked = progress.jobs().iter().find(|job| job.status == JobStatus::Blocked);
            let approve = blocked.map(|job| format!(" --approve {}", job.job.id)).unwrap_or_default();
            Some(format!("monkeyci build --resume {number}{approve}"))
        }
        status if !status.is_terminal() => Some(format!("monkeyci build --resume {number}")),
        _ => None,
    };
    let folder = (!progress.jobs().is_empty()).then(|| invocation.folder.clone());
    let in_containers = matches!(invocation.record.request.executor, Choice::Docker | Choice::Podman | Choice::Oci);
    let has_none = |job: &JobProgress| job.is_bad() && job.job.image.is_none();
    let hint = (in_containers && progress.jobs().iter().any(has_none))
        .then_some("`--executor auto` runs jobs without an image as processes");
    view.end(progress, &Place { folder, resume, hint });
    if progress.status.is_terminal() {
        invocation.end().map_err(|error| unusable(&error))?;
    }
    Ok(())
}

/// The folder of a file that is written at the end is looked for at the beginning.
fn check_folder(file: &Path) -> Result<(), CliError> {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() && !folder.is_dir() => {
            Err(CliError::usage(format!("JUnit file `{}`: there is no such folder", file.display())))
        }
        _ => Ok(()),
    }
}

fn write(path: &Path, text: &str) -> Result<(), CliError> {
    std::fs::write(path, text).map_err(|error| CliError::ours(format!("JUnit file `{}`: {error}", path.display())))
}

fn take_up(repository: &Repository, number: u64) -> Result<Invocation, CliError> {
    let ended = |number| CliError::usage(format!("build {number} has ended; there is nothing to go on with"));
    match repository.take_up(number) {
        Ok(Some(invocation)) if invocation.record.ended => Err(ended(number)),
        Ok(Some(invocation)) => Ok(invocation),
        Ok(None) => {
            let open = repository.dead().unwrap_or_default();
            let open: Vec<_> = open.iter().filter(|dead| !dead.record.ended).map(|dead| dead.number).collect();
            let hint = session::unfinished(&open).unwrap_or_else(|| "every build of it has ended".into());
            Err(CliError::usage(format!("this repository has no build {number}")).hint(hint))
        }
        Err(error) if is_alive(&error) => {
            Err(CliError::usage(format!("build {number} is running, in another process")))
        }
        Err(error) => Err(CliError::ours(format!("build {number}: {error}"))),
    }
}

/// What the program ends with once a build stands so.
pub fn exit(status: BuildStatus) -> Exit {
    match status {
        BuildStatus::Failure | BuildStatus::Canceled => Exit::Failed,
        BuildStatus::Error => Exit::Ours,
        // One that waits for approval has done all that it may by itself.
        _ => Exit::Success,
    }
}
