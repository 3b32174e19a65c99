//! What each half says of itself again and again.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::depot::{Depot, DepotError};

/// The object that the host beats in.
pub const HOST: &str = "beat/host";
/// The object that the sidecar beats in.
pub const SIDECAR: &str = "beat/sidecar";

/// How often either beats when it has nothing new to say.
pub(super) const EVERY: Duration = Duration::from_secs(5);

/// Bytes of one, at most.
const MOST: usize = 16 * 1024;

/// What the host says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Host {
    /// Is another one each time.
    pub count: u64,
    /// Is another one whenever the lease was renewed.
    pub renewed: u64,
    /// Milliseconds that the job may go on from when its supervisor hears of a renewed lease.
    pub lease_ms: u64,
    /// Whether the job must end.
    pub cancel: bool,
    /// Whether the engine says that the job's container is over, so that its supervisor will say nothing more.
    pub over: bool,
}

/// What the sidecar says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Sidecar {
    /// Is another one each time.
    pub count: u64,
    /// What it does.
    pub stage: Stage,
    /// Bytes of the report that are in the depot.
    pub shipped: u64,
}

/// What a sidecar does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// It fills the job directory.
    #[default]
    Filling,
    /// It waits for the job's container, which has not begun.
    Waiting,
    /// The job runs, and it ships what the job says.
    Running,
    /// The job ended, and it sends what the job left.
    Collecting,
}

pub(super) async fn put(depot: &dyn Depot, name: &str, beat: &impl Serialize) -> Result<(), DepotError> {
    depot.put(name, serde_json::to_vec(beat).expect("plain data").into()).await
}

/// A beat, when there is one that can be read.
pub(super) async fn get<T: for<'de> Deserialize<'de>>(depot: &dyn Depot, name: &str) -> Result<Option<T>, DepotError> {
    let Some(bytes) = depot.get(name, MOST).await? else { return Ok(None) };
    match serde_json::from_slice(&bytes) {
        Ok(beat) => Ok(Some(beat)),
        Err(error) => Err(DepotError::refused(name, format!("it is no beat: {error}"))),
    }
}
