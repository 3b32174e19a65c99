//! Frames of a report become a log: masked bytes, marks, and the lines that ran.

use bytes::{Bytes, BytesMut};
use monkeyci_model::result::LineResult;
use monkeyci_supervisor::frame::{Frame, Kind, Stream};

use crate::log::{CHUNK_BYTES, Chunk, Mark, MarkKind};
use crate::secret::{MaskedStream, Masker};

/// Turns frames into chunks of a log. Holds no more than a frame and a chunk.
///
/// The same frames always make the same log, so that a worker which takes up a running job may send all of it again.
pub(super) struct Transcript {
    stdout: MaskedStream,
    stderr: MaskedStream,
    /// The stream of the last byte, when there is one.
    stream: Option<Stream>,
    /// Masked, and not yet taken.
    bytes: BytesMut,
    /// Where `bytes` begins in the log.
    offset: u64,
    marks: Vec<Mark>,
    lines: Vec<LineResult>,
    /// When the line that runs began, in milliseconds since the first.
    line_began: Option<u64>,
    millis: u64,
    /// Lines that the job has; a report that tells of more is forged.
    expected: u32,
    /// Bytes that the supervisor lets the job write; a report that holds more is forged.
    limit: u64,
    written: u64,
}

impl Transcript {
    /// The log of a job with so many lines that may write so many bytes.
    pub(super) fn new(masker: &Masker, lines: u32, limit: u64) -> Self {
        Self {
            stdout: masker.stream(),
            stderr: masker.stream(),
            stream: None,
            bytes: BytesMut::new(),
            offset: 0,
            marks: Vec::new(),
            lines: Vec::new(),
            line_began: None,
            millis: 0,
            expected: lines,
            limit,
            written: 0,
        }
    }

    /// Takes in what a supervisor told; the error says why no supervisor can have told it.
    pub(super) fn take(&mut self, frame: Frame) -> Result<(), String> {
        self.millis = self.millis.max(frame.millis);
        match frame.kind {
            Kind::Started(_) => Ok(()),
            Kind::Output(stream, bytes) => self.output(stream, &bytes),
            Kind::LineStart(index) => self.line_start(index),
            Kind::LineEnd(index, code) => self.line_end(index, code),
        }
    }

    /// Whether there is a whole chunk to take.
    pub(super) fn is_full(&self) -> bool {
        self.bytes.len() >= CHUNK_BYTES
    }

    /// Whether all was taken.
    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty() && self.marks.is_empty()
    }

    /// The next chunk, of at most [`CHUNK_BYTES`]; nothing when all was taken.
    pub(super) fn chunk(&mut self) -> Option<Chunk> {
        if self.is_empty() {
            return None;
        }
        let bytes: Bytes = self.bytes.split_to(self.bytes.len().min(CHUNK_BYTES)).freeze();
        let offset = self.offset;
        self.offset += bytes.len() as u64;
        let within = self.marks.partition_point(|mark| mark.offset <= self.offset);
        let rest = self.marks.split_off(within);
        Some(Chunk { offset, bytes, marks: std::mem::replace(&mut self.marks, rest) })
    }

    /// Says that no frame comes any more: what was held back because a secret might begin there is let go.
    pub(super) fn finish(&mut self) {
        let held = self.stdout.finish();
        self.write(Stream::Stdout, &held);
        let held = self.stderr.finish();
        self.write(Stream::Stderr, &held);
        if let (Some(began), Some(line)) = (self.line_began.take(), self.lines.last_mut()) {
            line.duration = self.millis.saturating_sub(began);
        }
    }

    /// Bytes of the log so far.
    pub(super) fn len(&self) -> u64 {
        self.offset + self.bytes.len() as u64
    }

    /// The lines that ran.
    pub(super) fn into_lines(self) -> Vec<LineResult> {
        self.lines
    }

    fn output(&mut self, stream: Stream, bytes: &[u8]) -> Result<(), String> {
        self.written += bytes.len() as u64;
        if self.written > self.limit {
            return Err(format!("it holds more than the {} bytes that the job may write", self.limit));
        }
        let masked = match stream {
            Stream::Stdout => self.stdout.push(bytes),
            Stream::Stderr => self.stderr.push(bytes),
        };
        self.write(stream, &masked);
        Ok(())
    }

    fn write(&mut self, stream: Stream, masked: &[u8]) {
        if masked.is_empty() {
            return;
        }
        if self.stream != Some(stream) {
            self.stream = Some(stream);
            self.mark(match stream {
                Stream::Stdout => MarkKind::Stdout,
                Stream::Stderr => MarkKind::Stderr,
            });
        }
        self.bytes.extend_from_slice(masked);
    }

    fn line_start(&mut self, index: u32) -> Result<(), String> {
        if self.line_began.is_some() || index as usize != self.lines.len() || index >= self.expected {
            return Err(format!("line {} cannot begin here", index.saturating_add(1)));
        }
        self.line_began = Some(self.millis);
        self.lines.push(LineResult { index, exit: None, duration: 0, log_offset: self.len() });
        self.mark(MarkKind::LineStart(index));
        Ok(())
    }

    fn line_end(&mut self, index: u32, code: i32) -> Result<(), String> {
        let (Some(began), Some(line)) = (self.line_began, self.lines.last_mut().filter(|line| line.index == index))
        else {
            return Err(format!("line {} cannot end here", index.saturating_add(1)));
        };
        line.exit = Some(code);
        line.duration = self.millis.saturating_sub(began);
        self.line_began = None;
        self.mark(MarkKind::LineEnd(index, code));
        Ok(())
    }

    fn mark(&mut self, kind: MarkKind) {
        let mark = Mark { offset: self.len(), millis: self.millis, kind };
        self.marks.push(mark);
    }
}
