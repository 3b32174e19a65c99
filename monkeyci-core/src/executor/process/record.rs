//! What is remembered of a supervisor that runs: enough to find it again, and nobody else.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rustix::process::{Pid, Signal, kill_process};

/// A file that holds the id of a supervisor's process and when it began; its name is the attempt's.
pub(super) struct Record {
    path: PathBuf,
}

impl Record {
    pub(super) fn at(path: PathBuf) -> Self {
        Self { path }
    }

    /// Those of `instance` in the folder `state`, with their fences.
    pub(super) fn all(state: &Path, instance: &str) -> io::Result<Vec<(u64, Self)>> {
        let entries = match fs::read_dir(state) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let prefix = format!("mci-{instance}-");
        let mut records = Vec::new();
        for entry in entries {
            let path = entry?.path();
            let name = path.file_name().and_then(|name| name.to_str());
            // The whole rest is a number: `mci-a-b-7` is of the instance `a-b`, not of `a`.
            let fence = name.and_then(|name| name.strip_prefix(&prefix)).and_then(|fence| fence.parse().ok());
            if let Some(fence) = fence {
                records.push((fence, Self { path }));
            }
        }
        Ok(records)
    }

    pub(super) fn name(&self) -> String {
        self.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    pub(super) fn exists(&self) -> bool {
        self.path.exists()
    }

    /// Remembers the process; one that already ended has no id and leaves an empty record.
    pub(super) fn write(&self, pid: Option<u32>) -> io::Result<()> {
        let line = pid.and_then(|pid| Some(format!("{pid} {}", began(pid)?))).unwrap_or_default();
        fs::write(&self.path, line)
    }

    pub(super) fn remove(&self) -> io::Result<()> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        }
    }

    /// The process, when it is there and began when ours did.
    fn pid(&self) -> Option<u32> {
        let line = fs::read_to_string(&self.path).ok()?;
        let (pid, begin) = line.split_once(' ')?;
        let pid = pid.parse().ok()?;
        (began(pid)? == begin.parse::<u64>().ok()?).then_some(pid)
    }

    pub(super) fn is_alive(&self) -> bool {
        self.pid().is_some()
    }

    /// Tells the supervisor to end its job without grace.
    pub(super) fn end(&self) {
        signal(self.pid(), Signal::QUIT);
    }

    pub(super) fn kill(&self) {
        signal(self.pid(), Signal::KILL);
    }
}

/// Signals a process of ours.
pub(super) fn signal(pid: Option<u32>, signal: Signal) {
    if let Some(pid) = pid.and_then(|pid| Pid::from_raw(pid.try_into().ok()?)) {
        // It may have ended since, which is what was wanted.
        let _ = kill_process(pid, signal);
    }
}

/// When a living process began, in the kernel's ticks since the start of the machine; together with its id it names a
/// process for ever. None for one that ended, also when nobody has reaped it, and where there is no `/proc`.
fn began(pid: u32) -> Option<u64> {
    let stat = fs::read(format!("/proc/{pid}/stat")).ok()?;
    // proc_pid_stat(5): the name is in brackets and may hold brackets itself; then state (3rd) … starttime (22nd).
    let end = stat.iter().rposition(|byte| *byte == b')')?;
    let mut words = std::str::from_utf8(&stat[end + 1..]).ok()?.split_whitespace();
    let state = words.next()?;
    if matches!(state, "Z" | "X") { None } else { words.nth(18)?.parse().ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_known_by_its_id_and_its_beginning() {
        let home = tempfile::tempdir().expect("a folder");
        let record = Record::at(home.path().join("mci-a-7"));
        record.write(Some(std::process::id())).expect("written");
        assert!(record.is_alive());
        fs::write(&record.path, format!("{} 1", std::process::id())).expect("a file");
        assert!(!record.is_alive(), "another process that has our id now");
        record.write(None).expect("written");
        assert!(record.exists() && !record.is_alive());
    }

    #[test]
    fn only_those_of_the_instance_are_listed() {
        let home = tempfile::tempdir().expect("a folder");
        for name in ["mci-a-7", "mci-a-b-8", "mci-a-x", "bin", "mci-b-9"] {
            fs::write(home.path().join(name), "").expect("a file");
        }
        let fences: Vec<u64> =
            Record::all(home.path(), "a").expect("listed").into_iter().map(|(fence, _)| fence).collect();
        assert_eq!(fences, [7]);
    }
}
