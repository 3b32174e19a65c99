//! The log of a running attempt, on its way from the report to where logs are kept.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::halt::{Halt, Why};
use super::transcript::Transcript;
use crate::attempt::Attempt;
use crate::job_dir::frame::Frame;
use crate::job_dir::outcome::Reason;
use crate::job_dir::report::{Reader, ReportError};
use crate::lease::Leases;

/// How often a report is looked at while the job runs: soon enough for an eye. The end of a job is not waited for in
/// this rhythm.
const LOOK: Duration = Duration::from_millis(40);

/// Bytes of a service's log that a job's log ends with.
const SERVICE_BYTES: usize = 64 * 1024;

/// Bytes of a report that are read where the worker runs. For more a thread is asked that may block.
const IN_PLACE: u64 = 16 * 1024;

/// A report that threads take turns to read.
pub(super) type SharedReader = Arc<Mutex<Reader>>;

pub(super) fn lock(reader: &SharedReader) -> MutexGuard<'_, Reader> {
    // A reader that broke off knows how far it came, at worst a step too far: its next frame is garbage then.
    reader.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Carries what a job writes to where logs are kept.
pub(super) struct Shipping<'a> {
    pub(super) leases: &'a dyn Leases,
    pub(super) attempt: &'a Attempt,
    pub(super) halt: &'a Halt,
    pub(super) reader: SharedReader,
    pub(super) transcript: &'a mut Transcript,
    /// Bytes of log that are safe.
    pub(super) kept: u64,
}

impl Shipping<'_> {
    /// Ships until `over` is cancelled and all that was written by then is shipped.
    ///
    /// What goes wrong stops the attempt; the rest of its log is lost then.
    pub(super) async fn run(&mut self, over: &CancellationToken) {
        loop {
            // Waited for first: of a job that is over by then, all is shipped at once.
            tokio::select! {
                () = over.cancelled() => {}
                () = tokio::time::sleep(LOOK) => {}
            }
            // Asked before reading: what the job wrote before its end is then read after it.
            let last = over.is_cancelled();
            if !self.ship_all().await {
                return;
            }
            if last {
                self.transcript.finish();
                self.ship_rest().await;
                return;
            }
        }
    }

    /// Ships the ends of the services' logs of a job that did not end well, after its own log.
    ///
    /// Best effort, and labelled so: what a service wrote is had from the container engine, which may have lost some.
    pub(super) async fn services(&mut self, logs: &[(String, Vec<u8>)]) {
        if logs.is_empty() {
            return;
        }
        let ended_well = lock(&self.reader).outcome().is_ok_and(|outcome| {
            outcome.is_some_and(|outcome| outcome.reason == Reason::Exited && outcome.code.is_none_or(|code| code == 0))
        });
        let is_cut_off = self.halt.is_stale() || matches!(self.halt.why(), Some(Why::Broken(_) | Why::Forged(_)));
        if ended_well || is_cut_off {
            return;
        }
        for (service, log) in logs.iter().filter(|(_, log)| !log.is_empty()) {
            let end = &log[log.len().saturating_sub(SERVICE_BYTES)..];
            self.transcript.add(format!("\n--- end of the log of service `{service}` (best effort)\n").as_bytes());
            self.transcript.add(end);
            if !self.ship_rest().await {
                return;
            }
        }
    }

    /// Ships what the job did not write, after all that it did.
    pub(super) async fn add(&mut self, bytes: &[u8]) {
        self.transcript.add(bytes);
        self.ship_rest().await;
    }

    /// Ships what there is; false when there is no sense in going on.
    async fn ship_all(&mut self) -> bool {
        loop {
            let frames = match self.read().await {
                Ok(frames) if frames.is_empty() => return self.ship_rest().await,
                Ok(frames) => frames,
                Err(why) => {
                    self.halt.stop(why);
                    // What came before is kept.
                    self.ship_rest().await;
                    return false;
                }
            };
            for frame in frames {
                if let Err(how) = self.transcript.take(frame) {
                    self.halt.stop(Why::Forged(how));
                    self.ship_rest().await;
                    return false;
                }
                if self.transcript.is_full() && !self.ship_one().await {
                    return false;
                }
            }
            // A job that writes as fast as it is read must not keep others from their turn.
            tokio::task::yield_now().await;
        }
    }

    async fn read(&self) -> Result<Vec<Frame>, Why> {
        let at_once = {
            let mut reader = lock(&self.reader);
            reader.unread().and_then(|unread| if unread <= IN_PLACE { reader.read().map(Some) } else { Ok(None) })
        };
        if let Some(frames) = at_once.map_err(|error| told_by(&error))? {
            return Ok(frames);
        }
        let reader = self.reader.clone();
        match tokio::task::spawn_blocking(move || lock(&reader).read()).await {
            Ok(read) => read.map_err(|error| told_by(&error)),
            Err(error) => Err(Why::Broken(format!("its report could not be read: {error}"))),
        }
    }

    async fn ship_rest(&mut self) -> bool {
        loop {
            if self.transcript.is_empty() {
                return true;
            }
            if !self.ship_one().await {
                return false;
            }
        }
    }

    async fn ship_one(&mut self) -> bool {
        let Some(chunk) = self.transcript.chunk() else { return true };
        let end = chunk.offset + chunk.bytes.len() as u64;
        match self.leases.log(self.attempt, chunk).await {
            Ok(claim) => {
                self.kept = end;
                self.halt.heed(claim);
                !self.halt.is_stale()
            }
            Err(error) => {
                self.halt.stop(Why::Broken(format!("its log could not be kept: {error}")));
                false
            }
        }
    }
}

/// Whose fault it is that a report cannot be read.
pub(super) fn told_by(error: &ReportError) -> Why {
    match error {
        ReportError::Io { .. } => Why::Broken(error.to_string()),
        _ => Why::Forged(error.to_string()),
    }
}
