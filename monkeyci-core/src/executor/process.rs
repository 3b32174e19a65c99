//! Jobs as plain processes of this host.
//!
//! A supervisor in a session of its own runs each of them, so that the keys of a terminal do not reach them. It opens
//! namespaces where it may; the report says which guarantee holds.

mod pty;
mod record;
mod shell;
mod user;

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use monkeyci_model::result::Guarantee;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::OnceCell;

use self::record::Record;
pub use self::user::{NoUser, User};
use super::{Capabilities, Executor, ExecutorError, Exit, Order, Sitting, Wanted, Watch};
use crate::job_dir::frame::Kind;
use crate::job_dir::program::supervisor_path;
use crate::job_dir::report::Reader;
use crate::job_dir::{Program, guarantee, outcome};

/// What a job's environment takes over from ours; everything else it is given by the order. The last two say where the
/// programs that rustup puts on the `PATH` find what they stand for, where it is not below `HOME`.
const INHERITED: [&str; 8] = ["PATH", "HOME", "USER", "LOGNAME", "LANG", "TMPDIR", "CARGO_HOME", "RUSTUP_HOME"];

/// How often a job that was started by an engine before us is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// How long a supervisor that is swept has to end its job, before it is killed itself.
const SWEEP_LIMIT: Duration = Duration::from_secs(7);

/// Runs jobs as plain processes.
#[derive(Debug)]
pub struct Process {
    state: PathBuf,
    programs: PathBuf,
    program: OnceCell<PathBuf>,
    outliving: bool,
    namespaces: bool,
    /// Whom jobs run as, and the folder that they do not see.
    sandbox: Option<(User, PathBuf)>,
}

impl Process {
    /// An executor that remembers in `state` what it runs, so that the next one can sweep it, and keeps the
    /// supervisor's program there.
    ///
    /// Its jobs end at once when this program ends, however that happens.
    #[must_use]
    pub fn new(state: impl Into<PathBuf>) -> Self {
        let state = state.into();
        Self {
            programs: state.join("bin"),
            state,
            program: OnceCell::new(),
            outliving: false,
            namespaces: true,
            sandbox: None,
        }
    }

    /// Keeps the supervisor's program in this folder, which others may share.
    #[must_use]
    pub fn programs(mut self, folder: impl Into<PathBuf>) -> Self {
        self.programs = folder.into();
        self
    }

    /// Lets jobs go on when this program ends, until their lease is over: the next one re-attaches.
    #[must_use]
    pub fn outliving(mut self) -> Self {
        self.outliving = true;
        self
    }

    /// Does not try namespaces, inside of which programs that change their user, such as `sudo`, fail.
    #[must_use]
    pub fn without_namespaces(mut self) -> Self {
        self.namespaces = false;
        self
    }

    /// Runs jobs as another user, which only root can: with a home and a folder for temporary files of their own, without
    /// sight of what is in `hidden`, and without a way to gain rights, as by `sudo`.
    #[must_use]
    pub fn as_user(mut self, user: User, hidden: impl Into<PathBuf>) -> Self {
        self.sandbox = Some((user, hidden.into()));
        self
    }

    fn record(&self, order: &Order) -> Record {
        Record::at(self.state.join(order.attempt.name()))
    }

    fn remember(&self, record: &Record, pid: Option<u32>) -> Result<(), ExecutorError> {
        let written = match record.write(pid) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                std::fs::create_dir_all(&self.state).and_then(|()| record.write(pid))
            }
            written => written,
        };
        written.map_err(failed("remember the job"))
    }

    /// The supervisor, as a command for this order.
    async fn command(&self, options: &[&'static str], order: &Order) -> Result<Command, ExecutorError> {
        let place = async || supervisor_path(&self.programs);
        let program = self.program.get_or_try_init(place).await.map_err(failed("put the supervisor into its place"))?;
        let mut command = Command::new(program);
        command.args(["run", "--process"]).args(options);
        if !self.namespaces {
            command.arg("--without-namespaces");
        }
        command.env_clear();
        match &self.sandbox {
            Some((user, hidden)) => {
                // Also that of a shell beside a job lies in the job's, which has the workspace.
                let job = order.dir.work().parent().map(PathBuf::from).unwrap_or_default();
                command.arg(format!("--user={}:{}", user.id, user.group));
                command.arg(option("--jobdir=", &job)).arg(option("--hide=", hidden));
                command.envs(user.environment(&job));
            }
            None => drop(command.envs(environment())),
        }
        command.arg(order.dir.root());
        Ok(command)
    }

    /// Starts a job's supervisor.
    async fn supervise(&self, order: &Order) -> Result<Child, ExecutorError> {
        let (options, stdin) =
            if self.outliving { (&[][..], Stdio::null()) } else { (&["--tethered"][..], Stdio::piped()) };
        let mut command = self.command(options, order).await?;
        command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
        self.spawn(&mut command).await
    }

    async fn spawn(&self, command: &mut Command) -> Result<Child, ExecutorError> {
        let mut tries = 0;
        loop {
            match command.spawn() {
                // Another thread that starts a program at this moment may hold the new file open for a little while.
                Err(error) if error.kind() == io::ErrorKind::ExecutableFileBusy && tries < 1000 => {
                    tries += 1;
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
                spawned => return spawned.map_err(failed("start the supervisor")),
            }
        }
    }

    /// Waits for a job that an engine before us has started.
    async fn attach(order: &Order, record: &Record, mut reader: Reader, watch: &Watch) -> Result<(), ExecutorError> {
        let (mut told, mut canceled) = (false, false);
        if record.is_alive() {
            // The engine before us may have ended just before it said so.
            order.dir.start().map_err(failed("start the job"))?;
        }
        loop {
            // Asked first: what is written before the end is then read below.
            let alive = record.is_alive();
            if !told && let Some(guarantee) = started(&mut reader) {
                told = true;
                (watch.started)(guarantee);
            }
            if !alive {
                return Ok(());
            }
            if canceled {
                tokio::time::sleep(LOOK).await;
                continue;
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                () = watch.cancel.cancelled() => {
                    canceled = true;
                    order.dir.cancel().map_err(failed("cancel the job"))?;
                }
            }
        }
    }
}

#[async_trait]
impl Executor for Process {
    fn name(&self) -> &'static str {
        "process"
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { processes: true, ..Capabilities::default() }
    }

    async fn run(&self, order: &Order, watch: Watch) -> Result<Exit, ExecutorError> {
        supported(order)?;
        let reader = Reader::open(&order.dir).map_err(|error| broken("open the report", error))?;
        let record = self.record(order);
        // A result, or a record, is of this very attempt: it is never started twice.
        if record.exists() || !matches!(reader.outcome(), Ok(None)) {
            Self::attach(order, &record, reader, &watch).await?;
            record.remove().map_err(failed("forget the job"))?;
            return Ok(Exit::default());
        }
        // Before there is a supervisor: should we end in between, nobody starts the job of one that we do not know.
        self.remember(&record, None)?;
        let mut child = match self.supervise(order).await {
            Ok(child) => child,
            Err(error) => {
                record.remove().map_err(failed("forget the job"))?;
                return Err(error);
            }
        };
        // Before the job starts, so that nothing runs that a sweep would not find.
        let begun = self.remember(&record, child.id());
        if let Err(error) = begun.and_then(|()| order.dir.start().map_err(failed("start the job"))) {
            // It waits for a start that never comes.
            let _ = child.kill().await;
            record.remove().map_err(failed("forget the job"))?;
            return Err(error);
        }
        // Held to the end of this function: when it closes, the job ends.
        let _tether = child.stdin.take();
        let (status, said) = attend(&mut child, order, &watch).await?;
        record.remove().map_err(failed("forget the job"))?;
        if status.success() || !matches!(reader.outcome(), Ok(None)) {
            return Ok(Exit::default());
        }
        Err(broken("run the supervisor", format!("{status} {}", said.trim())))
    }

    async fn shell(&self, order: &Order, sitting: Sitting) -> Result<Option<i32>, ExecutorError> {
        self.open_shell(order, sitting).await
    }

    async fn enter(&self, order: &Order, program: Program, sitting: Sitting) -> Result<Option<i32>, ExecutorError> {
        self.open_beside(order, &program, sitting).await
    }

    async fn sweep(&self, instance: &str, wanted: Wanted<'_>) -> Result<Vec<String>, ExecutorError> {
        let mut removed = Vec::new();
        for (fence, record) in Record::all(&self.state, instance).map_err(failed("list the jobs"))? {
            if wanted(fence) {
                continue;
            }
            if record.is_alive() {
                removed.push(record.name());
                record.end();
                let gone = async {
                    while record.is_alive() {
                        tokio::time::sleep(Duration::from_millis(2)).await;
                    }
                };
                if tokio::time::timeout(SWEEP_LIMIT, gone).await.is_err() {
                    record.kill();
                }
            }
            record.remove().map_err(failed("forget the job"))?;
        }
        Ok(removed)
    }
}

/// Waits for the supervisor, hears when its job starts and hands a cancel on.
async fn attend(child: &mut Child, order: &Order, watch: &Watch) -> Result<(ExitStatus, String), ExecutorError> {
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let pid = child.id();
    let running = AtomicBool::new(false);
    let hear = async {
        let mut word = String::new();
        if let Some(stdout) = stdout {
            // One short word; more would not be the supervisor's.
            let _ = BufReader::new(stdout.take(64)).read_line(&mut word).await;
        }
        if let Some(word) = outcome::Guarantee::parse(word.trim()) {
            running.store(true, Ordering::Relaxed);
            (watch.started)(Some(guarantee(word)));
        }
    };
    let complaint = async {
        let mut said = Vec::new();
        if let Some(stderr) = stderr {
            let _ = stderr.take(4096).read_to_end(&mut said).await;
        }
        String::from_utf8_lossy(&said).into_owned()
    };
    let cancel = async {
        watch.cancel.cancelled().await;
        // The file first: it also holds for a job that has not begun.
        if let Err(error) = order.dir.cancel() {
            return error;
        }
        if running.load(Ordering::Relaxed) {
            record::signal(pid, rustix::process::Signal::TERM);
        }
        std::future::pending().await
    };
    tokio::select! {
        ((), said, status) = async { tokio::join!(hear, complaint, child.wait()) } => {
            Ok((status.map_err(failed("wait for the supervisor"))?, said))
        }
        error = cancel => Err(failed("cancel the job")(error)),
    }
}

fn supported(order: &Order) -> Result<(), ExecutorError> {
    let job = &order.job;
    let what = match &job.image {
        Some(image) => format!("the image `{image}`"),
        None if !job.services.is_empty() => "services".to_owned(),
        None => return Ok(()),
    };
    Err(ExecutorError::Unsupported(format!(
        "job `{}` asks for {what}, which plain processes do not have: choose the executor `docker` or `podman` for it",
        job.id
    )))
}

/// An option whose value is a path.
fn option(name: &str, path: &std::path::Path) -> OsString {
    let mut option = OsString::from(name);
    option.push(path);
    option
}

/// The environment of a job before its own variables.
fn environment() -> impl Iterator<Item = (&'static str, OsString)> {
    INHERITED.into_iter().filter_map(|name| {
        let default = match name {
            "PATH" => Some("/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
            "HOME" => Some("/"),
            "LANG" => Some("C.UTF-8"),
            _ => None,
        };
        Some((name, std::env::var_os(name).or_else(|| default.map(OsString::from))?))
    })
}

/// The guarantee under which a job runs, once it does.
fn started(reader: &mut Reader) -> Option<Option<Guarantee>> {
    // What cannot be read is for the worker to tell; here it only means that nothing is known.
    let frames = reader.read().ok()?;
    frames.into_iter().find_map(|frame| match frame.kind {
        Kind::Started(word) => Some(Some(guarantee(word))),
        _ => None,
    })
}

fn failed(what: &'static str) -> impl Fn(io::Error) -> ExecutorError {
    move |source| ExecutorError::Io { what, source }
}

fn broken(what: &'static str, reason: impl std::fmt::Display) -> ExecutorError {
    ExecutorError::Engine { what, reason: reason.to_string() }
}
