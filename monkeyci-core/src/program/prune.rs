//! What of the cache of programs is removed again.
//!
//! A program that is found in the cache is run a little later, and the last line of a long job may run it much later.
//! Nothing is locked for that: a program that is used is *touched*, and only what was not touched for long is removed.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::compile::PROGRAM;
use super::sdk;
use crate::workspace::remove_tree;

const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The end of a marker's name.
const TESTED: &str = "tested";

/// How much is kept in a folder in which programs compile.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// What was used so lately stays in any case: longer than from a program's being found to its last run.
    pub(super) fresh: Duration,
    /// What was not used for so long goes.
    pub(super) unused: Duration,
    /// Bytes of programs; beyond them those go that were used least lately.
    pub(super) programs: u64,
    /// Bytes of what cargo keeps; beyond them all of it goes.
    pub(super) target: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { fresh: 2 * DAY, unused: 30 * DAY, programs: 1 << 30, target: 2 << 30 }
    }
}

/// The file that says that the tests of the program in the folder `own` have passed.
pub(super) fn marker(own: &Path) -> PathBuf {
    own.with_extension(TESTED)
}

/// Notes that a file or folder is used. Once an hour is enough, and a cache that cannot be written is no reason to stop.
pub(super) fn touch(path: &Path) {
    if age(path).is_some_and(|age| age > HOUR) {
        let touched = File::open(path).and_then(|file| file.set_modified(SystemTime::now()));
        if let Err(error) = touched {
            tracing::debug!(path = %path.display(), %error, "cannot be touched");
        }
    }
}

/// The folder of what containers compile with, in that of a scope.
pub(super) fn bench(scope: &Path) -> PathBuf {
    scope.join("bench")
}

/// The folder of what cargo has built, in that of a scope.
pub(super) fn target(scope: &Path, in_image: bool) -> PathBuf {
    if in_image { bench(scope).join("target") } else { scope.join("target") }
}

/// Empties the folder of cargo where another compiler wrote it: this one can use nothing of it. Whoever calls has the
/// lock of `scope`.
pub(super) fn renew(scope: &Path, target: &Path, compiler: &str) -> io::Result<()> {
    let note = scope.join("compiler");
    let known = fs::read_to_string(&note).unwrap_or_default();
    if known == compiler {
        return Ok(());
    }
    if !known.is_empty() {
        remove_tree(target)?;
    }
    fs::write(note, compiler)
}

/// Removes what is not needed any more from `scope`, a folder of `cache` in which programs compile, and what its
/// compilations share. Whoever calls has the lock of `scope`. What cannot be removed stays for the next time.
pub(super) fn prune(cache: &Path, scope: &Path, target: &Path, limits: &Limits) {
    let mut old = programs(scope, limits);
    let is_old = |path: &PathBuf| age(path).is_some_and(|age| age > limits.unused);
    old.extend(entries(&cache.join("sdk")).filter(|path| !sdk::is_current(path)).filter(is_old));
    old.extend(entries(&cache.join("rustc")).filter(is_old));
    let lone = |marker: &PathBuf| has_extension(marker, TESTED) && !marker.with_extension("").exists();
    old.extend(entries(scope).filter(lone).filter(is_old));
    let half = |path: &PathBuf| path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"new-"));
    let forgotten = |path: &PathBuf| half(path) && age(path).is_some_and(|age| age > limits.fresh);
    old.extend(entries(scope).chain(entries(&cache.join("sdk"))).filter(forgotten));
    for folder in [target.to_owned(), bench(scope).join("cargo")] {
        if size(&folder, limits.target) > limits.target {
            old.push(folder);
        }
    }
    for path in old {
        if let Err(error) = remove_tree(&path) {
            tracing::warn!(path = %path.display(), %error, "what no script needs cannot be removed");
        }
    }
}

/// The folders of programs that go, with their markers.
fn programs(scope: &Path, limits: &Limits) -> Vec<PathBuf> {
    let is_name = |path: &PathBuf| path.file_name().is_some_and(|name| name.len() == blake3::OUT_LEN * 2);
    let mut known: Vec<_> = entries(scope)
        .filter(is_name)
        .map(|folder| {
            let program = folder.join(PROGRAM);
            let data = fs::metadata(&program).or_else(|_| fs::metadata(&folder));
            let size = data.as_ref().map_or(0, fs::Metadata::len);
            (age(&program).or_else(|| age(&folder)).unwrap_or_default(), size, folder)
        })
        .collect();
    known.sort();
    let (mut bytes, mut old) = (0, Vec::new());
    for (age, size, folder) in known {
        bytes += size;
        if age > limits.unused || (bytes > limits.programs && age > limits.fresh) {
            old.extend([marker(&folder), folder]);
        }
    }
    old
}

/// How long ago it was changed or touched; nothing when it is not there. What comes from the future is new.
fn age(path: &Path) -> Option<Duration> {
    let modified = fs::symlink_metadata(path).and_then(|data| data.modified()).ok()?;
    Some(modified.elapsed().unwrap_or_default())
}

/// Bytes of the files in a folder; no more of them are counted than it takes to be above `enough`.
fn size(folder: &Path, enough: u64) -> u64 {
    let (mut bytes, mut open) = (0, vec![folder.to_owned()]);
    // What a container left may be a link to anywhere.
    open.retain(|folder| fs::symlink_metadata(folder).is_ok_and(|data| data.is_dir()));
    while let Some(folder) = open.pop().filter(|_| bytes <= enough) {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            match entry.metadata() {
                Ok(data) if data.is_dir() => open.push(entry.path()),
                Ok(data) => bytes += data.len(),
                Err(_) => {}
            }
        }
    }
    bytes
}

fn entries(folder: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path())
}

fn has_extension(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|found| found == extension)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const LIMITS: Limits =
        Limits { fresh: DAY, unused: Duration::from_secs(30 * 24 * 60 * 60), programs: 25, target: 50 };

    fn put(path: &Path, bytes: usize, days: u32) {
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(path, vec![b'x'; bytes]).expect("written");
        age_by(path, days);
    }

    fn age_by(path: &Path, days: u32) {
        let then = SystemTime::now() - days * DAY;
        File::open(path).and_then(|file| file.set_modified(then)).expect("touched");
    }

    fn left(folder: &Path) -> BTreeSet<String> {
        entries(folder).map(|path| path.file_name().expect("a name").to_string_lossy()[..1].to_owned()).collect()
    }

    #[test]
    fn what_was_used_lately_stays_and_what_is_old_or_too_much_goes() {
        let home = tempfile::tempdir().expect("a folder");
        let scope = home.path();
        let own = |name: char| scope.join(name.to_string().repeat(64));
        // Newest first: two of them fill what there is room for, but one of a day is never removed.
        for (name, bytes, days) in [('a', 20, 0), ('b', 20, 0), ('c', 1, 5), ('d', 1, 40)] {
            put(&own(name).join(PROGRAM), bytes, days);
            put(&marker(&own(name)), 0, days);
        }
        put(&scope.join("e".repeat(64) + ".tested"), 0, 40);
        put(&scope.join("new-1/program"), 1, 0);
        age_by(&scope.join("new-1"), 2);
        prune(scope, scope, &target(scope, false), &LIMITS);
        assert_eq!(left(scope), BTreeSet::from(["a", "b"].map(str::to_owned)));
        assert!(own('b').join(PROGRAM).is_file() && marker(&own('a')).is_file());
    }

    #[test]
    fn a_program_that_is_found_counts_as_used() {
        let home = tempfile::tempdir().expect("a folder");
        let program = home.path().join("f".repeat(64)).join(PROGRAM);
        put(&program, 1, 40);
        touch(&program);
        prune(home.path(), home.path(), &target(home.path(), false), &LIMITS);
        assert!(program.is_file());
    }

    #[test]
    fn copies_of_other_sdks_and_notes_of_compilers_go_when_they_are_old() {
        let home = tempfile::tempdir().expect("a folder");
        let current = sdk::unpacked(home.path()).expect("unpacked");
        for (name, days) in [("sdk/old", 40), ("sdk/young", 3), ("rustc/old", 40), ("rustc/young", 3)] {
            put(&home.path().join(name), 1, days);
        }
        for entry in entries(&home.path().join("sdk")).filter(|path| sdk::is_current(path)) {
            age_by(&entry, 40);
        }
        prune(home.path(), home.path(), &target(home.path(), false), &LIMITS);
        assert!(current.is_dir());
        assert_eq!(left(&home.path().join("rustc")), BTreeSet::from(["y".to_owned()]));
        assert!(home.path().join("sdk/young").exists() && !home.path().join("sdk/old").exists());
    }

    #[test]
    fn the_folder_of_cargo_is_emptied_when_it_is_large_or_the_compiler_is_another() {
        let home = tempfile::tempdir().expect("a folder");
        let file = home.path().join("target/debug/deps/file");
        renew(home.path(), &target(home.path(), false), "rustc 1").expect("renewed");
        put(&file, 50, 0);
        renew(home.path(), &target(home.path(), false), "rustc 1").expect("renewed");
        prune(home.path(), home.path(), &target(home.path(), false), &LIMITS);
        assert!(file.exists());
        put(&file.with_extension("more"), 1, 0);
        prune(home.path(), home.path(), &target(home.path(), false), &LIMITS);
        assert!(!home.path().join("target").exists());
        put(&file, 1, 0);
        renew(home.path(), &target(home.path(), false), "rustc 2").expect("renewed");
        assert!(!file.exists());
    }
}
