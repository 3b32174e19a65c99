//! Checkouts of forks, in which the script is that of the repository itself.

use std::fs;
use std::os::unix::fs::symlink;

use monkeyci_model::trigger::ScriptOf;

use super::fixture::{Repo, fetch, text};
use crate::source::{GitRemote, SourceError};

/// What a fork does to its files.
type Change<'a> = &'a dyn Fn(&Repo);

const OURS: &str = "id: hello\nscript: [echo hello]\n";

/// What is fetched of a pull request whose commit is made by `change`, beside `main`.
fn fork_of(repo: &Repo, change: impl FnOnce()) -> GitRemote {
    repo.git(&["checkout", "--quiet", "-b", "theirs"]);
    change();
    let commit = repo.commit("theirs");
    repo.git(&["update-ref", "refs/pull/7/head", &commit]);
    repo.git(&["checkout", "--quiet", "--force", "main"]);
    repo.git(&["clean", "-ffdx", "--quiet"]);
    repo.git(&["branch", "-D", "theirs"]);
    let mut remote = repo.remote();
    remote.reference = Some("refs/pull/7/head".parse().expect("a ref"));
    remote.commit = Some(commit.parse().expect("a commit"));
    remote.script_of = Some((repo.url(), "main".into()));
    remote
}

#[tokio::test]
async fn whatever_a_fork_has_in_the_place_of_the_script_that_of_the_base_is_there() {
    let hostile: [(&str, Change<'_>); 7] = [
        ("F1 a file in the place of the script", &|repo| {
            fs::remove_dir_all(repo.root().join(".monkeyci")).expect("removed");
            repo.write(".monkeyci", "evil");
        }),
        ("F2 a link to its own files in the place of the script", &|repo| {
            fs::remove_dir_all(repo.root().join(".monkeyci")).expect("removed");
            repo.write("evil/build.yaml", "id: evil\n");
            symlink("evil", repo.root().join(".monkeyci")).expect("a link");
        }),
        ("F3 a link out of the checkout in the place of the script", &|repo| {
            fs::remove_dir_all(repo.root().join(".monkeyci")).expect("removed");
            symlink("/etc", repo.root().join(".monkeyci")).expect("a link");
        }),
        ("F4 another script, and more files in the place of the script", &|repo| {
            repo.write(".monkeyci/build.yaml", "id: evil\n");
            repo.write(".monkeyci/build.json", "{\"id\": \"evil\"}");
            repo.write(".monkeyci/Cargo.toml", "[package]\nname = \"evil\"\n");
        }),
        ("F5 a file that is a link in the place of the script", &|repo| {
            fs::remove_file(repo.root().join(".monkeyci/build.yaml")).expect("removed");
            symlink("../src/main.rs", repo.root().join(".monkeyci/build.yaml")).expect("a link");
        }),
        ("F6 a submodule in the place of the script", &|repo| {
            fs::remove_dir_all(repo.root().join(".monkeyci")).expect("removed");
            let head = repo.git(&["rev-parse", "HEAD"]);
            repo.git(&["rm", "-rq", "--cached", ".monkeyci"]);
            repo.git(&["clone", "-q", ".", ".monkeyci"]);
            repo.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{head},.monkeyci")]);
        }),
        ("F7 none at all in the place of the script", &|repo| {
            fs::remove_dir_all(repo.root().join(".monkeyci")).expect("removed");
        }),
    ];
    for (what, change) in hostile {
        let Some(repo) = Repo::new() else { return };
        let main = repo.git(&["rev-parse", "HEAD"]);
        let remote = fork_of(&repo, || change(&repo));
        let (_into, checkout) = fetch(&remote).await;
        let checkout = checkout.unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(text(&checkout, ".monkeyci/build.yaml"), OURS, "{what}");
        let folder = checkout.dir.join(".monkeyci");
        assert!(!folder.is_symlink() && !folder.join("build.yaml").is_symlink(), "{what}");
        assert_eq!(fs::read_dir(&folder).expect("a folder").count(), 1, "{what}: nothing of the fork is left");
        assert_eq!(checkout.script, Some(ScriptOf::Base { branch: "main".into(), commit_id: main }), "{what}");
        assert!(checkout.warnings.iter().any(|told| told.contains("the script is that of `main`")), "{what}");
        let commit = checkout.git.and_then(|git| git.commit_id);
        assert_eq!(commit, remote.commit.map(|commit| commit.to_string()), "{what}: the rest is the fork's");
    }
}

#[tokio::test]
async fn a_fork_that_leaves_the_script_alone_is_not_told_of_and_its_attributes_change_nothing() {
    let Some(repo) = Repo::new() else { return };
    let remote = fork_of(&repo, || {
        repo.write("src/main.rs", "fn main() { loop {} }\n");
        repo.write(".gitattributes", "* text eol=crlf\n");
    });
    let (_into, checkout) = fetch(&remote).await;
    let checkout = checkout.expect("fetches");
    assert_eq!((text(&checkout, ".monkeyci/build.yaml").as_str(), &checkout.script), (OURS, &None));
    assert!(text(&checkout, "src/main.rs").contains("loop"), "the code is the fork's");
    assert!(!checkout.warnings.iter().any(|told| told.contains("script")));
}

/// Case F8: a script of the base that stands for a file of the fork.
#[tokio::test]
async fn a_script_of_the_base_that_is_a_link_to_files_of_the_fork_is_refused() {
    let Some(repo) = Repo::new() else { return };
    fs::remove_file(repo.root().join(".monkeyci/build.yaml")).expect("removed");
    symlink("../build.yaml", repo.root().join(".monkeyci/build.yaml")).expect("a link");
    repo.write("build.yaml", OURS);
    repo.commit("a link");
    let remote = fork_of(&repo, || repo.write("build.yaml", "id: evil\n"));
    let (_into, checkout) = fetch(&remote).await;
    let error = checkout.expect_err("what it stands for is the fork's");
    assert!(matches!(&error, SourceError::Refused { reason, .. } if reason.contains("build.yaml")), "{error}");
}
