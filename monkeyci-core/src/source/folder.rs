//! A local folder, copied without what its `.gitignore` files name.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use git2::Repository;
use ignore::WalkBuilder;
use monkeyci_model::trigger::{Changes, Git};
use tokio_util::sync::CancellationToken;

use super::{Checkout, Source, SourceError, blocking, changes, facts, git_dir, prepare};
use crate::workspace::{Copied, Copier, copying};

/// A local folder: under git or not, a part of a repository, or a linked work tree.
///
/// The copy holds every file that git would commit: hidden and untracked ones too, but none that a `.gitignore` names
/// unless it is tracked all the same. When the folder is the root of a work tree, `.git` is copied as well. The folder
/// itself is only read.
///
/// The changes are those that are not committed yet; when there are none, those of the last commit.
#[derive(Debug, Clone)]
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    /// The folder `path`.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// The commit and the changes that a checkout would find, without one: for looking at a plan.
    ///
    /// New files are found by libgit2, which takes one that a `!pattern` of a nested `.gitignore` brings back for
    /// ignored. Nothing is known of a folder that is not under git.
    #[must_use]
    pub fn facts(&self) -> (Option<Git>, Option<Changes>) {
        let Ok(root) = self.path.canonicalize() else { return (None, None) };
        let Some(repository) = repository_of(&root, &mut Vec::new()) else { return (None, None) };
        let prefix = facts::prefix(&repository, &root);
        let mut options = git2::StatusOptions::new();
        options.include_untracked(true).recurse_untracked_dirs(true).include_ignored(false);
        let statuses = repository.statuses(Some(&mut options));
        let untracked = statuses.iter().flat_map(|statuses| statuses.iter()).filter(|entry| entry.status().is_wt_new());
        let inner = untracked.filter_map(|entry| Some(entry.path().ok()?.strip_prefix(&prefix)?.to_owned()));
        let inner = inner.collect();
        read(&repository, &root, inner)
    }
}

#[async_trait]
impl Source for Folder {
    async fn fetch(&self, into: &Path, cancel: CancellationToken) -> Result<Checkout, SourceError> {
        let (path, into) = (self.path.clone(), into.to_owned());
        blocking(move || check_out(&path, &into, &cancel)).await
    }
}

fn check_out(path: &Path, into: &Path, cancel: &CancellationToken) -> Result<Checkout, SourceError> {
    let failed = |e: io::Error| SourceError::io("failed to read the folder", path, e);
    let root = path.canonicalize().map_err(failed)?;
    fs::read_dir(&root).map_err(failed)?;
    prepare(into)?;
    let into = into.canonicalize().map_err(|e| SourceError::io("failed to read the folder", into, e))?;

    let mut warnings = Vec::new();
    let repository = repository_of(&root, &mut warnings);
    let tree = Tree { root: &root, into: &into, repository: repository.as_ref(), cancel };
    let copied = copying(|copier| tree.copy(copier, &mut warnings));
    if cancel.is_cancelled() {
        return Err(SourceError::Canceled);
    }
    let (untracked, Copied { skipped, .. }) =
        copied.map_err(|e| SourceError::io("failed to copy the folder", path, e))?;
    let left_out = |path: PathBuf| format!("`{}` is left out: it is a socket, fifo or device", path.display());
    warnings.extend(skipped.into_iter().map(left_out));
    let copied_config = into.join(".git/config");
    if tree.is_work_tree() && copied_config.is_file() {
        git_dir::clean_config(&into.join(".git"))
            .map_err(|e| SourceError::git2("failed to write the git configuration of", &into, &e))?;
    }
    let (git, changes) = repository.as_ref().map_or((None, None), |repository| read(repository, &root, untracked));
    Ok(Checkout { dir: into, git, changes, warnings, script: None })
}

/// The repository whose work tree holds the folder, unless it ignores the folder.
///
/// libgit2 opens it without running anything. It refuses one that belongs to another user, as git does, unless that
/// user's configuration lists it under `safe.directory`; then the folder is copied and nothing is known of its commit.
fn repository_of(root: &Path, warnings: &mut Vec<String>) -> Option<Repository> {
    let repository = match Repository::discover(root) {
        Ok(repository) => repository,
        Err(error) => {
            if error.code() != git2::ErrorCode::NotFound {
                let what = format!("the git repository of `{}` cannot be read", root.display());
                warnings.push(format!("{what}, so its commit is unknown: {}", error.message()));
            }
            return None;
        }
    };
    let prefix = facts::prefix(&repository, root);
    let ignored = !prefix.is_empty() && repository.is_path_ignored(&prefix).unwrap_or(false);
    (!repository.is_bare() && !ignored).then_some(repository)
}

fn read(repository: &Repository, root: &Path, untracked: Vec<String>) -> (Option<Git>, Option<Changes>) {
    let prefix = facts::prefix(repository, root);
    let mut found = changes::uncommitted(repository, &prefix, untracked);
    if found.as_ref().is_some_and(|changes| changes.touched().next().is_none()) {
        let head = repository.head().and_then(|head| head.peel_to_commit());
        found = head.ok().and_then(|commit| changes::of_commit(repository, &commit, &prefix));
    }
    (Some(facts::of_head(repository)), found)
}

/// One copy on its way.
struct Tree<'a> {
    root: &'a Path,
    into: &'a Path,
    repository: Option<&'a Repository>,
    cancel: &'a CancellationToken,
}

impl Tree<'_> {
    /// Whether the folder is the root of a work tree, and not a part of one.
    fn is_work_tree(&self) -> bool {
        self.repository.is_some_and(|repository| facts::prefix(repository, self.root).is_empty())
    }

    /// Copies all of it; returns the files that git does not know yet.
    fn copy(&self, copier: &mut Copier<'_, '_>, warnings: &mut Vec<String>) -> io::Result<Vec<String>> {
        let nested = Arc::new(Mutex::new(Vec::new()));
        let mut seen = HashSet::new();
        for entry in self.walk(nested.clone()) {
            if self.cancel.is_cancelled() {
                return Ok(Vec::new());
            }
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) if error.io_error().is_some_and(|e| e.kind() == io::ErrorKind::NotFound) => continue,
                Err(error) => return Err(named(error)),
            };
            warnings.extend(entry.error().map(|error| format!("a line of a `.gitignore` is not understood: {error}")));
            let (Some(kind), Ok(inner)) = (entry.file_type(), entry.path().strip_prefix(self.root)) else { continue };
            let target = self.into.join(inner);
            if kind.is_dir() {
                copier.folder(entry.path(), &target)?;
                continue;
            }
            seen.insert(inner.to_owned());
            copier.entry(entry.path().to_owned(), target, kind)?;
        }
        self.copy_tracked(copier, &seen)?;
        let nested = std::mem::take(&mut *nested.lock().unwrap_or_else(PoisonError::into_inner));
        let untracked = self.untracked(&seen, &nested);
        match self.repository {
            Some(repository) if self.is_work_tree() => git_dir::copy(copier, repository, &self.into.join(".git"))?,
            _ => {}
        }
        for path in nested {
            self.copy_nested(copier, &path, warnings)?;
        }
        Ok(untracked)
    }

    /// Which of the files that were seen are not in the index. libgit2 is not asked: it drops a `!pattern` that takes
    /// back one of a `.gitignore` further up.
    fn untracked(&self, seen: &HashSet<PathBuf>, nested: &[PathBuf]) -> Vec<String> {
        let Some((repository, index)) = self.repository.and_then(|r| Some((r, r.index().ok()?))) else {
            return Vec::new();
        };
        let prefix = PathBuf::from(facts::prefix(repository, self.root));
        let inner: Vec<_> =
            nested.iter().filter_map(|git| git.parent()).filter(|parent| *parent != self.root).collect();
        let unknown = |path: &&PathBuf| {
            let full = self.root.join(path);
            index.get_path(&prefix.join(path), 0).is_none() && !inner.iter().any(|parent| full.starts_with(parent))
        };
        seen.iter().filter(unknown).map(|path| path.to_string_lossy().into_owned()).collect()
    }

    /// Every entry that is not ignored; the paths of `.git` go into `nested` instead.
    fn walk(&self, nested: Arc<Mutex<Vec<PathBuf>>>) -> ignore::Walk {
        let (into, under_git) = (self.into.to_owned(), self.repository.is_some());
        WalkBuilder::new(self.root)
            .hidden(false)
            .ignore(false)
            .git_global(false)
            // Above the folder, only the `.gitignore` files of its own repository count.
            .parents(under_git)
            .require_git(under_git)
            .filter_entry(move |entry| {
                if entry.file_name() == ".git" && entry.depth() > 0 {
                    nested.lock().unwrap_or_else(PoisonError::into_inner).push(entry.path().to_owned());
                    return false;
                }
                entry.path() != into
            })
            .build()
    }

    /// Copies files that are ignored and tracked all the same.
    fn copy_tracked(&self, copier: &mut Copier<'_, '_>, seen: &HashSet<PathBuf>) -> io::Result<()> {
        let Some(repository) = self.repository else { return Ok(()) };
        let Ok(index) = repository.index() else { return Ok(()) };
        let prefix = facts::prefix(repository, self.root);
        for entry in index.iter() {
            let path = String::from_utf8_lossy(&entry.path).into_owned();
            let Some(inner) = path.strip_prefix(&prefix).map(Path::new).filter(|inner| !seen.contains(*inner)) else {
                continue;
            };
            let source = self.root.join(inner);
            let Ok(metadata) = source.symlink_metadata() else { continue };
            if metadata.is_dir() || !self.make_parents(copier, inner)? {
                continue;
            }
            copier.entry(source, self.into.join(inner), metadata.file_type())?;
        }
        Ok(())
    }

    /// Makes the folders above a file; false when one of them is none any more in the tree.
    fn make_parents(&self, copier: &mut Copier<'_, '_>, inner: &Path) -> io::Result<bool> {
        let mut parents: Vec<_> = inner.ancestors().skip(1).filter(|path| !path.as_os_str().is_empty()).collect();
        parents.reverse();
        for parent in parents {
            if !self.root.join(parent).symlink_metadata().is_ok_and(|metadata| metadata.is_dir()) {
                return Ok(false);
            }
            if !self.into.join(parent).exists() {
                copier.folder(&self.root.join(parent), &self.into.join(parent))?;
            }
        }
        Ok(true)
    }

    /// Copies the `.git` of a repository or submodule inside the folder, or of the folder itself when libgit2 cannot
    /// read it. A `.git` that points outside the folder is left out: a job could write through it.
    fn copy_nested(&self, copier: &mut Copier<'_, '_>, path: &Path, warnings: &mut Vec<String>) -> io::Result<()> {
        let Ok(inner) = path.strip_prefix(self.root) else { return Ok(()) };
        let is_root = inner == Path::new(".git");
        if is_root && self.is_work_tree() {
            return Ok(());
        }
        let Ok(metadata) = path.symlink_metadata() else { return Ok(()) };
        if metadata.is_dir() {
            return copier.tree(path, &self.into.join(inner), &|inner| {
                !self.cancel.is_cancelled()
                    && inner != Path::new("hooks")
                    && inner.extension().is_none_or(|e| e != "lock")
            });
        }
        let content = if metadata.is_file() { fs::read_to_string(path).unwrap_or_default() } else { String::new() };
        let target = content.strip_prefix("gitdir:").map(|target| Path::new(target.trim()));
        let inside = target.is_some_and(|target| {
            let resolved = path.parent().and_then(|parent| parent.join(target).canonicalize().ok());
            target.is_relative() && resolved.is_some_and(|resolved| resolved.starts_with(self.root))
        });
        if inside {
            return copier.entry(path.to_owned(), self.into.join(inner), metadata.file_type());
        }
        warnings.push(format!("`{}` is left out: it points to a repository outside the folder", path.display()));
        Ok(())
    }
}

/// The same error as one of the file system, which names its path already.
fn named(error: ignore::Error) -> io::Error {
    let text = error.to_string();
    error.into_io_error().unwrap_or_else(|| io::Error::other(text))
}
