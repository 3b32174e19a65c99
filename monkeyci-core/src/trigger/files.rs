//! Files that the commits of a push changed.

use monkeyci_model::trigger::Changes;

use super::list::List;

/// Commits of a push that are looked at; GitHub tells of no more.
pub(super) const MAX_COMMITS: usize = 2048;
/// Paths of a commit that are looked at, of each kind.
const MAX_PATHS: usize = 300;

/// Commits, in no order that all forges share.
pub(super) type Commits<T> = List<T, MAX_COMMITS>;

/// Paths of one kind.
pub(super) type Paths = List<String, MAX_PATHS>;

/// What commits did to files, all together: those that each of them added, modified and removed. None when there are more
/// than are looked at.
///
/// What was removed and added again is in both, as nobody says which came last.
pub(super) fn of_all<'c>(commits: impl Iterator<Item = [&'c Option<Paths>; 3]>) -> Option<Changes> {
    let mut files = Changes::default();
    for lists in commits {
        let into = [&mut files.added, &mut files.modified, &mut files.removed];
        for (paths, into) in lists.into_iter().zip(into) {
            let Some(paths) = paths else { continue };
            if !paths.is_whole {
                return None;
            }
            into.extend(paths.items.iter().cloned());
        }
    }
    files.modified.retain(|path| !files.added.contains(path));
    Some(files)
}
