//! What is done before a job runs: its secrets, its caches and artifacts, its control half.

use std::io;
use std::path::{Path, PathBuf};

use monkeyci_model::{Cause, Job};
use zeroize::Zeroizing;

use super::caches::JobCaches;
use super::outcome::Verdict;
use super::settings::{Ports, Settings};
use super::site::{self, Site};
use super::variables::{place, variables};
use crate::executor::Inner;
use crate::job_dir::report::Reader;
use crate::job_dir::{JobDir, Program};
use crate::lease::Lease;
use crate::secret::{self, Secrets};

/// The job with every secret filled in. In memory only.
pub(super) fn resolve(job: &Job, lease: &Lease, secrets: &Secrets) -> Result<Job, Verdict> {
    let mut job = job.clone();
    for text in job.texts_mut() {
        if text.as_plain().is_some() {
            continue;
        }
        if lease.trigger.fork {
            let names: Vec<_> = text.secrets().map(|secret| format!("`{}`", secret.name)).collect();
            let message = format!("it needs {}, and builds of a fork get no secrets", names.join(", "));
            return Err(Verdict::new(Cause::Invalid, message));
        }
        let plain = secrets.resolve(text).map_err(|error| Verdict::new(Cause::Invalid, error.to_string()))?;
        *text = plain.as_str().into();
    }
    Ok(job)
}

/// The ID tokens of the job of a lease, by the variables that hold them. They are no part of the job itself, which a script's
/// program compares with its plan.
pub(super) fn id_tokens(lease: &Lease, secrets: &Secrets) -> Result<Vec<(String, Zeroizing<String>)>, Verdict> {
    let wanted = &lease.job.id_tokens;
    if lease.trigger.fork && !wanted.is_empty() {
        return Err(Verdict::new(Cause::Invalid, "it asks for ID tokens, and builds of a fork get none"));
    }
    let token = |variable: &String| match secrets.value(&secret::id_token(variable)) {
        Some(token) => Ok((variable.clone(), Zeroizing::new(token.to_owned()))),
        None => Err(Verdict::new(Cause::Invalid, format!("nobody here gives it the ID token `{variable}`"))),
    };
    wanted.keys().map(token).collect()
}

/// What a job finds when it starts.
pub(super) struct Prepared<'a> {
    /// Reads its report.
    pub(super) reader: Reader,
    pub(super) caches: JobCaches<'a>,
    /// What could not be had.
    pub(super) warnings: Vec<String>,
}

/// Gives the job its caches and artifacts, and writes down what it runs.
pub(super) async fn prepare<'a>(
    settings: &Settings,
    ports: &'a Ports,
    site: &'a Site,
) -> Result<Prepared<'a>, Verdict> {
    let Site { lease, dir, work_dir, taken_up, .. } = site;
    let mut warnings = Vec::new();
    let caches = JobCaches::of(&ports.caches, lease, work_dir, &mut warnings).await;
    if !taken_up {
        caches.restore(work_dir, &mut warnings).await;
        restore(ports, lease, work_dir, &mut warnings).await?;
    }
    let (at, change) = (dir.clone(), site.change.clone());
    let program = (!taken_up).then(|| program(settings, site));
    let opened = blocking(settings, move || {
        if let Some(program) = program {
            site::record(&at, &change)?;
            // Last: an attempt whose program is written may run already.
            at.write(&program).map_err(|error| match error.kind() {
                io::ErrorKind::InvalidInput => Verdict::new(Cause::Invalid, error.to_string()),
                _ => broken("its folder", at.root(), &error),
            })?;
        }
        Reader::open(&at).map_err(|error| Verdict::new(Cause::Infrastructure, error.to_string()))
    });
    Ok(Prepared { reader: opened.await?, caches, warnings })
}

/// Does what may block where it may.
pub(super) async fn blocking<T: Send + 'static>(
    settings: &Settings,
    work: impl FnOnce() -> Result<T, Verdict> + Send + 'static,
) -> Result<T, Verdict> {
    let done = settings.making.spawn_blocking(work).await;
    done.map_err(|error| Verdict::new(Cause::Infrastructure, format!("making its workspace: {error}")))?
}

/// The folder that a job's lines begin in, on this host: a real one, inside of its workspace.
///
/// # Errors
/// When it is not there, or a link in the checkout leads out of the workspace.
pub(super) fn work_dir(dir: &JobDir, name: Option<&str>) -> io::Result<PathBuf> {
    let root = dir.work();
    let found = match name.filter(|name| !name.is_empty()) {
        // All above it is ours: only itself can have become a link.
        None => ("its workspace".to_owned(), root.symlink_metadata().map(|found| found.is_dir().then_some(root))),
        Some(name) => {
            let real = root.canonicalize().and_then(|root| Ok((root.join(name).canonicalize()?, root)));
            let inside =
                |(folder, root): (PathBuf, _)| (folder.starts_with(&root) && folder.is_dir()).then_some(folder);
            (format!("the work dir `{name}`"), real.map(inside))
        }
    };
    match found {
        (_, Ok(Some(folder))) => Ok(folder),
        (shown, Ok(None)) => Err(io::Error::other(format!("{shown} is no folder inside of the checkout"))),
        (shown, Err(error)) => Err(io::Error::new(error.kind(), format!("{shown}: {error}"))),
    }
}

/// Gives the job its artifacts.
async fn restore(ports: &Ports, lease: &Lease, work_dir: &Path, warnings: &mut Vec<String>) -> Result<(), Verdict> {
    for artifact in &lease.job.restore_artifacts {
        match ports.artifacts.restore(&lease.attempt.build, artifact, work_dir).await {
            Ok(_) => {}
            Err(error) if error.is_not_there() => warnings.push(format!("not restored: {error}")),
            Err(error) => return Err(Verdict::new(Cause::Infrastructure, format!("it could not be given {error}"))),
        }
    }
    Ok(())
}

/// What the job runs.
pub(super) fn program(settings: &Settings, site: &Site) -> Program {
    let Site { lease, job, dir, .. } = site;
    let bytes = |text: &monkeyci_model::Text| text.as_plain().unwrap_or_default().as_bytes().to_vec();
    let mut env = variables(lease);
    let root = Inner::of(dir, job.image.is_some()).work;
    let work_dir = site::beneath(&root, job.work_dir.as_deref());
    place(&mut env, &root, &work_dir);
    env.extend(site.of_action());
    env.extend(site.id_tokens.iter().map(|(name, token)| (name.clone(), token.to_string())));
    env.extend(job.env.iter().map(|(name, value)| (name.clone(), value.as_plain().unwrap_or_default().to_owned())));
    let defaults = Program::default();
    let entrypoint = job.entrypoint.iter().flatten().map(|part| part.clone().into_bytes());
    Program {
        lines: job.script.iter().map(bytes).collect(),
        command: entrypoint.chain(job.command.iter().map(bytes)).collect(),
        shell: job.shell.clone().unwrap_or(defaults.shell),
        env: env.into_iter().map(|(name, value)| (name, value.into_bytes())).collect(),
        root,
        work_dir: job.work_dir.as_deref().unwrap_or_default().into(),
        timeout_ms: timeout_ms(job),
        grace_ms: u64::try_from(settings.grace.as_millis()).unwrap_or(u64::MAX),
        log_limit: settings.log_limit,
        lease_ms: u64::try_from(settings.lease.as_millis()).unwrap_or(u64::MAX),
    }
}

/// Milliseconds that one attempt of the job may take.
pub(super) fn timeout_ms(job: &Job) -> u64 {
    job.timeout.unwrap_or(monkeyci_model::job::limits::TIMEOUT_MS)
}

/// Something of ours that stands in the way of a job.
pub(super) fn broken(what: &str, path: &Path, error: &io::Error) -> Verdict {
    let message = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            format!("the disk is full: {what} `{}` could not be made; free some space", path.display())
        }
        _ => format!("{what} `{}`: {error}", path.display()),
    };
    Verdict::new(Cause::Infrastructure, message)
}
