//! The files of a scenario: artifacts, and a copy of the checkout for each action.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use monkeyci_model::job::Artifact;

use crate::action::Outcome;
use crate::job::Job;

/// Artifacts by their ids, each with its files by their paths.
#[derive(Debug, Default)]
pub(super) struct Files {
    artifacts: BTreeMap<String, BTreeMap<PathBuf, Vec<u8>>>,
}

impl Files {
    /// Keeps those of the files that belong to an artifact of the job.
    pub(super) fn save<'a>(&mut self, job: &Job, written: impl Iterator<Item = (&'a Path, &'a [u8])>) {
        for (path, content) in written {
            for artifact in job.model().save_artifacts.iter().filter(|artifact| holds(artifact, path)) {
                self.artifacts.entry(artifact.id.clone()).or_default().insert(path.to_owned(), content.to_owned());
            }
        }
    }

    /// Runs an action in a copy of the checkout, and keeps its artifacts.
    pub(super) fn in_copy<'a>(
        &mut self,
        checkout: &Path,
        job: &Job,
        written: impl Iterator<Item = (&'a Path, &'a [u8])>,
        action: impl FnOnce(&Path) -> Outcome,
    ) -> Outcome {
        let copy = Copy::of(checkout).unwrap_or_else(|error| panic!("copying `{}`: {error}", checkout.display()));
        let dir = copy.0.join(job.model().work_dir.as_deref().unwrap_or_default());
        let write = |path: &Path, content: &[u8]| {
            put(&dir.join(path), content).unwrap_or_else(|error| panic!("writing `{}`: {error}", path.display()));
        };
        for artifact in &job.model().restore_artifacts {
            let files = self.artifacts.get(&artifact.id).into_iter().flatten();
            files.for_each(|(path, content)| write(path, content));
        }
        written.for_each(|(path, content)| write(path, content));
        let outcome = action(&dir);
        if !outcome.is_failure() {
            let mut files = Vec::new();
            for artifact in &job.model().save_artifacts {
                read(&dir, Path::new(&artifact.path), &mut files);
            }
            self.save(job, files.iter().map(|(path, content)| (path.as_path(), content.as_slice())));
        }
        outcome
    }
}

fn holds(artifact: &Artifact, path: &Path) -> bool {
    path.starts_with(artifact.path.trim_start_matches("./")) || artifact.path == "."
}

fn put(path: &Path, content: &[u8]) -> io::Result<()> {
    path.parent().map_or(Ok(()), fs::create_dir_all)?;
    fs::write(path, content)
}

/// Reads a file, or all files of a folder, by their paths from `root`. What is not there is left out.
fn read(root: &Path, path: &Path, files: &mut Vec<(PathBuf, Vec<u8>)>) {
    let path: PathBuf = path.components().filter(|part| *part != Component::CurDir).collect();
    match fs::read_dir(root.join(&path)) {
        Ok(entries) => entries.flatten().for_each(|entry| read(root, &path.join(entry.file_name()), files)),
        Err(_) => files.extend(fs::read(root.join(&path)).ok().map(|content| (path, content))),
    }
}

/// A copy of a checkout, which goes when it is dropped.
struct Copy(PathBuf);

impl Copy {
    fn of(checkout: &Path) -> io::Result<Self> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let copy = Self(std::env::temp_dir().join(format!("monkeyci-scenario-{}-{number}", std::process::id())));
        fs::create_dir(&copy.0)?;
        copy_into(checkout, &copy.0)?;
        Ok(copy)
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
