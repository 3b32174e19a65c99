//! Machines that register as workers by themselves, each a process of its own.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::place::Ran;
use crate::served::Served;

/// Nothing runs inside the server.
const ELSEWHERE: &str = "jobs = 0\n[executor]\nscript-programs = true\n";

/// A worker that has registered; ends with this value.
struct Machine {
    process: Child,
}

impl Drop for Machine {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = kill_process(Pid::from_child(&self.process), Signal::TERM);
        let _ = self.process.wait();
    }
}

/// The folder that a machine works in.
fn folder(served: &Served, name: &str) -> PathBuf {
    served.place.data().join(format!("machine-{name}"))
}

/// A machine that has this code in its environment, where the list of processes does not show it.
fn machine(served: &Served, name: &str, code: &str) -> Command {
    let state = folder(served, name).display().to_string();
    let mut command = served.place.command(&[
        "worker",
        "--server",
        &served.url,
        "--name",
        name,
        "--state",
        &state,
        "--processes",
        "*/*",
        "--engine",
        "none",
    ]);
    command.env("MONKEYCI_WORKER_REGISTRATION", code);
    command
}

/// Starts it, and waits until it takes jobs; with what it says then.
fn start(served: &Served, name: &str, code: &str) -> (Machine, String) {
    let mut process =
        machine(served, name, code).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it starts");
    let mut first = String::new();
    BufReader::new(process.stdout.take().expect("piped")).read_line(&mut first).expect("reads");
    (Machine { process }, first)
}

#[test]
fn machines_register_by_one_code_and_stay_who_they_are_when_that_is_over() {
    let served = Served::with_config("[{id: unit, script: [echo done]}]", ELSEWHERE);
    let invited = served.run(&["workers", "invite", "--org", "acme", "--minutes", "5", "--json"]).stdout;
    let invited: serde_json::Value = serde_json::from_str(&invited).expect("JSON");
    let of = |field: &str| invited[field].as_str().expect("it is told").to_owned();
    let (code, id) = (of("code"), of("id"));

    let (mut one, said) = start(&served, "one", &code);
    assert!(said.starts_with("Worker `one` takes jobs of"), "{said}");
    let (_two, said) = start(&served, "two", &code);
    assert!(said.starts_with("Worker `two` takes jobs of"), "{said}");
    let listed = served.does(&["workers", "list"]);
    assert!(listed.contains("one") && listed.contains("two"), "{listed}");
    let built = served.does(&["run", "acme/web"]);
    assert!(built.contains("[unit] done") && built.contains("Build succeeded"), "{built}");

    // The code is over. Who has registered comes again as who they were, also after a kill.
    assert_eq!(served.does(&["workers", "uninvite", &id]), "The code is good for nothing any more\n");
    one.process.kill().and_then(|()| one.process.wait()).expect("it lives");
    let (again, said) = start(&served, "one", &code);
    assert!(said.starts_with("Worker `one` takes jobs of"), "{said}");
    let names =
        |listed: &str| listed.lines().filter(|line| line.starts_with("one ") || line.starts_with("two ")).count();
    assert_eq!(names(&served.does(&["workers", "list"])), 2, "no third one");

    // Nobody else does, and is told why; nothing shows the code.
    let late = Ran::of(machine(&served, "late", &code).output().expect("the program starts"));
    assert!(late.code == Some(4) && late.stderr.contains("code"), "{:?} {}", late.code, late.stderr);
    assert!(!late.stderr.contains(&code) && !late.stdout.contains(&code));
    let kept = std::fs::read_dir(folder(&served, "one")).expect("its folder").flatten();
    let holds = kept.filter(|entry| entry.path().is_file());
    let holds = holds.filter(|entry| std::fs::read_to_string(entry.path()).is_ok_and(|text| text.contains(&code)));
    assert_eq!(holds.count(), 0, "what it keeps is its own token");

    // One that was removed does not come back by what it has.
    drop(again);
    served.does(&["workers", "remove", "one"]);
    let gone = Ran::of(machine(&served, "one", &code).output().expect("the program starts"));
    assert!(gone.code == Some(4), "{:?} {}", gone.code, gone.stderr);
}
