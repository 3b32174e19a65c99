//! Runs containers, really.
//!
//! As containers of Docker, or as processes of this machine with namespaces of their own. The containers of an instance share
//! a network: the machine's, so that two instances cannot listen at the same port, or one of their own ([`Reach`]).

mod docker;
mod network;
mod process;
mod root;

use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

pub(crate) use docker::remove_all;
pub(crate) use network::Network;
pub use network::Reach;

/// What containers are here.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Engine {
    /// Processes of this machine, which see its files, their own volumes and no other processes. Their image is nothing
    /// but a name; without a command they are what [`Settings::entrypoints`](crate::Settings::entrypoints) says. What
    /// they write outside of their volumes is gone with them, where root may mount layers, and is else written on this
    /// machine. Limits of memory and capabilities are not kept. Needs Linux, `unshare` and `setpriv`.
    #[default]
    Process,
    /// Containers of Docker, by its command line. Its daemon must be on this machine: volumes are folders of it.
    Docker,
}

/// A container to be run.
#[derive(Debug, Clone)]
pub(crate) struct Unit {
    /// A name that nothing else has.
    pub(crate) name: String,
    /// What all containers of this double have as a label.
    pub(crate) label: String,
    pub(crate) image: String,
    /// What is run, before the arguments; nothing is what the image says.
    pub(crate) command: Vec<String>,
    pub(crate) arguments: Vec<String>,
    pub(crate) variables: Vec<(String, String)>,
    pub(crate) mounts: Vec<Mount>,
    pub(crate) directory: Option<String>,
    /// User and group, by number.
    pub(crate) user: Option<(i64, i64)>,
    pub(crate) capabilities: Vec<(bool, String)>,
    pub(crate) is_read_only: bool,
    /// Bytes of memory.
    pub(crate) memory: Option<u64>,
    /// Where its output goes.
    pub(crate) log: PathBuf,
    /// The network that it joins, if not the machine's.
    pub(crate) network: Option<String>,
    /// A folder of its own.
    pub(crate) folder: PathBuf,
}

/// A folder of this machine that a container sees.
#[derive(Debug, Clone)]
pub(crate) struct Mount {
    pub(crate) from: PathBuf,
    pub(crate) at: String,
    pub(crate) is_read_only: bool,
}

/// How a container ended.
#[derive(Debug, Clone)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) details: Option<String>,
}

/// Whether a container is to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    No,
    /// It is asked to, and killed after this time.
    Within(Duration),
}

/// Who pulls an image.
#[derive(Debug, Clone, Default)]
pub(crate) struct Credentials {
    pub(crate) registry: String,
    pub(crate) username: String,
    pub(crate) password: String,
}

/// Sees to it that an image is here.
///
/// # Errors
/// When it is not and cannot be pulled, in words.
pub(crate) async fn pull(engine: Engine, image: &str, credentials: &[Credentials]) -> Result<(), String> {
    match engine {
        Engine::Process => Ok(()),
        Engine::Docker => docker::pull(image, credentials).await,
    }
}

/// Runs a container until it ends by itself, or is to.
///
/// # Errors
/// When it cannot be started, in words.
pub(crate) async fn run(engine: Engine, unit: &Unit, stop: watch::Receiver<Stop>) -> Result<Ended, String> {
    match engine {
        Engine::Process => process::run(unit, stop).await,
        Engine::Docker => docker::run(unit, stop).await,
    }
}

/// Until it is to end; within which time.
async fn told(stop: &mut watch::Receiver<Stop>) -> Duration {
    loop {
        if let Stop::Within(grace) = *stop.borrow_and_update() {
            return grace;
        }
        if stop.changed().await.is_err() {
            // Whoever could tell is gone.
            return Duration::ZERO;
        }
    }
}

/// The code that a process ended with, as shells count it.
fn code_of(status: ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt as _;
    status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(1)
}
