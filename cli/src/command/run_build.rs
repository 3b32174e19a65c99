use std::io::Read as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use monkeyci_api::account::{Account, Auth};
use monkeyci_api::transport::{Route, open};
use monkeyci_core::blob::Place;
use monkeyci_core::model::BuildId;
use monkeyci_core::transport::{Consumer, Folder, Message, Transport, Worked};
use monkeyci_core::trigger::{Gone, Queued};

use super::build::exit;
use super::short;
use crate::controller::{Controller, Forges, Publisher, Ran, Reporter, Sources};
use crate::error::{CliError, Exit};
use crate::executor::Choice;
use crate::log::LogFormat;
use crate::remote::BuildName;
use crate::runtime::Runtime;
use crate::session::Limits;
use crate::state::Folders;
use crate::stored::{StoreArgs, Stored, TRIGGERS};
use crate::ui::{self, View};

/// Bytes that a trigger may have.
const LONGEST: u64 = 4 * 1024 * 1024;

/// How long a trigger that is worked on is nobody else's.
const HOLD: Duration = Duration::from_secs(60);

/// Run builds without a server, one after the other, until nothing waits
///
/// Takes what `monkeyci hook` has put into the store or a queue, and goes on with builds whose controller has died. Ends
/// when nothing is left to do; a build that waits for approval is taken up again by the next one.
#[derive(Debug, clap::Args)]
pub struct RunBuildArgs {
    /// Run the build that this file asks for, `-` for standard input, and nothing else
    #[arg(value_name = "TRIGGER.json")]
    trigger: Option<PathBuf>,
    #[command(flatten)]
    store: StoreArgs,
    /// Go on with this build, as in `acme/web/42`, and nothing else
    #[arg(long, value_name = "BUILD", conflicts_with_all = ["trigger", "queue"])]
    build: Option<BuildName>,
    /// Take triggers from this queue as well: its id, or `file:///FOLDER` [default: the folder `triggers` of the store alone]
    #[arg(long, value_name = "QUEUE", conflicts_with = "trigger")]
    queue: Option<String>,
    /// Where its messages are, for a private endpoint
    #[arg(long, value_name = "URL", requires = "queue")]
    queue_endpoint: Option<String>,
    /// Publish what happens to this queue or stream: its id, or `file:///FOLDER`
    #[arg(long, value_name = "QUEUE")]
    events: Option<String>,
    /// Where messages to it go, for a private endpoint
    #[arg(long, value_name = "URL", requires = "events")]
    events_endpoint: Option<String>,
    /// Tell forges how builds stand, by statuses of commits: a file that says which, or MONKEYCI_REPORT_SETTINGS holds that
    #[arg(long, value_name = "FILE", env = "MONKEYCI_REPORT_CONFIG")]
    report: Option<PathBuf>,
    /// Where the jobs run [default: auto]
    #[arg(long, value_enum, value_name = "EXECUTOR")]
    executor: Option<Choice>,
    /// Run at most N jobs at once [default: cores]
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    jobs: Option<u16>,
    /// Give builds a secret, but for those of forks: from the variable NAME, or a file (NAME=@FILE) (repeatable)
    #[arg(long, value_name = "NAME")]
    secret: Vec<String>,
    /// Clone also from private networks, as where the store is a folder
    #[arg(long)]
    allow_private: bool,
    /// Clone also from folders of this machine, as where the store is a folder
    #[arg(long)]
    allow_file: bool,
    /// Take another controller for dead that gives no sign of life for so many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 15, value_parser = clap::value_parser!(u64).range(1..=3600))]
    takeover: u64,
    /// Show only what went wrong, and the end
    #[arg(short, long, conflicts_with = "json")]
    quiet: bool,
    /// Print a JSON object for each event and each line of output
    #[arg(long)]
    json: bool,
}

/// Runs builds.
pub fn run(args: &RunBuildArgs) -> Result<Exit, CliError> {
    let runtime = Runtime::new()?;
    let exit = runtime.block_on(work(args));
    runtime.shutdown_background();
    exit
}

async fn work(args: &RunBuildArgs) -> Result<Exit, CliError> {
    LogFormat::Text.begin("warn")?;
    let given = args.trigger.as_ref().map(read).transpose()?;
    let (stored, folders) = (args.store.open_some().await?, Folders::of_user()?);
    let is_here = matches!(stored.place, Place::Folder(_));
    let publisher = match &args.events {
        None => None,
        Some(to) => {
            Some(Publisher::new(stored.clone(), transport("--events", to, args.events_endpoint.as_deref()).await?))
        }
    };
    let forges = Forges::read(args.report.as_deref(), account()).map_err(CliError::usage)?;
    let reporter = forges.map(|forges| Reporter::new(stored.clone(), forges)).transpose()?;
    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    let controller = Controller {
        stored: &stored,
        folders: &folders,
        executor: args.executor.unwrap_or_default(),
        limits: Limits { jobs: args.jobs.map_or_else(cores, usize::from), keep: false },
        secrets: &args.secret,
        silence: Duration::from_secs(args.takeover),
        sources: Sources { private: args.allow_private || is_here, file: args.allow_file || is_here },
        publisher,
        reporter,
        whole: args.json,
    };
    if let Some(queued) = given {
        let id = controller.id(&queued).await?;
        controller.supersede(&id, &queued).await?;
        return args.one(&controller, &id, Some(&queued)).await.map(|ran| ran.1);
    }
    if let Some(named) = &args.build {
        let id = stored.build(Some(named)).await?.build;
        return args.one(&controller, &id, None).await.map(|ran| ran.1);
    }
    args.all(&controller, &stored).await
}

impl RunBuildArgs {
    /// Runs a build, and says what came of it.
    async fn one(
        &self,
        controller: &Controller<'_>,
        id: &BuildId,
        queued: Option<&Queued>,
    ) -> Result<(Ran, Exit), CliError> {
        let mut view: Box<dyn View> = ui::view(self.json, self.quiet);
        let ran = controller.run(id, queued, &mut *view).await?;
        let exit = match ran {
            Ran::Ended(status) => exit(status),
            Ran::Waits => Exit::Success,
            Ran::Busy => {
                view.note(&format!("build {} is run by another process", short(id)));
                Exit::Success
            }
            Ran::Left => Exit::Interrupted,
        };
        Ok((ran, exit))
    }

    /// Runs all that waits: triggers first, then builds that were left. Ends as the first build did that did not end well.
    async fn all(&self, controller: &Controller<'_>, stored: &Stored) -> Result<Exit, CliError> {
        let mut worst = Exit::Success;
        let mut note = |exit: Exit| {
            if worst == Exit::Success {
                worst = exit;
            }
        };
        for consumer in self.consumers(stored).await? {
            loop {
                let (mut left, mut busy) = (false, false);
                let worked = consumer.one(Duration::ZERO, async |message: &Message| {
                    let told = |error: CliError| error.to_string();
                    let queued = match wanted(message)? {
                        Wanted::Build(queued) => queued,
                        Wanted::Stop(gone) => return controller.end(&gone).await.map_err(told),
                    };
                    let id = controller.id(&queued).await.map_err(told)?;
                    controller.supersede(&id, &queued).await.map_err(told)?;
                    let (ran, exit) = self.one(controller, &id, Some(&queued)).await.map_err(told)?;
                    match ran {
                        // Whoever runs it may die before it is begun: the trigger comes again.
                        Ran::Busy => {
                            busy = true;
                            return Err("another process works on it".into());
                        }
                        Ran::Left => {
                            left = true;
                            return Err("this process is to end".into());
                        }
                        Ran::Ended(_) | Ran::Waits => note(exit),
                    }
                    if matches!(ran, Ran::Ended(_)) && controller.is_untold(&id).await.map_err(told)? {
                        return Err("the forge could not be told yet how its build ended".into());
                    }
                    Ok(())
                });
                match worked.await.map_err(|error| CliError::ours(error.to_string()))? {
                    _ if left => return Ok(Exit::Interrupted),
                    Worked::Idle => break,
                    Worked::Done => {}
                    Worked::Failed(_) if busy => {}
                    Worked::Failed(why) => {
                        eprint_note(&format!("a trigger comes again: {why}"));
                        note(Exit::Ours);
                    }
                    Worked::Parked(why) => {
                        eprint_note(&format!("a trigger was put aside, in `parked` of the store: {why}"));
                        note(Exit::Ours);
                    }
                }
            }
        }
        if let Some(publisher) = &controller.publisher {
            publisher.rest().await?;
        }
        if let Some(reporter) = &controller.reporter {
            reporter.rest().await?;
        }
        for id in controller.left().await? {
            let (ran, exit) = self.one(controller, &id, None).await?;
            if ran == Ran::Left {
                return Ok(exit);
            }
            note(exit);
        }
        Ok(worst)
    }

    /// Where triggers come from, and where those go that are of no use. What a person asked for waits in the store in any case.
    async fn consumers(&self, stored: &Stored) -> Result<Vec<Consumer>, CliError> {
        let folder = |name: &str| Arc::new(Folder::new(Arc::clone(&stored.bucket), name, HOLD)) as Arc<dyn Transport>;
        let mut transports = vec![folder(TRIGGERS)];
        if let Some(queue) = &self.queue {
            transports.insert(0, transport("--queue", queue, self.queue_endpoint.as_deref()).await?);
        }
        Ok(transports.into_iter().map(|transport| Consumer::new(transport, folder("parked"))).collect())
    }
}

/// Who asks Oracle Cloud: what this runs in, or else a profile of the configuration file.
fn account() -> Account {
    let is_resource = std::env::var_os("OCI_RESOURCE_PRINCIPAL_VERSION").is_some();
    let auth = if is_resource { Auth::ResourcePrincipal } else { Auth::ConfigFile };
    Account { auth, ..Account::default() }
}

/// A transport by its address. Who asks Oracle Cloud is what this runs in, or else a profile of the configuration file.
async fn transport(flag: &str, to: &str, endpoint: Option<&str>) -> Result<Arc<dyn Transport>, CliError> {
    let account = account();
    let route = Route { hold: HOLD, ..Route::to(to, endpoint, &account) };
    open(&route, None).await.map_err(|error| CliError::usage(format!("{flag}: {error}")))
}

/// What a message asks for.
enum Wanted {
    /// A build.
    Build(Box<Queued>),
    /// That builds of something end.
    Stop(Gone),
}

fn wanted(message: &Message) -> Result<Wanted, String> {
    let data = message.data.clone();
    match message.kind.as_str() {
        Queued::KIND => {
            let queued = serde_json::from_value(data).map_err(|error| error.to_string())?;
            checked(queued).map(Box::new).map(Wanted::Build)
        }
        Gone::KIND => {
            let gone: Gone = serde_json::from_value(data).map_err(|error| error.to_string())?;
            match gone.version {
                Gone::VERSION => Ok(Wanted::Stop(gone)),
                other => Err(format!("`version` is {other}, and this program reads {}", Gone::VERSION)),
            }
        }
        other => {
            let (queued, gone) = (Queued::KIND, Gone::KIND);
            Err(format!("a message of the kind `{queued}` or `{gone}` is expected, and this is `{other}`"))
        }
    }
}

fn checked(queued: Queued) -> Result<Queued, String> {
    if queued.version != Queued::VERSION {
        let (theirs, ours) = (queued.version, Queued::VERSION);
        return Err(format!("`version` is {theirs}, and this program reads {ours}"));
    }
    Ok(queued)
}

/// Reads a trigger from a file.
fn read(path: &PathBuf) -> Result<Queued, CliError> {
    let name = if path.as_os_str() == "-" { "standard input".into() } else { format!("`{}`", path.display()) };
    let unusable = |why: String| CliError::usage(format!("{name}: {why}"));
    let mut text = String::new();
    let read = if path.as_os_str() == "-" {
        std::io::stdin().take(LONGEST).read_to_string(&mut text)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(LONGEST).read_to_string(&mut text))
    };
    read.map_err(|error| unusable(error.to_string()))?;
    let queued: Queued = serde_json::from_str(&text).map_err(|error| unusable(error.to_string()))?;
    checked(queued).map_err(unusable)
}

fn eprint_note(text: &str) {
    use std::io::Write as _;
    let _gone = writeln!(std::io::stderr(), "{}", super::safe(text));
}
