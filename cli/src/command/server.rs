use std::net::SocketAddr;
use std::path::PathBuf;

use monkeyci_api::{Config, Server};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::signal::unix::{SignalKind, signal};

use crate::error::{CliError, Exit, chain};
use crate::log::LogFormat;
use crate::runtime::Runtime;

/// Run a server: API, webhooks and web page
///
/// Everything is kept in one folder. The first start prints a link that signs you in. What happens is told on standard
/// error; `RUST_LOG` says how much of it, as `warn` or `info,monkeyci_core=debug`.
#[derive(Debug, clap::Args)]
pub struct ServerArgs {
    /// The configuration, a TOML file; what is said here comes before it
    #[arg(short, long, value_name = "FILE", env = "MONKEYCI_SERVER_CONFIG")]
    config: Option<PathBuf>,
    /// Where it listens [default: 127.0.0.1:8080]
    #[arg(short, long, value_name = "ADDRESS", env = "MONKEYCI_SERVER_LISTEN")]
    listen: Option<SocketAddr>,
    /// How browsers and forges reach it [default: http:// and where it listens]
    #[arg(long, value_name = "URL", env = "MONKEYCI_SERVER_PUBLIC_URL")]
    public_url: Option<String>,
    /// The folder that it keeps everything in [default: monkeyci-server]
    #[arg(long, value_name = "DIR", env = "MONKEYCI_SERVER_STATE")]
    state: Option<PathBuf>,
    /// A PostgreSQL database in place of a file in that folder, without its password, which is read from PGPASSWORD
    #[arg(long, value_name = "URL", env = "MONKEYCI_SERVER_DATABASE")]
    database: Option<String>,
    /// Run jobs without an image as plain processes for repositories like `acme/*` (repeatable; a glob)
    #[arg(long, value_name = "REPO")]
    processes: Vec<String>,
    /// How the log looks
    #[arg(long, value_name = "FORMAT", default_value = "text", env = "MONKEYCI_SERVER_LOG_FORMAT")]
    log_format: LogFormat,
    /// Clone from `http` addresses as well
    #[arg(long)]
    allow_http: bool,
    /// Clone from private networks and this machine as well
    #[arg(long)]
    allow_private: bool,
    /// Clone from folders of this machine as well
    #[arg(long)]
    allow_file: bool,
}

/// Serves until it is told to stop.
pub fn run(args: &ServerArgs) -> Result<Exit, CliError> {
    let mut config = match &args.config {
        Some(path) => Config::read(path).map_err(|error| CliError::usage(error.to_string()))?,
        None => Config::default(),
    };
    args.apply(&mut config);
    args.log_format.begin("info")?;
    make_room(&mut config);
    Runtime::new()?.block_on(serve(&config))
}

/// Files that are kept for everything else when connections take up the rest.
const FILES: u64 = 512;

/// Lets the process open as many files as its connections need, or takes fewer connections where that is refused: without
/// a file, neither a job nor the database could go on.
fn make_room(config: &mut Config) {
    let wanted = config.connections as u64 + FILES;
    let limit = getrlimit(Resource::Nofile);
    let Some(now) = limit.current.filter(|now| *now < wanted) else { return };
    let more = limit.maximum.map_or(wanted, |most| most.min(wanted));
    let is_more = setrlimit(Resource::Nofile, Rlimit { current: Some(more), ..limit }).is_ok();
    let most = if is_more { more } else { now };
    if most < wanted {
        let most = usize::try_from(most.saturating_sub(FILES).max(most / 2)).unwrap_or(usize::MAX);
        config.connections = config.connections.min(most.max(1));
        tracing::warn!(connections = config.connections, "the limit of open files (ulimit -n) allows for no more");
    }
}

async fn serve(config: &Config) -> Result<Exit, CliError> {
    let server = Server::open(config).await.map_err(|error| CliError::ours(chain(&error)))?;
    super::print(&format!("MonkeyCI serves {}\n", server.url()))?;
    if let Some(token) = server.first_token() {
        super::print(&format!("Sign in, this once, with {}/login#token={token}\n", server.url()))?;
    }
    let stop = server.stop();
    let signals = |kind| signal(kind).map_err(|error| CliError::ours(format!("signals: {error}")));
    let (mut interrupted, mut ended) = (signals(SignalKind::interrupt())?, signals(SignalKind::terminate())?);
    tokio::spawn(async move {
        tokio::select! {
            _ = interrupted.recv() => {}
            _ = ended.recv() => {}
        }
        stop.cancel();
    });
    server.serve().await.map_err(|error| CliError::ours(format!("the server: {error}")))?;
    Ok(Exit::Success)
}

impl ServerArgs {
    fn apply(&self, config: &mut Config) {
        config.listen = self.listen.unwrap_or(config.listen);
        if let Some(state) = &self.state {
            config.state.clone_from(state);
        }
        config.database = self.database.clone().or(config.database.take());
        config.public_url = self.public_url.clone().or(config.public_url.take());
        config.executor.processes.extend(self.processes.iter().cloned());
        config.sources.http |= self.allow_http;
        config.sources.private |= self.allow_private;
        config.sources.file |= self.allow_file;
    }
}
