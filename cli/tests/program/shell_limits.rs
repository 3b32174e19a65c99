//! How long shells are open, and how many: on a server that is set up with little patience.

use std::io::Write as _;
use std::time::Instant;

use crate::place::{Ran, wait_for};
use crate::served::Served;
use crate::shell::{audit, beside, debug, piped, running, until};

/// Three jobs that run until the marker is there.
const THREE: &str = "\
- {id: one, script: [touch MARKER-one, 'n=0; while ! test -e MARKER && test $n -lt 900; do n=$((n + 1)); sleep 0.1; done']}
- {id: two, script: [touch MARKER-two, 'n=0; while ! test -e MARKER && test $n -lt 900; do n=$((n + 1)); sleep 0.1; done']}
- {id: three, script: [touch MARKER-three, 'n=0; while ! test -e MARKER && test $n -lt 900; do n=$((n + 1)); sleep 0.1; done']}
";

fn ends(served: &Served) -> String {
    audit(served).last().map(|(_, how)| how.clone()).unwrap_or_default()
}

#[test]
fn a_shell_that_nothing_happens_in_ends_and_one_that_is_busy_does_when_its_time_is_over() {
    let served = running("[shells]\nidle-seconds = 4\nseconds = 10\n");
    let begun = Instant::now();
    let mut quiet = debug(&served, &["acme/web/1", "test"]);
    // It stays open, and nothing is typed.
    let keys = quiet.stdin.take().expect("a pipe");
    let quiet = Ran::of(quiet.wait_with_output().expect("it ends"));
    drop(keys);
    assert!(begun.elapsed().as_secs() >= 4, "{}", quiet.stderr);
    assert_eq!(quiet.code, Some(1), "{}", quiet.stderr);
    assert!(quiet.stderr.contains("nothing was typed or shown for 4 seconds"), "{}", quiet.stderr);
    until("that is written down", || ends(&served) == "nothing was typed or shown for 4 seconds");

    let begun = Instant::now();
    let mut busy = debug(&served, &["acme/web/1", "test"]);
    let mut keys = busy.stdin.take().expect("a pipe");
    writeln!(keys, "while echo on and on; do sleep 0.2; done").expect("typed");
    let busy = Ran::of(busy.wait_with_output().expect("it ends"));
    drop(keys);
    assert!(begun.elapsed().as_secs() >= 10 && busy.stdout.lines().count() > 5, "{}", busy.stdout);
    assert!(busy.stderr.contains("it was open for 10 seconds, and may not be longer"), "{}", busy.stderr);
    until("that is written down", || ends(&served).starts_with("it was open for 10 seconds"));
    // Neither is in the way of the next, nor of the job.
    assert_eq!(piped(&served, &["acme/web/1", "test"], "exit 3\n").code, Some(3));
    std::fs::write(served.place.marker(), "").expect("written");
    assert!(served.does(&["watch", "acme/web/1"]).contains("Build succeeded"));
}

#[test]
fn no_more_shells_are_open_than_the_server_lets_one_person_have_and_all_of_them() {
    let served = Served::with_config(THREE, "jobs = 3\n[shells]\nopen = 2\nopen-each = 1\n");
    served.does(&["run", "acme/web", "--no-wait"]);
    for name in ["one", "two", "three"] {
        wait_for(&beside(&served, name));
    }
    served.does(&["service-account", "set", "bot", "maintainer", "--org", "acme"]);
    let token = served.run(&["service-account", "token", "bot", "a visit", "--org", "acme"]).stdout.trim().to_owned();
    let as_bot = |args: &[&str]| {
        let mut command = served.place.command(&["debug", "--server", &served.url]);
        command.args(args).env("MONKEYCI_TOKEN", &token);
        command
    };
    let mut mine = debug(&served, &["acme/web/1", "one"]);
    let mut keys = mine.stdin.take().expect("a pipe");
    writeln!(keys, "touch {}", beside(&served, "mine").display()).expect("typed");
    wait_for(&beside(&served, "mine"));
    let second = piped(&served, &["acme/web/1", "two"], "exit 9\n");
    assert_eq!(second.code, Some(1), "{}", second.stderr);
    assert!(second.stderr.contains("you have 1 open"), "{}", second.stderr);

    let mut theirs = as_bot(&["acme/web/1", "two"]);
    let mut theirs = theirs.stdin(std::process::Stdio::piped()).spawn().expect("starts");
    let mut their_keys = theirs.stdin.take().expect("a pipe");
    writeln!(their_keys, "touch {}", beside(&served, "theirs").display()).expect("typed");
    wait_for(&beside(&served, "theirs"));
    // Two are open, and there are no more for anybody.
    let third = piped(&served, &["acme/web/1", "three"], "exit 9\n");
    assert!(third.stderr.contains("as many shells are open as this server may have"), "{}", third.stderr);
    drop(their_keys);
    theirs.wait().expect("it ends");
    drop(keys);
    mine.wait().expect("it ends");
    until("there is room again", || piped(&served, &["acme/web/1", "three"], "exit 7\n").code == Some(7));
    std::fs::write(served.place.marker(), "").expect("written");
}
