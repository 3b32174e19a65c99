//! Frames of a report become a log: masked bytes, marks, and the lines that ran.

use bytes::BytesMut;
use monkeyci_model::result::LineResult;

use crate::job_dir::frame::{Frame, Kind, Stream};
use crate::log::{CHUNK_BYTES, Chunk, Mark, MarkKind};
use crate::secret::{Masked, Masker};

/// Changes of stream that every log may mark. One that has more may mark another one for each [`BYTES_PER_CHANGE`], so
/// that a job which writes its bytes to both streams in turn does not get an index many times as long as its log.
const CHANGES: u64 = 64 * 1024;
const BYTES_PER_CHANGE: u64 = 256;

/// Turns frames into chunks of a log. Holds no more than a frame and a chunk.
///
/// The same frames always make the same log, so that a worker which takes up a running job may send all of it again.
pub(super) struct Transcript {
    masker: Masker<(u64, MarkKind)>,
    /// The stream of the last byte that the job wrote.
    written_to: Option<Stream>,
    /// The stream of the last masked byte, and the mark of a change that no byte has followed yet.
    stream: Option<MarkKind>,
    change: Option<Mark>,
    /// Changes that were marked.
    changes: u64,
    /// Masked, and not yet taken.
    bytes: BytesMut,
    /// Where `bytes` begins in the log.
    offset: u64,
    marks: Vec<Mark>,
    lines: Vec<LineResult>,
    /// When the last of `lines` began, in milliseconds since the first.
    began: u64,
    /// Lines that have begun, and whether the last of them runs. `lines` may be behind: marks wait with what could
    /// become a secret.
    begun: u32,
    runs: bool,
    millis: u64,
    /// Lines that the job has; a report that tells of more is forged.
    expected: u32,
    /// Bytes that the supervisor lets the job write; a report that holds more is forged.
    limit: u64,
    written: u64,
}

impl Transcript {
    /// The log of a job with so many lines that may write so many bytes.
    pub(super) fn new(masker: Masker<(u64, MarkKind)>, lines: u32, limit: u64) -> Self {
        Self {
            masker,
            written_to: None,
            stream: None,
            change: None,
            changes: 0,
            bytes: BytesMut::new(),
            offset: 0,
            marks: Vec::new(),
            lines: Vec::new(),
            began: 0,
            begun: 0,
            runs: false,
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
            Kind::LineStart(index) => {
                if self.runs || index != self.begun || index >= self.expected {
                    return Err(format!("line {} cannot begin here", index.saturating_add(1)));
                }
                (self.begun, self.runs) = (index + 1, true);
                self.mark(MarkKind::LineStart(index));
                Ok(())
            }
            Kind::LineEnd(index, code) => {
                if !self.runs || index.checked_add(1) != Some(self.begun) {
                    return Err(format!("line {} cannot end here", index.saturating_add(1)));
                }
                self.runs = false;
                self.mark(MarkKind::LineEnd(index, code));
                Ok(())
            }
        }
    }

    /// Says that no frame comes any more: what was held back because a secret might begin there is let go.
    pub(super) fn finish(&mut self) {
        let masked = self.masker.finish();
        self.write(masked);
        if self.runs
            && let Some(line) = self.lines.last_mut()
        {
            line.duration = self.millis.saturating_sub(self.began);
        }
    }

    /// Adds what the job did not write, before or after all that it does.
    pub(super) fn add(&mut self, bytes: &[u8]) {
        let masked = self.masker.push(bytes);
        self.write(masked);
        let masked = self.masker.finish();
        self.write(masked);
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
        let bytes = self.bytes.split_to(self.bytes.len().min(CHUNK_BYTES)).freeze();
        let offset = self.offset;
        self.offset += bytes.len() as u64;
        let within = self.marks.partition_point(|mark| mark.offset <= self.offset);
        let rest = self.marks.split_off(within);
        Some(Chunk { offset, bytes, marks: std::mem::replace(&mut self.marks, rest) })
    }

    /// The lines that ran.
    pub(super) fn lines(&self) -> &[LineResult] {
        &self.lines
    }

    fn output(&mut self, stream: Stream, bytes: &[u8]) -> Result<(), String> {
        if bytes.is_empty() {
            // Frames of nothing cost a job nothing: they must not pile up as marks either.
            return Ok(());
        }
        self.written += bytes.len() as u64;
        if self.written > self.limit {
            return Err(format!("it holds more than the {} bytes that the job may write", self.limit));
        }
        if self.written_to != Some(stream) {
            self.written_to = Some(stream);
            let kind = if stream == Stream::Stdout { MarkKind::Stdout } else { MarkKind::Stderr };
            self.masker.mark((self.millis, kind));
        }
        let masked = self.masker.push(bytes);
        self.write(masked);
        Ok(())
    }

    fn mark(&mut self, kind: MarkKind) {
        self.masker.mark((self.millis, kind));
        if self.masker.pending() == 0 {
            // Nothing is held back that the mark would have to wait for.
            let masked = self.masker.finish();
            self.write(masked);
        }
    }

    fn write(&mut self, masked: Masked<(u64, MarkKind)>) {
        for (offset, (millis, kind)) in masked.marks {
            self.settle(offset);
            let mark = Mark { offset, millis, kind };
            match kind {
                MarkKind::Stdout | MarkKind::Stderr | MarkKind::Mixed => self.change = Some(mark),
                MarkKind::LineStart(index) => {
                    self.began = millis;
                    self.lines.push(LineResult { index, exit: None, duration: 0, log_offset: offset });
                    self.marks.push(mark);
                }
                MarkKind::LineEnd(_, code) => {
                    if let Some(line) = self.lines.last_mut() {
                        line.exit = Some(code);
                        line.duration = millis.saturating_sub(self.began);
                    }
                    self.marks.push(mark);
                }
            }
        }
        self.bytes.extend_from_slice(&masked.bytes);
        self.settle(self.offset + self.bytes.len() as u64);
    }

    /// Marks the last change of streams, now that the log goes on to `until`; one that no byte follows is none.
    ///
    /// Where there are too many, both streams are mixed from there on, until there are fewer again.
    fn settle(&mut self, until: u64) {
        let Some(mut change) = self.change.take_if(|change| change.offset < until) else { return };
        if self.changes >= CHANGES + change.offset / BYTES_PER_CHANGE {
            change.kind = MarkKind::Mixed;
        }
        if self.stream != Some(change.kind) {
            self.stream = Some(change.kind);
            self.changes += 1;
            self.marks.push(change);
        }
    }
}

#[cfg(test)]
mod tests {
    use monkeyci_model::SecretRef;

    use super::*;
    use crate::secret::Secrets;

    fn tell(secrets: &Secrets, kinds: Vec<Kind>) -> (Vec<u8>, Vec<(u64, MarkKind)>, Vec<LineResult>) {
        let mut transcript = Transcript::new(secrets.masker(), 2, 1 << 20);
        let (mut bytes, mut marks) = (Vec::new(), Vec::new());
        let mut take = |transcript: &mut Transcript| {
            while let Some(chunk) = transcript.chunk() {
                assert_eq!(chunk.offset, bytes.len() as u64);
                bytes.extend_from_slice(&chunk.bytes);
                marks.extend(chunk.marks.iter().map(|mark| (mark.offset, mark.kind)));
            }
        };
        for (kind, millis) in kinds.into_iter().zip(0..) {
            transcript.take(Frame { millis, kind }).expect("a supervisor's frame");
            take(&mut transcript);
        }
        transcript.finish();
        take(&mut transcript);
        (bytes, marks, transcript.lines().to_vec())
    }

    #[test]
    fn streams_that_change_at_every_byte_are_told_apart_for_a_while_and_then_said_to_be_mixed() {
        const BYTES: u64 = 300_000;
        let turns = (0..BYTES).map(|n| if n % 2 == 0 { Stream::Stdout } else { Stream::Stderr });
        let frames = turns.map(|stream| Kind::Output(stream, b"x".to_vec())).collect();
        let (bytes, marks, _) = tell(&Secrets::new(), frames);
        assert_eq!(bytes.len() as u64, BYTES);
        assert!(marks.is_sorted_by_key(|(offset, _)| *offset));
        assert!(marks.len() as u64 <= CHANGES + BYTES / BYTES_PER_CHANGE + 1, "{} marks", marks.len());
        let mixed = marks.iter().position(|(_, kind)| *kind == MarkKind::Mixed).expect("it is said");
        for (index, (offset, kind)) in marks[..mixed].iter().enumerate() {
            let wrote = if index % 2 == 0 { MarkKind::Stdout } else { MarkKind::Stderr };
            assert_eq!((*offset, *kind), (index as u64, wrote));
        }
    }

    #[test]
    fn a_secret_split_over_streams_and_lines_is_masked_and_marks_still_ascend() {
        let mut secrets = Secrets::new();
        secrets.insert(SecretRef { name: "TOKEN".into(), version: 1 }, "hunter22".into());
        let (bytes, marks, lines) = tell(
            &secrets,
            vec![
                Kind::LineStart(0),
                Kind::Output(Stream::Stdout, b"login hun".to_vec()),
                Kind::LineEnd(0, 0),
                Kind::LineStart(1),
                Kind::Output(Stream::Stderr, b"ter22".to_vec()),
                Kind::Output(Stream::Stdout, b" done".to_vec()),
                Kind::LineEnd(1, 5),
            ],
        );
        assert_eq!(String::from_utf8_lossy(&bytes), "login *** done");
        assert_eq!(
            marks,
            [
                (0, MarkKind::LineStart(0)),
                (0, MarkKind::Stdout),
                (9, MarkKind::LineEnd(0, 0)),
                (9, MarkKind::LineStart(1)),
                (14, MarkKind::LineEnd(1, 5)),
            ]
        );
        let lines: Vec<_> = lines.iter().map(|line| (line.exit, line.duration, line.log_offset)).collect();
        assert_eq!(lines, [(Some(0), 2, 0), (Some(5), 3, 9)]);
    }
}
