//! The log of one attempt, from chunks of bytes to lines of text.

use monkeyci_core::log::{Chunk, Mark, MarkKind};

use super::escape;

/// Longer lines are broken, so that a job that never ends its line is still seen and costs no memory.
const MAX_LINE: usize = 16 * 1024;

/// Which stream a line was written to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    #[default]
    Stdout,
    /// Standard error.
    Stderr,
}

/// What a job did, as far as its log tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// A line of its script begins.
    CommandStart(u32),
    /// A line of its script ended with this code.
    CommandEnd(u32, i32),
    /// It wrote a line of text, here without its end; control characters still in it.
    Line(Stream, String),
}

/// Turns the chunks of one attempt's log into lines.
#[derive(Debug, Default)]
pub struct Decoder {
    stream: Stream,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    end: u64,
}

impl Decoder {
    /// Where the next chunk is expected to begin, in bytes.
    pub fn end(&self) -> u64 {
        self.end
    }

    /// What `chunk` tells. Bytes that came before are passed over.
    pub fn chunk(&mut self, chunk: &Chunk) -> Vec<Output> {
        let mut outputs = Vec::new();
        let mut from = chunk.offset;
        for mark in &chunk.marks {
            let to = mark.offset.clamp(from, chunk.offset + chunk.bytes.len() as u64);
            self.bytes(chunk, from, to, &mut outputs);
            from = to;
            self.mark(*mark, &mut outputs);
        }
        self.bytes(chunk, from, chunk.offset + chunk.bytes.len() as u64, &mut outputs);
        outputs
    }

    /// The lines that were begun and never ended.
    pub fn finish(&mut self) -> Vec<Output> {
        let mut outputs = Vec::new();
        self.flush(&mut outputs);
        outputs
    }

    fn mark(&mut self, mark: Mark, outputs: &mut Vec<Output>) {
        match mark.kind {
            MarkKind::Stdout => self.stream = Stream::Stdout,
            MarkKind::Stderr => self.stream = Stream::Stderr,
            // Who cannot tell them apart shows all of it in one place.
            MarkKind::Mixed => self.stream = Stream::Stdout,
            MarkKind::LineStart(index) => {
                self.flush(outputs);
                outputs.push(Output::CommandStart(index));
            }
            MarkKind::LineEnd(index, exit) => {
                self.flush(outputs);
                outputs.push(Output::CommandEnd(index, exit));
            }
            // A later version's mark says nothing to this one.
            _ => {}
        }
    }

    fn bytes(&mut self, chunk: &Chunk, from: u64, to: u64, outputs: &mut Vec<Output>) {
        let from = from.max(self.end);
        if to <= from {
            return;
        }
        self.end = to;
        let in_chunk = |offset: u64| usize::try_from(offset - chunk.offset).expect("an offset within the chunk");
        let mut bytes = &chunk.bytes[in_chunk(from)..in_chunk(to)];
        let stream = self.stream;
        let pending = match stream {
            Stream::Stdout => &mut self.stdout,
            Stream::Stderr => &mut self.stderr,
        };
        while let Some(newline) = bytes.iter().position(|byte| *byte == b'\n') {
            pending.extend_from_slice(&bytes[..newline]);
            bytes = &bytes[newline + 1..];
            break_long(pending, stream, outputs);
            outputs.push(line(stream, pending));
            pending.clear();
        }
        pending.extend_from_slice(bytes);
        break_long(pending, stream, outputs);
    }

    fn flush(&mut self, outputs: &mut Vec<Output>) {
        for (stream, pending) in [(Stream::Stdout, &mut self.stdout), (Stream::Stderr, &mut self.stderr)] {
            if !pending.is_empty() {
                outputs.push(line(stream, pending));
                pending.clear();
            }
        }
    }
}

/// Takes whole lines of [`MAX_LINE`] off the front, between two characters where it can.
fn break_long(pending: &mut Vec<u8>, stream: Stream, outputs: &mut Vec<Output>) {
    let mut start = 0;
    while pending.len() - start > MAX_LINE {
        let limit = start + MAX_LINE;
        let cut = (limit - 3..=limit).rev().find(|at| pending[*at] & 0xc0 != 0x80).unwrap_or(limit);
        outputs.push(line(stream, &pending[start..cut]));
        start = cut;
    }
    pending.drain(..start);
}

fn line(stream: Stream, bytes: &[u8]) -> Output {
    let text = String::from_utf8_lossy(bytes);
    Output::Line(stream, escape::last_overwrite(&text).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(offset: u64, bytes: &str, marks: &[(u64, MarkKind)]) -> Chunk {
        let marks = marks.iter().map(|(offset, kind)| Mark { offset: *offset, millis: 0, kind: *kind }).collect();
        Chunk { offset, bytes: bytes.as_bytes().to_vec().into(), marks }
    }

    fn out(text: &str) -> Output {
        Output::Line(Stream::Stdout, text.into())
    }

    #[test]
    fn lines_are_put_together_across_chunks_and_streams_stay_apart() {
        let mut log = Decoder::default();
        let first = log.chunk(&chunk(0, "one\ntw", &[(0, MarkKind::LineStart(0)), (0, MarkKind::Stdout)]));
        assert_eq!(first, [Output::CommandStart(0), out("one")]);
        let second = log.chunk(&chunk(6, "oops\no\n", &[(6, MarkKind::Stderr), (11, MarkKind::Stdout)]));
        assert_eq!(second, [Output::Line(Stream::Stderr, "oops".into()), out("two")]);
        let last = log.chunk(&chunk(13, "end", &[(16, MarkKind::LineEnd(0, 3))]));
        assert_eq!(last, [out("end"), Output::CommandEnd(0, 3)]);
        assert!(log.finish().is_empty());
    }

    #[test]
    fn a_chunk_that_comes_twice_is_shown_once() {
        let mut log = Decoder::default();
        assert_eq!(log.chunk(&chunk(0, "a\nb\n", &[])), [out("a"), out("b")]);
        assert_eq!(log.chunk(&chunk(2, "b\nc\n", &[])), [out("c")]);
        assert_eq!(log.end(), 6);
    }

    #[test]
    fn an_endless_line_is_broken_between_characters() {
        let mut log = Decoder::default();
        let text = "é".repeat(MAX_LINE);
        let mut shown = log.chunk(&chunk(0, &text, &[]));
        shown.extend(log.finish());
        let together: String = shown
            .iter()
            .map(|output| match output {
                Output::Line(_, text) => text.as_str(),
                _ => "",
            })
            .collect();
        assert_eq!(together, text);
        assert!(shown.len() >= 2);
    }

    #[test]
    fn marks_outside_of_their_chunk_do_no_harm() {
        let mut log = Decoder::default();
        let shown = log.chunk(&chunk(10, "x\n", &[(0, MarkKind::Stdout), (99, MarkKind::LineEnd(0, 0))]));
        assert_eq!(shown, [out("x"), Output::CommandEnd(0, 0)]);
    }
}
