//! A shell in the place of a job on a server, opened from elsewhere.

use std::io::{Read as _, Write as _};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::place::{Ran, wait_for};
use crate::pty::{self, Person};
use crate::served::Served;

/// Says that it runs, and goes on until the test lets it, or has gone.
const RUNS: &str = "\
- id: test
  env: {GREETING: hello there}
  params: [TOKEN]
  script: ['echo made > made', 'touch MARKER-runs; n=0; while ! test -e MARKER && test $n -lt 900; do n=$((n + 1)); sleep 0.1; done']
";

const FAILS: &str = "\
- {id: before, script: ['true']}
- {id: test, dependencies: [before], script: [echo left > left, exit 3]}
";

/// A server whose job runs.
pub fn running(config: &str) -> Served {
    let served = Served::with_config(RUNS, config);
    let mut set = served.place.command(&["params", "set", "TOKEN", "--secret", "-r", "acme/web"]);
    let mut set = set.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("starts");
    writeln!(set.stdin.take().expect("a pipe"), "s3cret-s3cret").expect("written");
    assert!(set.wait().expect("ends").success());
    served.does(&["run", "acme/web", "--no-wait"]);
    wait_for(&beside(&served, "runs"));
    served
}

/// A file beside the marker.
pub fn beside(served: &Served, name: &str) -> std::path::PathBuf {
    format!("{}-{name}", served.place.marker().display()).into()
}

/// Lets the job end.
fn let_go(served: &Served) {
    std::fs::write(served.place.marker(), "").expect("written");
}

/// Begins to debug with pipes.
pub fn debug(served: &Served, args: &[&str]) -> Child {
    let mut command = served.place.command(&["debug"]);
    let command = command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().expect("it starts")
}

/// Debugs with `input` piped in.
pub fn piped(served: &Served, args: &[&str], input: &str) -> Ran {
    let mut child = debug(served, args);
    // It may end before it has read all.
    let _gone = child.stdin.take().expect("a pipe").write_all(input.as_bytes());
    Ran::of(child.wait_with_output().expect("it ends"))
}

/// Names of what happened in a build.
fn events(served: &Served, build: &str) -> Vec<String> {
    let shown = served.run(&["watch", build, "--json"]);
    let lines = shown.stdout.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    lines.filter_map(|event| Some(event["type"].as_str()?.to_owned())).collect()
}

/// Rows of the audit on shells: what was done, and how it ended.
pub fn audit(served: &Served) -> Vec<(String, String)> {
    let token = served.token();
    let got = Command::new("curl")
        .args(["-s", "-H", &format!("Authorization: Bearer {token}"), &format!("{}/v1/orgs/acme/audit", served.url)])
        .output()
        .expect("curl runs");
    let rows: serde_json::Value = serde_json::from_slice(&got.stdout).expect("JSON");
    let rows = rows["items"]
        .as_array()
        .expect("rows")
        .iter()
        .filter(|row| row["action"].as_str().is_some_and(|action| action.starts_with("shell/")));
    let mut rows: Vec<_> = rows
        .map(|row| {
            assert_eq!(row["actor"], "admin", "{row}");
            assert_eq!(row["object"], "/v1/orgs/acme/repos/web/builds/1/jobs/test", "{row}");
            (
                row["action"].as_str().unwrap_or_default().to_owned(),
                row["details"]["how"].as_str().unwrap_or_default().to_owned(),
            )
        })
        .collect();
    rows.reverse();
    rows
}

/// Waits until something is so.
pub fn until(what: &str, is: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is() {
        assert!(begun.elapsed() < Duration::from_secs(60), "{what}");
        std::thread::sleep(Duration::from_millis(50)); // poll
    }
}

/// Whether a process runs with this word in its command line.
pub fn is_alive(word: &str) -> bool {
    std::fs::read_dir("/proc").expect("processes").flatten().any(|entry| {
        std::fs::read(entry.path().join("cmdline"))
            .is_ok_and(|line| line.split(|byte| *byte == 0).any(|part| part == word.as_bytes()))
    })
}

/// Waits until whoever was in a job of a build has left: they hear the last word before their place is free.
pub fn until_free(served: &Served, build: &str) {
    until("the place is not free", || !served.run(&["show", build, "--json"]).stdout.contains("\"shell\": \""));
}

/// A time to sleep that no other test has.
pub fn nap(served: &Served) -> String {
    format!("30{}", served.port)
}

#[test]
fn a_shell_beside_the_lines_of_a_job_finds_what_they_do_and_others_see_that_it_is_open() {
    let served = running("");
    let input = "echo $GREETING in $MONKEYCI_JOB\ntest \"$TOKEN\" = s3cret-s3cret && cat made\necho oops >&2\nexit 7\n";
    let ran = piped(&served, &["acme/web/1", "test"], input);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(7), "hello there in test\nmade\n"), "{}", ran.stderr);
    assert!(ran.stderr.contains("Job `test` of acme/web/1") && ran.stderr.ends_with("oops\n"), "{}", ran.stderr);
    assert!(ran.stderr.contains("`exit` ends it"), "{}", ran.stderr);

    // One at a time; what ends, ends the way in.
    until_free(&served, "acme/web/1");
    let mut first = debug(&served, &["acme/web/1", "test"]);
    let mut keys = first.stdin.take().expect("a pipe");
    writeln!(keys, "touch {}", beside(&served, "first").display()).expect("typed");
    wait_for(&beside(&served, "first"));
    let second = piped(&served, &["acme/web/1", "test"], "exit 9\n");
    assert_eq!(second.code, Some(1), "{}", second.stderr);
    assert!(second.stderr.contains("`admin` has a shell open"), "{}", second.stderr);
    let shown = served.run(&["show", "acme/web/1", "--json"]).stdout;
    assert!(shown.contains("\"shell\": \"admin\""), "{shown}");

    // It ends with its job.
    let_go(&served);
    let first = Ran::of(first.wait_with_output().expect("it ends"));
    drop(keys);
    assert_eq!(first.code, Some(1), "{}", first.stderr);
    assert!(first.stderr.contains("the job has ended"), "{}", first.stderr);
    let told: Vec<_> = events(&served, "acme/web/1").into_iter().filter(|name| name.starts_with("shell/")).collect();
    assert_eq!(told[..2], ["shell/start", "shell/end"]);
    assert!(served.does(&["watch", "acme/web/1"]).contains("Build succeeded"));
    until("it is written down", || audit(&served).len() == 4);
    let rows = audit(&served);
    let ends: Vec<_> = rows.iter().map(|(action, how)| (action.as_str(), how.as_str())).collect();
    assert_eq!(
        ends,
        [
            ("shell/open", ""),
            ("shell/close", "it ended with code 7"),
            ("shell/open", ""),
            ("shell/close", "the job has ended, and its place is gone"),
        ]
    );
    let late = piped(&served, &["acme/web/1", "test"], "");
    assert!(late.code == Some(1) && late.stderr.contains("--hold 30"), "{}", late.stderr);
}

#[test]
fn a_job_that_fails_once_more_is_held_and_its_result_is_that_of_its_lines() {
    let served = Served::with_script(FAILS);
    assert_eq!(served.run(&["run", "acme/web"]).code, Some(1));
    let input = "cat left; echo changed > left; exit 4\n";
    let ran = piped(&served, &["acme/web/1", "test", "--hold", "5"], input);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(4), "left\n"), "{}", ran.stderr);
    assert!(ran.stderr.contains("did not end well: line 2 of 2 (`exit 3`) ended with code 3"), "{}", ran.stderr);
    // It is held still, and as it was left.
    until_free(&served, "acme/web/2");
    let ran = piped(&served, &["acme/web/2", "test"], "cat left\n");
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), "changed\n"), "{}", ran.stderr);
    let shown = served.run(&["show", "acme/web/2", "--json"]).stdout;
    assert!(shown.contains("\"held\": "), "{shown}");
    served.does(&["cancel", "acme/web/2"]);
    until("it ends", || served.run(&["show", "acme/web/2", "--json"]).stdout.contains("\"exit\": 3"));
    let told = events(&served, "acme/web/2");
    assert_eq!(told.iter().filter(|name| *name == "job/held").count(), 1, "{told:?}");
}

#[test]
fn what_a_killed_server_held_or_had_open_is_gone_and_written_down() {
    let mut served = running("");
    let mut open = debug(&served, &["acme/web/1", "test"]);
    let nap = nap(&served);
    writeln!(open.stdin.as_mut().expect("a pipe"), "sleep {nap} & sleep {nap}").expect("typed");
    until("it sleeps", || is_alive(&nap));
    served.kill_and_start();
    until("the shell has ended with its server", || !is_alive(&nap));
    let open = Ran::of(open.wait_with_output().expect("it ends"));
    assert_eq!(open.code, Some(4), "{}", open.stderr);
    assert!(open.stderr.contains("broke off"), "{}", open.stderr);
    let rows = audit(&served);
    assert_eq!(
        rows.last().map(|(action, how)| (action.as_str(), how.as_str())),
        Some(("shell/close", "the server was stopped"))
    );
    // The job goes on, and takes people in once more.
    until("the job is taken up", || {
        piped(&served, &["acme/web/1", "test"], "echo $GREETING\n").stdout == "hello there\n"
    });
    let_go(&served);
    assert!(served.does(&["watch", "acme/web/1"]).contains("Build succeeded"));

    served.place.write(".monkeyci/build.yaml", FAILS);
    commit(&served);
    assert_eq!(served.run(&["run", "acme/web"]).code, Some(1));
    assert_eq!(piped(&served, &["acme/web/2", "test", "--hold", "30"], "exit 4\n").code, Some(4));
    served.kill_and_start();
    let ended = served.run(&["watch", "acme/web/3"]);
    assert_eq!(ended.code, Some(1), "a hold ends with its server, and the lines have failed: {}", ended.stdout);
    assert!(served.run(&["show", "acme/web/3", "--json"]).stdout.contains("\"exit\": 3"));
}

#[test]
fn what_somebody_who_was_killed_had_open_ends() {
    let served = running("");
    let mut open = debug(&served, &["acme/web/1", "test"]);
    let nap = nap(&served);
    writeln!(open.stdin.as_mut().expect("a pipe"), "sleep {nap} & sleep {nap}").expect("typed");
    until("it sleeps", || is_alive(&nap));
    open.kill().and_then(|()| open.wait()).expect("it lived");
    until("its shell has ended", || !is_alive(&nap));
    until("that is written down", || {
        audit(&served).last().is_some_and(|(_, how)| how == "whoever had it open is gone")
    });
    let_go(&served);
    assert!(served.does(&["watch", "acme/web/1"]).contains("Build succeeded"));
}

#[test]
fn who_does_not_look_holds_the_shell_up_and_every_byte_comes() {
    const BYTES: usize = 24 * 1024 * 1024;
    let served = running("");
    let done = beside(&served, "done");
    let mut open = debug(&served, &["acme/web/1", "test"]);
    let line = format!("echo begun; yes | head -c {BYTES}; touch {}; exit 0", done.display());
    writeln!(open.stdin.as_mut().expect("a pipe"), "{line}").expect("typed");
    let mut output = open.stdout.take().expect("a pipe");
    output.read_exact(&mut [0; 6]).expect("it has begun");
    // Nobody looks: what it has written is in the pipes by now, and it waits.
    let asked = Instant::now();
    while asked.elapsed() < Duration::from_secs(2) {
        assert!(!done.exists(), "somebody keeps it all");
        std::thread::sleep(Duration::from_millis(50)); // poll
    }
    let mut shown = Vec::new();
    output.read_to_end(&mut shown).expect("it comes");
    assert_eq!(shown.len(), BYTES);
    assert!(shown.chunks(2).all(|line| line == b"y\n") && done.exists());
    assert!(open.wait().expect("it ends").success());
    let_go(&served);
}

#[test]
fn who_may_no_longer_be_there_is_put_out_and_who_may_not_come_hears_why() {
    let served = running("[shells]\nidle-seconds = 60\n");
    let made = served.run(&["token", "create", "a visit", "--org", "acme", "--role", "maintainer", "--json"]);
    let made: serde_json::Value =
        serde_json::from_str(&made.stdout).unwrap_or_else(|error| panic!("{error}: {}{}", made.stdout, made.stderr));
    let (id, secret) = (made["id"].as_str().expect("an id"), made["secret"].as_str().expect("a secret"));
    let mut command = served.place.command(&["debug", "acme/web/1", "test", "--server", &served.url]);
    let mut open = command
        .env("MONKEYCI_TOKEN", secret)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("starts");
    let mut keys = open.stdin.take().expect("a pipe");
    writeln!(keys, "touch {}", beside(&served, "in").display()).expect("typed");
    wait_for(&beside(&served, "in"));
    served.does(&["token", "revoke", id]);
    let open = Ran::of(open.wait_with_output().expect("it ends"));
    assert_eq!(open.code, Some(1), "{}", open.stderr);
    assert!(open.stderr.contains("you may no longer be here"), "{}", open.stderr);
    drop(keys);
    until_free(&served, "acme/web/1");

    let refused = |args: &[&str], told: &str| {
        let ran = piped(&served, args, "exit 9\n");
        assert!(ran.code != Some(9) && ran.stderr.contains(told), "{told}: {}", ran.stderr);
    };
    refused(&["acme/web/1", "none"], "there is no such job");
    refused(&["acme/web/1", "test", "--shell", "/no/shell"], "there is no shell `/no/shell`");
    refused(&["acme/web/1", "test", "--after"], "this is of a job on this machine");
    refused(&["acme/web/1"], "which job");
    served.does(&["repo", "set", "acme/web", "--no-shells"]);
    refused(&["acme/web/1", "test"], "nobody may open shells: the repository");
    let_go(&served);
}

#[test]
fn on_a_terminal_the_keys_go_to_the_shell_over_there() {
    if !pty::is_here() {
        return;
    }
    let served = running("");
    let marker = served.place.marker().display().to_string();
    let program = format!(
        "stty rows 33 cols 101; stty -a > {marker}-before; {} debug acme/web/1 test; code=$?; stty -a > {marker}-after; exit $code",
        env!("CARGO_BIN_EXE_monkeyci")
    );
    let mut command = pty::command(&served.place, &program);
    command.env("TERM", "vt100");
    let mut person = Person::at(command);
    person.sees("`exit` ends it");
    person.types("tty && stty size && echo \"[$TERM]\"\n");
    person.sees("33 101\r\n[vt100]\r\n");
    // What says so has the foreground.
    person.types("sh -c 'echo sl\"\"eeps; exec sleep 300'\n");
    person.sees("sleeps");
    person.types("\x03echo still''here\n");
    person.sees("stillhere");
    person.types("exit 5\n");
    assert_eq!(person.code(), Some(5));
    let modes = |when: &str| std::fs::read_to_string(beside(&served, when)).expect("written");
    assert_eq!(modes("before"), modes("after"));
    let_go(&served);
}

fn commit(served: &Served) {
    let git = Command::new("git")
        .args(["-c", "user.name=Ada", "-c", "user.email=ada@example.com", "commit", "--quiet", "-am", "Fail"])
        .current_dir(served.place.repo())
        .status();
    assert!(git.expect("git runs").success());
}
