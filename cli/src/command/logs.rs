use std::io::Write as _;

use futures::{StreamExt, TryStreamExt};
use monkeyci_client::rest::JobView;
use monkeyci_client::{BuildRef, ClientError, LogRef};
use monkeyci_core::log::Chunk;
use monkeyci_core::model::{EventKind, JobId};

use crate::error::{CliError, Exit};
use crate::remote::{BuildName, ServerArgs};
use crate::runtime::Runtime;
use crate::stored::{StoreArgs, Wish, print_logs};
use crate::ui::lines::Lines;

/// Print what the jobs of a build wrote
///
/// Of one job, or of all of them, one after the other. Only colours reach a terminal; `--raw` prints every byte.
#[derive(Debug, clap::Args)]
pub struct LogsArgs {
    /// The build, as in `acme/web/42` or `42` [default: the newest of this checkout's repository]
    #[arg(value_name = "BUILD")]
    build: Option<String>,
    /// The job [default: all of them]; of the newest build it may stand alone
    #[arg(value_name = "JOB")]
    job: Option<String>,
    /// Go on until the job ends
    #[arg(short, long)]
    follow: bool,
    /// Attempt N of the job [default: the newest]
    #[arg(long, value_name = "N")]
    attempt: Option<u32>,
    /// What the script's program printed, instead
    #[arg(long, conflicts_with = "attempt")]
    script: bool,
    /// Print the bytes as they are
    #[arg(long)]
    raw: bool,
    #[command(flatten)]
    store: StoreArgs,
    #[command(flatten)]
    server: ServerArgs,
}

/// Prints logs.
pub fn run(args: &LogsArgs) -> Result<Exit, CliError> {
    Runtime::new()?.block_on(print(args))
}

async fn print(args: &LogsArgs) -> Result<Exit, CliError> {
    let (build, job) = named(args.build.as_deref(), args.job.as_deref())?;
    if let Some(stored) = args.store.open().await? {
        let row = stored.build(build.as_ref()).await?;
        let LogsArgs { attempt, script, follow, raw, .. } = *args;
        print_logs(&stored, &row, &Wish { job: job.as_ref(), attempt, script, follow, raw }).await?;
        return Ok(Exit::Success);
    }
    let (id, build) = args.server.connect()?.build(build.as_ref()).await?;
    if args.script {
        write(args, &build.script_log(), Lines::plain()).await?;
        return Ok(Exit::Success);
    }
    if let Some(job) = job {
        let newest = if args.follow { begun(&build, &job).await? } else { build.job(&job).get().await?.attempt };
        if newest == 0 {
            return Err(CliError::failed(format!("`{job}` of build {} has not begun", super::short(&id))));
        }
        let attempt = args.attempt.unwrap_or(newest);
        if attempt > newest {
            return Err(CliError::usage(format!("the newest attempt of `{job}` is {newest}")));
        }
        write(args, &build.job(&job).attempt(attempt).log(), Lines::plain()).await?;
        return Ok(Exit::Success);
    }
    let jobs = build.get().await?.jobs;
    let begun: Vec<_> = jobs.iter().filter(|job| job.attempt > 0).collect();
    match &begun[..] {
        [] => Err(CliError::failed(format!("no job of build {} has begun", super::short(&id)))
            .hint("`--script` shows what the script's program printed")),
        [job] => {
            write(args, &log(&build, job), Lines::plain()).await?;
            Ok(Exit::Success)
        }
        _ if args.follow => Err(CliError::usage("one job can be followed, and this build has several")
            .hint(format!("name it, or have all of them with `monkeyci watch {}`", super::short(&id)))),
        several => {
            for job in several {
                write(args, &log(&build, job), Lines::of_job(&job.job.id)).await?;
            }
            Ok(Exit::Success)
        }
    }
}

/// Waits until a job has begun, and says which attempt is its newest; 0 when it ended without one.
///
/// # Errors
/// When the script has no such job.
async fn begun(build: &BuildRef, job: &JobId) -> Result<u32, CliError> {
    // It is not known before the script is loaded.
    let mut unknown = match build.job(job).get().await {
        Ok(view) if view.attempt > 0 => return Ok(view.attempt),
        Ok(_) => None,
        Err(error @ ClientError::NotFound(_)) => Some(error),
        Err(error) => return Err(error.into()),
    };
    let mut events = build.events(0);
    while let Some(event) = events.try_next().await? {
        match event.kind {
            EventKind::JobStart { job_id, attempt, .. } if job_id == *job => return Ok(attempt),
            EventKind::ScriptStart { jobs, .. } if jobs.iter().any(|known| known.id == *job) => unknown = None,
            EventKind::ScriptStart { .. } => break,
            EventKind::JobEnd { job_id, .. } | EventKind::JobSkipped { job_id, .. } if job_id == *job => break,
            _ => {}
        }
    }
    unknown.map_or(Ok(0), |error| Err(error.into()))
}

/// The build and the job: either, both, or none may be named.
fn named(build: Option<&str>, job: Option<&str>) -> Result<(Option<BuildName>, Option<JobId>), CliError> {
    let job_id = |name: &str| name.parse::<JobId>().map_err(|error| CliError::usage(error.to_string()));
    let Some(first) = build else { return Ok((None, None)) };
    match (first.parse::<BuildName>(), job) {
        (Ok(build), job) => Ok((Some(build), job.map(job_id).transpose()?)),
        // A word without a slash that is no number: a job of the newest build.
        (Err(_), None) if !first.contains('/') => Ok((None, Some(job_id(first)?))),
        (Err(error), _) => Err(CliError::usage(error)),
    }
}

fn log(build: &BuildRef, job: &JobView) -> LogRef {
    build.job(&job.job.id).attempt(job.attempt).log()
}

async fn write(args: &LogsArgs, log: &LogRef, lines: Lines) -> Result<(), CliError> {
    let mut pieces = if args.follow { log.follow(0) } else { log.bytes(0) };
    let mut offset = 0;
    while let Some(piece) = pieces.next().await {
        let bytes = piece?;
        let chunk = Chunk { offset, marks: Vec::new(), bytes };
        offset += chunk.bytes.len() as u64;
        if !args.raw {
            lines.hear(&chunk);
        } else if std::io::stdout().write_all(&chunk.bytes).and_then(|()| std::io::stdout().flush()).is_err() {
            // A reader that went away wants no more.
            return Ok(());
        }
    }
    lines.finish();
    Ok(())
}

#[cfg(test)]
mod tests {
    use monkeyci_grammar::Which;

    use super::*;

    #[test]
    fn a_build_a_job_or_both_are_named() {
        let read = |names: &[&str]| {
            let (build, job) = named(names.first().copied(), names.get(1).copied()).ok()?;
            Some((
                build.map(|build| (build.repo.map(|repo| repo.to_string()), build.which)),
                job.map(|job| job.to_string()),
            ))
        };
        let web = |which| Some((Some("acme/web".to_owned()), which));
        let unit = || Some("unit".to_owned());
        assert_eq!(read(&[]), Some((None, None)));
        assert_eq!(read(&["acme/web/42", "unit"]), Some((web(Which::Number(42)), unit())));
        assert_eq!(read(&["acme/web"]), Some((web(Which::Last), None)));
        assert_eq!(read(&["42"]), Some((Some((None, Which::Number(42))), None)));
        assert_eq!(read(&["unit"]), Some((None, unit())));
        assert_eq!(read(&["unit", "42"]), None);
        assert_eq!(read(&["acme/web/x"]), None);
        assert_eq!(read(&["a b"]), None);
    }
}
