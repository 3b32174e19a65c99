//! The host's half of a remote job directory.

mod collect;
mod mirror;
mod pass_on;

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::beat;
use super::depot::Depot;
use super::end::End;
use super::error::SidecarError;
use super::order::{ORDER, Order};
use super::patient::Patient;
use super::series;
use crate::blob::archive::{self, LeftOut, Limits, Packed};
use crate::job_dir::JobDir;

/// How long a depot may be away before an attempt counts as broken.
const PATIENCE: Duration = Duration::from_secs(120);

/// How long a sidecar may be silent before it counts as lost: longer than one of its requests that is not answered.
const SILENCE: Duration = Duration::from_secs(90);

/// Times that the control half is packed which changes meanwhile.
const TRIES: usize = 5;

/// The host's half of one attempt's job directory. What the job tells appears in the job directory here, as if it ran beside
/// us.
pub struct Host {
    depot: Patient,
    /// The same without patience, for what is asked again anyway.
    hasty: Arc<dyn Depot>,
    dir: JobDir,
    /// Cancelled when nobody is there any more who could put anything into the depot.
    alone: CancellationToken,
}

impl Host {
    /// The half of the job directory `dir`, over a depot that only this attempt has.
    #[must_use]
    pub fn new(depot: Arc<dyn Depot>, dir: JobDir) -> Self {
        Self { depot: Patient::new(depot.clone(), PATIENCE), hasty: depot, dir, alone: CancellationToken::new() }
    }

    /// Says that the engine says that the sidecar is over. What it has sent is taken, and nothing else is waited for.
    pub fn sidecar_is_over(&self) {
        self.alone.cancel();
    }

    /// Puts what the sidecar needs into the depot: control half, workspace, and last the order. The sidecar may be started
    /// before: it waits for the order.
    ///
    /// Returns what of the workspace could not be taken along.
    ///
    /// # Errors
    /// When something cannot be packed, or the depot fails.
    pub async fn prepare(&self, order: &Order) -> Result<Vec<LeftOut>, SidecarError> {
        let (packed, ()) = tokio::try_join!(self.send("work", self.dir.work()), self.send_control())?;
        self.depot.put(ORDER, order.to_json().into()).await?;
        Ok(packed.left_out)
    }

    async fn send_control(&self) -> Result<(), SidecarError> {
        let mut tries = 1;
        loop {
            match self.send("control", self.dir.control()).await {
                // A lease is written there whenever it is due: a file may be gone that was just seen.
                Err(SidecarError::Archive { .. }) if tries < TRIES => tries += 1,
                sent => return sent.map(drop),
            }
        }
    }

    async fn send(&self, name: &'static str, folder: PathBuf) -> Result<Packed, SidecarError> {
        let pack = move |out: &mut dyn Write| {
            let packed = archive::pack(&folder, ".", &Limits::of_checkouts(), out);
            packed.map_err(|source| SidecarError::Archive { what: "packing the job directory", source })
        };
        series::send(&self.depot, name, pack).await
    }

    /// Stays with the job to its end: what it tells appears in the report here, and what it is told here is passed on,
    /// a cancel and leases. An attempt whose host was killed is gone on with.
    ///
    /// `over` is cancelled by an executor whose engine says that the job's container is over, or that it will not begin: then
    /// nothing is waited for but what is there. The report's result is written here last, if there is one.
    ///
    /// # Errors
    /// When the sidecar gave up, or [is over](Self::sidecar_is_over) too early; when nothing is heard of it for 90 s, or for the
    /// time that the job has to begin at first; when what it sends is not what belongs there; or when the depot fails.
    pub async fn mirror(&self, order: &Order, over: &CancellationToken) -> Result<End, SidecarError> {
        tokio::select! {
            biased;
            end = self.follow() => end,
            lost = self.listen(Duration::from_millis(order.begin_ms)) => Err(lost),
            () = self.pass_on(order, over) => unreachable!("it goes on for ever"),
        }
    }

    /// Removes all that is in the depot.
    ///
    /// # Errors
    /// When something is left.
    pub async fn clear(&self) -> Result<(), SidecarError> {
        Ok(self.depot.clear().await?)
    }

    /// Returns once nothing was heard of the sidecar for too long.
    async fn listen(&self, begin: Duration) -> SidecarError {
        let mut known = None;
        let mut heard = tokio::time::Instant::now();
        loop {
            tokio::time::sleep(beat::EVERY).await;
            match beat::get::<beat::Sidecar>(&*self.hasty, beat::SIDECAR).await {
                Ok(said) if said != known => (known, heard) = (said, tokio::time::Instant::now()),
                Ok(_) => {
                    let patience = if known.is_some() { SILENCE } else { begin };
                    if heard.elapsed() >= patience {
                        return SidecarError::Lost { seconds: heard.elapsed().as_secs() };
                    }
                }
                // The depot is away: that says nothing of the sidecar, and the report's reader finds out as well.
                Err(error) => {
                    tracing::warn!(%error, "the sidecar is not heard");
                    heard = tokio::time::Instant::now();
                }
            }
        }
    }
}
