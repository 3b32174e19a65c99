//! The job's output on its way into the report.

use std::io::{self, PipeReader, PipeWriter, Read};
use std::os::fd::AsRawFd;
use std::process::Stdio;

use crate::frame::{MAX_PAYLOAD, Stream};
use crate::report::{Report, Written};
use crate::sys::{self, POLLIN, PollFd};

/// Bytes that are read after a line ended, at most: more than any pipe holds, so that all it wrote is in.
const DRAIN: usize = 2 * 1024 * 1024;

/// Two pipes, read in the order in which they become ready.
///
/// All lines share them: what one line leaves running goes on being heard during the next.
pub struct Output {
    readers: [Option<PipeReader>; 2],
    writers: Option<[PipeWriter; 2]>,
}

const STREAMS: [Stream; 2] = [Stream::Stdout, Stream::Stderr];

impl Output {
    pub fn new() -> io::Result<Self> {
        let (stdout, to_stdout) = io::pipe()?;
        let (stderr, to_stderr) = io::pipe()?;
        Ok(Self { readers: [Some(stdout), Some(stderr)], writers: Some([to_stdout, to_stderr]) })
    }

    /// The ends for a line's process.
    pub fn ends(&self) -> io::Result<[Stdio; 2]> {
        match &self.writers {
            Some([stdout, stderr]) => Ok([stdout.try_clone()?.into(), stderr.try_clone()?.into()]),
            None => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    /// Starts no further line: from now on the pipes end with the last process that has them.
    pub fn close(&mut self) {
        self.writers = None;
    }

    /// Whether everybody who could write is gone.
    pub fn ended(&self) -> bool {
        self.readers.iter().all(Option::is_none)
    }

    /// What to poll for it.
    pub fn polled(&self) -> [PollFd; 2] {
        self.readers.each_ref().map(|reader| PollFd {
            fd: reader.as_ref().map_or(-1, AsRawFd::as_raw_fd),
            events: POLLIN,
            revents: 0,
        })
    }

    /// Moves what `ready` says is there, one piece of each stream; returns how much that was.
    pub fn pump(&mut self, ready: &[PollFd], report: &mut Report) -> io::Result<(usize, Written)> {
        let mut moved = 0;
        for (index, _) in ready.iter().enumerate().filter(|(_, fd)| fd.revents != 0) {
            let Some(reader) = &mut self.readers[index] else { continue };
            let buffer = report.buffer();
            // One reader and something there: this read does not wait.
            match reader.read(&mut buffer[..MAX_PAYLOAD]) {
                Ok(0) => self.readers[index] = None,
                Ok(count) => {
                    moved += count;
                    if report.output(STREAMS[index], count)? == Written::Full {
                        return Ok((moved, Written::Full));
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok((moved, Written::All))
    }

    /// Moves all that is in the pipes now.
    pub fn drain(&mut self, report: &mut Report) -> io::Result<Written> {
        let mut moved = 0;
        while moved < DRAIN {
            let mut fds = self.polled();
            sys::wait_ready(&mut fds, std::time::Duration::ZERO);
            if fds.iter().all(|fd| fd.revents == 0) {
                break;
            }
            match self.pump(&fds, report)? {
                (count, Written::All) => moved += count,
                (_, Written::Full) => return Ok(Written::Full),
            }
        }
        Ok(Written::All)
    }
}
