use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use monkeyci_model::result::Guarantee;

use super::double::{Acting, end, err, out, tell};
use super::{House, soon};
use crate::executor::Exit;
use crate::job_dir::frame::{Kind, MAX_PAYLOAD};
use crate::job_dir::outcome::Reason;
use crate::log::MarkKind;

#[tokio::test]
async fn both_streams_keep_their_order_and_lines_are_marked() {
    let frames = vec![
        Kind::LineStart(0),
        out("a\n"),
        err("b\n"),
        out("c"),
        Kind::LineEnd(0, 0),
        Kind::LineStart(1),
        err("no newline \u{1f412} \0\u{1b}[0m"),
        Kind::LineEnd(1, 3),
    ];
    let house = House::new(Acting::telling(frames, Reason::Exited, 3));
    let mut lease = house.lease(1, "make");
    Arc::make_mut(&mut lease.job).script.push("make test".into());
    let attempt = lease.attempt.clone();
    let result = soon(house.run(lease)).await;

    assert_eq!(result.exit, Some(3));
    assert_eq!(result.guarantee, Some(Guarantee::Subreaper));
    let lines: Vec<_> = result.lines.iter().map(|line| (line.exit, line.duration, line.log_offset)).collect();
    assert_eq!(lines, [(Some(0), 4, 0), (Some(3), 2, 5)]);
    assert_eq!(house.engine.log(&attempt), "a\nb\ncno newline \u{1f412} \0\u{1b}[0m".as_bytes());
    let marks = house.engine.logs.marks(&(&attempt).into(), 0, 100).expect("marks");
    let marks: Vec<_> = marks.into_iter().map(|mark| (mark.offset, mark.kind)).collect();
    assert_eq!(
        marks,
        [
            (0, MarkKind::LineStart(0)),
            (0, MarkKind::Stdout),
            (2, MarkKind::Stderr),
            (4, MarkKind::Stdout),
            (5, MarkKind::LineEnd(0, 0)),
            (5, MarkKind::LineStart(1)),
            (5, MarkKind::Stderr),
            (26, MarkKind::LineEnd(1, 3)),
        ]
    );
}

#[tokio::test]
async fn a_million_lines_come_through_whole() {
    let text: Vec<u8> = (0..1_000_000).flat_map(|n| format!("line {n}\n").into_bytes()).collect();
    let wrote = text.clone();
    let house = House::new(Acting::new(move |dir, watch| {
        let text = wrote.clone();
        async move {
            (watch.started)(None);
            tell(&dir, &[Kind::LineStart(0)]);
            for piece in text.chunks(MAX_PAYLOAD) {
                tell(&dir, &[Kind::Output(crate::job_dir::frame::Stream::Stdout, piece.to_vec())]);
                tokio::task::yield_now().await;
            }
            tell(&dir, &[Kind::LineEnd(0, 0)]);
            end(&dir, Reason::Exited, Some(0));
            Ok(Exit::default())
        }
    }));
    let lease = house.lease(1, "seq");
    let attempt = lease.attempt.clone();
    let result = soon(house.run(lease)).await;
    assert_eq!(result.log_bytes, Some(text.len() as u64));
    assert!(house.engine.log(&attempt) == text, "the log is another");
}

#[tokio::test]
async fn a_job_that_writes_without_end_leaves_others_their_turn() {
    let house = House::new(Acting::new(|dir, watch| async move {
        (watch.started)(None);
        tell(&dir, &[Kind::LineStart(0)]);
        let (writes, enough) = (dir.clone(), Arc::new(AtomicBool::new(false)));
        let stop = enough.clone();
        let writer = std::thread::spawn(move || {
            while !stop.load(Relaxed) {
                tell(&writes, &[out("more and more\n")]);
            }
        });
        // On this one thread, the log is shipped between these turns only.
        for _ in 0..1000 {
            tokio::task::yield_now().await;
        }
        enough.store(true, Relaxed);
        writer.join().expect("it ends");
        tell(&dir, &[Kind::LineEnd(0, 0)]);
        end(&dir, Reason::Exited, Some(0));
        Ok(Exit::default())
    }));
    let lease = house.lease(1, "yes");
    let attempt = lease.attempt.clone();
    let result = soon(house.run(lease)).await;
    assert_eq!(result.cause, None, "{result:?}");
    assert!(house.engine.log(&attempt).len() as u64 == result.log_bytes.expect("a log"));
}

#[tokio::test]
async fn a_failed_job_shows_what_its_services_said_and_one_that_ended_well_does_not() {
    for (code, expected) in [(0, "mine"), (1, "mine\n--- end of the log of service `db` (best effort)\nno space\n")] {
        let house = House::new(Acting::new(move |dir, watch| async move {
            (watch.started)(None);
            tell(&dir, &[Kind::LineStart(0), out("mine"), Kind::LineEnd(0, code)]);
            end(&dir, Reason::Exited, Some(code));
            let service_logs = vec![("db".into(), b"no space\n".to_vec()), ("quiet".into(), Vec::new())];
            Ok(Exit { service_logs, ..Exit::default() })
        }));
        let lease = house.lease(1, "make");
        let attempt = lease.attempt.clone();
        soon(house.run(lease)).await;
        assert_eq!(String::from_utf8_lossy(&house.engine.log(&attempt)), expected);
    }
}
