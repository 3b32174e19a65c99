use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::error::{CliError, Exit};
use crate::hook::door::Door;
use crate::hook::function::Function;
use crate::hook::service;
use crate::hook::settings::Settings;
use crate::log::LogFormat;
use crate::runtime::Runtime;

/// Take in what forges deliver where no server runs: verify it, put it where it is safe, have it built
///
/// It is a function of Oracle Cloud where the variables of one are set (FN_FORMAT, FN_LISTENER), and else listens on PORT.
/// Its settings are a TOML file, or what the variable MONKEYCI_HOOK_SETTINGS holds.
#[derive(Debug, clap::Args)]
pub struct HookArgs {
    /// The settings
    #[arg(short, long, value_name = "FILE", env = "MONKEYCI_HOOK_CONFIG")]
    config: Option<PathBuf>,
    /// Where it listens [default: every address on PORT, or else 127.0.0.1:8080]
    #[arg(short, long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// How the log looks
    #[arg(long, value_name = "FORMAT", default_value = "json", env = "MONKEYCI_HOOK_LOG_FORMAT")]
    log_format: LogFormat,
}

/// Takes in deliveries until it is told to stop.
pub fn run(args: &HookArgs) -> Result<Exit, CliError> {
    let function = Function::detect(|name| std::env::var(name).ok()).map_err(CliError::usage)?;
    let settings = Settings::read(args.config.as_deref()).map_err(CliError::usage)?;
    args.log_format.begin("info")?;
    let door = Arc::new(Door::new(settings));
    Runtime::new()?.block_on(async {
        let stop = stop()?;
        match function {
            Some(function) => function.run(door, stop).await.map_err(CliError::ours)?,
            None => {
                let listener = service::listen(args.address()?).await.map_err(CliError::ours)?;
                let address = listener.local_addr().map_err(|error| CliError::ours(error.to_string()))?;
                super::print(&format!("MonkeyCI takes in webhooks on http://{address}\n"))?;
                service::run(door, listener, stop).await;
            }
        }
        Ok(Exit::Success)
    })
}

/// Is cancelled when the program is told to stop.
fn stop() -> Result<CancellationToken, CliError> {
    let signals = |kind| signal(kind).map_err(|error| CliError::ours(format!("signals: {error}")));
    let (mut interrupted, mut ended) = (signals(SignalKind::interrupt())?, signals(SignalKind::terminate())?);
    let stop = CancellationToken::new();
    let cancel = stop.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = interrupted.recv() => {}
            _ = ended.recv() => {}
        }
        cancel.cancel();
    });
    Ok(stop)
}

impl HookArgs {
    fn address(&self) -> Result<SocketAddr, CliError> {
        if let Some(address) = self.listen {
            return Ok(address);
        }
        match std::env::var("PORT") {
            Ok(port) => {
                let port = port.parse().map_err(|_| CliError::usage(format!("PORT: `{port}` is no port")))?;
                Ok(SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)))
            }
            Err(_) => Ok(SocketAddr::from((Ipv4Addr::LOCALHOST, 8080))),
        }
    }
}
