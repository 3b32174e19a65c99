use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use monkeyci_client::rest::lease::{Hello, PROTOCOL, Welcome};
use monkeyci_client::rest::{Register, WorkerFacts};
use monkeyci_client::{Client, ClientError, DutyRef};
use monkeyci_core::blob::{Artifacts, Blobs, Caches};
use monkeyci_core::executor::route::{Connect, Route};
use monkeyci_core::executor::trusting::Trusting;
use monkeyci_core::executor::{Docker, Engine, Process};
use monkeyci_core::model::job::Arch;
use monkeyci_core::program::Programs;
use monkeyci_core::worker::{Ports, Settings, Worker};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::container_instances;
use crate::error::{CliError, Exit, chain};
use crate::log::LogFormat;
use crate::runtime::Runtime;
use crate::worker::home::Home;
use crate::worker::link::Link;
use crate::worker::supplies::FarSupplies;

/// How long a worker waits for one with its token that died elsewhere.
const SUCCEEDS: Duration = Duration::from_secs(60);

/// Run jobs of a server on this machine
///
/// It works until it is told to stop: at the first signal (Ctrl-C, SIGTERM) it takes no more jobs and ends those that it
/// has, at the second it stops them. Killed and started again, it goes on with the jobs that it had. Its token is made by
/// `monkeyci workers add`; or else it registers by itself, once, with a code of `monkeyci workers invite`.
#[derive(Debug, clap::Args)]
pub struct WorkerArgs {
    /// The server
    #[arg(long, value_name = "URL", env = "MONKEYCI_SERVER")]
    server: String,
    /// The file that holds the worker's token
    #[arg(long, value_name = "FILE", env = "MONKEYCI_WORKER_TOKEN_FILE", conflicts_with = "token")]
    token_file: Option<PathBuf>,
    /// The worker's token; others on this machine can see it in the list of processes, but not in the environment
    #[arg(long, value_name = "TOKEN", env = "MONKEYCI_WORKER_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// Register with this code where it has not done so before; others on this machine can see it in the list of processes, but
    /// not in the environment
    #[arg(
        long,
        value_name = "CODE",
        env = "MONKEYCI_WORKER_REGISTRATION",
        hide_env_values = true,
        conflicts_with_all = ["token", "token_file"]
    )]
    register: Option<String>,
    /// What it is called when it registers [default: the name of this machine]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Trust this authority as well, a file of certificates in PEM
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// The folder that it works in [default: monkeyci-worker]
    #[arg(
        long,
        value_name = "DIR",
        env = "MONKEYCI_WORKER_STATE",
        default_value = "monkeyci-worker",
        hide_default_value = true
    )]
    state: PathBuf,
    /// Jobs that it runs at once [default: the number of processors]
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    jobs: Option<u16>,
    /// A label (repeatable): a job that has labels goes to a worker that has all of them
    #[arg(short, long, value_name = "NAME=VALUE", value_parser = label)]
    label: Vec<(String, String)>,
    /// An architecture that it runs (repeatable) [default: that of this machine]
    #[arg(long, value_name = "ARCH", value_parser = arch)]
    arch: Vec<Arch>,
    /// What runs jobs with an image
    #[arg(long, value_name = "ENGINE", default_value = "auto")]
    engine: Choice,
    /// The image of jobs that have none
    #[arg(long, value_name = "IMAGE")]
    script_image: Option<String>,
    /// Run jobs without an image as plain processes for repositories like `acme/*` (repeatable; a glob); never those of
    /// forks
    #[arg(long, value_name = "REPO")]
    processes: Vec<String>,
    /// How the log looks
    #[arg(long, value_name = "FORMAT", default_value = "text", env = "MONKEYCI_WORKER_LOG_FORMAT")]
    log_format: LogFormat,
}

/// What runs jobs with an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Choice {
    /// Docker, or else Podman, or else nothing
    Auto,
    /// Docker
    Docker,
    /// Podman
    Podman,
    /// Container instances of Oracle Cloud
    Oci,
    /// Nothing: it takes no jobs with an image
    None,
}

/// Works until it is told to stop.
pub fn run(args: &WorkerArgs) -> Result<Exit, CliError> {
    args.log_format.begin("info")?;
    Runtime::new()?.block_on(work(args))
}

async fn work(args: &WorkerArgs) -> Result<Exit, CliError> {
    let home = Home::open(&args.state)?;
    let (duty, wanted) = (args.client(&home)?.duty(home.name()), args.registration(&home)?);
    let (executor, images) = args.executor(&args.state).await?;
    let facts = args.facts(&executor, images);
    if !facts.images && !facts.processes {
        let error =
            CliError::usage("this worker can run nothing: no container engine answers, and it runs no processes");
        return Err(
            error.hint("start Docker or Podman, or say for which repositories processes run: `--processes 'acme/*'`")
        );
    }
    let mut signals = Signals::new()?;
    let jobs = usize::try_from(facts.jobs).unwrap_or(usize::MAX);
    let welcome = tokio::select! {
        welcome = begin(&duty, facts, wanted) => welcome?,
        () = signals.next() => return Ok(Exit::Success),
    };
    let place = home.of(&welcome.instance)?;
    let executor = Arc::new(executor);
    let label = format!("{}-script", place.label);
    let programs = Programs::new(
        place.dir.join("scripts"),
        place.dir.join("script-runs"),
        label,
        executor.clone(),
        Arc::default(),
    );
    programs.sweep().await;
    let link = Arc::new(Link::new(duty.clone(), &place.label, FarSupplies::checkouts(&place.dir)));
    let mut settings = Settings::new(&welcome.name, &place.label, place.dir.join("jobs"));
    settings.jobs = jobs;
    settings.log_limit = welcome.log_limit;
    // Nothing is kept there: every job has its own from the server.
    let none = Blobs::on_disk(place.dir.join("none")).map_err(|error| CliError::ours(chain(&error)))?;
    let ports = Ports {
        leases: link.clone(),
        executor,
        artifacts: Artifacts::new(none.clone()),
        caches: Caches::new(none),
        secrets: Arc::default(),
        registries: Vec::new(),
        keeper: None,
        programs: None,
        supplies: Some(Arc::new(FarSupplies::new(duty, place.dir, programs))),
    };
    super::print(&format!("Worker `{}` takes jobs of {}\n", welcome.name, args.server))?;
    serve(Worker::new(settings, ports), &link, signals).await
}

/// Works until a signal, or until the server wants nothing more of this worker.
async fn serve(worker: Worker, link: &Link, mut signals: Signals) -> Result<Exit, CliError> {
    let running = worker.run();
    tokio::pin!(running);
    let mut told = 0;
    loop {
        tokio::select! {
            () = &mut running => return Ok(Exit::Success),
            why = link.refused() => {
                worker.shut_down();
                running.await;
                return Err(CliError::ours(format!("the server wants nothing more of this worker: {why}")));
            }
            () = signals.next() => {
                told += 1;
                if told == 1 {
                    tracing::info!("takes no more jobs, and ends when those that run have; stop it once more to stop them");
                    worker.drain();
                } else {
                    tracing::info!("stops the jobs that run");
                    worker.shut_down();
                }
            }
        }
    }
}

/// Says to the server that this worker begins, and registers before where it does so by itself; who has registered already
/// may do it again. A server that does not answer is waited for.
async fn begin(duty: &DutyRef, facts: WorkerFacts, wanted: Option<(Client, Register)>) -> Result<Welcome, CliError> {
    let (hello, begun) = (Hello { protocol: PROTOCOL, facts }, Instant::now());
    let ask = async || {
        if let Some((client, wanted)) = &wanted {
            client.register(wanted).await?;
        }
        duty.hello(&hello).await
    };
    loop {
        let error = match ask().await {
            Ok(welcome) => return Ok(welcome),
            Err(error) => error,
        };
        // One that was here before may have died just now, in another folder.
        let may_end = matches!(error, ClientError::Conflict(_)) && begun.elapsed() < SUCCEEDS;
        let is_away =
            matches!(error, ClientError::Unreachable { .. }) || error.status().is_some_and(|status| status >= 500);
        if !may_end && !is_away {
            return Err(CliError::ours(error.to_string()));
        }
        tracing::warn!(%error, "the server does not let it begin yet; trying again");
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
}

impl WorkerArgs {
    fn client(&self, home: &Home) -> Result<Client, CliError> {
        let token = match (&self.token, &self.token_file) {
            (Some(token), _) => token.clone(),
            (None, Some(file)) => String::from_utf8_lossy(&bytes(file)?).into_owned(),
            (None, None) if self.register.is_some() => home.token()?,
            (None, None) => {
                let error = CliError::usage("the worker's token is missing");
                return Err(error.hint(
                    "`monkeyci workers add NAME` makes one, for `--token-file`; `monkeyci workers invite` a code for \
                     `--register`",
                ));
            }
        };
        self.knows(Some(token.trim()))
    }

    /// The server, asked by who has this token.
    fn knows(&self, token: Option<&str>) -> Result<Client, CliError> {
        let authorities = self.ca.as_deref().map(bytes).transpose()?;
        Ok(Client::trusting(&self.server, token, authorities.as_deref())?)
    }

    /// How it registers, where it does so by itself.
    fn registration(&self, home: &Home) -> Result<Option<(Client, Register)>, CliError> {
        let Some(code) = &self.register else { return Ok(None) };
        let (code, name) = (code.trim().to_owned(), self.name.clone().unwrap_or_else(host));
        Ok(Some((self.knows(None)?, Register { code, name, secret: home.token()? })))
    }

    /// Where jobs run, and whether jobs with an image do.
    async fn executor(&self, state: &Path) -> Result<(Trusting, bool), CliError> {
        let state = state.canonicalize().map_err(|error| CliError::ours(format!("`{}`: {error}", state.display())))?;
        let programs = state.join("bin");
        let engines: &[Engine] = match self.engine {
            Choice::Auto => &[Engine::Docker, Engine::Podman],
            Choice::Docker => &[Engine::Docker],
            Choice::Podman => &[Engine::Podman],
            Choice::Oci | Choice::None => &[],
        };
        let mut engines: Vec<Connect> = engines.iter().map(|engine| Docker::lazily(*engine, &programs)).collect();
        if self.engine == Choice::Oci {
            engines.push(container_instances::lazily()?);
        }
        // A worker that is killed leaves its jobs running, and takes them up when it is started again.
        let processes = Process::new(state.join("processes")).programs(&programs).outliving();
        let route = Route::new(Arc::new(processes), engines);
        let executor = Trusting::new(route, self.script_image.clone(), &self.processes)
            .map_err(|error| CliError::usage(format!("--processes: {error}")))?;
        let images = executor.has_engine().await;
        if !images && matches!(self.engine, Choice::Docker | Choice::Podman | Choice::Oci) {
            return Err(CliError::ours("the container engine does not answer").hint("start it, or say `--engine none`"));
        }
        Ok((executor, images))
    }

    fn facts(&self, executor: &Trusting, images: bool) -> WorkerFacts {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let bare = executor.takes_bare_jobs() && (images || !self.processes.is_empty());
        WorkerFacts {
            version: env!("CARGO_PKG_VERSION").into(),
            host: host(),
            labels: self.label.iter().cloned().collect(),
            archs: if self.arch.is_empty() { vec![Arch::host()] } else { self.arch.clone() },
            images,
            processes: bare,
            jobs: self.jobs.map_or_else(|| u32::try_from(cores).unwrap_or(1), u32::from),
        }
    }
}

/// What a file holds.
fn bytes(path: &Path) -> Result<Vec<u8>, CliError> {
    std::fs::read(path).map_err(|error| CliError::usage(format!("`{}`: {error}", path.display())))
}

/// The name of this machine.
fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// The signals that end a worker.
struct Signals {
    interrupted: Signal,
    ended: Signal,
}

impl Signals {
    fn new() -> Result<Self, CliError> {
        let signals = |kind| signal(kind).map_err(|error| CliError::ours(format!("signals: {error}")));
        Ok(Self { interrupted: signals(SignalKind::interrupt())?, ended: signals(SignalKind::terminate())? })
    }

    /// Returns at the next one.
    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupted.recv() => {}
            _ = self.ended.recv() => {}
        }
    }
}

fn label(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("a label is NAME=VALUE, as in `gpu=a100`")?;
    if name.is_empty() { Err("a label has a name".into()) } else { Ok((name.into(), value.into())) }
}

fn arch(text: &str) -> Result<Arch, String> {
    match text {
        "amd" | "amd64" | "x86_64" => Ok(Arch::Amd),
        "arm" | "arm64" | "aarch64" => Ok(Arch::Arm),
        _ => Err("an architecture is `amd64` or `arm64`".into()),
    }
}
