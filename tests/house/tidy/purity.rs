//! What must be absent where.

use super::sources;

/// Words that may not stand in the code of the files whose path begins so, and why.
const ABSENT: &[(&str, &[&str], &str)] = &[
    (
        "monkeyci-core/src/build",
        &["async ", "tokio", "std::fs", "std::process", "std::env", "SystemTime", "Instant", "now()", "rand"],
        "the machine is pure: the same events always give the same build",
    ),
    (
        "monkeyci-core/src/queue.rs",
        &["async ", "tokio", "std::fs", "SystemTime", "Instant", "now()"],
        "the queue is pure",
    ),
    (
        "monkeyci-core/src/trigger",
        &["async ", "tokio", "std::fs", "std::env", "std::net", "SystemTime", "Instant", "now()", "rand"],
        "a trigger is understood, and nothing else",
    ),
    (
        "monkeyci-core/src/executor",
        &["crate::engine", "crate::build::", "crate::store", "crate::script", "crate::source"],
        "a port knows no other port",
    ),
    (
        "monkeyci-core/src/store",
        &["crate::engine", "crate::executor", "crate::script", "crate::source", "crate::worker"],
        "a port knows no other port",
    ),
    (
        "monkeyci-core/src/source",
        &["crate::engine", "crate::executor", "crate::store", "crate::script", "crate::worker"],
        "a port knows no other port",
    ),
    (
        "monkeyci-core/src/script",
        &["crate::engine", "crate::executor", "crate::store", "crate::worker"],
        "a port knows no other port",
    ),
    (
        "monkeyci-core/src",
        &["println!", "eprintln!", "process::exit", "home_dir"],
        "the library neither prints nor exits nor looks for a home",
    ),
    ("sdk/model/src", &["std::fs", "tokio", "std::process", "std::env"], "the model is plain data"),
];

#[test]
fn what_must_be_absent_is_absent() {
    let mut found = Vec::new();
    for (name, text) in sources::production() {
        for (folder, words, why) in ABSENT.iter().filter(|(folder, ..)| name.starts_with(folder)) {
            for line in sources::code(&text) {
                for word in words.iter().filter(|word| line.contains(**word)) {
                    found.push(format!("{name}: `{word}` in {folder} ({why}): {}", line.trim()));
                }
            }
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn unsafe_code_lives_in_the_supervisor_alone() {
    let mut found = Vec::new();
    for (name, text) in sources::production() {
        let is_home = name.starts_with("monkeyci-core/supervisor/");
        let has = |line: &&str| line.contains("unsafe ") && !line.contains("unsafe_");
        found.extend(
            sources::code(&text).into_iter().filter(|_| !is_home).filter(has).map(|line| format!("{name}: {line}")),
        );
    }
    assert!(found.is_empty(), "{found:#?}");
}
