//! What git2 reads of a repository on disk: refs, and the files that changed. Nothing here runs a program.

use std::path::Path;

use git2::{Delta, Diff, DiffOptions, Oid, Repository, RepositoryOpenFlags};
use monkeyci_model::trigger::Changes;

use super::{CommitId, GitRef, SourceError};

/// More changed paths than this are not looked at one by one: then it is unknown what changed.
const MAX_PATHS: usize = 100_000;
/// Refs that are listed at most.
const MAX_REFS: usize = 100_000;

/// The files that differ between two commits of the repository `dir`; `None` when there are more than 100,000.
///
/// Without `from`, all files of `to` are added. A renamed file is one removed and one added. Submodules count as one
/// path each.
///
/// # Errors
/// When `dir` is no repository, or lacks one of the commits, as a shallow one may.
pub fn changes_between(dir: &Path, from: Option<&CommitId>, to: &CommitId) -> Result<Option<Changes>, SourceError> {
    let repository = open(dir)?;
    between(&repository, from, to).map_err(|e| SourceError::git2("failed to compare commits of", dir, &e))
}

/// The commit that a ref of the repository `dir` stands for; `None` when there is no such ref.
///
/// # Errors
/// When `dir` is no repository.
pub fn resolve(dir: &Path, reference: &GitRef) -> Result<Option<CommitId>, SourceError> {
    let repository = open(dir)?;
    let found = repository.find_reference(reference.as_str()).and_then(|found| found.peel_to_commit());
    Ok(found.ok().and_then(|commit| commit.id().to_string().parse().ok()))
}

/// The branches and tags of the repository `dir` and the commits that they stand for, by name; at most 100,000.
///
/// # Errors
/// When `dir` is no repository.
pub fn list_refs(dir: &Path) -> Result<Vec<(GitRef, CommitId)>, SourceError> {
    let repository = open(dir)?;
    let references = repository.references().map_err(|e| SourceError::git2("failed to list the refs of", dir, &e))?;
    let mut list: Vec<_> = references
        .flatten()
        .filter_map(|reference| {
            let commit = reference.peel_to_commit().ok()?.id().to_string();
            let name = reference.name().ok().filter(|n| n.starts_with("refs/heads/") || n.starts_with("refs/tags/"))?;
            Some((name.parse().ok()?, commit.parse().ok()?))
        })
        .take(MAX_REFS)
        .collect();
    list.sort_by(|(a, _): &(GitRef, CommitId), (b, _)| a.as_str().cmp(b.as_str()));
    Ok(list)
}

/// Opens exactly `dir`, never a folder above it.
fn open(dir: &Path) -> Result<Repository, SourceError> {
    Repository::open_ext(dir, RepositoryOpenFlags::NO_SEARCH, std::iter::empty::<&Path>())
        .map_err(|e| SourceError::git2("failed to open the repository", dir, &e))
}

fn between(repository: &Repository, from: Option<&CommitId>, to: &CommitId) -> Result<Option<Changes>, git2::Error> {
    let tree = |id: &CommitId| repository.find_commit(Oid::from_str(id.as_str())?)?.tree();
    let old = from.map(tree).transpose()?;
    let diff = repository.diff_tree_to_tree(old.as_ref(), Some(&tree(to)?), Some(&mut options()))?;
    Ok(collect(&diff, ""))
}

/// The files that a commit changed against its first parent; `None` when the parent is not here, or too many changed.
pub(super) fn of_commit(repository: &Repository, commit: &git2::Commit<'_>, prefix: &str) -> Option<Changes> {
    let old = match commit.parent_count() {
        0 => None,
        _ => Some(commit.parent(0).ok()?.tree().ok()?),
    };
    // A shallow repository hides the parents of its oldest commit: that it has none does not mean that all is new.
    if old.is_none() && repository.is_shallow() {
        return None;
    }
    let diff = repository.diff_tree_to_tree(old.as_ref(), Some(&commit.tree().ok()?), Some(&mut options())).ok()?;
    collect(&diff, prefix)
}

/// The files of the work tree that differ from `HEAD`, with `untracked` as new ones.
pub(super) fn uncommitted(repository: &Repository, prefix: &str, untracked: Vec<String>) -> Option<Changes> {
    let tree = repository.head().ok().and_then(|head| head.peel_to_tree().ok());
    let diff = repository.diff_tree_to_workdir_with_index(tree.as_ref(), Some(&mut options())).ok()?;
    let mut changes = collect(&diff, prefix)?;
    for path in untracked {
        // Taken out of the index, or in conflict: git knew it before.
        if changes.removed.remove(&path) {
            changes.modified.insert(path);
        } else if !changes.modified.contains(&path) {
            changes.added.insert(path);
        }
    }
    (changes.touched().count() <= MAX_PATHS).then_some(changes)
}

fn options() -> DiffOptions {
    let mut options = DiffOptions::new();
    options.ignore_submodules(false).skip_binary_check(true).context_lines(0);
    options
}

/// The paths under `prefix`, without it.
fn collect(diff: &Diff<'_>, prefix: &str) -> Option<Changes> {
    if diff.deltas().len() > MAX_PATHS {
        return None;
    }
    let mut changes = Changes::default();
    for delta in diff.deltas() {
        let path = |file: git2::DiffFile<'_>| {
            let path = file.path()?.to_string_lossy().into_owned();
            path.strip_prefix(prefix).map(str::to_owned)
        };
        let (old, new) = (path(delta.old_file()), path(delta.new_file()));
        match delta.status() {
            Delta::Added | Delta::Copied => changes.added.extend(new),
            Delta::Deleted => changes.removed.extend(old),
            Delta::Renamed => {
                changes.removed.extend(old);
                changes.added.extend(new);
            }
            Delta::Modified | Delta::Typechange | Delta::Conflicted => changes.modified.extend(new.or(old)),
            Delta::Unmodified | Delta::Ignored | Delta::Untracked | Delta::Unreadable => {}
        }
    }
    Some(changes)
}
