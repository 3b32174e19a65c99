//! Locks of files that tell whether a process lives.

use std::fs::{File, TryLockError};
use std::time::Duration;

/// How often, and how long in between, a lock is tried that somebody holds.
const LAST_MOMENTS: u32 = 10;
const LAST_MOMENT: Duration = Duration::from_millis(5);

/// Takes a lock, unless its holder lives; waits for 50 ms to find that out.
///
/// A process that is killed while it starts another leaves a copy of itself for a moment, which holds the lock until it has
/// become the other program. It must not pass for the process.
///
/// # Errors
/// [`TryLockError::WouldBlock`] when somebody holds it still, and whatever keeps the file from being locked.
pub fn seize(lock: &File) -> Result<(), TryLockError> {
    for _ in 0..LAST_MOMENTS {
        match lock.try_lock() {
            Err(TryLockError::WouldBlock) => std::thread::sleep(LAST_MOMENT),
            taken => return taken,
        }
    }
    lock.try_lock()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_taken_once_who_held_it_is_gone_and_not_before() {
        let dir = tempfile::tempdir().expect("a folder");
        let open = || File::options().create(true).append(true).open(dir.path().join("lock")).expect("a file");
        let (first, second) = (open(), open());
        seize(&first).expect("nobody has it");
        assert!(matches!(seize(&second), Err(TryLockError::WouldBlock)));
        drop(first);
        seize(&second).expect("nobody has it any more");
    }
}
