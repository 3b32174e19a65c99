//! Names of files and folders that are there for a while.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::PathBuf;

/// A name in the folder for temporary files that nobody else has. The id of the process would not do: jobs that run at
/// the same time have ids of their own, and may all be the same number.
pub(crate) fn path(of: &str) -> PathBuf {
    // The keys of each are random.
    let number = RandomState::new().build_hasher().finish();
    std::env::temp_dir().join(format!("monkeyci-{of}-{number:016x}"))
}

#[cfg(test)]
mod tests {
    #[test]
    fn no_name_comes_twice() {
        assert_ne!(super::path("x"), super::path("x"));
    }
}
