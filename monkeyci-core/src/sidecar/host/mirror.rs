//! The report, from the depot to the job directory here.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::time::Duration;

use rustix::fs::OFlags;
use tokio::time::Instant;

use super::Host;
use crate::sidecar::depot::Depot;
use crate::sidecar::end::{self, End};
use crate::sidecar::error::SidecarError;
use crate::sidecar::{ANSWER, CHUNK, FORGED, REPORT_BYTES, report_name, series};

/// The pause before the next chunk is asked for, at the least.
const LEAST: Duration = Duration::from_millis(60);
/// The same at the most, before anything came and after that. What a job says is here within a second.
const MOST: (Duration, Duration) = (Duration::from_millis(300), Duration::from_millis(400));
/// The pause, as a part of the time in which nothing came: whoever has waited for long bears to wait a little longer.
const SHARE: u32 = 50;

/// The file that keeps which chunk is being taken, for a host that is killed meanwhile.
const TAKEN: &str = "taken";

impl Host {
    /// Takes the report to its end.
    pub(super) async fn follow(&self) -> Result<End, SidecarError> {
        let mut at = self.taken()?;
        let mut heard = Instant::now();
        let mut is_last = false;
        loop {
            let name = report_name(at);
            match self.depot.get(&name, CHUNK.max(end::MOST)).await? {
                // What the sidecar sent as it ended may have been on its way the first time.
                None if is_last => return Err(SidecarError::Over),
                None => {
                    is_last = self.alone.is_cancelled();
                    let most = if at == 0 { MOST.0 } else { MOST.1 };
                    tokio::select! {
                        () = self.alone.cancelled(), if !is_last => {}
                        () = tokio::time::sleep((heard.elapsed() / SHARE).clamp(LEAST, most)) => {}
                    }
                }
                Some(bytes) if End::is_one(&bytes) => return self.finish(End::decode(&name, &bytes)?).await,
                Some(bytes) if bytes.is_empty() => return Err(SidecarError::broken(&name, "is empty")),
                Some(bytes) => {
                    at = self.take(at, &bytes)?;
                    heard = Instant::now();
                }
            }
        }
    }

    /// Appends what is new of a chunk; where the next begins.
    fn take(&self, at: u64, bytes: &[u8]) -> Result<u64, SidecarError> {
        let io = SidecarError::io("writing the report");
        let mut frames = self.frames().map_err(io)?;
        let known = frames.metadata().map_err(io)?.len().saturating_sub(at);
        // All is known of a chunk after which we were killed.
        let new = bytes.get(usize::try_from(known).unwrap_or(usize::MAX)..).unwrap_or_default();
        let new = if at > REPORT_BYTES { &[FORGED][..] } else { new };
        frames.write_all(new).map_err(io)?;
        let next = at + bytes.len() as u64;
        self.dir.keep(TAKEN, next.to_string().as_bytes()).map_err(io)?;
        if at > REPORT_BYTES {
            return Err(SidecarError::broken(&report_name(at), format!("is behind byte {REPORT_BYTES} of a report")));
        }
        Ok(next)
    }

    fn frames(&self) -> io::Result<File> {
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
        let mut options = OpenOptions::new();
        options.create(true).append(true).custom_flags(flags.bits().cast_signed());
        options.open(self.dir.report().join("frames"))
    }

    fn taken(&self) -> Result<u64, SidecarError> {
        let kept = self.dir.kept(TAKEN).map_err(SidecarError::io("reading how far the report was taken"))?;
        let at = kept.and_then(|kept| String::from_utf8(kept).ok()?.parse().ok());
        Ok(at.unwrap_or(0))
    }

    /// Takes the answer, and then the result: when that is there, all is.
    async fn finish(&self, end: End) -> Result<End, SidecarError> {
        if let Some(why) = end.error {
            return Err(SidecarError::GaveUp(why));
        }
        let io = SidecarError::io("writing the report");
        let new = || tempfile::NamedTempFile::new_in(self.dir.report()).map_err(io);
        let put = |file: tempfile::NamedTempFile, name: &str| {
            file.persist(self.dir.report().join(name)).map(drop).map_err(|error| io(error.error))
        };
        if end.answered {
            let mut file = new()?;
            let most = monkeyci_model::script::ANSWER_BYTES + 1;
            let copy = move |from: &mut dyn Read| {
                io::copy(from, &mut file).map_err(io)?;
                Ok(file)
            };
            put(series::fetch(&self.depot, "answer", most, copy).await?, ANSWER)?;
        }
        if let Some(result) = &end.result {
            let mut file = new()?;
            file.write_all(result.as_bytes()).map_err(io)?;
            put(file, "result")?;
        }
        Ok(end)
    }
}
