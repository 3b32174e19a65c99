use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use monkeyci_core::sidecar::{Attendant, Depot, HttpDepot, Order, SidecarError};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::bucket::Bucket;
use crate::error::{CliError, Exit, chain};
use crate::log::LogFormat;

/// How long an order is waited for: what it speaks of is sent meanwhile.
const WAIT: Duration = Duration::from_secs(10 * 60);

/// Stay with a job whose container sees nothing of ours
///
/// Executors start it in a container of its own, beside that of the job, with whose volume it shares a folder: it fills that
/// with what its order names, carries what the job says and leaves to where the order says, and ends with it.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("from").required(true))]
pub struct SidecarArgs {
    /// The order: a file, or the address of one that may be known to everybody
    #[arg(long, value_name = "FILE|URL", group = "from")]
    order: Option<String>,
    /// The place of the order in Oracle's Object Storage, read as the resource that this runs in
    #[arg(long, value_name = "BUCKET/PREFIX", group = "from")]
    oci: Option<String>,
    /// The address of Object Storage, where it is not that of the region
    #[arg(long, value_name = "URL", requires = "oci")]
    endpoint: Option<String>,
    /// Fill the folder and end, for engines that start the job's container afterwards
    #[arg(long)]
    fill: bool,
    /// The folder of the supervisors for other processors: `monkeyci-supervisor-arm64`
    #[arg(long, value_name = "DIR", default_value = "/usr/local/lib/monkeyci")]
    supervisors: PathBuf,
    /// Trust this authority as well, a file of certificates in PEM
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// How the log looks
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    log_format: LogFormat,
}

/// Stays with a job to its end.
pub fn run(args: &SidecarArgs) -> Result<Exit, CliError> {
    args.log_format.begin("info")?;
    // One thread: it has little memory, and waits most of the time.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().max_blocking_threads(4).build();
    runtime.map_err(|error| CliError::ours(format!("threads: {error}")))?.block_on(attend(args))
}

async fn attend(args: &SidecarArgs) -> Result<Exit, CliError> {
    let authorities = match &args.ca {
        Some(path) => Some(read(path)?),
        None => None,
    };
    let authorities = authorities.as_deref();
    let stop = stopped()?;
    let order = args.order(authorities).await?;
    let depot: Arc<dyn Depot> =
        Arc::new(HttpDepot::new(&order.depot, authorities).map_err(|error| ours(&error.into()))?);
    let attendant = Attendant::new(order, depot, &args.supervisors);
    let done = if args.fill { attendant.fill().await } else { attendant.attend(&stop).await };
    done.map(|()| Exit::Success).map_err(|error| ours(&error))
}

impl SidecarArgs {
    async fn order(&self, authorities: Option<&[u8]>) -> Result<Order, CliError> {
        if let Some(place) = &self.oci {
            let bucket = Bucket::open(place, self.endpoint.as_deref())?;
            let found = Order::wait_for(|most| bucket.get(monkeyci_core::sidecar::ORDER, most), WAIT).await;
            return found.map_err(|error| ours(&error));
        }
        let from = self.order.as_deref().unwrap_or_default();
        if !from.starts_with("http://") && !from.starts_with("https://") {
            return Order::from_json(&read(from.as_ref())?).map_err(|error| ours(&error));
        }
        let (folder, name) = from.rsplit_once('/').unwrap_or_default();
        let depot = HttpDepot::new(&format!("{folder}/"), authorities).map_err(|error| ours(&error.into()))?;
        Order::wait_for(|most| depot.get(name, most), WAIT).await.map_err(|error| ours(&error))
    }
}

/// Cancelled when this program is told to end.
fn stopped() -> Result<CancellationToken, CliError> {
    let broken = |error| CliError::ours(format!("signals: {error}"));
    let mut terminate = signal(SignalKind::terminate()).map_err(broken)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(broken)?;
    let stop = CancellationToken::new();
    let told = stop.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("told to end: the job is told so, and what it says is waited for");
        told.cancel();
    });
    Ok(stop)
}

fn read(path: &std::path::Path) -> Result<Vec<u8>, CliError> {
    std::fs::read(path).map_err(|error| CliError::usage(format!("`{}` cannot be read: {error}", path.display())))
}

fn ours(error: &SidecarError) -> CliError {
    CliError::ours(chain(error))
}
