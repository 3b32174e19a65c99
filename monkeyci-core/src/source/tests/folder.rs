//! Local folders, as people have them.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use tokio_util::sync::CancellationToken;

use super::fixture::{Repo, fetch, git, text};
use crate::source::{Folder, Source, SourceError};

/// Every file below, but not in `.git`.
fn files(dir: &Path) -> BTreeSet<String> {
    let walk = ignore::WalkBuilder::new(dir).standard_filters(false).filter_entry(|e| e.file_name() != ".git").build();
    walk.map(|entry| entry.expect("reads"))
        .filter(|entry| entry.file_type().is_some_and(|kind| !kind.is_dir()))
        .map(|entry| entry.path().strip_prefix(dir).expect("is inside").to_string_lossy().into_owned())
        .collect()
}

#[tokio::test]
async fn ignored_files_stay_and_all_others_come() {
    let Some(repo) = Repo::new() else { return };
    repo.write("dist/forced.js", "tracked all the same");
    repo.commit("forced");
    repo.write(".gitignore", "/target\n*.log\ndist/\nobjects\n");
    repo.write("web/.gitignore", "node_modules\n!keep.log\n");
    for path in ["target/debug", "a.log", "web/node_modules/x", "web/keep.log", "dist/made.js", ".env", "new.txt"] {
        repo.write(path, "x");
    }
    let before = repo.git(&["status", "--porcelain", "--ignored"]);
    let (_into, checkout) = fetch(&Folder::new(repo.root())).await;
    let checkout = checkout.expect("copies");
    let expected = [
        ".env",
        ".gitignore",
        ".monkeyci/build.yaml",
        "dist/forced.js",
        "new.txt",
        "src/main.rs",
        "web/.gitignore",
        "web/keep.log",
    ];
    assert_eq!(files(&checkout.dir), expected.map(str::to_owned).into());
    let changes = checkout.changes.expect("known");
    let expected = [".env", ".gitignore", "new.txt", "web/.gitignore", "web/keep.log"];
    assert_eq!(changes.added, expected.map(str::to_owned).into());
    assert!(changes.removed.is_empty() && changes.modified.is_empty());
    assert_eq!(
        git(&checkout.dir, &["log", "--format=%s"]),
        "forced\nfirst",
        "`objects` in .gitignore is not about .git"
    );
    assert_eq!(repo.git(&["status", "--porcelain", "--ignored"]), before, "the folder is only read");
    assert_eq!(checkout.warnings, Vec::<String>::new());
}

#[tokio::test]
async fn a_clean_tree_changed_what_its_last_commit_changed() {
    let Some(repo) = Repo::new() else { return };
    repo.write("src/lib.rs", "");
    fs::remove_file(repo.root().join("src/main.rs")).expect("removes");
    repo.commit("moved");
    repo.git(&["remote", "add", "origin", "https://bob:s3cr3t@example.com/acme/web.git"]);
    repo.git(&["config", "http.https://example.com/.extraheader", "Authorization: s3cr3t"]);
    let (_into, checkout) = fetch(&Folder::new(repo.root())).await;
    let checkout = checkout.expect("copies");
    let changes = checkout.changes.clone().expect("known");
    assert_eq!((changes.added.len(), changes.removed.len(), changes.modified.len()), (1, 1, 0));
    let facts = checkout.git.clone().expect("facts");
    assert_eq!(facts.url.as_deref(), Some("https://example.com/acme/web.git"));
    assert_eq!((facts.branch(), facts.main_branch.as_deref()), (Some("main"), Some("main")));
    assert!(!text(&checkout, ".git/config").contains("s3cr3t"), "jobs do not see the user's credentials");
}

#[tokio::test]
async fn a_folder_needs_no_git() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join(".gitignore"), "*.o\n").expect("a file");
    fs::write(folder.path().join("a.o"), "").expect("a file");
    fs::write(folder.path().join("a.c"), "").expect("a file");
    let _socket = std::os::unix::net::UnixListener::bind(folder.path().join("socket")).expect("a socket");
    let (_into, checkout) = fetch(&Folder::new(folder.path())).await;
    let checkout = checkout.expect("copies");
    assert_eq!(files(&checkout.dir), [".gitignore", "a.c"].map(str::to_owned).into());
    assert_eq!((checkout.git, checkout.changes), (None, None));
    assert!(checkout.warnings[0].contains("socket"), "{:?}", checkout.warnings);
}

#[tokio::test]
async fn a_part_of_a_repository_is_seen_from_its_own_root() {
    let Some(repo) = Repo::new() else { return };
    repo.write(".gitignore", "*.log\n");
    repo.commit("ignore");
    repo.write("web/a.log", "");
    repo.write("web/index.html", "");
    repo.write("other.txt", "");
    let (_into, checkout) = fetch(&Folder::new(repo.root().join("web"))).await;
    let checkout = checkout.expect("copies");
    assert_eq!(files(&checkout.dir), ["index.html"].map(str::to_owned).into());
    assert!(!checkout.dir.join(".git").exists());
    assert_eq!(checkout.changes.expect("known").touched().collect::<Vec<_>>(), ["index.html"]);
    assert_eq!(checkout.git.expect("facts").branch(), Some("main"));
}

#[tokio::test]
async fn a_repository_without_commits_is_copied_too() {
    let Some(repo) = Repo::new() else { return };
    fs::remove_dir_all(repo.root().join(".git")).expect("removes");
    repo.git(&["init", "--quiet", "--initial-branch=trunk"]);
    let (_into, checkout) = fetch(&Folder::new(repo.root())).await;
    let checkout = checkout.expect("copies");
    let facts = checkout.git.expect("facts");
    assert_eq!((facts.branch(), &facts.commit_id), (Some("trunk"), &None));
    assert_eq!(checkout.changes.expect("known").added.len(), 2);
}

#[tokio::test]
async fn a_folder_that_cannot_be_read_is_named() {
    let error = fetch(&Folder::new("/nowhere/at-all")).await.1.expect_err("is not there");
    assert!(error.to_string().contains("/nowhere/at-all"), "{error}");
    let file = tempfile::NamedTempFile::new().expect("a file");
    let error = fetch(&Folder::new(file.path())).await.1.expect_err("is a file");
    assert!(error.to_string().contains(file.path().to_str().expect("text")), "{error}");
}

#[tokio::test]
async fn a_canceled_copy_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let cancel = CancellationToken::new();
    cancel.cancel();
    let into = tempfile::tempdir().expect("a folder");
    let error = Folder::new(folder.path()).fetch(into.path(), cancel).await.expect_err("canceled");
    assert!(matches!(error, SourceError::Canceled));
}

#[tokio::test]
async fn a_copy_into_the_folder_itself_does_not_copy_itself() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("a"), "").expect("a file");
    let into = folder.path().join("state/checkout");
    let checkout = Folder::new(folder.path()).fetch(&into, CancellationToken::new()).await.expect("copies");
    assert_eq!(files(&checkout.dir), ["a"].map(str::to_owned).into());
}
