//! Ends what a shell started that was opened beside a job: all that has inherited its mark.

use std::fs;
use std::io;
use std::time::Duration;

use crate::sys::{self, SIGKILL};

/// Times that are looked at the processes: one that is being started has no variables for a moment.
const LOOKS: u32 = 100;

/// Kills every process among whose variables is one that begins with `mark`, until there is none.
///
/// # Errors
/// When some are left that cannot be killed.
pub fn all(mark: &str) -> io::Result<()> {
    for _ in 0..LOOKS {
        let marked = marked(mark);
        if marked.is_empty() {
            return Ok(());
        }
        marked.into_iter().for_each(|pid| sys::send(pid, SIGKILL));
        std::thread::sleep(Duration::from_millis(10));
    }
    Err(io::Error::other("processes of the shell are left"))
}

/// Those that live and have it. Process 1 is the job's supervisor, and this one is us.
fn marked(mark: &str) -> Vec<i32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let own = std::process::id() as i32;
    pids.filter(|pid| *pid > 1 && *pid != own && has(*pid, mark)).collect()
}

/// Whether a process has the mark. One that is dead and not reaped has no variables.
fn has(pid: i32, mark: &str) -> bool {
    let variables = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
    variables.split(|byte| *byte == 0).any(|variable| variable.starts_with(mark.as_bytes()))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn all_that_has_the_mark_ends_and_nothing_else() {
        let sleep = |mark: &str| Command::new("sleep").arg("300").env("MARK", mark).spawn().expect("it starts");
        let mark = format!("ours-{}", std::process::id());
        let (mut ours, mut other) = (sleep(&mark), sleep("others"));
        // What is asked just after the start may not have its variables yet.
        while !has(ours.id() as i32, "MARK=") {
            std::thread::yield_now();
        }
        // Not reaped before, as its parent is us: it counts as gone all the same.
        all(&format!("MARK={mark}")).expect("it ends");
        assert!(!ours.wait().expect("it ended").success());
        assert!(other.try_wait().expect("it lives").is_none());
        other.kill().and_then(|()| other.wait()).expect("it ends");
    }
}
