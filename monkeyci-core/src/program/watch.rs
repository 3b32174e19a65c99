//! Waiting for a script to change.

use std::path::{Path, PathBuf};
use std::time::Duration;

use blake3::Hash;

use super::inputs::Inputs;
use super::{ProgramError, blocking};
use crate::script::SCRIPT_DIR;

/// How often is looked.
const LOOK: Duration = Duration::from_millis(300);

/// The files that a script's program is made of, as they were when they were last looked at.
#[derive(Debug)]
pub struct Watch {
    checkout: PathBuf,
    dir: PathBuf,
    seen: Seen,
}

/// What was seen of the files: sizes and times, which are cheap to look at, and what they held; or why not.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    stamp: Result<Hash, String>,
    hash: Result<Hash, String>,
}

impl Watch {
    /// Looks at the script of a checkout for the first time; its folder is [`SCRIPT_DIR`] when it is not named.
    ///
    /// # Errors
    /// When our own code breaks. Files that cannot be read may change, too.
    pub async fn new(checkout: &Path, script_dir: Option<&str>) -> Result<Self, ProgramError> {
        let (checkout, dir) = (checkout.to_owned(), PathBuf::from(script_dir.unwrap_or(SCRIPT_DIR)));
        let seen = look(checkout.clone(), dir.clone()).await?;
        Ok(Self { checkout, dir, seen })
    }

    /// Returns once a file holds something else than when it was last looked at, or a file came or went.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub async fn changed(&mut self) -> Result<(), ProgramError> {
        loop {
            tokio::time::sleep(LOOK).await;
            let (checkout, dir) = (self.checkout.clone(), self.dir.clone());
            let stamp = blocking(move || Ok(stamp(&checkout, &dir))).await?;
            if stamp == self.seen.stamp {
                continue;
            }
            let seen = look(self.checkout.clone(), self.dir.clone()).await?;
            let before = std::mem::replace(&mut self.seen, seen);
            if before.hash != self.seen.hash {
                return Ok(());
            }
        }
    }
}

async fn look(checkout: PathBuf, dir: PathBuf) -> Result<Seen, ProgramError> {
    blocking(move || {
        // The stamp first: what changes in between is then seen at the next look.
        let stamp = stamp(&checkout, &dir);
        let hash = Inputs::find(&checkout, &dir).map(|inputs| inputs.hash).map_err(|error| error.to_string());
        Ok(Seen { stamp, hash })
    })
    .await
}

fn stamp(checkout: &Path, dir: &Path) -> Result<Hash, String> {
    Inputs::stamp(checkout, dir).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[tokio::test]
    async fn a_change_of_the_script_is_seen_and_one_of_other_files_or_times_is_none() {
        let home = tempfile::tempdir().expect("a folder");
        let dir = home.path().join(SCRIPT_DIR);
        fs::create_dir_all(dir.join("src")).expect("made");
        fs::write(dir.join("Cargo.toml"), "[package]\nname = 'script'\n").expect("written");
        fs::write(dir.join("src/main.rs"), "fn main() {}").expect("written");
        let mut watch = Watch::new(home.path(), None).await.expect("looked");
        fs::write(home.path().join("README.md"), "noise").expect("written");
        fs::write(dir.join("src/main.rs"), "fn main() {}").expect("written");
        let seen = look(home.path().to_owned(), SCRIPT_DIR.into()).await.expect("looked");
        assert_eq!(seen.hash, watch.seen.hash);
        fs::write(dir.join("src/more.rs"), "").expect("written");
        watch.changed().await.expect("seen");
        fs::remove_file(dir.join("Cargo.toml")).expect("removed");
        watch.changed().await.expect("seen");
        fs::remove_dir_all(&dir).expect("removed");
        watch.changed().await.expect("seen");
    }
}
