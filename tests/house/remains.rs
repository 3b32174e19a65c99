//! What a build may not leave behind.

use std::path::Path;
use std::process::Command;

use crate::program::Home;

/// Processes of jobs, folders of attempts and containers that are still there.
pub fn of(home: &Home) -> Vec<String> {
    let mut all = processes(home.path());
    for invocation in invocations(home) {
        let attempts = std::fs::read_dir(invocation.join("jobs")).into_iter().flatten().flatten();
        all.extend(attempts.map(|attempt| format!("folder {}", attempt.path().display())));
        if let Some(instance) = instance(&invocation) {
            all.extend(containers(&instance).into_iter().map(|id| format!("container {id}")));
        }
    }
    all
}

/// Nothing is left.
#[track_caller]
pub fn assert_none(home: &Home, when: &str) {
    let left = of(home);
    assert!(left.is_empty(), "{when}: {left:#?}");
}

/// The state folders of all invocations on this machine.
pub fn invocations(home: &Home) -> Vec<std::path::PathBuf> {
    let folders = |path: &Path| std::fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.path());
    folders(&home.path().join("data/monkeyci"))
        .flat_map(|repository| folders(&repository).collect::<Vec<_>>())
        .collect()
}

/// The label of what an invocation starts.
pub fn instance(invocation: &Path) -> Option<String> {
    let text = std::fs::read_to_string(invocation.join("invocation.json")).ok()?;
    let record: serde_json::Value = serde_json::from_str(&text).ok()?;
    Some(record["instance"].as_str()?.to_owned())
}

/// Containers of an instance, running or not. None where there is no Docker.
pub fn containers(instance: &str) -> Vec<String> {
    let filter = format!("label=monkeyci.instance={instance}");
    let Ok(listed) = Command::new("docker").args(["ps", "-aq", "--filter", &filter]).output() else {
        return Vec::new();
    };
    String::from_utf8_lossy(&listed.stdout).split_whitespace().map(str::to_owned).collect()
}

/// Processes that speak of a folder in their command line or environment, other than the dead that wait for a parent.
fn processes(folder: &Path) -> Vec<String> {
    let folder = folder.display().to_string();
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let process = entry.path();
        if !entry.file_name().to_string_lossy().bytes().all(|byte| byte.is_ascii_digit()) {
            continue;
        }
        let read = |file| String::from_utf8_lossy(&std::fs::read(process.join(file)).unwrap_or_default()).into_owned();
        let line = read("cmdline");
        if line.contains(&folder) || read("environ").contains(&folder) {
            found.push(format!("process {} {}", process.display(), line.replace('\0', " ")));
        }
    }
    found
}
