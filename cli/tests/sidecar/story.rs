//! A job with all that it needs around it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use monkeyci_core::job_dir::frame::{Frame, Kind};
use monkeyci_core::job_dir::outcome::Outcome;
use monkeyci_core::job_dir::report::{Reader, ReportError};
use monkeyci_core::job_dir::{JobDir, Program};
use monkeyci_core::sidecar::{Depot as _, End, Host, HttpDepot, Order, SidecarError, entry};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

use crate::depot::Depot;

/// How long a story waits for what must happen.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A job, its host's folder, and the volume that it shares with its sidecar.
pub struct Story {
    pub home: TempDir,
    pub dir: JobDir,
    pub depot: Depot,
    pub order: Order,
    pub runtime: Runtime,
}

/// A process that ends with this value.
pub struct Running(pub Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Running {
    /// Waits until it ends; its code.
    pub fn ends(&mut self) -> Option<i32> {
        let start = Instant::now();
        loop {
            if let Some(status) = self.0.try_wait().expect("waits") {
                return status.code();
            }
            assert!(start.elapsed() < PATIENCE, "it does not end");
            std::thread::sleep(Duration::from_millis(5)); // poll
        }
    }
}

/// How a job ended, as its host knows it.
pub struct Ran {
    pub frames: Vec<Frame>,
    pub read: Result<(), ReportError>,
    pub outcome: Result<Option<Outcome>, ReportError>,
    pub end: End,
}

impl Ran {
    pub fn output(&self) -> String {
        output(&self.frames)
    }

    /// How it ended, where report and result are what they should be.
    pub fn outcome(&self) -> &Outcome {
        self.read.as_ref().expect("a report");
        self.outcome.as_ref().expect("a result").as_ref().expect("a result")
    }
}

impl Story {
    /// A job of these lines, which wants these paths collected.
    pub fn lines<const N: usize>(lines: [&str; N], collect: &[&str]) -> Self {
        let lines = lines.map(|line| line.as_bytes().to_vec()).to_vec();
        Self::new(Program { lines, ..Program::default() }, collect)
    }

    pub fn new(mut program: Program, collect: &[&str]) -> Self {
        // Not in /tmp: a container may have another one.
        let home = tempfile::Builder::new().prefix("sidecar").tempdir_in("/var/tmp").expect("a folder");
        let dir = JobDir::create(home.path().join("host/job")).expect("a job directory");
        fs::create_dir(dir.work()).expect("a workspace");
        let volume = home.path().join("volume");
        fs::create_dir_all(&volume).expect("a volume");
        program.root = volume.join("work");
        // By this its processes are known.
        program.env.push(("STORY".to_owned(), home.path().display().to_string().into_bytes()));
        dir.write(&program).expect("a fit program");
        let depot = Depot::start();
        let mut order = Order::new(depot.for_sidecar(), &program, collect.iter().map(ToString::to_string).collect());
        (order.job_dir, order.work) = (volume.join("job"), volume.join("work"));
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        Self { home, dir, depot, order, runtime: runtime.expect("threads") }
    }

    /// The host's half.
    pub fn host(&self) -> Host {
        let depot = HttpDepot::new(&self.depot.for_host(), None).expect("an address");
        Host::new(Arc::new(depot), self.dir.clone())
    }

    pub fn prepare(&self) {
        let left_out = self.runtime.block_on(self.host().prepare(&self.order)).expect("prepared");
        assert!(left_out.is_empty(), "{left_out:?}");
    }

    /// A file in the volume.
    pub fn in_volume(&self, path: &str) -> PathBuf {
        self.home.path().join("volume").join(path)
    }

    /// Starts the sidecar.
    pub fn sidecar(&self, more: &[&str]) -> Running {
        Running(self.command(more).stderr(self.log()).spawn().expect("starts"))
    }

    /// What sidecars have written.
    pub fn logged(&self) -> String {
        fs::read_to_string(self.home.path().join("log")).unwrap_or_default()
    }

    fn log(&self) -> fs::File {
        fs::File::options().create(true).append(true).open(self.home.path().join("log")).expect("a log")
    }

    pub fn command(&self, more: &[&str]) -> Command {
        let file = self.home.path().join("order.json");
        fs::write(&file, self.order.to_json()).expect("an order");
        let mut command = program(&["sidecar", "--order", &file.to_string_lossy()]);
        command.args(more);
        command
    }

    /// Starts the job's container.
    pub fn job(&self) -> Running {
        self.container(&entry::waiting(&self.order.job_dir, PATIENCE), "")
    }

    /// Runs a command as process 1 of namespaces of its own, once `before` was done in them.
    pub fn container(&self, command: &[String], before: &str) -> Running {
        let mut unshare = Command::new("unshare");
        if !rustix::process::geteuid().is_root() {
            unshare.arg("-r");
        }
        unshare.args(["--pid", "--mount", "--fork", "--mount-proc", "--kill-child", "sh", "-c"]);
        unshare.arg(format!("{before}\nexec \"$@\"")).arg("container").args(command);
        Running(unshare.stdin(Stdio::null()).stderr(self.log()).spawn().expect("unshare runs"))
    }

    /// Follows the job to its end and collects what it left.
    pub fn mirror(&self) -> Ran {
        let end = self.try_mirror(&CancellationToken::new()).expect("it ends");
        self.read(end)
    }

    pub fn try_mirror(&self, over: &CancellationToken) -> Result<End, SidecarError> {
        self.runtime.block_on(async {
            let host = self.host();
            let end = tokio::time::timeout(PATIENCE, host.mirror(&self.order, over)).await.expect("it ends")?;
            host.collect(&self.order, &end).await?;
            Ok(end)
        })
    }

    pub fn read(&self, end: End) -> Ran {
        let mut reader = Reader::open(&self.dir).expect("a report");
        let (mut frames, mut read) = (Vec::new(), Ok(()));
        loop {
            match reader.read() {
                Ok(new) if new.is_empty() => break,
                Ok(new) => frames.extend(new),
                Err(error) => {
                    read = Err(error);
                    break;
                }
            }
        }
        Ran { frames, read, outcome: reader.outcome(), end }
    }

    /// The whole of it, with one sidecar that nothing happens to.
    pub fn run(&self) -> Ran {
        self.prepare();
        let (mut sidecar, _job) = (self.sidecar(&[]), self.job());
        let ran = self.mirror();
        assert_eq!(sidecar.ends(), Some(0), "{}", self.logged());
        self.nothing_is_left();
        ran
    }

    /// What the host has of the job by now.
    pub fn said(&self) -> String {
        let mut reader = Reader::open(&self.dir).expect("a report");
        output(&std::iter::from_fn(|| reader.read().ok().filter(|new| !new.is_empty())).flatten().collect::<Vec<_>>())
    }

    /// Waits until no process of the job lives.
    pub fn nothing_is_left(&self) {
        let start = Instant::now();
        while !self.alive().is_empty() {
            assert!(start.elapsed() < PATIENCE, "left behind: {:?}", self.alive());
            std::thread::sleep(Duration::from_millis(10)); // poll
        }
    }

    fn alive(&self) -> Vec<String> {
        let mark = format!("STORY={}", self.home.path().display()).into_bytes();
        let read = |path: &Path, name: &str| fs::read(path.join(name)).unwrap_or_default();
        let processes = fs::read_dir("/proc").into_iter().flatten().flatten().map(|entry| entry.path());
        let ours = processes.filter(|path| read(path, "environ").split(|byte| *byte == 0).any(|held| held == mark));
        ours.map(|path| String::from_utf8_lossy(&read(&path, "cmdline")).replace('\0', " ")).collect()
    }

    /// A depot for a look at single objects.
    pub fn get(&self, name: &str) -> Option<Vec<u8>> {
        let depot = HttpDepot::new(&self.depot.for_host(), None).expect("an address");
        let found = self.runtime.block_on(depot.get(name, 1 << 24)).expect("asked");
        found.map(|bytes| bytes.to_vec())
    }
}

fn output(frames: &[Frame]) -> String {
    let bytes = frames.iter().filter_map(|frame| match &frame.kind {
        Kind::Output(_, bytes) => Some(bytes.as_slice()),
        _ => None,
    });
    String::from_utf8_lossy(&bytes.collect::<Vec<_>>().concat()).into_owned()
}

/// The program, with nothing of this machine's settings.
pub fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_monkeyci"));
    command.args(arguments).env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.stdin(Stdio::null());
    command
}

/// What a program said that ended by itself.
pub fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Whether namespaces can be had here; what is skipped says so.
pub fn has_namespaces() -> bool {
    let mut unshare = Command::new("unshare");
    if !rustix::process::geteuid().is_root() {
        unshare.arg("-r");
    }
    let tried = unshare.args(["--pid", "--mount", "--fork", "--mount-proc", "true"]).output();
    let there = tried.is_ok_and(|output| output.status.success());
    if !there {
        let required = std::env::var("MONKEYCI_TEST_REQUIRE").unwrap_or_default();
        assert!(!required.split(',').any(|name| ["namespaces", "all"].contains(&name)), "namespaces are required");
        eprintln!("skipped: namespaces: `unshare` is not allowed to make any here");
    }
    there
}
