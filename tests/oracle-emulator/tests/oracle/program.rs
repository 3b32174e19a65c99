//! The program, as tests in other languages start it.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use oci_signer::{Client, ConfigFile, Principal, Signer};
use serde_json::{Value, json};

use crate::instance;

/// The program, which ends with the test.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Starts it; what it says.
fn start(folder: &Path) -> (Program, Value) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_oracle-emulator"))
        .args(["--listen", "127.0.0.1:0", "--engine", "process", "--folder"])
        .arg(folder)
        // What is left by who is killed goes with the test.
        .env("TMPDIR", folder)
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut line).expect("it says something");
    (Program(child), serde_json::from_str(&line).expect("JSON"))
}

/// How many processes have this in their command line.
fn living(mark: &str) -> usize {
    let all = std::fs::read_dir("/proc").expect("a folder").flatten();
    let lines = all.filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok());
    lines.filter(|line| String::from_utf8_lossy(line).contains(mark)).count()
}

fn until(what: &str, is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(30), "{what}");
        std::thread::sleep(Duration::from_millis(20)); // poll
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_program_says_where_it_is_and_its_containers_end_with_it() {
    for signal in ["-TERM", "-KILL"] {
        let folder = tempfile::tempdir().expect("a folder");
        let (mut program, said) = start(folder.path());
        let profile = ConfigFile::find(Some(Path::new(said["config"].as_str().expect("a path")))).expect("a file");
        let profile = profile.profile("DEFAULT").expect("a profile");
        let client = Client::new(Signer::new(Principal::of_profile(profile).expect("a user"))).expect("a client");
        let mark = format!("{}", 900_000_000 + u64::from(program.0.id()));
        let script = format!("sleep {mark} & sleep {mark}");
        let body = instance(json!([{ "imageUrl": "alpine", "command": ["/bin/sh", "-c", script] }]));
        let url = format!("{}/20210415/containerInstances", said["url"].as_str().expect("a URL"));
        let request = client.http().post(url).header("content-type", "application/json").body(body.to_string());
        let made = client.send(request.build().expect("a request")).await.expect("an answer");
        assert_eq!(made.status(), 200);
        until("its container runs", || living(&mark) >= 2);
        let killed = Command::new("kill").args([signal, &program.0.id().to_string()]).status().expect("it runs");
        assert!(killed.success());
        let status = program.0.wait().expect("it ends");
        assert_eq!(status.success(), signal == "-TERM");
        until("its container ends", || living(&mark) == 0);
    }
}

#[test]
fn what_cannot_be_served_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let (_program, said) = start(folder.path());
    let address = said["url"].as_str().and_then(|url| url.strip_prefix("http://")).expect("an address");
    let program = env!("CARGO_BIN_EXE_oracle-emulator");
    for (arguments, told) in [
        (vec!["--listen", address], "failed to listen at"),
        (vec!["--listen", "127.0.0.1:0", "--folder", "/proc/none"], "failed to write to `/proc/none`"),
        (vec!["--engine", "podman"], "`docker` or `process`"),
    ] {
        let output = Command::new(program).args(arguments).output().expect("it runs");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains(told), "{said}");
    }
}
