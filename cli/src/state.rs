//! Where the program keeps its things, after the XDG base directories.
//!
//! Caches are shared by all builds: `$XDG_CACHE_HOME/monkeyci`. Every invocation of `monkeyci build` has a folder of
//! its own, `$XDG_DATA_HOME/monkeyci/REPOSITORY/NUMBER`, with its database, its logs and its artifacts, and an
//! instance label of its own. The folder is locked while the invocation lives, so that a dead one is known by its
//! lock alone, whatever killed it.

use std::ffi::OsString;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use monkeyci_core::lock::seize;
use serde::{Deserialize, Serialize};

use crate::error::CliError;
use crate::request::Request;

/// Invocations of a repository whose logs and artifacts are kept: so many that are over, and so many that are not.
const KEPT: usize = 10;

/// The folders of the program.
#[derive(Debug, Clone)]
pub struct Folders {
    /// Shared by all builds.
    pub cache: PathBuf,
    /// One folder for each repository.
    pub data: PathBuf,
}

impl Folders {
    /// The folders of the user who runs us.
    pub fn of_user() -> Result<Self, CliError> {
        Self::from_env(|name| std::env::var_os(name)).map_err(|error| unusable(&error))
    }

    /// The folders that the environment names.
    pub fn from_env(variable: impl Fn(&str) -> Option<OsString>) -> io::Result<Self> {
        let cache = folder(&variable, "XDG_CACHE_HOME", ".cache")?;
        let data = folder(&variable, "XDG_DATA_HOME", ".local/share")?;
        Ok(Self { cache, data })
    }

    /// The folder of a repository: its name for people, and a hash so that two of one name stay apart.
    ///
    /// `place` is its absolute path or its url.
    pub fn repository(&self, name: &str, place: &str) -> Repository {
        Repository { root: self.data.join(format!("{name}-{:08x}", hash(place))) }
    }
}

/// The folder of what the user has set, as the environment names it.
pub fn config(variable: impl Fn(&str) -> Option<OsString>) -> io::Result<PathBuf> {
    folder(variable, "XDG_CONFIG_HOME", ".config")
}

/// Our folder in the one that `xdg` names, or that lies in the home folder.
fn folder(variable: impl Fn(&str) -> Option<OsString>, xdg: &str, in_home: &str) -> io::Result<PathBuf> {
    // The specification says that a path that is not absolute is to be ignored.
    let absolute = |name: &str| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let folder = absolute(xdg).or_else(|| Some(absolute("HOME")?.join(in_home)));
    let missing = || io::Error::new(io::ErrorKind::NotFound, "neither an XDG folder nor `HOME` is set");
    Ok(folder.ok_or_else(missing)?.join("monkeyci"))
}

/// FNV-1a: no secret depends on it, and it is the same in every version of this program.
fn hash(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// The invocations of one repository.
#[derive(Debug, Clone)]
pub struct Repository {
    root: PathBuf,
}

/// What is written down of an invocation.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// The label of everything that it starts.
    pub instance: String,
    /// Whether its build came to an end.
    pub ended: bool,
    /// Whether what it left in container engines, processes and folders of jobs was removed.
    pub swept: bool,
    /// What was asked for.
    pub request: Request,
}

/// An invocation that this process holds the lock of.
#[derive(Debug)]
pub struct Invocation {
    /// Its number in its repository, from 1.
    pub number: u64,
    /// Its folder.
    pub folder: PathBuf,
    /// What is written down of it.
    pub record: Record,
    // Held until the process ends, and not a moment longer, however it ends.
    _lock: File,
}

impl Repository {
    /// Begins a new invocation with a label that nobody else has.
    pub fn begin(&self, request: &Request) -> io::Result<Invocation> {
        fs::create_dir_all(&self.root).map_err(|error| at(&self.root, &error))?;
        let mut number = self.numbers()?.last().copied().unwrap_or(0) + 1;
        loop {
            let folder = self.folder(number);
            match fs::create_dir(&folder) {
                // Another process took the number in the meantime.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
                Err(error) => return Err(at(&folder, &error)),
                Ok(()) => {
                    let lock = File::create(folder.join("lock"))?;
                    // Whoever looks for dead invocations may hold it for a moment, and sees that there is no record yet.
                    lock.lock()?;
                    let record =
                        Record { instance: label(number), ended: false, swept: false, request: request.clone() };
                    let invocation = Invocation { number, folder, record, _lock: lock };
                    invocation.write()?;
                    return Ok(invocation);
                }
            }
        }
    }

    /// Takes up an invocation whose process is gone. `None` when there is none of that number.
    ///
    /// # Errors
    /// [`io::ErrorKind::WouldBlock`] when it still lives.
    pub fn take_up(&self, number: u64) -> io::Result<Option<Invocation>> {
        let folder = self.folder(number);
        let lock = match File::options().write(true).open(folder.join("lock")) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened?,
        };
        seize(&lock)?;
        let text = match fs::read_to_string(folder.join("invocation.json")) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            read => read?,
        };
        let record = serde_json::from_str(&text)?;
        Ok(Some(Invocation { number, folder, record, _lock: lock }))
    }

    /// Removes all but the newest of the invocations that left nothing running. What is over does not push out what
    /// still waits for a person.
    pub fn prune(&self) -> io::Result<()> {
        let quiet = self.dead()?.into_iter().filter(|invocation| invocation.record.swept);
        let (over, open): (Vec<_>, Vec<_>) = quiet.partition(|invocation| invocation.record.ended);
        let old = |quiet: Vec<Invocation>| {
            let count = quiet.len().saturating_sub(KEPT);
            quiet.into_iter().take(count)
        };
        old(over).chain(old(open)).try_for_each(|invocation| fs::remove_dir_all(&invocation.folder))
    }

    /// Invocations whose process is gone, oldest first.
    pub fn dead(&self) -> io::Result<Vec<Invocation>> {
        let mut dead = Vec::new();
        for number in self.numbers()? {
            // One that cannot be taken up lives, or is damaged, which must not keep others from working.
            if let Ok(invocation) = self.take_up(number) {
                dead.extend(invocation);
            }
        }
        Ok(dead)
    }

    /// The numbers of all invocations, rising.
    fn numbers(&self) -> io::Result<Vec<u64>> {
        let entries = match fs::read_dir(&self.root) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(|error| at(&self.root, &error))?,
        };
        let mut numbers: Vec<u64> =
            entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect();
        numbers.sort_unstable();
        Ok(numbers)
    }

    fn folder(&self, number: u64) -> PathBuf {
        self.root.join(number.to_string())
    }
}

impl Invocation {
    /// Writes down that its build is over.
    pub fn end(&mut self) -> io::Result<()> {
        self.record.ended = true;
        self.write()
    }

    /// Writes down that it runs again, and may leave something anew.
    pub fn again(&mut self) -> io::Result<()> {
        self.record.swept = false;
        self.write()
    }

    /// Writes down that what it left running was removed.
    pub fn swept(&mut self) -> io::Result<()> {
        self.record.swept = true;
        self.write()
    }

    /// A file or folder of it.
    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.folder.join(name)
    }

    fn write(&self) -> io::Result<()> {
        let text = serde_json::to_string(&self.record)?;
        // A rename is whole or not at all, also when the process is killed in between.
        let new = self.path("invocation.json.new");
        fs::write(&new, text)?;
        fs::rename(new, self.path("invocation.json"))
    }
}

/// Time, process and number: no two invocations of a machine share all three.
fn label(number: u64) -> String {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    format!("{:x}-{:x}-{number:x}", since.as_micros(), std::process::id())
}

/// The same error, with the path that it is about.
fn at(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("`{}`: {error}", path.display()))
}

/// What a person is told when the program cannot keep its things.
pub fn unusable(error: &io::Error) -> CliError {
    CliError::ours(format!("state folder: {error}"))
        .hint("set `XDG_DATA_HOME` and `XDG_CACHE_HOME` to folders that may be written")
}

/// Whether the error says that the invocation still lives.
pub fn is_alive(error: &io::Error) -> bool {
    error.kind() == io::Error::from(TryLockError::WouldBlock).kind()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repository() -> (tempfile::TempDir, Repository) {
        let root = tempfile::tempdir().expect("a folder");
        let folders = Folders { cache: root.path().into(), data: root.path().into() };
        (root, folders.repository("web", "/home/me/web"))
    }

    #[test]
    fn folders_follow_the_environment() {
        let of = |pairs: &'static [(&str, &str)]| {
            Folders::from_env(|name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| value.into()))
        };
        let folders = of(&[("HOME", "/home/me"), ("XDG_CACHE_HOME", "/cache"), ("XDG_DATA_HOME", "not/absolute")]);
        let folders = folders.expect("folders");
        assert_eq!(folders.cache, Path::new("/cache/monkeyci"));
        assert_eq!(folders.data, Path::new("/home/me/.local/share/monkeyci"));
        let of_home = config(|name| (name == "HOME").then(|| "/home/me".into())).expect("a folder");
        assert_eq!(of_home, Path::new("/home/me/.config/monkeyci"));
        assert!(of(&[]).is_err());
    }

    #[test]
    fn what_lives_is_left_alone_and_what_died_can_be_taken_up() {
        let (_root, repository) = repository();
        let living = repository.begin(&Request::default()).expect("begins");
        let dead = repository.begin(&Request::default()).expect("begins");
        assert_eq!((living.number, dead.number), (1, 2));
        assert_ne!(living.record.instance, dead.record.instance);
        let instance = dead.record.instance.clone();
        drop(dead);
        let left: Vec<_> = repository.dead().expect("listed").into_iter().map(|left| left.number).collect();
        assert_eq!(left, [2]);
        assert!(is_alive(&repository.take_up(1).expect_err("lives")));
        assert_eq!(repository.take_up(2).expect("free").expect("is there").record.instance, instance);
        assert!(repository.take_up(7).expect("free").is_none());
    }

    #[test]
    fn old_invocations_go_and_numbers_never_return() {
        let (_root, repository) = repository();
        let unfinished = repository.begin(&Request::default()).expect("begins").number;
        let mut waiting = repository.begin(&Request::default()).expect("begins");
        waiting.swept().expect("waits");
        drop(waiting);
        for _ in 0..KEPT + 2 {
            let mut invocation = repository.begin(&Request::default()).expect("begins");
            invocation.end().and_then(|()| invocation.swept()).expect("ends");
        }
        repository.prune().expect("pruned");
        let numbers = repository.numbers().expect("listed");
        assert_eq!(numbers.len(), KEPT + 2);
        assert_eq!(numbers[..2], [unfinished, unfinished + 1]);
        assert_eq!(repository.begin(&Request::default()).expect("begins").number, 15);
    }

    #[test]
    fn two_repositories_of_one_name_stay_apart() {
        let folders = Folders { cache: "/c".into(), data: "/d".into() };
        assert_ne!(folders.repository("web", "/a/web").root, folders.repository("web", "/b/web").root);
    }
}
