//! The implementations that are here pass, and ones that are wrong do not.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The folder of this package.
fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The example that cargo builds together with the tests.
fn rust() -> PathBuf {
    let mut path = std::env::current_exe().expect("this program has a path");
    path.pop();
    path.pop();
    path.join("examples/reference")
}

fn check(words: &[&str]) -> (Output, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_monkeyci-conformance")).args(words).output().expect("it starts");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    (output, text)
}

#[test]
fn the_sdk_for_rust_conforms() {
    let (output, text) = check(&[rust().to_str().expect("a path in UTF-8")]);
    assert!(output.status.success() && text.ends_with(", 0 failed\n"), "{text}");
}

#[test]
fn a_script_in_another_language_conforms() {
    let is_new = |python: &&str| {
        let version = Command::new(python).args(["-c", "import sys; sys.exit(sys.version_info < (3, 10))"]).output();
        version.is_ok_and(|version| version.status.success())
    };
    // The system's first: one on the path may be a script that looks for the real one, each time.
    let Some(python) = ["/usr/bin/python3", "python3"].into_iter().find(is_new) else {
        let required = std::env::var("MONKEYCI_TEST_REQUIRE").unwrap_or_default();
        assert!(!required.split(',').any(|name| name == "python"), "python 3.10 is required and not here");
        eprintln!("skipped: a_script_in_another_language_conforms: there is no python 3.10 here");
        return;
    };
    let script = here().join("examples/reference.py");
    let (output, text) = check(&[python, script.to_str().expect("a path in UTF-8")]);
    assert!(output.status.success() && text.ends_with(", 0 failed\n"), "{text}");
}

#[test]
fn a_program_that_does_nothing_or_anything_fails_every_check_that_matters() {
    for (program, must_fail) in [("true", 20), ("false", 12)] {
        let (output, text) = check(&[program]);
        let failed = text.lines().filter(|line| line.starts_with("FAILED")).count();
        assert!(!output.status.success() && failed >= must_fail, "{program}: {text}");
    }
    let (output, text) = check(&["no-such-program"]);
    assert!(!output.status.success() && text.contains("`no-such-program` cannot be started"), "{text}");
    assert_eq!(check(&[]).0.status.code(), Some(2));
}

#[test]
fn the_text_describes_every_check() {
    let page = std::fs::read_to_string(here().join("../../docs/protocol.md")).expect("the page is there");
    let list = std::fs::read_to_string(here().join("src/check.rs")).expect("the list is there");
    let names = list.lines().filter_map(|line| line.trim().strip_prefix("(\"")?.split('"').next());
    let missing: Vec<_> = names.filter(|name| !page.contains(name)).collect();
    assert!(missing.is_empty(), "docs/protocol.md does not tell {missing:#?}");
}
