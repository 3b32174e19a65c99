//! `kill -9` for what runs in containers of the double.

use std::path::Path;
use std::process::Command;

use crate::program::until;

/// The job's container among those of an instance.
pub const JOB: usize = 0;
/// The sidecar's.
pub const SIDECAR: usize = 1;

/// Kills process 1 of a container, and so all that runs in it.
pub fn container(instance: &str, index: usize) {
    kill(first(instance, index));
}

/// Kills what process 1 of a container runs.
pub fn line(instance: &str, index: usize) {
    let first = first(instance, index);
    let mut child = None;
    until("a line runs", || {
        child = children(first).first().copied();
        child.is_some()
    });
    kill(child.expect("it was just found"));
}

/// Process 1 of a container: what is run by whoever made its namespaces, whose arguments name its folder.
fn first(instance: &str, index: usize) -> u32 {
    let folder = format!("/{instance}/{index}/");
    let mut found = None;
    until("the container runs", || {
        let makers = processes().into_iter().filter(|id| {
            let line = std::fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
            line.starts_with(b"unshare\0") && String::from_utf8_lossy(&line).contains(&folder)
        });
        found = makers.filter_map(|id| children(id).first().copied()).next();
        found.is_some()
    });
    found.expect("it was just found")
}

fn processes() -> Vec<u32> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}

fn children(id: u32) -> Vec<u32> {
    let path = format!("/proc/{id}/task/{id}/children");
    let text = std::fs::read_to_string(Path::new(&path)).unwrap_or_default();
    text.split_whitespace().filter_map(|id| id.parse().ok()).collect()
}

fn kill(id: u32) {
    let killed = Command::new("kill").args(["-9", &id.to_string()]).status();
    assert!(killed.expect("kill runs").success(), "process {id} cannot be killed");
}
