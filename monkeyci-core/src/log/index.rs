//! The index of a log: one record of fixed size for each mark.
//!
//! A record is 32 bytes, little-endian: offset (8), millis (8), kind (1) and three zeros, line (4), code (4), and the
//! first 4 bytes of the BLAKE3 of all that. A record that a crash tore, or a disk filled with zeros, is told by its
//! sum, and it and what follows is dropped: the writer sends again what the log's end says is missing.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use super::{Mark, MarkKind};

/// Bytes of one record.
pub(super) const RECORD: usize = 32;

const STDOUT: u8 = 1;
const STDERR: u8 = 2;
const LINE_START: u8 = 3;
const LINE_END: u8 = 4;
const MIXED: u8 = 5;

/// Where a mark stands among the others of its log: by offset, and at one offset in the order that things happen.
///
/// A line ends before the next begins, and a stream changes only when bytes follow. Marks of a log strictly ascend, so
/// one that does not ascend has been stored before.
pub(super) fn rank(mark: &Mark) -> (u64, u64) {
    let within = match mark.kind {
        MarkKind::LineStart(line) => 2 * u64::from(line) + 1,
        MarkKind::LineEnd(line, _) => 2 * u64::from(line) + 2,
        MarkKind::Stdout | MarkKind::Stderr | MarkKind::Mixed => u64::MAX,
    };
    (mark.offset, within)
}

/// Appends the record of `mark` to `to`.
pub(super) fn encode(mark: &Mark, to: &mut Vec<u8>) {
    let (kind, line, code) = match mark.kind {
        MarkKind::Stdout => (STDOUT, 0, 0),
        MarkKind::Stderr => (STDERR, 0, 0),
        MarkKind::Mixed => (MIXED, 0, 0),
        MarkKind::LineStart(line) => (LINE_START, line, 0),
        MarkKind::LineEnd(line, code) => (LINE_END, line, code),
    };
    let start = to.len();
    to.extend_from_slice(&mark.offset.to_le_bytes());
    to.extend_from_slice(&mark.millis.to_le_bytes());
    to.extend_from_slice(&[kind, 0, 0, 0]);
    to.extend_from_slice(&line.to_le_bytes());
    to.extend_from_slice(&code.to_le_bytes());
    let sum = blake3::hash(&to[start..]);
    to.extend_from_slice(&sum.as_bytes()[..4]);
}

/// The mark of a record; nothing when the record is torn.
pub(super) fn decode(record: &[u8; RECORD]) -> Option<Mark> {
    let (body, sum) = record.split_last_chunk::<4>()?;
    if blake3::hash(body).as_bytes()[..4] != sum[..] {
        return None;
    }
    let (offset, rest) = body.split_first_chunk::<8>()?;
    let (millis, rest) = rest.split_first_chunk::<8>()?;
    let (kind, rest) = rest.split_first_chunk::<4>()?;
    let (line, rest) = rest.split_first_chunk::<4>()?;
    let (code, _) = rest.split_first_chunk::<4>()?;
    let kind = match kind[0] {
        STDOUT => MarkKind::Stdout,
        STDERR => MarkKind::Stderr,
        MIXED => MarkKind::Mixed,
        LINE_START => MarkKind::LineStart(u32::from_le_bytes(*line)),
        LINE_END => MarkKind::LineEnd(u32::from_le_bytes(*line), i32::from_le_bytes(*code)),
        _ => return None,
    };
    Some(Mark { offset: u64::from_le_bytes(*offset), millis: u64::from_le_bytes(*millis), kind })
}

/// How many records of `index` hold, and the last of them, in a log of `end` bytes.
pub(super) fn recover(index: &File, end: u64) -> io::Result<(u64, Option<Mark>)> {
    let mut records = index.metadata()?.len() / RECORD as u64;
    while records > 0 {
        let mut record = [0; RECORD];
        index.read_exact_at(&mut record, (records - 1) * RECORD as u64)?;
        match decode(&record) {
            Some(mark) if mark.offset <= end => return Ok((records, Some(mark))),
            _ => records -= 1,
        }
    }
    Ok((0, None))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_reads_back_and_a_damaged_one_does_not() {
        let streams = [MarkKind::Stdout, MarkKind::Stderr, MarkKind::Mixed];
        for kind in streams.into_iter().chain([MarkKind::LineStart(7), MarkKind::LineEnd(u32::MAX, -1)]) {
            let mark = Mark { offset: u64::MAX - 1, millis: 12, kind };
            let mut bytes = Vec::new();
            encode(&mark, &mut bytes);
            let mut record: [u8; RECORD] = bytes.try_into().expect("32 bytes");
            assert_eq!(decode(&record), Some(mark));
            for bit in 0..RECORD * 8 {
                record[bit / 8] ^= 1 << (bit % 8);
                assert_eq!(decode(&record), None, "bit {bit}");
                record[bit / 8] ^= 1 << (bit % 8);
            }
        }
        assert_eq!(decode(&[0; RECORD]), None);
    }
}
