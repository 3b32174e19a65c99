//! Repositories that mean harm. A canary file tells whether anything of theirs ran.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use super::fixture::{Repo, fetch, git};
use crate::source::{Folder, GitRef, GitUrl, SourceError};
use crate::workspace::copy_tree;

fn script(path: &Path, canary: &Path) {
    fs::create_dir_all(path.parent().expect("is inside")).expect("folders");
    fs::write(path, format!("#!/bin/sh\ntouch '{}'\ncat\n", canary.display())).expect("a script");
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("a mode");
}

/// Case G1: options, helpers and `ext::` as an address or a ref.
#[test]
fn options_and_helpers_never_reach_git() {
    for text in ["--upload-pack=touch x", "ext::sh -c touch% x", "fd::3", "ssh://-oProxyCommand=touch/x", "-x"] {
        assert!(text.parse::<GitUrl>().is_err(), "{text}");
        assert!(GitRef::branch(text).is_err() && text.parse::<GitRef>().is_err(), "{text}");
    }
}

/// Case G2: a branch whose name is a command of the shell.
#[tokio::test]
async fn a_branch_with_the_shells_characters_is_only_a_name() {
    let Some(repo) = Repo::new() else { return };
    let name = "a$(touch${IFS}canary)`touch`;x'\"&|";
    repo.git(&["branch", name]);
    let mut remote = repo.remote();
    remote.reference = Some(GitRef::branch(name).expect("git has it"));
    let (into, checkout) = fetch(&remote).await;
    assert_eq!(checkout.expect("fetches").git.expect("facts").branch(), Some(name));
    assert!(!into.path().join("canary").exists() && !into.path().join("checkout/canary").exists());
}

/// Case G3: hooks, filters and an embedded repository that run programs.
#[tokio::test]
async fn hooks_filters_and_an_embedded_repository_run_nothing() {
    let Some(repo) = Repo::new() else { return };
    let canary = repo.root().with_file_name("canary");
    // Hooks of the repository itself, as a server's would be, and ones that are committed.
    for hook in ["post-checkout", "reference-transaction", "post-index-change"] {
        script(&repo.root().join("hooks").join(hook), &canary);
        script(&repo.root().join(".githooks").join(hook), &canary);
    }
    // A filter that the attributes name and nobody configured but the source repository.
    script(&repo.root().join("filter.sh"), &canary);
    repo.write(".gitattributes", "* filter=evil\n");
    // A bare repository among the files, whose configuration runs a program on `git status`.
    repo.write("HEAD", "ref: refs/heads/main\n");
    repo.write(
        "config",
        "[core]\n\trepositoryformatversion = 0\n\tbare = false\n\tworktree = .\n\tfsmonitor = ./filter.sh\n",
    );
    repo.write("objects/.keep", "");
    repo.write("refs/.keep", "");
    repo.commit("traps");
    repo.git(&["config", "filter.evil.smudge", "./filter.sh"]);
    repo.git(&["config", "filter.evil.clean", "./filter.sh"]);
    repo.git(&["config", "core.fsmonitor", "./filter.sh"]);
    repo.git(&["config", "core.hooksPath", ".githooks"]);

    let (_into, checkout) = fetch(&repo.remote()).await;
    checkout.expect("it is only data");
    assert!(!canary.exists(), "fetching ran something");

    let (_into, checkout) = fetch(&Folder::new(repo.root())).await;
    let checkout = checkout.expect("it is only data");
    assert!(!canary.exists(), "copying ran something");
    let config = fs::read_to_string(checkout.dir.join(".git/config")).expect("a configuration");
    assert!(!config.contains("fsmonitor") && !config.contains("hooksPath"), "{config}");
}

/// Case G4: a submodule that is a folder of this machine.
#[tokio::test]
async fn a_submodule_that_reads_this_machine_is_refused() {
    let (Some(repo), Some(inner)) = (Repo::new(), Repo::new()) else { return };
    let address = inner.url().to_string();
    repo.git(&["submodule", "--quiet", "add", &address, "inner"]);
    repo.commit("a submodule");
    let mut remote = repo.remote();
    let (_into, checkout) = fetch(&remote).await;
    let checkout = checkout.expect("submodules are not fetched unless asked");
    assert!(fs::read_dir(checkout.dir.join("inner")).expect("a folder").next().is_none());
    remote.submodules = true;
    let error = fetch(&remote).await.1.expect_err("a file is out of reach");
    assert!(matches!(error, SourceError::NotAllowed { .. }), "{error}");
}

/// Case G5: a submodule named to land among the hooks.
#[tokio::test]
async fn a_submodule_named_to_land_in_the_hooks_is_refused() {
    let (Some(repo), Some(inner)) = (Repo::new(), Repo::new()) else { return };
    let commit = inner.git(&["rev-parse", "HEAD"]);
    repo.write(".gitmodules", "[submodule \"../../hooks\"]\n\tpath = inner\n\turl = https://example.com/inner\n");
    repo.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{commit},inner")]);
    repo.git(&["add", ".gitmodules"]);
    repo.git(&["commit", "--quiet", "-m", "a trap"]);
    let mut remote = repo.remote();
    remote.submodules = true;
    let error = fetch(&remote).await.1.expect_err("refused");
    assert!(matches!(error, SourceError::Refused { .. }), "{error}");
}

/// Case G6: a link out of the checkout.
#[tokio::test]
async fn a_link_to_the_outside_stays_a_link() {
    let Some(repo) = Repo::new() else { return };
    let outside = tempfile::tempdir().expect("a folder");
    fs::write(outside.path().join("secret"), "s3cr3t").expect("a file");
    symlink(outside.path(), repo.root().join("out")).expect("a link");
    repo.commit("a link");
    for (_into, checkout) in [fetch(&repo.remote()).await, fetch(&Folder::new(repo.root())).await] {
        let checkout = checkout.expect("it is only data");
        let copy = checkout.dir.with_file_name("copy");
        copy_tree(&checkout.dir, &copy).expect("copies");
        for dir in [&checkout.dir, &copy] {
            assert_eq!(fs::read_link(dir.join("out")).expect("a link"), outside.path());
        }
    }
    let mut remote = repo.remote();
    remote.symlinks = false;
    let (_into, checkout) = fetch(&remote).await;
    let out = checkout.expect("fetches").dir.join("out");
    assert_eq!(fs::read_to_string(out).expect("a file"), outside.path().to_str().expect("text"));
}

/// Case G7: a work tree that shares the repository of its user.
#[tokio::test]
async fn a_job_cannot_write_through_a_copy_into_the_users_repository() {
    let Some(repo) = Repo::new() else { return };
    let tree = repo.root().with_file_name("linked");
    repo.git(&["worktree", "add", "--quiet", "-b", "side", tree.to_str().expect("text")]);
    let before = repo.git(&["for-each-ref"]);
    let (_into, checkout) = fetch(&Folder::new(&tree)).await;
    let checkout = checkout.expect("copies");
    assert_eq!(checkout.git.as_ref().and_then(|git| git.branch()), Some("side"));
    assert!(checkout.dir.join(".git").is_dir());
    git(&checkout.dir, &["commit", "--quiet", "--allow-empty", "-m", "of the job"]);
    assert_eq!(repo.git(&["for-each-ref"]), before);
    assert_eq!(git(&checkout.dir, &["status", "--porcelain", "--branch"]), "## side");
}

/// Case G16: a few objects that are a thousand million files.
#[tokio::test]
async fn a_tree_of_trees_of_trees_is_refused_before_git_counts_it() {
    let Some(repo) = Repo::new() else { return };
    repo.write("one", "x");
    repo.commit("one file");
    let mut tree = repo.git(&["rev-parse", "HEAD^{tree}"]);
    for _ in 0..9 {
        let ten: String = (0..10).map(|number| format!("040000 tree {tree}\tt{number}\n")).collect();
        repo.write("list", &ten);
        tree = repo.git(&["-c", "alias.made=!git mktree < list", "made"]);
    }
    let commit = repo.git(&["commit-tree", "-m", "a bomb", &tree]);
    repo.git(&["branch", "bomb", &commit]);
    let mut remote = repo.remote();
    remote.reference = Some(GitRef::branch("bomb").expect("a branch"));
    remote.max_bytes = Some(50_000_000);
    let begun = std::time::Instant::now();
    let error = fetch(&remote).await.1.expect_err("too much");
    assert!(matches!(error, SourceError::TooLarge { limit: 50_000_000, .. }), "{error}");
    assert!(begun.elapsed().as_secs() < 60, "{:?}", begun.elapsed());
}

/// Case G17: a pack of 200 kB that is a file of 200 MB.
#[tokio::test]
async fn a_pack_that_swells_is_refused() {
    let Some(repo) = Repo::new() else { return };
    fs::File::create(repo.root().join("zeros")).and_then(|file| file.set_len(200_000_000)).expect("a file");
    repo.commit("a bomb");
    let mut remote = repo.remote();
    remote.max_bytes = Some(20_000_000);
    let (into, checkout) = fetch(&remote).await;
    let error = checkout.expect_err("too much");
    assert!(matches!(error, SourceError::TooLarge { limit: 20_000_000, .. }), "{error}");
    drop(into);
}
