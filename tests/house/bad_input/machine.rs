//! Machines that misbehave.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::holds;
use crate::program::{Home, Said, finish, has, is_on_path, monkeyci, until};
use crate::remains;

/// A small disk, gone when it is dropped.
struct Disk(PathBuf);

impl Disk {
    fn mount(at: PathBuf, size: &str) -> Option<Self> {
        std::fs::create_dir_all(&at).expect("a folder");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={size}"), "none"]).arg(&at).stderr(Stdio::null());
        let mounted = mount.status().is_ok_and(|status| status.success());
        has("tmpfs", mounted, "only root can mount one").then_some(Self(at))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _gone = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// Case D3: no room for a checkout.
#[test]
fn a_disk_without_room_is_named() {
    let home = Home::new();
    let Some(_disk) = Disk::mount(home.file("data"), "1m") else { return };
    let repository = home.repository("- id: bad\n  script: [echo hello]\n");
    std::fs::write(repository.join("big"), vec![7; 4_000_000]).expect("written");
    let said = home.run(&["build", &repository.display().to_string()]);
    holds("full disk", &home, &said, 4, &["full"]);
}

/// Case D4: a job that fills its disk.
#[test]
fn a_job_that_fills_the_disk_of_its_build_is_named() {
    let home = Home::new();
    let Some(_disk) = Disk::mount(home.file("data"), "64m") else { return };
    let repository = home.repository("- id: bad\n  script: [cat /dev/zero > big]\n").display().to_string();
    let said = home.run(&["build", &repository]);
    holds("a job fills its disk", &home, &said, 4, &["✗ bad", "No space left"]);
    let next = home.run(&["build", "--dry-run", &repository]);
    assert_eq!(next.code, Some(0), "there is room again: {}", next.both());
}

#[test]
fn an_engine_that_does_not_answer_is_named() {
    let home = Home::new();
    let repository =
        home.repository("- id: bad\n  image: example.com/x\n  script: [echo hello]\n").display().to_string();
    let run = |args: &[&str]| {
        let mut command = home.command(args);
        command.env("DOCKER_HOST", "unix:///nowhere.sock").env("CONTAINER_HOST", "unix:///nowhere.sock");
        finish(command)
    };
    holds("docker", &home, &run(&["build", "--executor", "docker", &repository]), 4, &["/nowhere.sock", "DOCKER_HOST"]);
    let said = run(&["build", &repository]);
    assert!(matches!(said.code, Some(1 | 4)), "{}", said.both());
    holds("auto", &home, &said, said.code.expect("a code"), &["✗ bad", "/nowhere.sock"]);
}

#[test]
fn a_folder_that_cannot_be_read_is_named() {
    let is_root = Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n");
    if is_root && !has("setpriv", is_on_path("setpriv"), "root can read everything, and no program lets it be another")
    {
        return;
    }
    let home = Home::new();
    let repository = home.repository("- id: bad\n  script: [echo hello]\n");
    let closed = repository.join("closed");
    std::fs::create_dir(&closed).expect("a folder");
    for mine in ["", "cache", "cache/monkeyci"] {
        open(&home.file(mine), 0o777);
    }
    open(&closed, 0o000);
    let asked = home.command(&["build", &repository.display().to_string()]);
    let mut command = if is_root { Command::new("setpriv") } else { Command::new("env") };
    if is_root {
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]);
        // The program may lie where only root can go.
        // Another process copies it: a child that another test forks meanwhile would hold it open for writing.
        let copied = Command::new("cp").arg(monkeyci()).arg(home.file("monkeyci")).status().expect("cp runs");
        assert!(copied.success(), "it is not copied");
        open(&home.file("monkeyci"), 0o755);
    }
    command.arg(if is_root { home.file("monkeyci") } else { monkeyci().to_owned() });
    command.args(asked.get_args()).envs(asked.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.current_dir(home.path()).env("HOME", home.path()).stdin(Stdio::null());
    let said = finish(command);
    open(&closed, 0o755);
    assert!(matches!(said.code, Some(1 | 4)), "{}", said.both());
    holds("unreadable folder", &home, &said, said.code.expect("a code"), &["closed", "ermission denied"]);
}

fn open(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("set");
}

#[test]
fn a_clock_that_goes_back_ends_no_build() {
    if !has("faketime", is_on_path("faketime"), "no such program") {
        return;
    }
    let found = Command::new("sh").args(["-c", "ls /usr/lib/*/faketime/libfaketimeMT.so.1"]).output().expect("sh runs");
    let library = String::from_utf8_lossy(&found.stdout).trim().to_owned();
    if !has("faketime", !library.is_empty(), "its library is not where Debian has it") {
        return;
    }
    let home = Home::new();
    let script = "- id: slow\n  timeout: 300s\n  script: ['echo x > @HOME@/started; until test -e @HOME@/go; do sleep 0.02; done']\n- id: after\n  dependencies: [slow]\n  script: [echo after]\n";
    let repository = home.repository(script).display().to_string();
    std::fs::write(home.file("clock"), "+0").expect("written");
    let mut command = home.command(&["build", "--json", &repository]);
    command.env("LD_PRELOAD", library).env("FAKETIME_TIMESTAMP_FILE", home.file("clock"));
    command.env("FAKETIME_NO_CACHE", "1").env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    until("its job runs", || home.file("started").exists());
    std::fs::write(home.file("clock"), "-400d").expect("written");
    std::fs::write(home.file("go"), "").expect("written");
    let said = Said::of(&child.wait_with_output().expect("it ends"));
    assert_eq!(said.code, Some(0), "{}", said.both());
    let times: Vec<u64> = said.events().iter().filter_map(|event| event["time"].as_u64()).collect();
    assert!(times.iter().min() < times.iter().max(), "the clock did not move: {times:?}");
    remains::assert_none(&home, "it is over");
}
