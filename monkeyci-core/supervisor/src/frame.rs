//! What a supervisor tells while the job runs: frames, one after the other.
//!
//! A frame is a byte for its kind, milliseconds as u64, the payload's length as u32 (both little endian), the payload.
//! The job itself may write to the same file, so a reader trusts nothing: lengths are bounded, kinds are checked, and
//! an end in the middle of a frame is not an error but a wait.

use std::fmt;

use crate::outcome::Guarantee;

/// The longest payload, in bytes.
pub const MAX_PAYLOAD: usize = 64 * 1024;

/// Bytes before a frame's payload.
pub const HEADER: usize = 13;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Milliseconds since the first line began.
    pub millis: u64,
    /// What happened.
    pub kind: Kind,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// The first line is about to run, under this guarantee.
    Started(Guarantee),
    /// The job wrote something; at most [`MAX_PAYLOAD`] bytes in one frame.
    Output(Stream, Vec<u8>),
    /// The line with this index, from 0, begins.
    LineStart(u32),
    /// The line with this index ended with this code.
    LineEnd(u32, i32),
}

/// Where a job writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// Why bytes are no frames; only somebody else than a supervisor writes such.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Garbage {
    /// No frame begins with this byte.
    Kind(u8),
    /// A payload of this length does not belong to its kind.
    Length(u32),
    /// The payload says nothing that is known.
    Payload,
}

impl fmt::Display for Garbage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kind(kind) => write!(f, "no frame begins with byte {kind}"),
            Self::Length(length) => write!(f, "a frame claims {length} bytes"),
            Self::Payload => f.write_str("a frame's payload has no meaning"),
        }
    }
}

impl std::error::Error for Garbage {}

/// The header of an output frame, for those who have the bytes elsewhere.
#[must_use]
pub fn output_header(millis: u64, stream: Stream, length: u32) -> [u8; HEADER] {
    header(if stream == Stream::Stdout { 1 } else { 2 }, millis, length)
}

fn header(kind: u8, millis: u64, length: u32) -> [u8; HEADER] {
    let mut header = [0; HEADER];
    header[0] = kind;
    header[1..9].copy_from_slice(&millis.to_le_bytes());
    header[9..].copy_from_slice(&length.to_le_bytes());
    header
}

impl Frame {
    /// Appends the frame to `to`. More output than one frame holds becomes several.
    pub fn encode(&self, to: &mut Vec<u8>) {
        let mut put = |kind: u8, payload: &[u8]| {
            // A payload is at most MAX_PAYLOAD, which fits.
            to.extend_from_slice(&header(kind, self.millis, payload.len() as u32));
            to.extend_from_slice(payload);
        };
        match &self.kind {
            Kind::Output(stream, bytes) => {
                let kind = if *stream == Stream::Stdout { 1 } else { 2 };
                bytes.chunks(MAX_PAYLOAD).for_each(|piece| put(kind, piece));
            }
            Kind::Started(guarantee) => put(3, guarantee.as_str().as_bytes()),
            Kind::LineStart(index) => put(4, &index.to_le_bytes()),
            Kind::LineEnd(index, code) => put(5, &[index.to_le_bytes(), code.to_le_bytes()].concat()),
        }
    }
}

/// Frames out of bytes as they come. Holds at most what was pushed and not yet taken.
#[derive(Debug, Default)]
pub struct Decoder {
    buffer: Vec<u8>,
    taken: usize,
}

impl Decoder {
    /// Takes in bytes that follow the former.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.drain(..std::mem::take(&mut self.taken));
        self.buffer.extend_from_slice(bytes);
    }

    /// Bytes of a frame that has not wholly come.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.buffer.len() - self.taken
    }

    /// The next frame, or none until more bytes are pushed.
    ///
    /// # Errors
    /// When the bytes are no frame; what follows is lost, and every further call fails alike.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, Garbage> {
        let rest = &self.buffer[self.taken..];
        let Some(&kind) = rest.first() else { return Ok(None) };
        if !(1..=5).contains(&kind) {
            return Err(Garbage::Kind(kind));
        }
        let Some((header, after)) = rest.split_first_chunk::<HEADER>() else { return Ok(None) };
        let millis = u64::from_le_bytes(header[1..9].try_into().expect("eight bytes"));
        let length = u32::from_le_bytes(header[9..].try_into().expect("four bytes"));
        let fits = match kind {
            1 | 2 => (1..=MAX_PAYLOAD).contains(&(length as usize)),
            3 => length <= 32,
            4 => length == 4,
            _ => length == 8,
        };
        if !fits {
            return Err(Garbage::Length(length));
        }
        let Some(payload) = after.get(..length as usize) else { return Ok(None) };
        let word = |at: usize| [payload[at], payload[at + 1], payload[at + 2], payload[at + 3]];
        let kind = match kind {
            1 => Kind::Output(Stream::Stdout, payload.to_vec()),
            2 => Kind::Output(Stream::Stderr, payload.to_vec()),
            3 => {
                let guarantee = std::str::from_utf8(payload).ok().and_then(Guarantee::parse);
                Kind::Started(guarantee.ok_or(Garbage::Payload)?)
            }
            4 => Kind::LineStart(u32::from_le_bytes(word(0))),
            _ => Kind::LineEnd(u32::from_le_bytes(word(0)), i32::from_le_bytes(word(4))),
        };
        self.taken += HEADER + length as usize;
        Ok(Some(Frame { millis, kind }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn story() -> Vec<Frame> {
        [
            Kind::Started(Guarantee::Subreaper),
            Kind::LineStart(0),
            Kind::Output(Stream::Stdout, b"a\0\xff".to_vec()),
            Kind::Output(Stream::Stderr, vec![b'x'; MAX_PAYLOAD]),
            Kind::LineEnd(0, 137),
        ]
        .into_iter()
        .zip(0..)
        .map(|(kind, millis)| Frame { millis, kind })
        .collect()
    }

    fn decode(decoder: &mut Decoder) -> Vec<Frame> {
        std::iter::from_fn(|| decoder.next_frame().expect("frames")).collect()
    }

    #[test]
    fn frames_come_back_however_the_bytes_are_torn() {
        let mut bytes = Vec::new();
        story().iter().for_each(|frame| frame.encode(&mut bytes));
        for step in [1, 7, 4096, bytes.len()] {
            let mut decoder = Decoder::default();
            let mut frames = Vec::new();
            for piece in bytes.chunks(step) {
                decoder.push(piece);
                frames.extend(decode(&mut decoder));
            }
            assert!(frames == story() && decoder.pending() == 0, "in steps of {step}");
        }
    }

    #[test]
    fn long_output_becomes_several_frames() {
        let mut bytes = Vec::new();
        Frame { millis: 9, kind: Kind::Output(Stream::Stdout, vec![1; 2 * MAX_PAYLOAD + 1]) }.encode(&mut bytes);
        let mut decoder = Decoder::default();
        decoder.push(&bytes);
        assert_eq!(decode(&mut decoder).len(), 3);
    }

    #[test]
    fn garbage_is_refused_and_claims_no_memory() {
        for (bytes, why) in [
            (b"hello".to_vec(), Garbage::Kind(b'h')),
            (header(1, 0, u32::MAX).to_vec(), Garbage::Length(u32::MAX)),
            (header(1, 0, 0).to_vec(), Garbage::Length(0)),
            (header(5, 0, 4).to_vec(), Garbage::Length(4)),
            ([&header(3, 0, 2)[..], b"xy"].concat(), Garbage::Payload),
        ] {
            let mut decoder = Decoder::default();
            decoder.push(&bytes);
            assert_eq!(decoder.next_frame(), Err(why));
            assert_eq!(decoder.next_frame(), Err(why));
        }
    }
}
