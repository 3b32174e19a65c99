//! A repository of its own for the copy of a work tree.

use std::io;
use std::path::Path;

use git2::{Config, Repository};

use super::url::without_credentials;
use crate::workspace::Copier;

/// Files of a linked work tree's own folder that lead back to the user's repository.
const LINKS: [&str; 4] = ["commondir", "gitdir", "locked", "config.worktree"];

/// Copies the repository to `to` (a `.git` folder) as if it had been cloned there: also where the original is the
/// folder of a linked work tree or submodule elsewhere, so that no job can write into the user's repository through it.
///
/// Left out are hooks, locks and other work trees.
pub(super) fn copy(copier: &mut Copier<'_, '_>, repository: &Repository, to: &Path) -> io::Result<()> {
    let (own, common) = (repository.path(), repository.commondir());
    let linked = own.canonicalize()? != common.canonicalize()?;
    // What a linked work tree has of its own takes the place of the same file of the main one.
    copier.tree(common, to, &|path| {
        let replaced =
            linked && (path == Path::new("HEAD") || path == Path::new("index") || path == Path::new("logs/HEAD"));
        belongs(path) && !replaced
    })?;
    if linked {
        copier.tree(own, to, &|path| {
            let twice = path != Path::new("logs") && to.join(path).exists();
            belongs(path) && !LINKS.iter().any(|link| path == Path::new(link)) && !twice
        })?;
    }
    Ok(())
}

fn belongs(path: &Path) -> bool {
    let lock = path.extension().is_some_and(|extension| extension == "lock");
    !lock && path != Path::new("worktrees") && path != Path::new("hooks") && path != Path::new("config.worktree")
}

/// Takes out of a copied configuration what leads back to the user's tree, runs programs, or is secret.
pub(super) fn clean_config(git_dir: &Path) -> Result<(), git2::Error> {
    let mut config = Config::open(&git_dir.join("config"))?;
    let mut entries = Vec::new();
    config.entries(None)?.for_each(|entry| {
        if let (Ok(name), Ok(value)) = (entry.name(), entry.value()) {
            entries.push((name.to_owned(), value.to_owned()));
        }
    })?;
    for (name, value) in entries {
        let gone = matches!(
            name.as_str(),
            "core.worktree"
                | "core.bare"
                | "core.fsmonitor"
                | "core.hookspath"
                | "core.sshcommand"
                | "core.askpass"
                | "extensions.worktreeconfig"
        ) || name.starts_with("credential.")
            || name.ends_with(".extraheader");
        if gone {
            config.remove_multivar(&name, ".*")?;
        } else if name.starts_with("remote.") && without_credentials(&value) != value {
            config.set_str(&name, &without_credentials(&value))?;
        }
    }
    Ok(())
}
