//! `monkeyci debug` in containers, and what it may not leave behind.

use std::io::Write as _;
use std::process::Stdio;

use crate::image::Busybox;
use crate::program::{Home, Said, has_docker, until};
use crate::remains;

fn script(image: &str) -> String {
    format!(
        "
- id: build
  script: [mkdir out && echo made > out/file]
  save-artifacts: [{{id: out, path: out}}]
- id: boxed
  image: {image}
  dependencies: [build]
  env: {{GREETING: hello}}
  restore-artifacts: [{{id: out, path: out}}]
  script: ['echo one > left', exit 3]
- id: served
  image: {image}
  services: [{{id: web, image: {image}, ports: [80], command: [httpd, -f, -p, '80', -h, /bin]}}]
  script: [exit 3]
"
    )
}

fn debug(home: &Home, args: &[&str], input: &str) -> Said {
    let mut command = home.command(&["debug"]);
    command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("it starts");
    child.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("piped in");
    Said::of(&child.wait_with_output().expect("it ends"))
}

#[test]
fn a_shell_in_a_container_finds_what_the_job_would() {
    if !has_docker() {
        return;
    }
    let Some(image) = Busybox::import() else { return };
    let home = Home::new();
    let repository = home.repository(&script(image.name())).display().to_string();
    let said = debug(&home, &["boxed", &repository], "echo $GREETING; cat out/file; pwd; echo oops >&2; exit 7\n");
    assert_eq!((said.code, said.out.as_str()), (Some(7), "hello\nmade\n/home/monkeyci\n"), "{}", said.err);
    assert!(said.err.contains(&format!("Job `boxed`, in image `{}`", image.name())), "{}", said.err);
    assert!(said.err.contains("oops"), "{}", said.err);
    remains::assert_none(&home, "after a shell");
    let said = debug(&home, &["boxed", "--after", &repository], "cat left out/file\n");
    assert_eq!((said.code, said.out.as_str()), (Some(0), "one\nmade\n"), "{}", said.err);
    assert!(said.err.contains("line 2 of 2 (`exit 3`) ended with code 3"), "{}", said.err);
    let said = debug(&home, &["served", &repository], "wget -qO- http://web/busybox | head -c 4 | tail -c 3\n");
    assert_eq!((said.code, said.out.as_str()), (Some(0), "ELF"), "{}", said.err);
    remains::assert_none(&home, "after a shell with a service");
}

#[test]
fn a_shell_whose_program_is_killed_is_removed_by_the_next_start_and_nothing_is_offered() {
    if !has_docker() {
        return;
    }
    let Some(image) = Busybox::import() else { return };
    let home = Home::new();
    let repository = home.repository(&script(image.name())).display().to_string();
    for job in ["boxed", "build"] {
        let mut command = home.command(&["debug", job, &repository]);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it starts");
        let mut keys = child.stdin.take().expect("a pipe");
        keys.write_all(b"touch here; echo open; sleep 300\n").expect("piped in");
        let mut word = [0; 4];
        std::io::Read::read_exact(child.stdout.as_mut().expect("a pipe"), &mut word).expect("it opens");
        child.kill().expect("killed");
        child.wait().expect("it is dead");
        let next = home.run(&["build", "--dry-run", &repository]);
        assert!(next.code == Some(0) && !next.both().contains("--resume"), "{job}: {}", next.both());
        until("nothing is left", || remains::of(&home).is_empty());
    }
}
