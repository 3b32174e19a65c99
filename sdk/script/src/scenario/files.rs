//! The files of a scenario: artifacts and caches, and a copy of the checkout for each job that runs for real.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use monkeyci_model::job::{Artifact, Cache, SaveWhen};
use monkeyci_model::script::api::Restored;

use crate::job::Job;
use crate::temporary;

/// A file, or the files of a folder, by their paths from it; the path of a file alone is empty.
type Tree = BTreeMap<PathBuf, Vec<u8>>;

/// What jobs keep for others: artifacts by their ids, and caches.
#[derive(Debug, Default)]
pub(super) struct Files {
    artifacts: BTreeMap<String, Tree>,
    /// In the order in which they were saved.
    caches: Vec<(Cache, Tree)>,
}

impl Files {
    /// Keeps those of the files that belong to an artifact of the job.
    pub(super) fn save_written<'a>(
        &mut self,
        job: &Job,
        has_failed: bool,
        written: impl Iterator<Item = (&'a Path, &'a [u8])>,
    ) {
        for (path, content) in written {
            for artifact in kept(job, has_failed) {
                if let Ok(path) = path.strip_prefix(plain(&artifact.path)) {
                    let kept = self.artifacts.entry(artifact.id.clone()).or_default();
                    kept.insert(path.to_owned(), content.to_owned());
                }
            }
        }
    }

    /// Keeps an artifact that lies in a folder, if it does; says how many bytes it has.
    pub(super) fn save(&mut self, artifact: &Artifact, dir: &Path) -> Option<u64> {
        let tree = read_tree(dir, &artifact.path)?;
        let size = tree.values().map(|content| content.len() as u64).sum();
        self.artifacts.insert(artifact.id.clone(), tree);
        Some(size)
    }

    /// Writes an artifact to its place in a folder, if somebody has saved it.
    pub(super) fn restore(&self, artifact: &Artifact, dir: &Path) -> io::Result<bool> {
        self.artifacts.get(&artifact.id).map_or(Ok(false), |tree| write_tree(tree, dir, &artifact.path).map(|()| true))
    }

    /// Keeps a cache that lies in a folder, unless it has a key and is there already; says whether it lies there.
    pub(super) fn save_cache(&mut self, cache: &Cache, dir: &Path) -> bool {
        let Some(tree) = read_tree(dir, &cache.path) else { return false };
        let same = |known: &Cache| known.id == cache.id && known.key == cache.key;
        if cache.key.is_none() {
            self.caches.retain(|(known, _)| !same(known));
        }
        if !self.caches.iter().any(|(known, _)| same(known)) {
            self.caches.push((cache.clone(), tree));
        }
        true
    }

    /// Writes a cache to its place in a folder: that of its key, or else the newest one that will do.
    pub(super) fn restore_cache(&self, cache: &Cache, dir: &Path) -> io::Result<Restored> {
        let newest = |fits: &dyn Fn(Option<&str>) -> bool| {
            self.caches.iter().rev().find(|(known, _)| known.id == cache.id && fits(known.key.as_deref()))
        };
        let exact = newest(&|key| key == cache.key.as_deref());
        let begins = |start: &String| newest(&|key| key.is_some_and(|key| key.starts_with(start.as_str())));
        let found = exact.or_else(|| cache.fallbacks.iter().find_map(begins));
        found.map_or(Ok(()), |(_, tree)| write_tree(tree, dir, &cache.path))?;
        Ok(Restored { found: found.is_some(), exact: exact.is_some() })
    }
}

/// The artifacts that are saved of a job after such an end.
pub(super) fn kept(job: &Job, has_failed: bool) -> impl Iterator<Item = &Artifact> {
    job.model().save_artifacts.iter().filter(move |artifact| match artifact.save {
        SaveWhen::Always => true,
        SaveWhen::Success => !has_failed,
        SaveWhen::Failure => has_failed,
    })
}

/// A path without `.` in it.
fn plain(path: &str) -> PathBuf {
    Path::new(path).components().filter(|part| *part != Component::CurDir).collect()
}

pub(super) fn put(path: &Path, content: &[u8]) -> io::Result<()> {
    path.parent().map_or(Ok(()), fs::create_dir_all)?;
    fs::write(path, content)
}

fn write_tree(tree: &Tree, dir: &Path, path: &str) -> io::Result<()> {
    let place = dir.join(plain(path));
    tree.iter().try_for_each(|(path, content)| match path.as_os_str().is_empty() {
        true => put(&place, content),
        false => put(&place.join(path), content),
    })
}

/// What lies at a path; nothing when nothing does.
fn read_tree(dir: &Path, path: &str) -> Option<Tree> {
    let place = dir.join(plain(path));
    let mut tree = Tree::new();
    read(&place, Path::new(""), &mut tree);
    (!tree.is_empty() || place.is_dir()).then_some(tree)
}

fn read(root: &Path, path: &Path, tree: &mut Tree) {
    let place = if path.as_os_str().is_empty() { root.to_owned() } else { root.join(path) };
    match fs::read_dir(&place) {
        Ok(entries) => entries.flatten().for_each(|entry| read(root, &path.join(entry.file_name()), tree)),
        Err(_) => tree.extend(fs::read(place).ok().map(|content| (path.to_owned(), content))),
    }
}

/// A copy of a checkout, which goes when it is dropped.
pub(super) struct Copy(PathBuf);

impl Copy {
    pub(super) fn of(checkout: &Path) -> io::Result<Self> {
        let path = temporary::path("scenario");
        fs::create_dir(&path)?;
        let copy = Self(path);
        copy_into(checkout, &copy.0)?;
        Ok(copy)
    }

    /// The folder that a job's lines begin in.
    pub(super) fn work_dir(&self, job: &Job) -> PathBuf {
        job.model().work_dir.as_ref().map_or_else(|| self.0.clone(), |dir| self.0.join(dir))
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        // What cannot be removed lies in the folder for temporary files, and harms nothing there.
        drop(fs::remove_dir_all(&self.0));
    }
}

fn copy_into(from: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let (entry, to) = entry.map(|entry| (entry.path(), to.join(entry.file_name())))?;
        let kind = fs::symlink_metadata(&entry)?.file_type();
        if kind.is_dir() {
            fs::create_dir(&to)?;
            copy_into(&entry, &to)?;
        } else if kind.is_symlink() {
            std::os::unix::fs::symlink(fs::read_link(&entry)?, &to)?;
        } else if kind.is_file() {
            fs::copy(&entry, &to)?;
        }
    }
    Ok(())
}
