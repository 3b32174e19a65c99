//! Whether the kernel ends processes of this container for want of memory. Not every engine tells, and who is far away
//! sees no more than this.

use std::fs;

/// Where a container finds the counts of its own group: version 2 of control groups, and version 1.
const COUNTS: [&str; 2] = ["/sys/fs/cgroup/memory.events", "/sys/fs/cgroup/memory/memory.oom_control"];

/// Processes that were ended so far; 0 where that is not known.
pub fn kills() -> u64 {
    COUNTS.iter().find_map(|path| count(&fs::read_to_string(path).ok()?)).unwrap_or(0)
}

fn count(text: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix("oom_kill ")?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_versions_are_read() {
        assert_eq!(count("low 0\nhigh 0\nmax 12\noom 3\noom_kill 2\noom_group_kill 0\n"), Some(2));
        assert_eq!(count("oom_kill_disable 0\nunder_oom 0\noom_kill 7\n"), Some(7));
        assert_eq!(count("max 12\noom_kill many\n"), None);
    }
}
