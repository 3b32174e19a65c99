//! The script of a repository itself, in the place of the one that a fork of it has.

use std::fs;
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{OpenOptionsExt, symlink};
use std::path::{Component, Path, PathBuf};

use git2::{ObjectType, Oid, Repository, Tree};
use monkeyci_model::script::SCRIPT_DIR;
use monkeyci_model::trigger::ScriptOf;

use super::git_program::Git;
use super::{CommitId, GitRef, GitRemote, GitUrl, SourceError, blocking};
use crate::workspace::remove_tree;

/// Where the branch is kept in the checkout.
const BASE: &str = "refs/monkeyci/base";

/// Folders within each other that a script may have.
const DEPTH: usize = 64;

impl GitRemote {
    /// Puts the script of a branch into the checkout, and says so where the fetched `commit` has another one.
    pub(super) async fn base_script(
        &self,
        git: &Git<'_>,
        url: &GitUrl,
        branch: &str,
        commit: &CommitId,
    ) -> Result<(Option<ScriptOf>, Option<String>), SourceError> {
        let name = GitRef::branch(branch);
        let name = name.map_err(|_| SourceError::NoSuchRef { url: url.to_string(), wanted: branch.to_owned() })?;
        let from = Self { url: url.clone(), ..self.clone() };
        let protocols = from.protocols()?;
        let place = from.check_reach(git).await?;
        let git = Git { url: url.as_str(), protocols, place: place.as_deref(), ..*git };
        let refspec = format!("+{name}:{BASE}");
        git.ask("failed to fetch the base of", &from.arguments(Some("--depth=1"), &[&refspec])).await?;
        let (dir, commit, shown) = (git.dir.to_owned(), commit.clone(), url.to_string());
        let (base, differs) = blocking(move || put(&dir, &commit, &shown)).await?;
        if !differs {
            return Ok((None, None));
        }
        let short: String = base.chars().take(12).collect();
        let warning = format!(
            "the script is that of `{branch}` at {short}, and not the one of the fork, which nobody has approved for this \
             commit"
        );
        Ok((Some(ScriptOf::Base { branch: branch.to_owned(), commit_id: base }), Some(warning)))
    }
}

/// Puts the script of the base there; its commit, and whether the other one has another script.
fn put(dir: &Path, commit: &CommitId, url: &str) -> Result<(String, bool), SourceError> {
    let failed = |e: git2::Error| SourceError::git2("failed to read the script of", dir, &e);
    let repository = Repository::open(dir).map_err(failed)?;
    let base = repository.find_reference(BASE).and_then(|found| found.peel_to_commit()).map_err(failed)?;
    let theirs = Oid::from_str(commit.as_str()).and_then(|id| repository.find_commit(id)).map_err(failed)?;
    let script = |tree: &Tree<'_>| tree.get_name(SCRIPT_DIR).map(|entry| (entry.id(), entry.filemode()));
    let (own, other) = (base.tree().map_err(failed)?, theirs.tree().map_err(failed)?);
    let (ours, differs) = (script(&own), script(&own) != script(&other));
    let target = dir.join(SCRIPT_DIR);
    let io = |e: io::Error| SourceError::io("failed to write the script into", &target, e);
    // Whatever the fork has there: a file, a link, a repository of its own.
    remove_tree(&target).map_err(io)?;
    if let Some((id, _)) = ours {
        let tree = repository.find_tree(id).map_err(|_| SourceError::Refused {
            url: url.to_owned(),
            reason: format!("`{SCRIPT_DIR}` is no folder there, so that what it stands for would be the fork's"),
        })?;
        let writing = Writing { repository: &repository, url };
        writing.folder(&tree, &target, Path::new(""), 0)?;
    }
    Ok((base.id().to_string(), differs))
}

struct Writing<'a> {
    repository: &'a Repository,
    url: &'a str,
}

impl Writing<'_> {
    /// Writes a tree as it is: nothing that the fork says of its files, as by attributes, has a part in it.
    fn folder(&self, tree: &Tree<'_>, to: &Path, inner: &Path, depth: usize) -> Result<(), SourceError> {
        let io = |e: io::Error| SourceError::io("failed to write the script into", to, e);
        let failed = |e: git2::Error| SourceError::git2("failed to read the script of", to, &e);
        if depth > DEPTH {
            return Err(self.refused(inner, "it is nested too deeply"));
        }
        fs::create_dir(to).map_err(io)?;
        for entry in tree {
            let name = PathBuf::from(std::ffi::OsStr::from_bytes(entry.name_bytes()));
            let (path, inner) = (to.join(&name), inner.join(&name));
            // A server's git has checked that too.
            if !matches!(name.components().collect::<Vec<_>>()[..], [Component::Normal(_)]) || name == Path::new(".git")
            {
                return Err(self.refused(&inner, "that is no name of a file"));
            }
            match (entry.kind(), entry.filemode()) {
                (Some(ObjectType::Tree), _) => {
                    let tree = self.repository.find_tree(entry.id()).map_err(failed)?;
                    self.folder(&tree, &path, &inner, depth + 1)?;
                }
                (Some(ObjectType::Blob), mode) => {
                    let blob = self.repository.find_blob(entry.id()).map_err(failed)?;
                    if mode == 0o120_000 {
                        let target = Path::new(std::ffi::OsStr::from_bytes(blob.content()));
                        if !stays(&inner, target) {
                            let why =
                                "it is a link that leads out of the script's folder, where the files are the fork's";
                            return Err(self.refused(&inner, why));
                        }
                        symlink(target, &path).map_err(io)?;
                    } else {
                        let mode = if mode & 0o111 == 0 { 0o644 } else { 0o755 };
                        let file = fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(&path);
                        file.and_then(|mut file| file.write_all(blob.content())).map_err(io)?;
                    }
                }
                // What a submodule stands for is not fetched.
                _ => fs::create_dir(&path).map_err(io)?,
            }
        }
        Ok(())
    }

    fn refused(&self, inner: &Path, why: &str) -> SourceError {
        let reason = format!("`{}`: {why}", Path::new(SCRIPT_DIR).join(inner).display());
        SourceError::Refused { url: self.url.to_owned(), reason }
    }
}

/// Whether a link at `inner` stays in the folder that it is counted from.
fn stays(inner: &Path, target: &Path) -> bool {
    let mut depth = inner.components().count().saturating_sub(1);
    target.components().all(|part| match part {
        Component::Normal(_) => {
            depth += 1;
            true
        }
        Component::CurDir => true,
        Component::ParentDir => depth.checked_sub(1).map(|less| depth = less).is_some(),
        Component::RootDir | Component::Prefix(_) => false,
    })
}
