//! Logs that are sent in any pieces, twice, and again after any crash.

use std::fs::File;

use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use super::*;

/// What may happen to a log on its way.
#[derive(Debug, Clone)]
enum Step {
    /// The next bytes are sent.
    Send(usize),
    /// Bytes that were sent are sent again.
    Again(Index),
    /// Bytes beyond the next are sent, and refused.
    Ahead(usize),
    /// The machine stops, and only these bytes of log and index are on its disk, with junk after those of the index. The
    /// worker that takes up the job sends all of it again.
    Crash(Index, Index, Vec<u8>),
}

fn step() -> impl Strategy<Value = Step> {
    let junk = prop_oneof![Just(Vec::new()), Just(vec![0; 100]), vec(any::<u8>(), 0..100)];
    prop_oneof![
        8 => (0..40_usize).prop_map(Step::Send),
        2 => any::<Index>().prop_map(Step::Again),
        1 => (1..9_usize).prop_map(Step::Ahead),
        1 => (any::<Index>(), any::<Index>(), junk).prop_map(|(log, index, junk)| Step::Crash(log, index, junk)),
    ]
}

/// A whole log: lines, each of which begins, writes to streams in turn, and ends.
fn whole() -> impl Strategy<Value = (Bytes, Vec<Mark>)> {
    vec(vec(1..12_u64, 0..6), 0..8).prop_map(|lines| {
        let (mut offset, mut marks) = (0, Vec::new());
        let streams = [MarkKind::Stdout, MarkKind::Stderr, MarkKind::Mixed];
        for (line, pieces) in (0_u32..).zip(lines) {
            marks.push(Mark { offset, millis: u64::from(line), kind: MarkKind::LineStart(line) });
            for (piece, kind) in pieces.iter().zip(streams.into_iter().cycle()) {
                marks.push(Mark { offset, millis: u64::from(line), kind });
                offset += piece;
            }
            marks.push(Mark { offset, millis: u64::from(line), kind: MarkKind::LineEnd(line, 1) });
        }
        ((0..offset).map(|at| at.to_le_bytes()[0] ^ 0x5a).collect(), marks)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_read_is_what_was_sent((bytes, marks) in whole(), steps in vec(step(), 0..60)) {
        let folder = tempfile::tempdir().expect("a folder");
        let mut logs = LogStore::at(folder.path());
        let id = LogId { build: "acme/web/build-1".parse().expect("a build"), job: "unit".parse().expect("a job"), attempt: 1 };
        let (path, index) = (logs.path(&id), logs.path(&id).with_extension("index"));
        let piece = |from: usize, to: usize| {
            let within = |mark: &&Mark| (from as u64..=to as u64).contains(&mark.offset);
            Chunk { offset: from as u64, bytes: bytes.slice(from..to), marks: marks.iter().filter(within).copied().collect() }
        };
        let (mut sent, mut end) = (0, 0);
        for step in steps {
            match step {
                Step::Send(length) => {
                    let to = bytes.len().min(sent + length);
                    end = end.max(to);
                    prop_assert_eq!(logs.append(&id, &piece(sent, to)).expect("taken"), end as u64);
                    sent = to;
                }
                Step::Again(from) => {
                    let chunk = piece(from.index(sent + 1), sent);
                    prop_assert_eq!(logs.append(&id, &chunk).expect("known"), end as u64);
                }
                Step::Ahead(by) if end + by < bytes.len() => {
                    let gap = logs.append(&id, &piece(end + by, bytes.len()));
                    prop_assert!(matches!(gap, Err(LogError::Gap { .. })), "{gap:?}");
                }
                Step::Ahead(_) => {}
                Step::Crash(log, records, junk) => {
                    if !path.exists() {
                        continue;
                    }
                    let lengths = [&path, &index].map(|file| file.metadata().expect("there").len());
                    drop(logs);
                    end = log.index(lengths[0] as usize + 1);
                    File::options().write(true).open(&path).and_then(|file| file.set_len(end as u64)).expect("cut");
                    let mut kept = std::fs::read(&index).expect("reads");
                    kept.truncate(records.index(kept.len() + 1));
                    kept.extend(junk);
                    std::fs::write(&index, kept).expect("writes");
                    logs = LogStore::at(folder.path());
                    logs.open(&id).expect("opens");
                    sent = 0;
                }
            }
            prop_assert_eq!(logs.read(&id, 0, CHUNK_BYTES).expect("reads"), bytes.slice(..end));
            let kept = logs.marks(&id, 0, usize::MAX).expect("reads");
            prop_assert!(kept.iter().all(|mark| marks.contains(mark) && mark.offset <= end as u64), "{kept:?}");
            prop_assert!(kept.is_sorted_by_key(index::rank));
        }
        logs.append(&id, &piece(sent, bytes.len())).expect("taken");
        prop_assert_eq!(logs.read(&id, 0, CHUNK_BYTES).expect("reads"), bytes);
        prop_assert_eq!(logs.marks(&id, 0, usize::MAX).expect("reads"), marks);
    }
}
