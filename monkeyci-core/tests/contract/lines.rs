//! How lines run, and what they find.

use monkeyci_core::job_dir::frame::{Kind, Stream};
use monkeyci_core::job_dir::outcome::Reason;
use monkeyci_core::model::Job;

use crate::fixture::Fixture;

pub async fn variables_arrive_byte_by_byte(fixture: &Fixture) {
    let odd = "a=b 'c' \"d\" $HOME `id` \\\n\tünïcode\u{1}";
    let mut job = fixture.job("env", ["printf '%s|%s|' \"$ODD\" \"$EMPTY\""]);
    job.env = [("ODD".into(), odd.into()), ("EMPTY".into(), "".into())].into();
    let ran = fixture.run(job).await;
    assert_eq!(ran.outcome().code, Some(0));
    assert_eq!(ran.output(), format!("{odd}||"));
}

pub async fn a_line_runs_in_the_work_dir(fixture: &Fixture) {
    let job = fixture.job("dir", ["basename \"$PWD\"; mkdir -p 'sub/a b'; cd sub"]);
    let ran = fixture.run(job).await;
    let top = ran.output();
    let job = Job { work_dir: Some("sub/a b".into()), ..fixture.job("dir", ["basename \"$PWD\""]) };
    let order = fixture.order(job, Default::default());
    std::fs::create_dir_all(order.dir.work().join("sub/a b")).expect("folders");
    let ran = fixture.start(order).end().await;
    assert_eq!((ran.outcome().code, ran.output().as_str()), (Some(0), "a b\n"));
    assert_ne!(top, "a b\n");
}

pub async fn each_line_has_a_shell_of_its_own(fixture: &Fixture) {
    let lines = ["X=1\ncd /\nfor n in 1 2; do\n  echo \"$n$X\"\ndone", "echo \"[$X]\"; [ \"$PWD\" != / ]"];
    let ran = fixture.run(fixture.job("shells", lines)).await;
    assert_eq!((ran.outcome().code, ran.output().as_str()), (Some(0), "11\n21\n[]\n"));
}

pub async fn a_missing_shell_is_named(fixture: &Fixture) {
    let job = Job { shell: Some("/no/such/shell".into()), ..fixture.job("shell", ["true"]) };
    let ran = fixture.run(job).await;
    let outcome = ran.outcome();
    assert_eq!((outcome.reason, outcome.line), (Reason::CannotStart, Some(0)));
    assert!(outcome.message.contains("`/no/such/shell`") && outcome.message.contains("`command`"), "{outcome:?}");
}

pub async fn a_missing_work_dir_is_named(fixture: &Fixture) {
    let job = Job { work_dir: Some("no/such/dir".into()), ..fixture.job("dir", ["true"]) };
    let ran = fixture.run(job).await;
    assert_eq!(ran.outcome().reason, Reason::CannotStart);
    assert!(ran.outcome().message.contains("`no/such/dir`"), "{:?}", ran.outcome());
}

pub async fn a_missing_command_is_named(fixture: &Fixture) {
    let job = Job { command: vec!["no-such-program".into()], ..fixture.job("command", []) };
    let ran = fixture.run(job).await;
    assert_eq!(ran.outcome().reason, Reason::CannotStart);
    assert!(ran.outcome().message.contains("`no-such-program`"), "{:?}", ran.outcome());
}

pub async fn a_command_needs_no_shell(fixture: &Fixture) {
    let command = ["printf", "%s|", "a b", "$HOME;"].map(Into::into).to_vec();
    let job = Job { command, shell: Some("/no/such/shell".into()), ..fixture.job("command", []) };
    let ran = fixture.run(job).await;
    assert_eq!((ran.outcome().code, ran.output().as_str()), (Some(0), "a b|$HOME;|"));
}

pub async fn streams_keep_their_order(fixture: &Fixture) {
    // A writer that gives the reader time to look, as all do that somebody watches: until it sees itself in the report,
    // where it may read that.
    let line = "report=\"$(dirname \"$0\")/../report/frames\"; \
                seen() { if test -r \"$report\"; then until grep -qa $1 \"$report\"; do sleep 0.02; done; else sleep 1; fi; }; \
                for n in 1 2 3; do echo out$n; seen out$n; echo err$n >&2; seen err$n; done";
    let ran = fixture.run(fixture.job("streams", [line])).await;
    assert_eq!((ran.outcome().code, ran.output().as_str()), (Some(0), "out1\nerr1\nout2\nerr2\nout3\nerr3\n"));
    let streams = ran.frames.iter().filter_map(|frame| match frame.kind {
        Kind::Output(stream, _) => Some(stream),
        _ => None,
    });
    assert_eq!(streams.collect::<Vec<_>>(), [Stream::Stdout, Stream::Stderr].repeat(3));
}

pub async fn a_million_lines_arrive(fixture: &Fixture) {
    let ran = fixture.run(fixture.job("million", ["seq 1000000"])).await;
    assert_eq!(ran.outcome().code, Some(0));
    let output = ran.output();
    assert!(output.lines().zip(1_u32..).all(|(line, number)| line == number.to_string()));
    assert_eq!(output.lines().count(), 1_000_000);
}
