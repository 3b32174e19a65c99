use std::io::{IsTerminal as _, Write as _};
use std::sync::Arc;

use console::Term;
use futures::TryStreamExt as _;
use monkeyci_client::BuildRef;
use monkeyci_core::model::{BuildStatus, EventKind, InvalidId, JobId, JobResult, JobStatus};

use super::build;
use crate::context::LocalArgs;
use crate::drive::{Drive, Left};
use crate::error::{CliError, Exit, chain};
use crate::login::Logins;
use crate::remote::{BuildName, ServerArgs, visit as visit_there};
use crate::request::NoScript;
use crate::runtime::Runtime;
use crate::session::{self, Session};
use crate::state::{Folders, unusable};
use crate::ui::View;
use crate::ui::live::Live;
use crate::ui::plain::{Detail, Plain};
use crate::ui::progress::{JobProgress, Progress};
use crate::ui::sentence;
use crate::ui::summary::Place;
use crate::visit::{self, Visits};

/// Open a shell where a job runs
///
/// Runs what the job depends on, prepares the job as a build would, and opens a shell in its container or workspace, in
/// the place of its lines. Nothing that is done there is saved. The exit code is the shell's.
///
/// With a build of a server, as in `acme/web/42 test`, the shell is opened there, beside the lines of the job, which runs;
/// or where it was held after it failed.
#[derive(Debug, clap::Args)]
#[command(override_usage = "monkeyci debug [OPTIONS] JOB [DIR]\n       monkeyci debug [OPTIONS] BUILD JOB")]
pub struct DebugArgs {
    /// The id of the job; or a build of the server, as in `acme/web/42`, `acme/web` or `42`, and then the id of its job
    #[arg(value_name = "JOB")]
    job: String,
    /// Run the job's lines first, and open the shell in the workspace as they left it
    #[arg(long)]
    after: bool,
    /// The shell [default: the job's, or /bin/sh]
    #[arg(long, value_name = "PATH")]
    shell: Option<String>,
    /// Of a build of the server: run what failed once more, hold the place of the job for N minutes when it fails again,
    /// and open the shell there
    #[arg(long, value_name = "N", conflicts_with = "after", value_parser = clap::value_parser!(u32).range(1..))]
    hold: Option<u32>,
    #[command(flatten)]
    local: LocalArgs,
    #[command(flatten)]
    server: ServerArgs,
}

/// Opens a shell in the place of a job.
pub fn run(args: &DebugArgs) -> Result<Exit, CliError> {
    let runtime = Runtime::new()?;
    let exit = runtime.block_on(async {
        match args.elsewhere()? {
            Some((build, job)) => remote(args, &build, &job).await,
            None => debug(args).await,
        }
    });
    // What still reads or writes has nobody to do so for.
    runtime.shutdown_background();
    exit
}

/// Opens a shell in the place of a job on a server.
async fn remote(args: &DebugArgs, build: &BuildName, job: &JobId) -> Result<Exit, CliError> {
    if args.after || args.local.says_more() {
        return Err(CliError::usage("this is of a job on this machine, and a build of the server is named")
            .hint("`--hold 30` runs it once more, and opens the shell after its lines"));
    }
    let server = args.server.connect()?;
    let (mut id, mut build) = server.build(Some(build)).await?;
    if let Some(minutes) = args.hold {
        let begun = build.retry_holding(true, Some(minutes)).await?;
        id.number = begun.build.number;
        build = server.client.org(&id.org).repo(&id.repo).build(id.number);
        let name = super::short(&id);
        // Nobody may be there to read it.
        let _gone = writeln!(std::io::stderr(), "Build {name} runs what failed once more: {}", server.page(&id));
        held(&build, &name, job).await?;
    }
    visit_there(&build.job(job), &format!("`{job}` of {}", super::short(&id)), args.shell.clone()).await
}

/// Waits until the place of a job is held.
async fn held(build: &BuildRef, name: &str, job: &JobId) -> Result<(), CliError> {
    let mut events = build.events(0);
    while let Some(event) = events.try_next().await? {
        match event.kind {
            EventKind::JobHeld { job_id, .. } if job_id == *job => return Ok(()),
            EventKind::JobEnd { job_id, status, .. } if job_id == *job => {
                return Err(CliError::failed(format!("no shell is opened: `{job}` of {name} ended as {status}")));
            }
            EventKind::JobSkipped { job_id, reason } if job_id == *job => {
                return Err(CliError::failed(format!("no shell is opened: `{job}` of {name} was skipped: {reason}")));
            }
            EventKind::JobHeld { job_id, .. } => {
                return Err(CliError::failed(format!("`{job_id}` of {name} failed before `{job}`, and is held"))
                    .hint(format!("to look at it: monkeyci debug {name} {job_id}")));
            }
            _ => {}
        }
    }
    Err(CliError::failed(format!("no shell is opened: build {name} ended without `{job}`")))
}

async fn debug(args: &DebugArgs) -> Result<Exit, CliError> {
    let job = &args.job()?;
    if args.hold.is_some() {
        return Err(CliError::usage("`--hold` is of a build of the server, and none is named")
            .hint(format!("`monkeyci debug acme/web/42 {job} --hold 30`; on this machine, `--after`")));
    }
    let folders = Folders::of_user()?;
    let trigger = args.local.trigger()?;
    let mut request = args.local.request(&trigger, &[job.to_string()])?;
    // Also a script that is being mended has places to look at.
    request.no_script_tests = true;
    let (trigger, secrets) = args.local.with_secrets(trigger, &mut request)?;
    let no_script = NoScript::default();
    // Who asks for a job's place need not be asked whether it may run.
    let approve = [&args.local.approve[..], &[job.to_string()]].concat();
    let wanted = request.build(trigger, &approve, Arc::clone(&no_script))?;

    let mut view = args.view();
    let repository = folders.repository(request.repo().as_str(), &request.place());
    for note in session::clean(&folders, &repository).await? {
        view.note(&note);
    }
    let no_state = |error: std::io::Error| unusable(&error);
    let mut invocation = repository.begin(&request).map_err(no_state)?;
    // Whatever comes of it, there is nothing to go on with.
    invocation.end().map_err(no_state)?;
    let (door, mut visits) = visit::to(job.clone(), args.after, args.shell.clone());
    let logins = Logins::of_user(&mut *view);
    let session = Session::open(&folders, &invocation, args.local.limits(false), secrets, logins, Some(door)).await?;
    let build = session.engine.build(wanted).await.map_err(|error| CliError::ours(chain(&error)))?;
    let drive = Drive {
        session: &session,
        instance: &invocation.record.instance,
        build,
        view: &mut *view,
        known: 0,
        visits: Some(&mut visits),
        leaves: false,
    };
    let (progress, left) = drive.run().await?;
    visits.end();
    let folder = (!progress.jobs().is_empty()).then(|| invocation.folder.clone());
    let told = args.outcome(job, &progress, left, &visits, &no_script, &mut |progress| {
        view.end(progress, &Place { folder: folder.clone(), ..Place::default() });
    });
    if left != Left::Killed && session.close().await {
        invocation.swept().map_err(no_state)?;
    }
    told
}

impl DebugArgs {
    /// The job of a build on this machine.
    fn job(&self) -> Result<JobId, CliError> {
        self.job.parse().map_err(|error: InvalidId| CliError::usage(error.to_string()))
    }

    /// A build of the server and a job of it, where those are named: a build has a slash in its name, or is a number.
    fn elsewhere(&self) -> Result<Option<(BuildName, JobId)>, CliError> {
        let is_build = self.job.contains('/') || self.job.bytes().all(|byte| byte.is_ascii_digit());
        let Some(job) = self.local.place().filter(|_| is_build) else {
            if self.job.contains('/') {
                return Err(CliError::usage(format!("it is not said which job of `{}`", self.job))
                    .hint(format!("`monkeyci debug {} JOB`", self.job)));
            }
            return Ok(None);
        };
        let build = self.job.parse().map_err(CliError::usage)?;
        let job = job.to_string_lossy().parse().map_err(|error: InvalidId| CliError::usage(error.to_string()))?;
        Ok(Some((build, job)))
    }

    /// What came of it. `summary` shows how the build ended, where no shell stood in its place.
    fn outcome(
        &self,
        id: &JobId,
        progress: &Progress,
        left: Left,
        visits: &Visits,
        no_script: &NoScript,
        summary: &mut dyn FnMut(&Progress),
    ) -> Result<Exit, CliError> {
        let job = progress.job(id);
        let result = job.and_then(|job| job.result.as_ref());
        match (left, result) {
            (_, Some(JobResult { exit: Some(code), .. })) if visits.begun => return Ok(Exit::Shell(code_of(*code))),
            (Left::Canceled | Left::Killed, _) => return Ok(Exit::Interrupted),
            (Left::Itself, _) => {}
        }
        let Some(job) = job else {
            let message = progress.message.clone().unwrap_or_else(|| "there are no jobs".into());
            return Err(CliError::new(message, no_script.get().copied().unwrap_or(build::exit(progress.status))));
        };
        let others = || progress.jobs().iter().filter(|other| other.job.id != *id);
        if let Some(message) = result.and_then(|result| result.message.as_ref()) {
            return Err(CliError::failed(format!("job `{id}`: {message}")));
        }
        summary(progress);
        if let Some(bad) = others().find(|job| job.is_bad()) {
            let bad = &bad.job.id;
            return Err(CliError::failed(format!("job `{bad}` failed, and `{id}` depends on it: no shell is opened"))
                .hint(format!("to look at `{bad}`: monkeyci debug {bad} --after")));
        }
        if progress.status == BuildStatus::Blocked {
            let blocked = others().find(|job| job.status == JobStatus::Blocked);
            let blocked = blocked.map_or(id, |job| &job.job.id);
            return Err(CliError::failed(format!("job `{blocked}` waits for approval, and `{id}` depends on it"))
                .hint(format!("to let it go on: --approve {blocked}")));
        }
        Err(CliError::failed(format!("no shell is opened: job `{id}` {}", why(job))))
    }

    /// Everything but the shell's own output goes to standard error.
    fn view(&self) -> Box<dyn View> {
        let stderr = std::io::stderr();
        let is_terminal = stderr.is_terminal();
        let style = super::style_of(is_terminal);
        if is_terminal && !super::is_dumb() {
            return Box::new(Live::new(Term::stderr(), style).following(self.job().ok().filter(|_| self.after)));
        }
        Box::new(Plain::new(stderr, style, Detail::All))
    }
}

fn why(job: &JobProgress) -> String {
    sentence::outcome(job).unwrap_or_else(|| format!("is {}", job.status))
}

/// A shell's code as a program can end with it.
fn code_of(code: i32) -> u8 {
    u8::try_from(code).unwrap_or(1)
}
