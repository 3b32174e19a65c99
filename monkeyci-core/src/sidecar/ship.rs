//! Carries the report from the volume to the depot.

use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::beat::{self, Stage};
use super::depot::Depot;
use super::end::{self, End};
use super::error::SidecarError;
use super::place::Place;
use super::{CHUNK, FORGED, REPORT_BYTES, report_name};
use crate::job_dir::outcome::{Guarantee, Outcome, Reason};
use crate::job_dir::report::{Reader, ReportError};

/// How often the report is looked at.
const LOOK: Duration = Duration::from_millis(50);

/// How long what a job says is gathered: what it says after a pause goes at once.
const GATHER: Duration = Duration::from_millis(400);

/// Bytes that are gathered at most. With what one more look finds it is less than a [`CHUNK`].
const GATHERED: usize = CHUNK / 2;

/// How a report ended.
pub(super) enum Told {
    /// The job ended, with this in its result; or it is over without.
    Ended(Option<String>),
    /// A sidecar before us has said all there is to say.
    Everything,
}

/// Carries the report of one job.
pub(super) struct Shipping<'a> {
    depot: &'a dyn Depot,
    place: &'a Place,
    reader: Reader,
    state: &'a watch::Sender<beat::Sidecar>,
    /// What is in the depot, in bytes.
    at: u64,
    /// What goes there next.
    gathered: Vec<u8>,
    sent: Option<Instant>,
    began: bool,
    /// Its frames are no longer read: something else is in their place.
    closed: bool,
}

impl<'a> Shipping<'a> {
    /// Goes on at byte `at` of the report.
    pub(super) fn new(
        depot: &'a dyn Depot,
        place: &'a Place,
        mut reader: Reader,
        state: &'a watch::Sender<beat::Sidecar>,
        at: u64,
    ) -> Self {
        reader.seek(at);
        Self { depot, place, reader, state, at, gathered: Vec::new(), sent: None, began: at > 0, closed: false }
    }

    /// Where the next chunk goes.
    pub(super) fn at(&self) -> u64 {
        self.at
    }

    /// What it reads from.
    pub(super) fn reader(&self) -> &Reader {
        &self.reader
    }

    /// Ships until the job ended, or is `over`. It has `begin` to begin.
    pub(super) async fn run(&mut self, begin: Duration, over: &CancellationToken) -> Result<Told, SidecarError> {
        let opened = Instant::now();
        loop {
            // Both asked before reading: what was written by then is read after it.
            let last = over.is_cancelled();
            let result = self.result(last)?;
            if !self.ship(result.is_some() || last).await? {
                return Ok(Told::Everything);
            }
            if result.is_some() || last {
                return Ok(Told::Ended(result));
            }
            if !self.began && opened.elapsed() >= begin {
                return Ok(Told::Ended(Some(did_not_begin(begin))));
            }
            tokio::select! {
                () = over.cancelled() => {}
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    }

    /// What stands in the result. While the job runs, what is none was put there by it, and is replaced in the end.
    fn result(&self, last: bool) -> Result<Option<String>, SidecarError> {
        match self.reader.outcome() {
            Ok(outcome) => Ok(outcome.map(|outcome| String::from_utf8_lossy(&outcome.encode()).into_owned())),
            Err(ReportError::Io { source, .. }) => Err(SidecarError::io("reading the job's result")(source)),
            Err(_) if last => Ok(Some(String::new())),
            Err(_) => Ok(None),
        }
    }

    /// Ships what there is: all of it with `flush`, else when it is due. False when everything has been said before.
    async fn ship(&mut self, flush: bool) -> Result<bool, SidecarError> {
        loop {
            self.gather()?;
            let due = flush || self.gathered.len() >= GATHERED || self.sent.is_none_or(|sent| sent.elapsed() >= GATHER);
            if self.gathered.is_empty() || !due {
                return Ok(true);
            }
            if !self.send().await? {
                return Ok(false);
            }
        }
    }

    /// Reads on.
    fn gather(&mut self) -> Result<(), SidecarError> {
        while !self.closed && self.gathered.len() < GATHERED {
            match self.reader.read() {
                Ok(frames) if frames.is_empty() => break,
                Ok(frames) => frames.iter().for_each(|frame| frame.encode(&mut self.gathered)),
                Err(ReportError::Io { source, .. }) => {
                    return Err(SidecarError::io("reading the job's report")(source));
                }
                Err(error) => {
                    tracing::warn!(%error, "what the job says from here on is not believed");
                    self.closed = true;
                    if !matches!(error, ReportError::Replaced { .. }) {
                        self.gathered.push(FORGED);
                    }
                }
            }
        }
        if !self.closed && self.at + self.gathered.len() as u64 > REPORT_BYTES {
            tracing::warn!("the job's report has more than {REPORT_BYTES} bytes: the rest is not taken");
            self.closed = true;
            self.gathered.push(FORGED);
        }
        if !self.began && (self.closed || self.reader.has_begun()) {
            self.began = true;
            self.state.send_modify(|state| state.stage = Stage::Running);
        }
        Ok(())
    }

    /// Sends what is gathered. What is in its place already was sent by us or one before us, and is gone on behind.
    async fn send(&mut self) -> Result<bool, SidecarError> {
        if self.at == 0 {
            self.place.forget_variables();
        }
        let name = report_name(self.at);
        let sent = self.depot.create(&name, self.gathered.clone().into()).await?;
        let length = if sent {
            std::mem::take(&mut self.gathered).len()
        } else {
            let there = self.depot.get(&name, CHUNK.max(end::MOST)).await?.unwrap_or_default();
            if End::is_one(&there) {
                return Ok(false);
            }
            if there.is_empty() {
                return Err(SidecarError::broken(&name, "is empty"));
            }
            self.gathered.clear();
            there.len()
        };
        self.at += length as u64;
        if !sent {
            self.reader.seek(self.at);
        }
        self.sent = Some(Instant::now());
        self.state.send_modify(|state| state.shipped = self.at);
        Ok(true)
    }
}

/// The result of a job whose container did not begin.
fn did_not_begin(begin: Duration) -> String {
    let message = format!(
        "its container did not begin within {} s of its files being there: does its image have `/bin/sh`, which waits for \
         them here, and may it be pulled?",
        begin.as_secs()
    );
    let outcome =
        Outcome { reason: Reason::CannotStart, code: None, line: None, message, guarantee: Guarantee::ProcessGroup };
    String::from_utf8_lossy(&outcome.encode()).into_owned()
}
