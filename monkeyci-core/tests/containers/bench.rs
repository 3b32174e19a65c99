//! What a story needs: an engine, a job directory, and a look at what is left.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use monkeyci_core::attempt::Attempt;
use monkeyci_core::executor::{CONTAINER_WORK, Docker, Engine, Executor, ExecutorError, Exit, Order, Watch};
use monkeyci_core::job_dir::frame::{Frame, Kind};
use monkeyci_core::job_dir::outcome::Outcome;
use monkeyci_core::job_dir::{JobDir, Program, report};
use monkeyci_core::model::{Job, JobId, result::Guarantee};
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

use crate::image;

/// Where the stories are played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Docker that sees our files.
    Docker,
    /// Docker as if it ran on another machine.
    DockerApart,
    /// Podman of root.
    Podman,
    /// Podman of root as if it ran on another machine.
    PodmanApart,
}

/// An engine with images, and a home for job directories.
pub struct Bench {
    pub docker: Docker,
    pub home: tempfile::TempDir,
    pub instance: String,
}

impl Stage {
    fn name(self) -> &'static str {
        match self {
            Self::Docker | Self::DockerApart => "docker",
            Self::Podman | Self::PodmanApart => "podman",
        }
    }

    /// The stage set up; none, said in the output, when this machine has no such engine.
    pub async fn open(self) -> Option<Bench> {
        match self.try_open().await {
            Ok(bench) => Some(bench),
            Err(why) => {
                let required = std::env::var("MONKEYCI_TEST_REQUIRE").unwrap_or_default();
                assert!(!required.split(',').any(|name| name == self.name()), "{}: {why}", self.name());
                eprintln!("skipped: {}: {why}", self.name());
                None
            }
        }
    }

    async fn try_open(self) -> Result<Bench, String> {
        static IMAGES: [OnceCell<Result<(), String>>; 2] = [OnceCell::const_new(), OnceCell::const_new()];
        static NEXT: AtomicUsize = AtomicUsize::new(0);

        let home = tempfile::tempdir().map_err(|error| error.to_string())?;
        let programs = home.path().join("programs");
        let (engine, images) = match self {
            Self::Docker | Self::DockerApart => (Engine::Docker, &IMAGES[0]),
            Self::Podman | Self::PodmanApart => (Engine::Podman, &IMAGES[1]),
        };
        let docker = match engine {
            Engine::Docker => Docker::connect(engine, programs).await,
            Engine::Podman => Docker::connect_to(engine, podman().await?, programs).await,
        };
        let docker = docker.map_err(|error| error.to_string())?;
        images.get_or_init(|| image::make(docker.api())).await.clone()?;
        let apart = matches!(self, Self::DockerApart | Self::PodmanApart);
        let docker = if apart { docker.without_mounts() } else { docker };
        let instance = format!("t{}x{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        Ok(Bench { docker, home, instance })
    }
}

/// A Podman service of our own, which ends when it was idle for a while.
async fn podman() -> Result<&'static str, String> {
    static SERVICE: OnceCell<Result<String, String>> = OnceCell::const_new();
    let service = SERVICE.get_or_init(async || {
        let socket = std::env::temp_dir().join(format!("monkeyci-test-podman-{}.sock", std::process::id()));
        let address = format!("unix://{}", socket.display());
        let mut command = Command::new("podman");
        // Some hosts have a cgroup tree that Podman's usual runtime refuses.
        if PathBuf::from("/usr/sbin/runc").exists() {
            command.args(["--runtime", "runc"]);
        }
        command.args(["system", "service", "-t", "20", &address]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().map_err(|error| format!("podman: {error}"))?;
        for _ in 0..500 {
            if std::os::unix::net::UnixStream::connect(&socket).is_ok() {
                return Ok(address);
            }
            tokio::time::sleep(Duration::from_millis(20)).await; // poll
        }
        Err("its service did not begin to listen".into())
    });
    service.await.as_deref().map_err(Clone::clone)
}

/// What a story sees of a job that ran.
#[derive(Debug)]
pub struct Seen {
    pub exit: Result<Exit, ExecutorError>,
    pub outcome: Option<Outcome>,
    pub output: String,
    pub started: Vec<Option<Guarantee>>,
}

/// A job that has an order and is not told to run yet.
pub struct Play<'a> {
    bench: &'a Bench,
    pub order: Order,
    pub cancel: CancellationToken,
    started: Arc<Mutex<Vec<Option<Guarantee>>>>,
}

impl Bench {
    /// A job with an image and lines.
    pub fn job(&self, image: &str, lines: &[&str]) -> Job {
        let mut job = Job::new(JobId::new("test").expect("an id"));
        job.image = Some(image.into());
        job.script = lines.iter().map(|line| (*line).into()).collect();
        job
    }

    /// An order for the job, its directory made.
    pub fn play(&self, job: Job) -> Play<'_> {
        static FENCE: AtomicU64 = AtomicU64::new(1);
        let fence = FENCE.fetch_add(1, Ordering::Relaxed);
        let dir = JobDir::create(self.home.path().join(format!("jobs/{fence}"))).expect("a job directory");
        std::fs::create_dir(dir.work()).expect("a workspace");
        let bytes = |text: &monkeyci_core::model::Text| text.as_plain().expect("no secrets").as_bytes().to_vec();
        let program = Program {
            lines: job.script.iter().map(bytes).collect(),
            command: job.command.iter().map(bytes).collect(),
            env: job.env.iter().map(|(name, value)| (name.clone(), bytes(value))).collect(),
            root: CONTAINER_WORK.into(),
            grace_ms: 500,
            ..Program::default()
        };
        dir.write(&program).expect("a program");
        let build = "acme/web/build-1".parse().expect("an id");
        let attempt = Attempt { instance: self.instance.clone(), build, job: job.id.clone(), number: 1, fence };
        let order = Order { attempt, job, dir, collect: Vec::new(), registries: Vec::new() };
        Play { bench: self, order, cancel: CancellationToken::new(), started: Arc::default() }
    }

    /// The names of what carries our instance.
    pub async fn left(&self) -> Vec<String> {
        let filters =
            std::collections::HashMap::from([("label", vec![format!("monkeyci.instance={}", self.instance)])]);
        let listed =
            bollard::query_parameters::ListContainersOptionsBuilder::default().all(true).filters(&filters).build();
        let containers = self.docker.api().list_containers(Some(listed)).await.expect("containers");
        let listed = bollard::query_parameters::ListNetworksOptionsBuilder::default().filters(&filters).build();
        let networks = self.docker.api().list_networks(Some(listed)).await.expect("networks");
        let containers = containers.into_iter().flat_map(|container| container.names.unwrap_or_default());
        containers.chain(networks.into_iter().filter_map(|network| network.name)).collect()
    }
}

impl Play<'_> {
    /// Runs it to its end, and checks that nothing is left.
    pub async fn run(&self) -> Seen {
        let seen = self.run_only().await;
        assert_eq!(self.bench.left().await, Vec::<String>::new(), "left after {seen:?}");
        seen
    }

    /// Runs it as far as the caller waits.
    pub async fn run_only(&self) -> Seen {
        let started = Arc::clone(&self.started);
        let watch = Watch {
            cancel: self.cancel.clone(),
            started: Arc::new(move |guarantee| started.lock().expect("a lock").push(guarantee)),
        };
        let exit = self.bench.docker.run(&self.order, watch).await;
        let mut reader = report::Reader::open(&self.order.dir).expect("a report");
        let mut output = Vec::new();
        while let Ok(frames) = reader.read() {
            if frames.is_empty() {
                break;
            }
            for frame in frames {
                if let Frame { kind: Kind::Output(_, bytes), .. } = frame {
                    output.extend(bytes);
                }
            }
        }
        let outcome = reader.outcome().unwrap_or_default();
        let started = self.started.lock().expect("a lock").clone();
        Seen { exit, outcome, output: String::from_utf8_lossy(&output).into_owned(), started }
    }

    /// Returns once the job's first line runs.
    pub async fn has_started(&self) {
        let end = tokio::time::Instant::now() + Duration::from_secs(30);
        while self.started.lock().expect("a lock").is_empty() {
            assert!(tokio::time::Instant::now() < end, "the job has not started");
            tokio::time::sleep(Duration::from_millis(10)).await; // poll
        }
    }
}
