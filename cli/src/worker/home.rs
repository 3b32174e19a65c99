use std::fs::{self, File, TryLockError};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use monkeyci_core::lock::seize;

use crate::error::CliError;

/// The folder that a worker works in. It is one worker's as long as this is kept.
pub struct Home {
    dir: PathBuf,
    name: String,
    _lock: File,
}

impl Home {
    /// Opens the folder, which is made where it is not there.
    pub fn open(dir: &Path) -> Result<Self, CliError> {
        let unusable = |error| CliError::ours(format!("the worker's folder `{}`: {error}", dir.display()));
        fs::create_dir_all(dir).map_err(unusable)?;
        let dir = dir.canonicalize().map_err(unusable)?;
        let lock = File::create(dir.join("lock")).map_err(unusable)?;
        match seize(&lock) {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let message = format!("another worker works in `{}`", dir.display());
                return Err(CliError::usage(message).hint("give each worker a folder of its own, with `--state`"));
            }
            Err(TryLockError::Error(error)) => return Err(unusable(error)),
        }
        let name = word(&dir, "home").map_err(unusable)?;
        Ok(Self { dir, name, _lock: lock })
    }

    /// Its name, which no other has.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The token that a worker draws for itself before it registers: whoever heard no answer registers with the same.
    pub fn token(&self) -> Result<String, CliError> {
        let unusable = |error| CliError::ours(format!("the worker's folder `{}`: {error}", self.dir.display()));
        drawn(&self.dir, "token", token).map_err(unusable)
    }

    /// The folder of what belongs to the server with this label.
    pub fn of(&self, server: &str) -> Result<Place, CliError> {
        let fit = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
        let dir = self.dir.join(server.chars().map(fit).take(64).collect::<String>());
        let unusable = |error| CliError::ours(format!("the worker's folder `{}`: {error}", dir.display()));
        fs::create_dir_all(&dir).map_err(unusable)?;
        let label = word(&dir, "instance").map_err(unusable)?;
        Ok(Place { dir, label })
    }
}

/// What a worker has for one server.
pub struct Place {
    /// Its folder.
    pub dir: PathBuf,
    /// The label on everything that is made for its jobs.
    pub label: String,
}

/// A word that was drawn by lot once, and is kept.
fn word(dir: &Path, name: &str) -> std::io::Result<String> {
    drawn(dir, name, || Ok(ulid::Ulid::new().to_string().to_lowercase()))
}

/// A token of 256 bits.
fn token() -> std::io::Result<String> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).map_err(std::io::Error::other)?;
    Ok(bytes.iter().fold("mcw_".to_owned(), |text, byte| format!("{text}{byte:02x}")))
}

fn drawn(dir: &Path, name: &str, draw: impl FnOnce() -> std::io::Result<String>) -> std::io::Result<String> {
    let path = dir.join(name);
    match fs::read_to_string(&path) {
        Ok(word) if !word.is_empty() => Ok(word),
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => {
            let word = draw()?;
            // Written whole or not at all: half a word would be another's.
            let mut file = tempfile::NamedTempFile::new_in(dir)?;
            file.write_all(word.as_bytes())?;
            file.persist(path)?;
            Ok(word)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_one_workers_and_keeps_its_names() {
        let dir = tempfile::tempdir().expect("a folder");
        let home = Home::open(dir.path()).expect("opens");
        assert!(Home::open(dir.path()).err().is_some_and(|error| error.to_string().contains("another worker")));
        let (name, place) = (home.name().to_owned(), home.of("01ABC/../x").expect("a place"));
        assert!(place.dir.starts_with(dir.path().canonicalize().expect("a folder")));
        drop(home);
        let home = Home::open(dir.path()).expect("opens again");
        assert_eq!(home.name(), name);
        let token = home.token().expect("draws");
        assert!(token.starts_with("mcw_") && token.len() == 68 && home.token().expect("reads") == token);
        assert_eq!(home.of("01ABC/../x").expect("a place").label, place.label);
        assert_ne!(home.of("other").expect("a place").label, place.label, "fences of two servers are not told apart");
    }
}
