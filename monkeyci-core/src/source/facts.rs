//! What a repository on disk says about its checkout.

use std::path::Path;

use git2::Repository;
use monkeyci_model::trigger::Git;

use super::url::without_credentials;

/// Bytes of a commit's message that are kept.
const MAX_MESSAGE: usize = 16 * 1024;

/// Bytes of the longest address of an author: no real one is longer.
const MAX_EMAIL: usize = 254;

/// The facts of the commit that is checked out.
pub(super) fn of_head(repository: &Repository) -> Git {
    let head = repository.find_reference("HEAD").ok();
    let branch = head.as_ref().and_then(|head| head.symbolic_target().ok().flatten().map(str::to_owned));
    let commit = head.and_then(|head| head.peel_to_commit().ok());
    let mut git =
        Git { url: origin(repository), reference: branch, main_branch: main_branch(repository), ..Git::default() };
    if let Some(commit) = commit {
        git.reference = git.reference.or_else(|| tag_of(repository, commit.id()));
        describe(&mut git, &commit);
    }
    git
}

/// Fills in what the commit itself says.
pub(super) fn describe(git: &mut Git, commit: &git2::Commit<'_>) {
    let message = String::from_utf8_lossy(commit.message_bytes());
    let end = message.floor_char_boundary(MAX_MESSAGE);
    git.commit_id = Some(commit.id().to_string());
    git.message = Some(message[..end].trim_end().to_owned());
    git.author = Some(String::from_utf8_lossy(commit.author().name_bytes()).into_owned());
    let email = String::from_utf8_lossy(commit.author().email_bytes()).into_owned();
    git.author_email = Some(email).filter(|email| !email.is_empty() && email.len() <= MAX_EMAIL);
}

fn origin(repository: &Repository) -> Option<String> {
    let remote = repository.find_remote("origin").ok()?;
    let url = remote.url().ok()?;
    Some(without_credentials(url)).filter(|url| !url.is_empty())
}

/// The branch that `origin/HEAD` names, or else `init.defaultBranch`, `main` or `master`, whichever is there first.
fn main_branch(repository: &Repository) -> Option<String> {
    let remote = repository.find_reference("refs/remotes/origin/HEAD").ok();
    let target = remote.as_ref().and_then(|head| head.symbolic_target().ok().flatten());
    if let Some(name) = target.and_then(|target| target.strip_prefix("refs/remotes/origin/")) {
        return Some(name.to_owned());
    }
    let configured = repository.config().ok().and_then(|config| config.get_string("init.defaultbranch").ok());
    configured.into_iter().chain(["main".to_owned(), "master".to_owned()]).find(|name| {
        ["refs/heads/", "refs/remotes/origin/"]
            .iter()
            .any(|folder| repository.find_reference(&format!("{folder}{name}")).is_ok())
    })
}

/// The tag of a detached commit, when it has one; the first by name.
fn tag_of(repository: &Repository, commit: git2::Oid) -> Option<String> {
    if !repository.head_detached().unwrap_or(false) {
        return None;
    }
    let tags = repository.references_glob("refs/tags/*").ok()?.flatten();
    let mut names: Vec<String> = tags
        .filter(|tag| tag.peel_to_commit().is_ok_and(|found| found.id() == commit))
        .filter_map(|tag| tag.name().ok().map(str::to_owned))
        .collect();
    names.sort();
    names.into_iter().next()
}

/// The path of `folder` in the work tree of `repository`, with `/` at its end; empty for the root.
pub(super) fn prefix(repository: &Repository, folder: &Path) -> String {
    let root = repository.workdir().and_then(|root| root.canonicalize().ok());
    let inner = root.and_then(|root| folder.strip_prefix(root).ok().map(Path::to_owned)).unwrap_or_default();
    match inner.to_string_lossy() {
        empty if empty.is_empty() => String::new(),
        inner => format!("{inner}/"),
    }
}
