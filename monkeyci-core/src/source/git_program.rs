//! The `git` program in a cage: nobody's configuration, no hooks, no questions, and a whole process group to kill.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Command;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::credentials::Handover;
use super::{SourceError, blocking, git_version, size, stderr};

/// Bytes of output that are kept: the beginning of standard output, the end of standard error.
const KEPT: usize = 256 * 1024;

/// How often the size of the work tree is looked at while git writes it.
const LOOK: Duration = Duration::from_secs(1);

/// Settings of every run. Each closes a way by which a repository, a server or this machine's user could make git run
/// something, wait, or write where it should not.
const SETTINGS: [&str; 25] = [
    "safe.bareRepository=explicit",
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.untrackedCache=false",
    "core.protectHFS=true",
    "core.protectNTFS=true",
    "core.askPass=",
    "core.pager=cat",
    "core.editor=false",
    "credential.helper=",
    "credential.useHttpPath=false",
    "protocol.version=2",
    "submodule.recurse=false",
    "fetch.recurseSubmodules=false",
    "fetch.fsckObjects=true",
    "fetch.writeCommitGraph=false",
    "transfer.fsckObjects=true",
    "transfer.credentialsInUrl=die",
    "transfer.bundleURI=false",
    "http.followRedirects=false",
    "http.lowSpeedLimit=100",
    "http.lowSpeedTime=60",
    "gc.auto=0",
    "maintenance.auto=false",
    "advice.detachedHead=false",
];

/// Variables of this process that git may see: where programs and certificates are, and the way out to the network.
const PASSED: [&str; 14] = [
    "PATH",
    "TMPDIR",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "GIT_SSL_CAINFO",
    "http_proxy",
    "https_proxy",
    "HTTPS_PROXY",
    "all_proxy",
    "ALL_PROXY",
    "no_proxy",
    "NO_PROXY",
    "LD_LIBRARY_PATH",
    "NIX_SSL_CERT_FILE",
];

/// One fetch's use of the program.
#[derive(Clone, Copy)]
pub(super) struct Git<'a> {
    /// The repository, for errors.
    pub(super) url: &'a str,
    /// The work tree.
    pub(super) dir: &'a Path,
    /// Protocols that may be used, as `GIT_ALLOW_PROTOCOL` wants them.
    pub(super) protocols: &'a str,
    /// Whether links become links, or files that hold their target.
    pub(super) symlinks: bool,
    pub(super) handover: &'a Handover,
    pub(super) secrets: &'a [&'a str],
    pub(super) cancel: &'a CancellationToken,
    /// When all of it must be over, and how long that was from the start.
    pub(super) deadline: (Instant, Duration),
    /// Bytes that the work tree may hold, `.git` included.
    pub(super) max_bytes: Option<u64>,
    /// The setting that says where the host of the repository is, once that was looked at.
    pub(super) place: Option<&'a str>,
}

/// How a run ended.
pub(super) struct Ran {
    pub(super) success: bool,
    pub(super) stdout: String,
    /// What it complained about, scrubbed.
    pub(super) complaint: String,
}

impl Git<'_> {
    /// What speaks against the program, if anything does. One that is missing is an error.
    pub(super) async fn fault(&self) -> Result<Option<String>, SourceError> {
        Ok(git_version::fault(&self.run(&["--version"]).await?.stdout))
    }

    /// Runs git and returns its standard output.
    pub(super) async fn ask(&self, what: &'static str, arguments: &[&str]) -> Result<String, SourceError> {
        let ran = self.run(arguments).await?;
        if ran.success { Ok(ran.stdout) } else { Err(stderr::classify(what, self.url, ran.complaint)) }
    }

    /// Runs git. When this future is dropped, cancelled or too slow, the whole process group is killed.
    pub(super) async fn run(&self, arguments: &[&str]) -> Result<Ran, SourceError> {
        if self.cancel.is_cancelled() {
            return Err(SourceError::Canceled);
        }
        let mut child = self.command(arguments).spawn().map_err(|e| match e.kind() {
            std::io::ErrorKind::NotFound => {
                SourceError::Program("the program `git` is not installed: install git 2.45.1 or newer".into())
            }
            _ => SourceError::io("failed to run `git` in", self.dir, e),
        })?;
        let mut group = Group(child.id().and_then(|id| Pid::from_raw(id.cast_signed())));
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let work = async {
            let (stdout, stderr, status) = tokio::join!(read(stdout, false), read(stderr, true), child.wait());
            status.map(|status| (status, stdout, stderr))
        };
        let ended = tokio::select! {
            ended = work => Ok(ended),
            () = self.cancel.cancelled() => Err(SourceError::Canceled),
            () = tokio::time::sleep_until(self.deadline.0) => {
                Err(SourceError::Timeout { url: self.url.to_owned(), after: self.deadline.1 })
            }
            error = self.outgrown() => Err(error),
        };
        let ended = match ended {
            Ok(ended) => ended,
            Err(stopped) => {
                group.kill();
                // Reaped here, so that nothing of it is left when this returns.
                let _ = child.wait().await;
                return Err(stopped);
            }
        };
        group.0 = None;
        // What grew since the last look.
        self.check_size().await?;
        let (status, stdout, stderr) =
            ended.map_err(|e| SourceError::io("failed to wait for `git` in", self.dir, e))?;
        Ok(Ran {
            success: status.success(),
            stdout: String::from_utf8_lossy(&stdout).into_owned(),
            complaint: stderr::scrub(&stderr, self.secrets),
        })
    }

    /// Waits until the work tree holds more than it may.
    async fn outgrown(&self) -> SourceError {
        loop {
            tokio::time::sleep(LOOK).await; // poll
            if let Err(error) = self.check_size().await {
                return error;
            }
        }
    }

    async fn check_size(&self) -> Result<(), SourceError> {
        let Some(limit) = self.max_bytes else { return Ok(()) };
        let dir = self.dir.to_owned();
        if blocking(move || Ok(size::is_larger(&dir, limit))).await? {
            return Err(SourceError::TooLarge { url: self.url.to_owned(), limit });
        }
        Ok(())
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("git");
        for setting in SETTINGS {
            command.args(["-c", setting]);
        }
        command.args(self.place.iter().flat_map(|place| ["-c", place]));
        command.args(["-c", if self.symlinks { "core.symlinks=true" } else { "core.symlinks=false" }]);
        command.args(arguments).current_dir(self.dir).env_clear();
        command.envs(PASSED.iter().filter_map(|name| std::env::var_os(name).map(|value| (name, value))));
        let home = self.handover.home();
        command
            .env("LC_ALL", "C")
            .env("XDG_CONFIG_HOME", &home)
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_ATTR_NOSYSTEM", "1")
            .env("GIT_TEMPLATE_DIR", &home)
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_LFS_SKIP_SMUDGE", "1")
            .env("GIT_ALLOW_PROTOCOL", self.protocols)
            .env("GIT_SSH_VARIANT", "ssh")
            .env("GIT_CEILING_DIRECTORIES", self.dir.parent().unwrap_or(self.dir))
            .envs(self.handover.env.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true);
        command
    }
}

/// A process group that is killed when this is dropped, unless it ended before.
struct Group(Option<Pid>);

impl Group {
    fn kill(&mut self) {
        if let Some(group) = self.0.take() {
            // It may have ended by itself: that is no error.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Reads to the end with bounded memory; keeps the beginning, or the end when `tail`.
async fn read(pipe: Option<impl AsyncRead + Unpin>, tail: bool) -> Vec<u8> {
    let (mut kept, mut chunk) = (Vec::new(), vec![0; 16 * 1024]);
    let Some(mut pipe) = pipe else { return kept };
    while let Ok(count @ 1..) = pipe.read(&mut chunk).await {
        if tail || kept.len() < KEPT {
            kept.extend_from_slice(&chunk[..count]);
        }
        if kept.len() > 2 * KEPT {
            kept.drain(..kept.len() - KEPT);
        }
    }
    kept
}
