//! The files that a script program is made of.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Component, Path, PathBuf};

use blake3::{Hash, Hasher};
use ignore::{DirEntry, WalkBuilder};

use super::manifest::Manifest;
use super::{MANIFEST, ProgramError, sdk};

/// Files, and bytes of all of them, that a program may be made of: more is a mistake, such as data of a test.
const MOST_FILES: usize = 20_000;
const MOST_BYTES: u64 = 256 * 1024 * 1024;

/// The files that a program is made of: those of its own folder, and of all packages of the checkout that it depends
/// on by path. What a `.gitignore` in such a folder names is left out, and so is what cargo builds.
#[derive(Debug)]
pub(super) struct Inputs {
    /// The checkout, without links.
    root: PathBuf,
    /// The script's folder, from the root.
    pub(super) dir: PathBuf,
    /// From the root.
    files: BTreeMap<PathBuf, Kind>,
    /// The packages of ours that manifests among them name: the SDK, and plugins.
    pub(super) ours: BTreeSet<&'static str>,
    /// Whether one of them names anything else that is not in the checkout.
    pub(super) uses_others: bool,
    /// Over names, modes and bytes of all of them.
    pub(super) hash: Hash,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    File { executable: bool },
    Link,
}

/// Gathers what a program is made of.
struct Search {
    root: PathBuf,
    files: BTreeMap<PathBuf, Kind>,
    walked: BTreeSet<PathBuf>,
    bytes: u64,
    ours: BTreeSet<&'static str>,
    uses_others: bool,
}

impl Inputs {
    /// Those of the script in the folder `dir` of `checkout`.
    ///
    /// # Errors
    /// When they cannot be read, are too many, or a path dependency leaves the checkout.
    pub(super) fn find(checkout: &Path, dir: &Path) -> Result<Self, ProgramError> {
        let (Search { root, files, ours, uses_others, .. }, dir) = Search::run(checkout, dir)?;
        let mut hasher = Hasher::new();
        for (path, kind) in &files {
            hash(&mut hasher, path, *kind, &read(&root.join(path), *kind)?);
        }
        Ok(Self { root, dir, files, ours, uses_others, hash: hasher.finalize() })
    }

    /// A hash over names, sizes and times of what [`find`](Self::find) would find: it changes when that may have.
    ///
    /// # Errors
    /// As there.
    pub(super) fn stamp(checkout: &Path, dir: &Path) -> Result<Hash, ProgramError> {
        let (Search { root, files, .. }, _) = Search::run(checkout, dir)?;
        let mut hasher = Hasher::new();
        for (path, kind) in &files {
            let data = fs::symlink_metadata(root.join(path)).map_err(ProgramError::io("cannot read", path))?;
            let of = (data.len(), data.mtime(), data.mtime_nsec(), data.ctime(), data.ctime_nsec(), data.ino());
            hash(&mut hasher, path, *kind, format!("{of:?}").as_bytes());
        }
        Ok(hasher.finalize())
    }

    /// Each of them with what it holds, as far as it can be read.
    pub(super) fn texts(&self) -> impl Iterator<Item = (&Path, Vec<u8>)> {
        self.files.iter().map(|(path, kind)| (path.as_path(), read(&self.root.join(path), *kind).unwrap_or_default()))
    }

    /// The manifest of the program, from the root of the checkout.
    pub(super) fn manifest(&self) -> PathBuf {
        self.dir.join(MANIFEST)
    }

    /// Copies them into the empty folder `into`. The script's own manifest becomes the root of a workspace if it is
    /// not one, so that cargo looks no further.
    ///
    /// # Errors
    /// When they cannot be copied, or are not the same any more.
    pub(super) fn copy(&self, into: &Path) -> Result<(), ProgramError> {
        let mut hasher = Hasher::new();
        for (path, kind) in &self.files {
            let (from, to) = (self.root.join(path), into.join(path));
            let mut bytes = read(&from, *kind)?;
            hash(&mut hasher, path, *kind, &bytes);
            if *path == self.manifest() {
                bytes = standing_alone(bytes);
            }
            let written = || {
                fs::create_dir_all(to.parent().unwrap_or(into))?;
                match kind {
                    Kind::File { executable } => {
                        fs::write(&to, &bytes)?;
                        let mode = if *executable { 0o755 } else { 0o644 };
                        fs::set_permissions(&to, Permissions::from_mode(mode))
                    }
                    Kind::Link => {
                        let target = Path::new(std::ffi::OsStr::from_bytes(&bytes));
                        // One that leads elsewhere would bring in what nobody has hashed.
                        match within(path.parent().unwrap_or(Path::new("")), target) {
                            Some(_) => std::os::unix::fs::symlink(target, &to),
                            None => Ok(()),
                        }
                    }
                }
            };
            written().map_err(ProgramError::io("cannot write", &to))?;
        }
        if hasher.finalize() == self.hash {
            return Ok(());
        }
        let why = "its files were changed while they were read: run it again".to_owned();
        Err(ProgramError::Inputs { path: self.dir.clone(), why })
    }
}

impl Search {
    /// Finds the files of the script in `dir`, and where that is from the root.
    fn run(checkout: &Path, dir: &Path) -> Result<(Self, PathBuf), ProgramError> {
        let root = checkout.canonicalize().map_err(ProgramError::io("cannot read", checkout))?;
        let (files, walked, ours) = Default::default();
        let mut search = Self { root, files, walked, bytes: 0, ours, uses_others: false };
        let dir = search.folder(&dir.join(MANIFEST), Path::new(""), dir)?;
        search.walk(&dir)?;
        Ok((search, dir))
    }

    /// The folder `path`, which the file `manifest` names from the folder `base`; from the root.
    fn folder(&self, manifest: &Path, base: &Path, path: &Path) -> Result<PathBuf, ProgramError> {
        let outside = || ProgramError::Inputs {
            path: manifest.to_owned(),
            why: format!("the folder `{}` is outside of the checkout, where a script can use nothing", path.display()),
        };
        match self.root.join(base).join(path).canonicalize() {
            Ok(real) => real.strip_prefix(&self.root).map(Path::to_owned).map_err(|_| outside()),
            // What is not there is for cargo to say.
            Err(_) => within(base, path).ok_or_else(outside),
        }
    }

    /// Takes in a folder, and all folders that its manifests name.
    fn walk(&mut self, dir: &Path) -> Result<(), ProgramError> {
        let mut open = vec![dir.to_owned()];
        while let Some(dir) = open.pop() {
            if self.walked.iter().any(|walked| dir.starts_with(walked)) || !self.root.join(&dir).is_dir() {
                continue;
            }
            for manifest in self.files_of(&dir)? {
                open.extend(self.named_by(&manifest)?);
            }
            self.walked.insert(dir);
        }
        Ok(())
    }

    /// Takes in the files of a folder; returns its manifests.
    fn files_of(&mut self, dir: &Path) -> Result<Vec<PathBuf>, ProgramError> {
        let mut walk = WalkBuilder::new(self.root.join(dir));
        walk.hidden(false).ignore(false).git_global(false).git_exclude(false).require_git(false).parents(false);
        walk.filter_entry(is_source);
        let mut manifests = Vec::new();
        for entry in walk.build() {
            let entry = entry.map_err(|error| ProgramError::Io {
                what: "cannot read",
                path: self.root.join(dir),
                source: io::Error::other(error),
            })?;
            let path = entry.path().strip_prefix(&self.root).expect("a folder's files are in it").to_owned();
            let file_type = entry.file_type();
            let is = |what: fn(&fs::FileType) -> bool| file_type.as_ref().is_some_and(what);
            let kind = if is(fs::FileType::is_symlink) {
                Kind::Link
            } else if is(fs::FileType::is_file) {
                let data = entry.metadata().map_err(io::Error::other);
                let data = data.map_err(ProgramError::io("cannot read", entry.path()))?;
                self.bytes += data.len();
                Kind::File { executable: data.permissions().mode() & 0o111 != 0 }
            } else {
                continue;
            };
            if path.file_name().is_some_and(|name| name == MANIFEST) && kind != Kind::Link {
                manifests.push(path.clone());
            }
            self.files.insert(path, kind);
            if self.files.len() > MOST_FILES || self.bytes > MOST_BYTES {
                let most = MOST_BYTES / 1024 / 1024;
                let why = format!(
                    "a script program may be made of {MOST_FILES} files and {most} MB, with the packages of the \
                     checkout that it depends on: name what is no source in a `.gitignore` there"
                );
                return Err(ProgramError::Inputs { path: dir.to_owned(), why });
            }
        }
        Ok(manifests)
    }

    /// The folders that a manifest names. The one of its workspace is taken in, when it has one above it.
    fn named_by(&mut self, path: &Path) -> Result<Vec<PathBuf>, ProgramError> {
        let (text, dir) = (self.text(path)?, path.parent().unwrap_or(Path::new("")));
        self.ours.extend(sdk::named_in(&text));
        let manifest = Manifest::parse(&text);
        self.uses_others |= manifest.no_folders().any(|name| sdk::folder_of(name).is_none());
        let mut named = Vec::new();
        for other in manifest.paths() {
            named.push(self.folder(path, dir, &other)?);
        }
        if manifest.looks_for_workspace() {
            for above in dir.ancestors().skip(1) {
                let path = above.join(MANIFEST);
                if !self.root.join(&path).is_file() {
                    continue;
                }
                let workspace = Manifest::parse(&self.text(&path)?);
                if workspace.is_workspace() {
                    for other in manifest.inherited(&workspace) {
                        named.push(self.folder(&path, above, &other)?);
                    }
                    self.files.insert(path, Kind::File { executable: false });
                    break;
                }
            }
        }
        Ok(named)
    }

    fn text(&self, path: &Path) -> Result<String, ProgramError> {
        let bytes = read(&self.root.join(path), Kind::File { executable: false })?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

/// The path `to`, as written in the folder `base` of the checkout, from its root; none when it leaves it.
fn within(base: &Path, to: &Path) -> Option<PathBuf> {
    let mut path = base.to_owned();
    for part in to.components() {
        match part {
            Component::Normal(name) => path.push(name),
            Component::CurDir => {}
            Component::ParentDir => {
                if !path.pop() {
                    return None;
                }
            }
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(path)
}

/// Whether a file or folder may be a source: not what git keeps, and not what cargo builds beside a manifest.
fn is_source(entry: &DirEntry) -> bool {
    let built = || entry.file_name() == "target" && entry.path().with_file_name(MANIFEST).exists();
    entry.depth() == 0 || (entry.file_name() != ".git" && !built())
}

/// The bytes of a file, or where a link leads.
fn read(path: &Path, kind: Kind) -> Result<Vec<u8>, ProgramError> {
    let bytes = match kind {
        Kind::File { .. } => fs::read(path),
        Kind::Link => fs::read_link(path).map(|target| target.as_os_str().as_bytes().to_vec()),
    };
    bytes.map_err(ProgramError::io("cannot read", path))
}

fn hash(hasher: &mut Hasher, path: &Path, kind: Kind, bytes: &[u8]) {
    let kind = match kind {
        Kind::File { executable: false } => b"f",
        Kind::File { executable: true } => b"x",
        Kind::Link => b"l",
    };
    for part in [path.as_os_str().as_bytes(), kind, bytes] {
        // With lengths, so that no two lists of files are the same bytes.
        hasher.update(&(part.len() as u64).to_le_bytes()).update(part);
    }
}

fn standing_alone(manifest: Vec<u8>) -> Vec<u8> {
    let looks = std::str::from_utf8(&manifest).is_ok_and(|text| Manifest::parse(text).looks_for_workspace());
    if looks { [&manifest, &b"\n[workspace]\n"[..]].concat() } else { manifest }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checkout(files: &[(&str, &str)]) -> tempfile::TempDir {
        let home = tempfile::tempdir().expect("a folder");
        for (path, text) in files {
            put(home.path(), path, text);
        }
        home
    }

    fn put(root: &Path, path: &str, text: &str) {
        let path = root.join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("made");
        fs::write(path, text).expect("written");
    }

    fn find(home: &tempfile::TempDir) -> Result<Inputs, ProgramError> {
        Inputs::find(home.path(), Path::new(".monkeyci"))
    }

    const SCRIPT: &str = "[package]\nname = 'build'\n[dependencies]\nlint = { path = '../crates/lint' }\n";

    #[test]
    fn only_what_the_program_is_made_of_is_an_input() {
        let home = checkout(&[
            ("Cargo.toml", "[workspace]\nmembers = ['crates/*']\n[workspace.dependencies]\nx = { path = 'crates/x' }"),
            ("crates/lint/Cargo.toml", "[package]\nname = 'lint'\n[dependencies]\nx = { workspace = true }"),
            ("crates/lint/src/lib.rs", ""),
            ("crates/x/Cargo.toml", "[package]\nname = 'x'"),
            ("crates/other/Cargo.toml", "[package]\nname = 'other'"),
            (".monkeyci/Cargo.toml", SCRIPT),
            (".monkeyci/src/main.rs", "fn main() {}"),
            (".monkeyci/.gitignore", "*.swp"),
            (".monkeyci/src/main.rs.swp", "noise"),
            (".monkeyci/target/debug/build", "noise"),
            ("README.md", "noise"),
        ]);
        let inputs = find(&home).expect("inputs");
        let names: Vec<_> = inputs.files.keys().map(|path| path.display().to_string()).collect();
        assert_eq!(
            names,
            [
                ".monkeyci/.gitignore",
                ".monkeyci/Cargo.toml",
                ".monkeyci/src/main.rs",
                "Cargo.toml",
                "crates/lint/Cargo.toml",
                "crates/lint/src/lib.rs",
                "crates/x/Cargo.toml"
            ]
        );
        let again = || find(&home).expect("inputs").hash;
        put(home.path(), "README.md", "other noise");
        assert_eq!(again(), inputs.hash);
        put(home.path(), "crates/x/src/lib.rs", "// new");
        assert_ne!(again(), inputs.hash);
    }

    #[test]
    fn a_copy_stands_alone_and_one_of_other_files_is_refused() {
        let home = checkout(&[
            (".monkeyci/Cargo.toml", "[package]\nname = 'build'\n"),
            (".monkeyci/src/main.rs", "fn main() {}"),
        ]);
        std::os::unix::fs::symlink("/etc/passwd", home.path().join(".monkeyci/away")).expect("a link");
        std::os::unix::fs::symlink("src/main.rs", home.path().join(".monkeyci/near")).expect("a link");
        let inputs = find(&home).expect("inputs");
        let into = tempfile::tempdir().expect("a folder");
        inputs.copy(into.path()).expect("copied");
        let manifest = fs::read_to_string(into.path().join(".monkeyci/Cargo.toml")).expect("there");
        assert_eq!(manifest, "[package]\nname = 'build'\n\n[workspace]\n");
        assert_eq!(fs::read(into.path().join(".monkeyci/near")).expect("there"), b"fn main() {}");
        assert!(fs::symlink_metadata(into.path().join(".monkeyci/away")).is_err());
        put(home.path(), ".monkeyci/src/main.rs", "fn main() { }");
        let other = tempfile::tempdir().expect("a folder");
        let error = inputs.copy(other.path()).expect_err("changed").to_string();
        assert!(error.contains("run it again"), "{error}");
    }

    #[test]
    fn what_leaves_the_checkout_is_refused_by_name() {
        let script = |path: &str| format!("[dependencies]\na = {{ path = '{path}' }}\n");
        for path in ["../../elsewhere", "/etc", "../link"] {
            let home = checkout(&[(".monkeyci/Cargo.toml", &script(path))]);
            std::os::unix::fs::symlink("/usr", home.path().join("link")).expect("a link");
            let error = find(&home).expect_err("refused").to_string();
            assert!(error.starts_with("`.monkeyci/Cargo.toml`: ") && error.contains(path), "{error}");
        }
        let missing = checkout(&[(".monkeyci/Cargo.toml", &script("../missing"))]);
        find(&missing).expect("cargo will say so");
    }
}
