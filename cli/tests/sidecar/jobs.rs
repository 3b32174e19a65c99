//! What a job is and does comes and goes as if it ran beside its host.

use std::fs;
use std::time::Duration;

use monkeyci_core::job_dir::Program;
use monkeyci_core::job_dir::frame::{Kind, Stream};
use monkeyci_core::job_dir::outcome::Reason;
use tokio_util::sync::CancellationToken;

use crate::story::{Story, has_namespaces};

#[test]
fn lines_variables_and_files_arrive_and_streams_keep_their_order() {
    if !has_namespaces() {
        return;
    }
    let lines = [
        "cat given; echo \"$SECRET\"; echo $$ >&2; for n in 1 2 3; do echo out $n; echo err $n >&2; done",
        "test -e \"$(dirname \"$0\")/env\" && echo the variables lie about; ls -l \"$0\" given >made; exit 3",
        "echo never",
    ];
    let program = Program {
        lines: lines.map(|line| line.as_bytes().to_vec()).to_vec(),
        env: vec![("SECRET".into(), b"s3c\nr3t".to_vec())],
        ..Program::default()
    };
    let story = Story::new(program, &["made"]);
    fs::write(story.dir.work().join("given"), "a file\n").expect("a file");
    let ran = story.run();
    let outcome = ran.outcome();
    assert_eq!((outcome.reason, outcome.code, outcome.line), (Reason::Exited, Some(3), Some(1)));
    let of = |wanted: Stream| {
        let bytes = ran.frames.iter().filter_map(|frame| match &frame.kind {
            Kind::Output(stream, bytes) if *stream == wanted => Some(String::from_utf8_lossy(bytes).into_owned()),
            _ => None,
        });
        bytes.collect::<String>()
    };
    assert_eq!(of(Stream::Stdout), "a file\ns3c\nr3t\nout 1\nout 2\nout 3\n");
    assert!(of(Stream::Stderr).ends_with("err 1\nerr 2\nerr 3\n"));
    let ends: Vec<_> = ran.frames.iter().filter(|frame| matches!(frame.kind, Kind::LineEnd(..))).collect();
    assert!(matches!(ends[..], [a, b] if a.kind == Kind::LineEnd(0, 0) && b.kind == Kind::LineEnd(1, 3)));
    assert!(fs::read_to_string(story.dir.work().join("made")).expect("collected").contains("given"));
    assert!(!story.in_volume("job/control/env").exists(), "the variables are forgotten");
    let argued = fs::read_to_string(story.home.path().join("log")).expect("a log");
    assert!(!argued.contains("s3cr3t") && !argued.contains("s3c"), "{argued}");
}

#[test]
fn the_supervisor_is_process_1_and_its_shell_is_gone() {
    if !has_namespaces() {
        return;
    }
    let ran = Story::lines(["tr '\\0' ' ' </proc/1/cmdline"], &[]).run();
    assert!(ran.output().ends_with("volume/job ") && ran.output().contains("upervisor run "), "{}", ran.output());
}

#[test]
fn a_cancel_reaches_the_job_and_its_grace_is_kept() {
    if !has_namespaces() {
        return;
    }
    let story = Story::lines(["trap 'echo bye; exit 1' TERM; echo on; while :; do sleep 0.05; done"], &[]);
    story.prepare();
    let (mut sidecar, _job) = (story.sidecar(&[]), story.job());
    let ran = std::thread::scope(|scope| {
        let mirroring = scope.spawn(|| story.mirror());
        wait_until(|| story.said().contains("on"));
        story.dir.cancel().expect("canceled");
        mirroring.join().expect("it ends")
    });
    assert_eq!(ran.outcome().reason, Reason::Canceled);
    // Its shell may also say that what it waited for was ended.
    assert!(ran.output().lines().any(|line| line == "bye"), "{}", ran.output());
    assert_eq!(sidecar.ends(), Some(0));
    story.nothing_is_left();
}

#[test]
fn its_own_limits_end_a_job() {
    if !has_namespaces() {
        return;
    }
    for (limits, reason) in [
        (Program { timeout_ms: 300, ..Program::default() }, Reason::Timeout),
        (Program { log_limit: 1000, ..Program::default() }, Reason::LogLimit),
    ] {
        let lines = vec![b"while :; do echo on and on; sleep 0.01; done".to_vec()];
        let ran = Story::new(Program { lines, ..limits }, &[]).run();
        assert_eq!(ran.outcome().reason, reason);
    }
}

#[test]
fn a_huge_log_arrives_whole_and_the_sidecar_stays_small() {
    if !has_namespaces() {
        return;
    }
    let story =
        Story::lines(["yes 0123456789012345678901234567890123456789012345678901234567890 | head -n 500000"], &[]);
    story.prepare();
    let (mut sidecar, _job) = (story.sidecar(&[]), story.job());
    let ran = story.mirror();
    assert_eq!(ran.output().len(), 500_000 * 62);
    assert_eq!(ran.outcome().code, Some(0));
    assert_eq!(sidecar.ends(), Some(0));
    let chunks = story.depot.state().objects.keys().filter(|name| name.starts_with("report/")).count();
    assert!(chunks < 500, "{chunks} chunks for 31 MB");
}

#[test]
fn a_host_that_is_gone_ends_job_and_sidecar_by_the_lease_and_its_next_one_hears_how() {
    if !has_namespaces() {
        return;
    }
    let lines = vec![b"echo on; sleep 1000".to_vec()];
    let story = Story::new(Program { lines, lease_ms: 5_000, ..Program::default() }, &[]);
    story.prepare();
    // Nobody mirrors, and nobody renews a lease.
    let (mut sidecar, _job) = (story.sidecar(&[]), story.job());
    assert_eq!(sidecar.ends(), Some(0), "{}", story.logged());
    story.nothing_is_left();
    let ran = story.mirror();
    assert_eq!((ran.outcome().reason, ran.output().as_str()), (Reason::LeaseOver, "on\n"));
}

#[test]
fn a_lease_that_is_renewed_keeps_the_job_alive() {
    if !has_namespaces() {
        return;
    }
    let lines = vec![b"n=0; while test $n -lt 120; do n=$((n + 1)); sleep 0.1; done; echo alive".to_vec()];
    let story = Story::new(Program { lines, lease_ms: 8_000, ..Program::default() }, &[]);
    story.prepare();
    let (_sidecar, _job) = (story.sidecar(&[]), story.job());
    let (over, is_over) = std::sync::mpsc::channel::<()>();
    let ran = std::thread::scope(|scope| {
        let story = &story;
        scope.spawn(move || {
            // Also where what mirrors panics.
            while is_over.try_recv() == Err(std::sync::mpsc::TryRecvError::Empty) {
                story.dir.grant(Duration::from_secs(8)).expect("granted");
                std::thread::sleep(Duration::from_millis(500)); // poll
            }
        });
        let _over = over;
        story.mirror()
    });
    assert_eq!((ran.outcome().reason, ran.output().as_str()), (Reason::Exited, "alive\n"));
}

#[test]
fn a_host_that_was_killed_goes_on_where_it_was() {
    if !has_namespaces() {
        return;
    }
    let story = Story::lines(["echo one; while ! test -e go; do sleep 0.05; done; echo two"], &[]);
    story.prepare();
    let (_sidecar, _job) = (story.sidecar(&[]), story.job());
    let first = story.runtime.spawn({
        let (host, order) = (story.host(), story.order.clone());
        async move { host.mirror(&order, &CancellationToken::new()).await }
    });
    wait_until(|| story.said().contains("one"));
    first.abort();
    let _aborted = story.runtime.block_on(first);
    // As if it had been killed while it wrote: part of what it had taken is not noted.
    fs::write(story.dir.root().join("taken"), "0").expect("forgotten");
    fs::write(story.in_volume("work/go"), "").expect("a file");
    let ran = story.mirror();
    assert_eq!((ran.outcome().code, ran.output().as_str()), (Some(0), "one\ntwo\n"));
}

#[test]
fn a_container_that_is_over_without_a_result_is_told_apart() {
    if !has_namespaces() {
        return;
    }
    let story = Story::lines(["echo kept >made; echo on; sleep 1000"], &["made"]);
    story.prepare();
    let (mut sidecar, mut job) = (story.sidecar(&[]), story.job());
    let over = CancellationToken::new();
    let end = std::thread::scope(|scope| {
        let mirroring = scope.spawn(|| story.try_mirror(&over));
        wait_until(|| story.said().contains("on"));
        // As the kernel does for want of memory: all of its processes at once.
        job.0.kill().expect("killed");
        story.nothing_is_left();
        over.cancel();
        mirroring.join().expect("no panic").expect("it ends")
    });
    assert_eq!(end.result, None);
    let ran = story.read(end);
    assert!(matches!(ran.outcome, Ok(None)) && ran.output() == "on\n");
    assert_eq!(fs::read_to_string(story.dir.work().join("made")).expect("collected"), "kept\n");
    assert_eq!(sidecar.ends(), Some(0));
}

#[test]
fn a_sidecar_that_is_told_to_end_tells_the_job_so() {
    if !has_namespaces() {
        return;
    }
    let story = Story::lines(["echo on; sleep 1000"], &[]);
    story.prepare();
    let (mut sidecar, _job) = (story.sidecar(&[]), story.job());
    let ran = std::thread::scope(|scope| {
        let mirroring = scope.spawn(|| story.mirror());
        wait_until(|| story.said().contains("on"));
        let process = rustix::process::Pid::from_child(&sidecar.0);
        rustix::process::kill_process(process, rustix::process::Signal::TERM).expect("told");
        mirroring.join().expect("it ends")
    });
    assert_eq!(ran.outcome().reason, Reason::Canceled);
    assert_eq!(sidecar.ends(), Some(0));
}

pub fn wait_until(mut what: impl FnMut() -> bool) {
    let start = std::time::Instant::now();
    while !what() {
        assert!(start.elapsed() < crate::story::PATIENCE, "it never came");
        std::thread::sleep(Duration::from_millis(10)); // poll
    }
}
