//! An executor with all that a story needs around it.

use std::collections::HashMap;
use std::fs;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bollard::query_parameters::{ListContainersOptionsBuilder, ListNetworksOptionsBuilder};
use monkeyci_core::attempt::Attempt;
use monkeyci_core::executor::{CONTAINER_WORK, Docker, Executor, ExecutorError, Exit, Order, Watch};
use monkeyci_core::job_dir::frame::{Frame, Kind};
use monkeyci_core::job_dir::outcome::Outcome;
use monkeyci_core::job_dir::report::{Reader, ReportError};
use monkeyci_core::job_dir::{JobDir, Program};
use monkeyci_core::model::result::Guarantee;
use monkeyci_core::model::{Job, JobId};
use tempfile::TempDir;
use tokio::sync::SemaphorePermit;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::engines::Opened;
use crate::image;

/// How long a story waits for what must happen.
const PATIENCE: Duration = Duration::from_secs(60);

/// An executor, and where its jobs live.
pub struct Fixture {
    pub executor: Arc<dyn Executor>,
    /// The image of the jobs, with a shell at `/bin/sh` and the usual small programs.
    pub image: Option<String>,
    pub home: TempDir,
    /// By this is known what it made.
    pub instance: String,
    docker: Option<Arc<Docker>>,
    #[cfg(feature = "oci")]
    cloud: Option<Arc<crate::oracle::Cloud>>,
    _turn: Option<SemaphorePermit<'static>>,
}

impl Fixture {
    /// An executor that is made for a folder of its own.
    pub fn new<E: Executor + 'static>(image: Option<&str>, make: impl FnOnce(&std::path::Path) -> E) -> Self {
        let home = tempfile::tempdir().expect("a folder");
        Self {
            executor: Arc::new(make(&home.path().join("state"))),
            image: image.map(str::to_owned),
            home,
            instance: "contract".to_owned(),
            docker: None,
            #[cfg(feature = "oci")]
            cloud: None,
            _turn: None,
        }
    }

    /// An executor of containers.
    pub fn of_containers(opened: Opened) -> Self {
        let name = opened.home.path().file_name().expect("a folder").to_string_lossy().into_owned();
        let docker = Arc::new(opened.docker);
        Self {
            executor: Arc::clone(&docker) as Arc<dyn Executor>,
            image: Some(image::BUSYBOX.to_owned()),
            home: opened.home,
            // Of no other run on this machine.
            instance: format!("t{}", name.trim_start_matches('.').to_lowercase()),
            docker: Some(docker),
            #[cfg(feature = "oci")]
            cloud: None,
            _turn: opened.turn,
        }
    }

    /// An executor of container instances.
    #[cfg(feature = "oci")]
    pub fn of_cloud(home: TempDir, cloud: Arc<crate::oracle::Cloud>) -> Self {
        Self {
            executor: Arc::new(cloud.executor()),
            image: Some(crate::oracle::IMAGE.to_owned()),
            home,
            instance: "contract".to_owned(),
            docker: None,
            cloud: Some(cloud),
            _turn: None,
        }
    }

    /// The same with another executor, as another process has it: job directories are where they were.
    #[cfg(feature = "oci")]
    pub fn with_executor(&self, executor: impl Executor + 'static) -> Self {
        Self {
            executor: Arc::new(executor),
            image: self.image.clone(),
            home: tempfile::tempdir().expect("a folder"),
            instance: self.instance.clone(),
            docker: None,
            cloud: self.cloud.clone(),
            _turn: None,
        }
    }

    /// The cloud, for a story of container instances.
    #[cfg(feature = "oci")]
    pub fn cloud(&self) -> &crate::oracle::Cloud {
        self.cloud.as_ref().expect("a story of container instances")
    }

    /// The engine, for a story of containers.
    pub fn docker(&self) -> &Docker {
        self.docker.as_ref().expect("a story of containers")
    }

    /// The names of containers and networks that carry our instance.
    pub async fn left(&self) -> Vec<String> {
        match &self.docker {
            Some(docker) => labelled(docker, &format!("monkeyci.instance={}", self.instance)).await,
            None => Vec::new(),
        }
    }

    /// A job directory with a workspace, and the order to run `job` in it within the limits of `limits`.
    pub fn order(&self, job: Job, limits: Program) -> Order {
        static FENCE: AtomicU64 = AtomicU64::new(1);
        let fence = FENCE.fetch_add(1, Ordering::Relaxed);
        let dir = JobDir::create(self.home.path().join(format!("job-{fence}"))).expect("a job directory");
        fs::create_dir(dir.work()).expect("a workspace");
        let texts = |texts: &[monkeyci_core::model::Text]| {
            texts.iter().map(|text| text.as_plain().expect("no secrets").as_bytes().to_vec()).collect()
        };
        let mut program = Program {
            lines: texts(&job.script),
            command: texts(&job.command),
            work_dir: job.work_dir.clone().unwrap_or_default().into(),
            ..limits
        };
        if job.image.is_some() {
            program.root = CONTAINER_WORK.into();
        }
        if let Some(shell) = &job.shell {
            program.shell.clone_from(shell);
        }
        for (name, value) in &job.env {
            program.env.push((name.clone(), value.as_plain().expect("no secrets").as_bytes().to_vec()));
        }
        // By this its processes are known.
        program.env.push(("STORY".to_owned(), dir.root().display().to_string().into_bytes()));
        dir.write(&program).expect("a fit program");
        let attempt = Attempt {
            instance: self.instance.clone(),
            build: "acme/web/build-1".parse().expect("an id"),
            job: job.id.clone(),
            number: 1,
            fence,
        };
        Order { attempt, job, dir, collect: Vec::new(), fork: false, registries: Vec::new() }
    }

    /// A job of these lines.
    pub fn job<const N: usize>(&self, id: &str, lines: [&str; N]) -> Job {
        Job {
            image: self.image.clone(),
            script: lines.map(Into::into).to_vec(),
            ..Job::new(JobId::new(id).expect("an id"))
        }
    }

    /// Starts an order.
    pub fn start(&self, order: Order) -> Running {
        let (cancel, started) = (CancellationToken::new(), Arc::new(Mutex::new(Vec::new())));
        let told = Arc::clone(&started);
        let watch = Watch {
            cancel: cancel.clone(),
            started: Arc::new(move |guarantee| told.lock().expect("not poisoned").push(guarantee)),
        };
        let (executor, dir, attempt) = (Arc::clone(&self.executor), order.dir.clone(), order.attempt.clone());
        let reader = Reader::open(&dir).expect("a report");
        let task = tokio::spawn(async move { executor.run(&order, watch).await });
        Running {
            dir,
            attempt,
            cancel,
            started,
            task,
            docker: self.docker.clone(),
            #[cfg(feature = "oci")]
            cloud: self.cloud.clone(),
            reader,
            frames: Vec::new(),
        }
    }

    /// Runs a job to its end, with no limits but the usual.
    pub async fn run(&self, job: Job) -> Ran {
        self.run_within(job, Program::default()).await
    }

    /// Runs a job to its end.
    pub async fn run_within(&self, job: Job, limits: Program) -> Ran {
        self.start(self.order(job, limits)).end().await
    }
}

/// A job that runs.
pub struct Running {
    pub dir: JobDir,
    pub attempt: Attempt,
    pub cancel: CancellationToken,
    pub started: Arc<Mutex<Vec<Option<Guarantee>>>>,
    pub task: JoinHandle<Result<Exit, ExecutorError>>,
    docker: Option<Arc<Docker>>,
    #[cfg(feature = "oci")]
    cloud: Option<Arc<crate::oracle::Cloud>>,
    reader: Reader,
    frames: Vec<Frame>,
}

impl Running {
    /// Waits until the job has written `text`.
    pub async fn said(&mut self, text: &str) {
        let limit = Instant::now() + PATIENCE;
        while !output(&self.frames).contains(text) {
            assert!(Instant::now() < limit && !self.task.is_finished(), "said only {}", output(&self.frames));
            self.frames.extend(self.reader.read().expect("frames"));
            tokio::time::sleep(Duration::from_millis(2)).await; // poll
        }
    }

    /// Waits until it was told that the job started.
    pub async fn has_started(&self) {
        let limit = Instant::now() + PATIENCE;
        while self.started.lock().expect("not poisoned").is_empty() {
            assert!(Instant::now() < limit && !self.task.is_finished(), "it did not start");
            tokio::time::sleep(Duration::from_millis(2)).await; // poll
        }
    }

    /// Waits until the job ended and reads what it left. Whatever came of it, the engine has nothing of it.
    pub async fn end(mut self) -> Ran {
        let exit = tokio::time::timeout(PATIENCE, self.task).await.expect("it ends").expect("no panic");
        let mut read = Ok(());
        loop {
            match self.reader.read() {
                Ok(frames) if frames.is_empty() => break,
                Ok(frames) => self.frames.extend(frames),
                Err(error) => {
                    read = Err(error);
                    break;
                }
            }
        }
        if let Some(docker) = &self.docker {
            let left = labelled(docker, &format!("monkeyci.fence={}", self.attempt.fence)).await;
            let name = self.attempt.name();
            let ours: Vec<_> = left.iter().filter(|left| left.contains(&name)).collect();
            assert!(ours.is_empty(), "left of {name}: {ours:?}");
        }
        #[cfg(feature = "oci")]
        if let Some(cloud) = &self.cloud {
            assert_eq!(cloud.left(&self.attempt).await, Vec::<String>::new(), "left behind");
        }
        let started = self.started.lock().expect("not poisoned").clone();
        Ran { exit, outcome: self.reader.outcome(), read, frames: self.frames, started, dir: self.dir }
    }
}

/// A job that ended.
pub struct Ran {
    pub exit: Result<Exit, ExecutorError>,
    pub outcome: Result<Option<Outcome>, ReportError>,
    pub read: Result<(), ReportError>,
    pub frames: Vec<Frame>,
    pub started: Vec<Option<Guarantee>>,
    pub dir: JobDir,
}

impl Ran {
    /// How it ended, when executor and report did their work; and that nothing of it is left.
    pub fn outcome(&self) -> &Outcome {
        self.exit.as_ref().expect("the executor did its work");
        self.read.as_ref().expect("the report is one");
        let outcome = self.outcome.as_ref().expect("the result is one").as_ref().expect("a result");
        assert_eq!(self.alive(), Vec::<String>::new(), "left behind");
        outcome
    }

    /// What it wrote to both streams.
    pub fn output(&self) -> String {
        output(&self.frames)
    }

    /// When it last wrote what contains `text`, by the supervisor's clock.
    pub fn said_at(&self, text: &str) -> Option<Duration> {
        let said = |frame: &&Frame| output(std::slice::from_ref(*frame)).contains(text);
        self.frames.iter().rev().find(said).map(|frame| Duration::from_millis(frame.millis))
    }

    /// All frames but output.
    pub fn marks(&self) -> Vec<Kind> {
        let kinds = self.frames.iter().map(|frame| frame.kind.clone());
        kinds.filter(|kind| !matches!(kind, Kind::Output(..))).collect()
    }

    /// Command lines of its processes that live, zombies aside.
    pub fn alive(&self) -> Vec<String> {
        alive(&self.dir)
    }
}

/// Command lines of the processes of a job that live, zombies aside.
pub fn alive(dir: &JobDir) -> Vec<String> {
    let mark = format!("STORY={}", dir.root().display()).into_bytes();
    let read = |path: &std::path::Path, name: &str| fs::read(path.join(name)).unwrap_or_default();
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten().map(|entry| entry.path());
    processes
        .filter(|path| read(path, "environ").split(|byte| *byte == 0).any(|variable| variable == mark))
        .filter(|path| {
            let stat = String::from_utf8_lossy(&read(path, "stat")).into_owned();
            stat.rsplit(") ").next().is_some_and(|rest| !rest.is_empty() && !rest.starts_with(['Z', 'X']))
        })
        .map(|path| String::from_utf8_lossy(&read(&path, "cmdline")).replace('\0', " "))
        .collect()
}

fn output(frames: &[Frame]) -> String {
    let bytes = frames.iter().filter_map(|frame| match &frame.kind {
        Kind::Output(_, bytes) => Some(bytes.as_slice()),
        _ => None,
    });
    String::from_utf8_lossy(&bytes.collect::<Vec<_>>().concat()).into_owned()
}

/// The names of an engine's containers and networks with a label.
async fn labelled(docker: &Docker, label: &str) -> Vec<String> {
    let filters = HashMap::from([("label", vec![label])]);
    let listed = ListContainersOptionsBuilder::default().all(true).filters(&filters).build();
    let containers = docker.api().list_containers(Some(listed)).await.expect("containers");
    let listed = ListNetworksOptionsBuilder::default().filters(&filters).build();
    let networks = docker.api().list_networks(Some(listed)).await.expect("networks");
    let containers = containers.into_iter().flat_map(|container| container.names.unwrap_or_default());
    containers.chain(networks.into_iter().filter_map(|network| network.name)).collect()
}
