//! What is fetched, by branch, tag, commit and depth.

use std::num::NonZeroU32;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::fixture::{Repo, fetch, has, text};
use crate::source::credentials::Handover;
use crate::source::git_program::Git;
use crate::source::{Credentials, GitRef, GitUrl, Source, SourceError, changes_between, list_refs, resolve};

#[tokio::test]
async fn without_a_ref_the_main_branch_comes() {
    let Some(repo) = Repo::new() else { return };
    let (_into, checkout) = fetch(&repo.remote()).await;
    let checkout = checkout.expect("fetches");
    assert_eq!(text(&checkout, "src/main.rs"), "fn main() {}\n");
    let facts = checkout.git.clone().expect("facts");
    assert_eq!((facts.branch(), facts.main_branch.as_deref()), (Some("main"), Some("main")));
    assert_eq!((facts.message.as_deref(), facts.author.as_deref()), (Some("first"), Some("Ada")));
    assert_eq!(facts.commit_id, Some(repo.git(&["rev-parse", "HEAD"])));
    assert_eq!(checkout.changes.expect("known").added.len(), 2);
    assert_eq!(super::fixture::git(&checkout.dir, &["status", "--porcelain", "--branch"]), "## main");
}

#[tokio::test]
async fn a_branch_a_tag_and_a_commit_come_as_asked() {
    let Some(repo) = Repo::new() else { return };
    let first = repo.git(&["rev-parse", "HEAD"]);
    repo.git(&["tag", "-a", "v1", "-m", "one"]);
    repo.git(&["checkout", "--quiet", "-b", "feature/x"]);
    repo.write("src/lib.rs", "//! New.\n");
    let second = repo.commit("second");
    repo.write("src/main.rs", "fn main() { loop {} }\n");
    repo.commit("third");

    let mut remote = repo.remote();
    remote.reference = Some(GitRef::branch("feature/x").expect("a branch"));
    let (_into, checkout) = fetch(&remote).await;
    let checkout = checkout.expect("fetches the branch");
    assert_eq!(checkout.changes.expect("known").modified.into_iter().collect::<Vec<_>>(), ["src/main.rs"]);
    let git = checkout.git.expect("facts");
    assert_eq!(
        (git.branch(), git.main_branch.as_deref()),
        (Some("feature/x"), Some("feature/x")),
        "HEAD of the server"
    );

    remote.reference = Some(GitRef::tag("v1").expect("a tag"));
    let (_into, checkout) = fetch(&remote).await;
    let git = checkout.expect("fetches the tag").git.expect("facts");
    assert_eq!((git.tag(), git.commit_id.as_deref()), (Some("v1"), Some(first.as_str())));

    remote.reference = Some(GitRef::branch("feature/x").expect("a branch"));
    remote.commit = Some(second.parse().expect("an id"));
    remote.depth = NonZeroU32::new(1);
    let (_into, checkout) = fetch(&remote).await;
    let checkout = checkout.expect("fetches the commit");
    assert_eq!(text(&checkout, "src/main.rs"), "fn main() {}\n");
    assert_eq!(checkout.git.expect("facts").commit_id, Some(second.clone()));
    assert_eq!(checkout.changes, None, "the parent is not there to compare with");

    let root = repo.root();
    let (first, second) = (first.parse().expect("an id"), second.parse().expect("an id"));
    let changes = changes_between(&root, Some(&first), &second).expect("compares").expect("known");
    assert_eq!(changes.touched().collect::<Vec<_>>(), ["src/lib.rs"]);
    assert_eq!(resolve(&root, &GitRef::tag("v1").expect("a tag")).expect("reads"), Some(first));
    assert_eq!(list_refs(&root).expect("reads").len(), 3);
}

#[tokio::test]
async fn a_pull_request_comes_by_the_ref_that_its_forge_keeps_for_it() {
    let Some(repo) = Repo::new() else { return };
    let main = repo.git(&["rev-parse", "HEAD"]);
    repo.write("src/lib.rs", "//! New.\n");
    let asked = repo.commit("asked for");
    repo.write("src/lib.rs", "//! Newer.\n");
    let newest = repo.commit("asked for again");
    for name in ["refs/pull/7/head", "refs/merge-requests/7/head", "refs/pull-requests/7/from"] {
        repo.git(&["update-ref", name, &newest]);
        repo.git(&["reset", "--quiet", "--hard", &main]);
        let mut remote = repo.remote();
        remote.reference = Some(name.parse().expect("a ref"));
        let git = fetch(&remote).await.1.expect("fetches").git.expect("facts");
        assert_eq!((git.commit_id.as_ref(), git.branch()), (Some(&newest), None));
        assert_eq!(git.reference.as_deref(), Some(name));

        remote.commit = Some(asked.parse().expect("an id"));
        let (_into, checkout) = fetch(&remote).await;
        assert_eq!(text(&checkout.expect("fetches"), "src/lib.rs"), "//! New.\n");

        remote.commit = Some("0123456789012345678901234567890123456789".parse().expect("an id"));
        let error = fetch(&remote).await.1.expect_err("no such commit");
        assert!(matches!(&error, SourceError::NoSuchRef { wanted, .. } if wanted.starts_with("0123")), "{error}");
        remote.reference = Some("refs/pull/8/head".parse().expect("a ref"));
        let error = fetch(&remote).await.1.expect_err("no such ref either");
        assert!(matches!(&error, SourceError::NoSuchRef { .. }), "{error}");
    }
}

#[tokio::test]
async fn a_depth_cuts_the_history() {
    let Some(repo) = Repo::new() else { return };
    for number in 0..3 {
        repo.commit(&format!("{number}"));
    }
    let mut remote = repo.remote();
    remote.depth = NonZeroU32::new(2);
    let (_into, checkout) = fetch(&remote).await;
    let checkout = checkout.expect("fetches");
    assert_eq!(super::fixture::git(&checkout.dir, &["rev-list", "--count", "HEAD"]), "2");
}

#[tokio::test]
async fn what_is_not_there_is_named() {
    let Some(repo) = Repo::new() else { return };
    let mut remote = repo.remote();
    remote.reference = Some(GitRef::branch("gone").expect("a branch"));
    let error = fetch(&remote).await.1.expect_err("no such branch");
    assert!(matches!(&error, SourceError::NoSuchRef { wanted, .. } if wanted == "refs/heads/gone"), "{error}");
    remote.reference = None;
    remote.commit = Some("0123456789012345678901234567890123456789".parse().expect("an id"));
    let error = fetch(&remote).await.1.expect_err("no such commit");
    assert!(matches!(&error, SourceError::NoSuchRef { wanted, .. } if wanted.starts_with("0123")), "{error}");
    remote.url = "/nowhere/at-all.git".parse().expect("a path");
    let error = fetch(&remote).await.1.expect_err("no such repository");
    assert!(matches!(error, SourceError::NotFound { .. }), "{error}");
    remote.allow_file = false;
    let error = fetch(&remote).await.1.expect_err("may not be read");
    assert!(matches!(error, SourceError::NotAllowed { .. }), "{error}");
}

#[tokio::test]
async fn a_folder_in_use_is_not_touched() {
    let Some(repo) = Repo::new() else { return };
    let into = tempfile::tempdir().expect("a folder");
    std::fs::write(into.path().join("mine"), "").expect("a file");
    let error = repo.remote().fetch(into.path(), CancellationToken::new()).await.expect_err("is in use");
    assert!(error.to_string().contains("not empty"), "{error}");
}

#[tokio::test]
async fn files_of_lfs_come_only_when_asked() {
    let Some(repo) = Repo::new() else { return };
    if !has("git-lfs", "/usr/bin/git-lfs") {
        return;
    }
    repo.git(&["lfs", "install", "--local"]);
    repo.git(&["lfs", "track", "*.bin"]);
    repo.write("big.bin", "large content");
    repo.commit("large");
    let mut remote = repo.remote();
    let (_into, checkout) = fetch(&remote).await;
    assert!(text(&checkout.expect("fetches"), "big.bin").starts_with("version https://git-lfs"));
    remote.lfs = true;
    let (_into, checkout) = fetch(&remote).await;
    assert_eq!(text(&checkout.expect("fetches"), "big.bin"), "large content");
}

#[tokio::test]
async fn a_canceled_fetch_ends_at_once_and_leaves_no_process() {
    let Some(repo) = Repo::new() else { return };
    // A server that takes the connection and says nothing.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = silent.local_addr().expect("an address").port();
    let mut remote = repo.remote();
    remote.url = format!("http://127.0.0.1:{port}/silent-{}", std::process::id()).parse().expect("a url");
    remote.allow_http = true;
    let cancel = CancellationToken::new();
    let accepted = tokio::task::spawn_blocking(move || silent.accept().expect("git connects"));
    let into = tempfile::tempdir().expect("a folder");
    let fetch = remote.fetch(into.path(), cancel.clone());
    tokio::pin!(fetch);
    let connection = tokio::select! {
        _ = &mut fetch => panic!("nothing was answered"),
        connection = accepted => connection.expect("accepts"),
    };
    cancel.cancel();
    let error =
        tokio::time::timeout(Duration::from_secs(60), fetch).await.expect("ends at once").expect_err("canceled");
    assert!(matches!(error, SourceError::Canceled), "{error}");
    // The helper that holds the connection was killed too: the other end is closed.
    let (mut stream, _) = connection;
    stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a timeout");
    std::io::copy(&mut stream, &mut std::io::sink()).expect("is closed, not silent");
}

#[tokio::test]
async fn a_slow_fetch_ends_by_its_timeout() {
    let Some(repo) = Repo::new() else { return };
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = silent.local_addr().expect("an address").port();
    let mut remote = repo.remote();
    remote.url = format!("http://127.0.0.1:{port}/silent").parse().expect("a url");
    remote.allow_http = true;
    remote.timeout = Duration::from_millis(300);
    let error = fetch(&remote).await.1.expect_err("too slow");
    assert!(matches!(error, SourceError::Timeout { .. }), "{error}");
}

/// Case G11: small as it is packed, and large as it is checked out.
#[tokio::test]
async fn a_repository_that_holds_too_much_is_refused() {
    let Some(repo) = Repo::new() else { return };
    repo.write("large", &"a line that packs well\n".repeat(50_000));
    repo.commit("large once it is checked out");
    let mut remote = repo.remote();
    remote.max_bytes = Some(1_000_000);
    let error = fetch(&remote).await.1.expect_err("too much");
    assert!(matches!(error, SourceError::TooLarge { limit: 1_000_000, .. }), "{error}");
    remote.max_bytes = Some(2_000_000);
    fetch(&remote).await.1.expect("it may hold that much");
}

/// Case G12: a server that sends without end.
#[tokio::test]
async fn git_is_stopped_while_it_writes_too_much() {
    if !has("git", "git") {
        return;
    }
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = silent.local_addr().expect("an address").port();
    let url: GitUrl = format!("http://127.0.0.1:{port}/silent").parse().expect("a url");
    let (folder, cancel) = (tempfile::tempdir().expect("a folder"), CancellationToken::new());
    std::fs::write(folder.path().join("grown"), [0; 5001]).expect("a file");
    let git = Git {
        url: url.as_str(),
        dir: folder.path(),
        protocols: "http",
        symlinks: true,
        handover: &Handover::new(&Credentials::None, &url, false).expect("prepares"),
        secrets: &[],
        cancel: &cancel,
        deadline: (Instant::now() + Duration::from_mins(1), Duration::from_mins(1)),
        max_bytes: Some(5000),
        place: None,
    };
    let ran = git.run(&["ls-remote", url.as_str()]).await;
    assert!(matches!(ran.err(), Some(SourceError::TooLarge { limit: 5000, .. })));
}

/// Case G18: a name that leads elsewhere once git looks it up itself.
#[tokio::test]
async fn git_asks_whom_it_is_told_to_whatever_a_name_leads_to() {
    if !has("git", "git") {
        return;
    }
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let url: GitUrl = format!("http://nowhere.invalid:{port}/a").parse().expect("a url");
    let (folder, cancel) = (tempfile::tempdir().expect("a folder"), CancellationToken::new());
    let place = format!("http.curloptResolve=nowhere.invalid:{port}:127.0.0.1");
    let git = Git {
        url: url.as_str(),
        dir: folder.path(),
        protocols: "http",
        symlinks: true,
        handover: &Handover::new(&Credentials::None, &url, false).expect("prepares"),
        secrets: &[],
        cancel: &cancel,
        deadline: (Instant::now() + Duration::from_mins(1), Duration::from_mins(1)),
        max_bytes: None,
        place: Some(&place),
    };
    let arguments = ["ls-remote", url.as_str()];
    // Hung up on at once.
    let (asked, ran) = tokio::join!(async { listener.accept().await.map(drop) }, git.run(&arguments));
    asked.expect("the address that was given is asked");
    assert!(!ran.expect("it ran").success);
}
