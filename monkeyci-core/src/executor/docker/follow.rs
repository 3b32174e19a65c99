//! The report of a job whose container does not see our files.

use std::io::{self, Read, Write};
use std::path::Path;
use std::time::Duration;

use bollard::container::LogOutput;
use bollard::exec::{CreateExecOptions, StartExecOptions, StartExecResults};
use futures::StreamExt;
use monkeyci_model::job::limits;

use super::pack::PIECE;
use super::{Docker, ExecutorError, place};
use crate::job_dir::JobDir;
use crate::job_dir::frame::Decoder;

/// The most that is taken of a report: frames of a full log, were each of one byte.
const REPORT_BYTES: u64 = 16 * limits::LOG_BYTES;

impl Docker {
    /// Appends the report's frames to ours while the job runs; never returns.
    pub(super) async fn follow(&self, name: &str, dir: &JobDir) -> std::convert::Infallible {
        loop {
            // What breaks here is a connection or the container's end: the rest is fetched after the end.
            if let Err(error) = self.follow_once(name, dir).await {
                tracing::debug!(container = name, %error, "following the report");
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    async fn follow_once(&self, name: &str, dir: &JobDir) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        // Written without a runtime between: what is written is there when this is broken off.
        let mut frames = std::fs::OpenOptions::new().create(true).append(true).open(dir.report().join("frames"))?;
        let offset = frames.metadata()?.len();
        let command = [place::SUPERVISOR, "follow", place::JOB_DIR, &offset.to_string()].map(String::from);
        let exec = CreateExecOptions { cmd: Some(command.to_vec()), attach_stdout: Some(true), ..Default::default() };
        let exec = self.api.create_exec(name, exec).await?;
        let options = StartExecOptions { output_capacity: Some(PIECE), ..StartExecOptions::default() };
        let StartExecResults::Attached { mut output, .. } = self.api.start_exec(&exec.id, Some(options)).await? else {
            return Ok(());
        };
        // Whole frames only: where the program cannot be run, Docker puts its complaint in the place of the output.
        let mut decoder = Decoder::default();
        while let Some(piece) = output.next().await {
            let LogOutput::StdOut { message } = piece? else { continue };
            decoder.push(&message);
            let mut whole = Vec::new();
            let mut next = decoder.next_frame();
            while let Ok(Some(frame)) = next {
                frame.encode(&mut whole);
                next = decoder.next_frame();
            }
            frames.write_all(&whole)?;
            next?;
        }
        Ok(())
    }

    /// Fetches what of the report we do not have yet.
    pub(super) async fn fetch_report(&self, name: &str, dir: &JobDir) -> Result<(), ExecutorError> {
        let report = dir.report();
        self.download(name, place::REPORT, REPORT_BYTES, move |tar| take_report(tar, &report)).await?;
        Ok(())
    }
}

/// Takes the two files that make a report, when they are files: a job may have put anything in their place.
fn take_report(mut tar: tar::Archive<impl Read>, report: &Path) -> io::Result<()> {
    for entry in tar.entries()? {
        let mut entry = entry?;
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let path = entry.path()?.into_owned();
        match path.strip_prefix("report").ok().and_then(Path::to_str) {
            Some("frames") => {
                let mut frames = std::fs::OpenOptions::new().create(true).append(true).open(report.join("frames"))?;
                let known = frames.metadata()?.len();
                io::copy(&mut (&mut entry).take(known), &mut io::sink())?;
                io::copy(&mut entry, &mut frames)?;
            }
            Some("result") => {
                let mut result = tempfile::NamedTempFile::new_in(report)?;
                io::copy(&mut entry, &mut result)?;
                result.persist(report.join("result")).map_err(|error| error.error)?;
            }
            _ => {}
        }
    }
    Ok(())
}
