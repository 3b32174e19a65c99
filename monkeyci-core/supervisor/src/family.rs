//! The job's processes, all of them: how they are told to end, and how it is known that none is left.

use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, Instant};

use crate::outcome::Guarantee;
use crate::sys::{self, Reaped, SIGKILL};

/// How long killed processes may take to disappear. More only where the kernel itself hangs.
const KILL_LIMIT: Duration = Duration::from_secs(5);

/// The job's processes, by the hold that we have on them.
pub enum Family {
    /// All but us in our process namespace.
    Namespace,
    /// Our descendants; orphans among them become our children.
    Subreaper,
    /// The groups of the lines that ran, by the leaders' ids.
    Groups(Vec<i32>),
}

impl Family {
    /// What is known once they are gone.
    pub fn guarantee(&self) -> Guarantee {
        match self {
            Self::Namespace => Guarantee::PidNamespace,
            Self::Subreaper => Guarantee::Subreaper,
            Self::Groups(_) => Guarantee::ProcessGroup,
        }
    }

    /// Takes in the process of a line.
    pub fn add(&mut self, leader: i32) {
        if let Self::Groups(leaders) = self {
            leaders.push(leader);
        }
    }

    /// Sends `signal` to all of them.
    pub fn signal(&self, signal: i32) {
        match self {
            Self::Namespace => sys::send(-1, signal),
            Self::Subreaper => descendants().into_iter().for_each(|pid| sys::send(pid, signal)),
            Self::Groups(leaders) => leaders.iter().for_each(|leader| sys::send(-leader, signal)),
        }
    }

    /// Kills and reaps all of them.
    pub fn end(&self) {
        let limit = Instant::now() + KILL_LIMIT;
        let mut pause = Duration::from_micros(50);
        while reap_all() && Instant::now() < limit {
            // Again and again: what is forked between two looks at the list of processes is met by the next.
            self.signal(SIGKILL);
            std::thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(5));
        }
        if let Self::Groups(_) = self {
            // Orphans of a group are nobody's children here, so the loop may not have met them.
            self.signal(SIGKILL);
        }
    }
}

/// Reaps what ended; says whether children are left.
fn reap_all() -> bool {
    loop {
        match sys::reap(false) {
            Reaped::Ended(..) => {}
            Reaped::NoneYet => return true,
            Reaped::NoneLeft => return false,
        }
    }
}

/// Our descendants. Empty where there is no `/proc`.
fn descendants() -> Vec<i32> {
    let mut children = BTreeMap::<i32, Vec<i32>>::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        let Ok(stat) = fs::read(entry.path().join("stat")) else { continue };
        if let Some(parent) = parent_of(&stat) {
            children.entry(parent).or_default().push(pid);
        }
    }
    let mut found = Vec::new();
    let mut open = vec![std::process::id() as i32];
    while let Some(pid) = open.pop() {
        // Taken out, so that ids reused while we read cannot make a circle.
        let theirs = children.remove(&pid).unwrap_or_default();
        open.extend(&theirs);
        found.extend(theirs);
    }
    found
}

/// The parent in a line of `/proc/PID/stat`: the second word after the name, which is in brackets and may hold any.
fn parent_of(stat: &[u8]) -> Option<i32> {
    let end = stat.iter().rposition(|byte| *byte == b')')?;
    std::str::from_utf8(&stat[end + 1..]).ok()?.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_brackets_and_spaces_hides_no_parent() {
        assert_eq!(parent_of(b"7 (a) b (c)) S 42 7 7 0"), Some(42));
        assert_eq!(parent_of(b"7 (cut"), None);
    }
}
