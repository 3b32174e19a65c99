//! What crosses between the host and a supervisor, for any content: what is written is read back, and what nobody wrote
//! harms no reader.

use std::fs;
use std::path::Path;

use monkeyci_supervisor::control::Program;
use monkeyci_supervisor::frame::{Decoder, Frame, HEADER, Kind, MAX_PAYLOAD, Stream};
use monkeyci_supervisor::outcome::{Guarantee, MAX_BYTES, Outcome, Reason};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

fn guarantee() -> impl Strategy<Value = Guarantee> {
    select(vec![Guarantee::PidNamespace, Guarantee::Subreaper, Guarantee::ProcessGroup])
}

fn bytes(most: usize) -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..most)
}

fn frame() -> impl Strategy<Value = Frame> {
    let output = (any::<bool>(), vec(any::<u8>(), 1..300))
        .prop_map(|(error, bytes)| Kind::Output(if error { Stream::Stderr } else { Stream::Stdout }, bytes));
    let kind = prop_oneof![
        guarantee().prop_map(Kind::Started),
        output,
        any::<u32>().prop_map(Kind::LineStart),
        any::<(u32, i32)>().prop_map(|(line, code)| Kind::LineEnd(line, code)),
    ];
    (any::<u64>(), kind).prop_map(|(millis, kind)| Frame { millis, kind })
}

fn outcome() -> impl Strategy<Value = Outcome> {
    let reason = select(vec![
        Reason::Exited,
        Reason::Timeout,
        Reason::Canceled,
        Reason::LeaseOver,
        Reason::LogLimit,
        Reason::CannotStart,
    ]);
    (reason, any::<Option<i32>>(), any::<Option<u32>>(), any::<String>(), guarantee())
        .prop_map(|(reason, code, line, message, guarantee)| Outcome { reason, code, line, message, guarantee })
}

fn program() -> impl Strategy<Value = Program> {
    let no_zero = || vec(1..=u8::MAX, 0..40);
    let env = vec(("[^=\0]{1,8}", no_zero()), 0..4);
    let limits = any::<(u64, u64, u64, u64)>();
    (vec(bytes(60), 0..4), vec(no_zero(), 0..4), "[^\0]{0,12}", env, "[a-z .]{1,6}(/[a-z]{1,6}){0,2}", limits).prop_map(
        |(lines, command, shell, env, folder, (timeout_ms, grace_ms, log_limit, lease_ms))| Program {
            lines,
            command,
            shell,
            env,
            root: format!("/{folder}").into(),
            // Two dots would leave the checkout, which is refused.
            work_dir: folder.replace("..", "x").into(),
            timeout_ms,
            grace_ms,
            log_limit,
            lease_ms,
        },
    )
}

/// Bytes that somebody changed: some replaced, some put in, the end cut off.
fn damage(bytes: &mut Vec<u8>, changes: &[(Index, u8, bool)], cut: Option<Index>) {
    for (place, byte, insert) in changes {
        let place = place.index(bytes.len() + 1);
        match bytes.get_mut(place) {
            Some(old) if !insert => *old = *byte,
            _ => bytes.insert(place, *byte),
        }
    }
    if let Some(cut) = cut {
        bytes.truncate(cut.index(bytes.len() + 1));
    }
}

fn write(program: &Program, to: &Path) {
    for (name, bytes) in program.files().expect("a fit program") {
        fs::write(to.join(name), bytes).expect("a file");
    }
}

/// Takes every frame that is there; false when garbage follows.
fn take(decoder: &mut Decoder, frames: &mut Vec<Frame>) -> bool {
    loop {
        match decoder.next_frame() {
            Ok(Some(frame)) => frames.push(frame),
            Ok(None) => return true,
            Err(_) => return false,
        }
    }
}

proptest! {
    #[test]
    fn frames_come_back_however_they_are_torn(frames in vec(frame(), 0..12), steps in vec(1..400_usize, 1..20)) {
        let mut bytes = Vec::new();
        frames.iter().for_each(|frame| frame.encode(&mut bytes));
        let (mut decoder, mut back, mut rest) = (Decoder::default(), Vec::new(), &bytes[..]);
        for step in steps.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (piece, after) = rest.split_at(rest.len().min(*step));
            decoder.push(piece);
            prop_assert!(take(&mut decoder, &mut back));
            rest = after;
        }
        prop_assert_eq!(decoder.pending(), 0);
        prop_assert_eq!(back, frames);
    }

    #[test]
    fn whatever_is_in_the_place_of_frames_claims_no_memory(
        frames in vec(frame(), 0..4), changes in vec(any::<(Index, u8, bool)>(), 0..6), tail in bytes(3000),
    ) {
        let mut bytes = Vec::new();
        frames.iter().for_each(|frame| frame.encode(&mut bytes));
        damage(&mut bytes, &changes, None);
        bytes.extend(tail);
        let (mut decoder, mut read) = (Decoder::default(), Vec::new());
        for piece in bytes.chunks(97) {
            decoder.push(piece);
            if !take(&mut decoder, &mut read) {
                break;
            }
            prop_assert!(decoder.pending() < HEADER + MAX_PAYLOAD);
        }
        // No more comes out than went in.
        let mut again = Vec::new();
        read.iter().for_each(|frame| frame.encode(&mut again));
        prop_assert!(again.len() <= bytes.len() && bytes.starts_with(&again));
    }

    #[test]
    fn an_outcome_comes_back(outcome in outcome()) {
        prop_assert_eq!(Outcome::decode(&outcome.encode()), Some(outcome));
    }

    #[test]
    fn whatever_is_in_the_place_of_an_outcome_is_one_or_none(
        outcome in outcome(), changes in vec(any::<(Index, u8, bool)>(), 0..6), cut in any::<Option<Index>>(),
        noise in bytes(200),
    ) {
        let mut bytes = outcome.encode();
        damage(&mut bytes, &changes, cut);
        for bytes in [bytes, noise] {
            if let Some(read) = Outcome::decode(&bytes) {
                prop_assert!(read.message.len() <= MAX_BYTES);
                prop_assert_eq!(Outcome::decode(&read.encode()), Some(read));
            }
        }
    }

    #[test]
    fn an_outcome_is_never_longer_than_is_read(message in "\\PC{0,40}", times in 0..2000_usize) {
        let outcome = Outcome {
            reason: Reason::CannotStart,
            code: Some(i32::MIN),
            line: Some(u32::MAX),
            message: message.repeat(times),
            guarantee: Guarantee::ProcessGroup,
        };
        let read = Outcome::decode(&outcome.encode()).expect("an outcome");
        prop_assert!(outcome.message.starts_with(&read.message));
    }

    #[test]
    fn a_program_comes_back(program in program()) {
        let control = tempfile::tempdir().expect("a folder");
        write(&program, control.path());
        prop_assert!(Program::read(control.path()).expect("reads back") == program);
    }

    #[test]
    fn a_damaged_program_is_an_error_or_one_that_a_process_can_be_given(
        program in program(), file in select(vec!["job", "env"]),
        changes in vec(any::<(Index, u8, bool)>(), 1..6), cut in any::<Option<Index>>(), header in any::<bool>(),
    ) {
        let control = tempfile::tempdir().expect("a folder");
        write(&program, control.path());
        let mut bytes = fs::read(control.path().join(file)).expect("a file");
        // Else most changes would only hit the first line.
        let kept = if header { bytes.drain(..15).collect() } else { Vec::new() };
        damage(&mut bytes, &changes, cut);
        fs::write(control.path().join(file), [kept, bytes].concat()).expect("a file");
        if let Ok(read) = Program::read(control.path()) {
            prop_assert!(read.files().is_ok());
        }
    }
}
