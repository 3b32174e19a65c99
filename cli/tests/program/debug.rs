//! A shell where a job runs.

use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::place::{Place, Ran};
use crate::pty::{self, Person};

const SCRIPT: &str = "
- id: build
  script: [mkdir out && echo made > out/file]
  save-artifacts: [{id: out, path: out}]
- id: test
  dependencies: [build]
  shell: /bin/sh
  env: {GREETING: hello there, TOKEN: {param: TOKEN}}
  restore-artifacts: [{id: out, path: out}]
  save-artifacts: [{id: left, path: left}]
  script: ['echo \"[$GREETING]\" > left', 'echo live; exit 3', touch never]
- {id: broken, script: [exit 4]}
- {id: on-broken, dependencies: [broken], script: [touch $MARKER]}
- {id: gate, blocked: true, script: ['true']}
- {id: beyond, dependencies: [gate], script: [touch $MARKER]}
";

/// Runs the program with `input` piped in.
fn debug(place: &Place, args: &[&str], input: &str) -> Ran {
    let mut command = place.command(&["debug"]);
    command.args(args).args(["--secret", "TOKEN"]).env("TOKEN", "s3cr3t-value").stdin(Stdio::piped());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    // It may end before it has read all.
    let _gone = child.stdin.take().expect("a pipe").write_all(input.as_bytes());
    Ran::of(child.wait_with_output().expect("it ends"))
}

/// Folders of attempts that are still there.
fn attempts(place: &Place) -> Vec<String> {
    find(place, "mci-*")
}

/// What has such a name in the state of all invocations.
fn find(place: &Place, name: &str) -> Vec<String> {
    let found = Command::new("find").arg(place.data()).args(["-name", name]).output().expect("find runs");
    String::from_utf8_lossy(&found.stdout).lines().map(str::to_owned).collect()
}

#[test]
fn a_shell_finds_what_the_job_would_and_says_what_that_is() {
    let place = Place::with_script(SCRIPT);
    let input = "echo $GREETING in $MONKEYCI_JOB\ntest \"$TOKEN\" = s3cr3t-value && cat out/file\ntouch left\nexit 7\n";
    let ran = debug(&place, &["test"], input);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(7), "hello there in test\nmade\n"), "{}", ran.stderr);
    for told in ["Job `test`, as a process", "  1  echo \"[$GREETING]\" > left", "  3  touch never", "`exit` ends it"] {
        assert!(ran.stderr.contains(told), "{told} in {}", ran.stderr);
    }
    assert!(!ran.stderr.contains("[test] live") && !ran.stderr.contains("s3cr3t"), "{}", ran.stderr);
    assert_eq!(attempts(&place), Vec::<String>::new());
    assert_eq!((find(&place, "out*").len(), find(&place, "left*").len()), (1, 0), "what was done there is not saved");
    let next = place.run(&["build", "-f", "build", "-p", "TOKEN=any"]);
    assert!(next.code == Some(0) && !next.stdout.contains("--resume"), "{}", next.stdout);
}

#[test]
fn after_its_lines_the_workspace_is_as_they_left_it() {
    let place = Place::with_script(SCRIPT);
    let ran = debug(&place, &["test", "--after"], "cat left; ls never; exit 0\n");
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), "[hello there]\n"), "{}", ran.stderr);
    assert!(ran.stderr.contains("[test] live\n"), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("did not end well: line 2 of 3 (`echo live; exit 3`) ended with code 3"),
        "{}",
        ran.stderr
    );
    assert_eq!(attempts(&place), Vec::<String>::new());
    assert!(find(&place, "left*").is_empty(), "what is only looked at is not saved");
}

#[test]
fn without_a_shell_it_is_said_why_and_what_to_do() {
    let place = Place::with_script(SCRIPT);
    for (args, code, told) in [
        (&["tset"][..], 1, "error: there is no job `tset` (did you mean `test`?)"),
        (
            &["on-broken"],
            1,
            "`on-broken` depends on it: no shell is opened\nhint: to look at `broken`: monkeyci debug broken --after",
        ),
        (
            &["beyond"],
            1,
            "error: job `gate` waits for approval, and `beyond` depends on it\nhint: to let it go on: --approve gate",
        ),
        (&["broken", "--shell", "/no/shell"], 1, "error: job `broken`: there is no shell `/no/shell` on this machine"),
        (&["b*"], 2, "job id `b*`"),
    ] {
        let ran = debug(&place, args, "exit 9\n");
        assert_eq!(ran.code, Some(code), "{args:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(told) && ran.stdout.is_empty(), "{args:?}: {}", ran.stderr);
    }
    assert!(!place.marker().exists());
    // The job itself needs no approval, and nobody asks twice for one before it.
    assert_eq!(debug(&place, &["gate"], "exit 9\n").code, Some(9));
    assert_eq!(debug(&place, &["beyond", "--approve", "gate"], "exit 9\n").code, Some(9));
    let none = Place::empty();
    assert_eq!(debug(&none, &["test"], "").code, Some(3));
}

#[test]
fn on_a_terminal_the_keys_go_to_the_shell_and_its_modes_are_set_right_afterwards() {
    if !pty::is_here() {
        return;
    }
    let place = Place::with_script("- {id: test, script: [echo its line]}\n");
    let program = format!(
        "stty -a > $MARKER-before; {} debug test; code=$?; stty -a > $MARKER-after; exit $code",
        env!("CARGO_BIN_EXE_monkeyci")
    );
    let mut command = pty::command(&place, &program);
    command.env("TERM", "xterm").env("PS1", "");
    let mut person = Person::at(command);
    person.sees("`exit` ends it");
    person.types("tty\n");
    person.sees("/dev/pts/");
    // What says so has the foreground.
    person.types("sh -c 'echo sl\"\"eeps; exec sleep 300'\n");
    person.sees("sleeps");
    person.types("\x03echo still''here\n");
    person.sees("stillhere");
    person.types("exit 5\n");
    assert_eq!(person.code(), Some(5));
    let modes = |when: &str| std::fs::read_to_string(format!("{}-{when}", place.marker().display())).expect("written");
    assert_eq!(modes("before"), modes("after"));
    assert_eq!(attempts(&place), Vec::<String>::new());
}
