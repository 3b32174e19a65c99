//! Writes the report half.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Instant;

use crate::frame::{Frame, HEADER, Kind, MAX_PAYLOAD, Stream, output_header};
use crate::outcome::Outcome;

/// Whether output found room within the log's limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    All,
    Full,
}

/// The report of one job.
pub struct Report {
    folder: PathBuf,
    frames: File,
    began: Instant,
    room: u64,
    limited: bool,
    buffer: Vec<u8>,
}

impl Report {
    /// Begins the report in `folder`, which must have none: a job does not start twice.
    pub fn begin(folder: PathBuf) -> io::Result<Self> {
        let path = folder.join("frames");
        let frames = OpenOptions::new().append(true).create_new(true).open(&path).map_err(|error| {
            io::Error::new(error.kind(), format!("cannot begin the report `{}`: {error}", path.display()))
        })?;
        let buffer = vec![0; HEADER + MAX_PAYLOAD];
        Ok(Self { folder, frames, began: Instant::now(), room: 0, limited: false, buffer })
    }

    /// Lets the clock of the frames begin, and limits the output to `bytes`; 0 is no limit.
    pub fn start(&mut self, bytes: u64) {
        self.began = Instant::now();
        (self.room, self.limited) = (bytes, bytes > 0);
    }

    fn millis(&self) -> u64 {
        self.began.elapsed().as_millis() as u64
    }

    /// Appends a frame.
    pub fn frame(&mut self, kind: Kind) -> io::Result<()> {
        let mut bytes = Vec::new();
        Frame { millis: self.millis(), kind }.encode(&mut bytes);
        self.frames.write_all(&bytes)
    }

    /// Where output is read to before [`Self::output`] appends it; spares a copy.
    pub fn buffer(&mut self) -> &mut [u8] {
        &mut self.buffer[HEADER..]
    }

    /// Appends the first `count` bytes of the buffer, as far as the limit allows.
    pub fn output(&mut self, stream: Stream, count: usize) -> io::Result<Written> {
        let fits = if self.limited { count.min(usize::try_from(self.room).unwrap_or(usize::MAX)) } else { count };
        self.room = self.room.saturating_sub(fits as u64);
        if fits > 0 {
            // At most MAX_PAYLOAD, which fits.
            let header = output_header(self.millis(), stream, fits as u32);
            self.buffer[..HEADER].copy_from_slice(&header);
            self.frames.write_all(&self.buffer[..HEADER + fits])?;
        }
        Ok(if fits < count { Written::Full } else { Written::All })
    }

    /// Writes how the job ended. Nothing of the job lives any more, so what it put in the way can be removed.
    pub fn end(&self, outcome: &Outcome) -> io::Result<()> {
        outcome.write(&self.folder)
    }
}
