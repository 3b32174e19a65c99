//! A secret is nowhere in clear once a build with it is over.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::program::{Home, Said, finish, has, is_on_path, until};
use crate::remains;

const SECRET: &str = "s3cr3t-Kangaroo/42+Wombat";

/// Prints it as it is, in pieces, and in the encodings that tools print it in.
const SCRIPT: &str = r#"
- id: prints
  params: [TOKEN]
  script:
    - echo "$TOKEN"; echo "$TOKEN" >&2; echo "x${TOKEN}y"
    - printf '%s' "$TOKEN" | base64; printf 'a%s' "$TOKEN" | base64; printf 'ab%s' "$TOKEN" | base64
    - printf '%s' "$TOKEN" | od -An -tx1 | tr -d ' \n'; echo
    - printf '%s' "$TOKEN" | sed 's,/,%2F,g; s,+,%2B,g'; echo
    - for part in s3cr3t-Kan garoo/42 +Wombat; do printf '%s' "$part"; done; echo
    - echo "$TOKEN" > out.txt; test -e @HOME@/seen || { touch @HOME@/running; until test -e @HOME@/seen; do sleep 0.02; done; }
- id: fails
  params: [TOKEN]
  script: ['echo "$TOKEN"; exit 3']
  allow-failure: true
"#;

/// Case S20: printed in pieces and to both streams; in command lines, events and files.
#[test]
fn a_secret_is_masked_wherever_it_could_be_read() {
    let home = Home::new();
    let repository = home.repository(SCRIPT).display().to_string();
    let mut command = home.command(&["build", "--json", "--secret", "TOKEN", &repository]);
    let child = command.env("TOKEN", SECRET).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    until("its job runs", || home.file("running").exists());
    let lines = Command::new("sh").args(["-c", "cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' '"]).output();
    let lines = String::from_utf8_lossy(&lines.expect("sh runs").stdout).into_owned();
    assert!(!lines.contains(SECRET), "it stands in a command line");
    std::fs::write(home.file("seen"), "").expect("written");
    let said = Said::of(&child.wait_with_output().expect("it ends"));
    assert_eq!(said.code, Some(0), "{}", said.both());
    remains::assert_none(&home, "it is over");
    for clear in
        [SECRET, "czNjcjN0LUthbmdhcm9v", "7333637233742d4b616e6761726f6f", "Kangaroo", "Kangaroo%2F42%2BWombat"]
    {
        assert!(!said.both().contains(clear), "`{clear}` was printed: {}", said.both());
        for folder in ["data", "cache"] {
            search(&home.file(folder), clear.as_bytes());
        }
    }
    assert!(said.out.contains("***"), "nothing is masked: {}", said.out);
}

/// Shows the value of its param to whoever it can: in its tests it cannot have it.
const PROGRAM: &str = r##"
use std::{env, fs};

fn main() {
    let question = fs::read_to_string(env::var("MONKEYCI_SCRIPT_QUESTION").expect("a question")).expect("it is there");
    let answer = env::var("MONKEYCI_SCRIPT_ANSWER").expect("a place for the answer");
    let (_, rest) = question.split_once("\"TOKEN\":\"").expect("the param");
    let token = rest.split('"').next().expect("its value");
    println!("planning with {token}");
    eprintln!("in pieces: {}{}", &token[..5], &token[5..]);
    if question.contains("\"breaks\"") {
        panic!("it was {token}");
    }
    let job = format!(r#"{{"id":"prints","env":{{"COPY":"{token}"}},"script":["echo \"$COPY\"; echo {token} > out.txt"]}}"#);
    fs::write(answer, format!(r#"{{"protocol":1,"jobs":[{job}],"warnings":["mind {token}"]}}"#)).expect("written");
}

#[test]
fn a_test_of_it() {}
"##;

/// Case S1: a script that copies a secret into its jobs, its answer and its panic.
#[test]
fn a_script_program_that_copies_a_secret_leaves_no_trace_of_it() {
    if !has("cargo", is_on_path("cargo"), "no such program") {
        return;
    }
    let home = Home::new();
    let repository = home.repository("[]");
    std::fs::remove_file(repository.join(".monkeyci/build.yaml")).expect("removed");
    std::fs::create_dir_all(repository.join(".monkeyci/src")).expect("a folder");
    let manifest = "[package]\nname = \"script\"\nversion = \"0.1.0\"\nedition = \"2024\"\n";
    std::fs::write(repository.join(".monkeyci/Cargo.toml"), manifest).expect("written");
    std::fs::write(repository.join(".monkeyci/src/main.rs"), PROGRAM).expect("written");
    let repository = repository.display().to_string();
    let outputs = [&["--json"][..], &[], &["--json", "-p", "MODE=breaks"]];
    for (args, code) in outputs.into_iter().zip([0, 0, 1]) {
        let mut command = home.command(&[&["build", "--secret", "TOKEN", &repository][..], args].concat());
        command.env("TOKEN", SECRET);
        let said = finish(command);
        assert_eq!(said.code, Some(code), "{}", said.both());
        assert!(said.out.contains("planning with ***") && said.out.contains("in pieces: ***"), "{}", said.both());
        if args == ["--json"] {
            let log = said.events().into_iter().find(|line| line["type"] == "log").expect("a log");
            assert_eq!((&log["jobId"], &log["attempt"]), (&"script".into(), &0.into()), "{log}");
        }
        assert!(!said.both().contains(SECRET), "{}", said.both());
        for folder in ["data", "cache"] {
            search(&home.file(folder), SECRET.as_bytes());
        }
    }
    remains::assert_none(&home, "it is over");
}

/// No file below `path` holds the bytes.
fn search(path: &Path, clear: &[u8]) {
    for entry in std::fs::read_dir(path).into_iter().flatten().flatten() {
        let path = entry.path();
        if entry.file_type().expect("a type").is_dir() {
            search(&path, clear);
        } else if let Ok(bytes) = std::fs::read(&path) {
            let found = bytes.windows(clear.len()).any(|window| window == clear);
            assert!(!found, "{} holds `{}`", path.display(), String::from_utf8_lossy(clear));
        }
    }
}
