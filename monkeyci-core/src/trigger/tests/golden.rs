//! Real payloads, with what go-scm makes of them. They are not part of this repository.

use std::path::{Path, PathBuf};

use http::HeaderMap;
use serde_json::Value;

use super::event_header;
use crate::trigger::{Action, Change, Forge, Heard, Kind, read};

/// The folders of payloads, and whose they are.
const FOLDERS: [(&str, Forge); 6] = [
    ("github", Forge::GitHub),
    ("gitlab", Forge::GitLab),
    ("bitbucket", Forge::Bitbucket),
    ("stash", Forge::BitbucketServer),
    ("gitea", Forge::Gitea),
    ("gitea", Forge::Forgejo),
];

/// A payload as it would come.
pub(super) struct Fixture {
    pub(super) forge: Forge,
    pub(super) name: String,
    pub(super) headers: HeaderMap,
    pub(super) body: String,
    golden: Option<Value>,
}

/// All payloads, or none where they are not beside this repository nor where `MONKEYCI_FIXTURES` says.
pub(super) fn fixtures() -> Vec<Fixture> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/fixtures");
    let root = std::env::var_os("MONKEYCI_FIXTURES").map_or(beside, PathBuf::from).join("forges/go-scm");
    if !root.is_dir() {
        let required = std::env::var("MONKEYCI_TEST_REQUIRE").unwrap_or_default();
        assert!(!required.split(',').any(|name| name == "fixtures"), "fixtures are required: no `{}`", root.display());
        eprintln!("skipped: fixtures: no payloads of forges in `{}`", root.display());
        return Vec::new();
    }
    FOLDERS.into_iter().flat_map(|(folder, forge)| of_folder(&root.join(folder), forge)).collect()
}

fn of_folder(folder: &Path, forge: Forge) -> Vec<Fixture> {
    let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    let mut paths: Vec<PathBuf> = entries.filter(|path| path.extension().is_some_and(|end| end == "json")).collect();
    paths.sort();
    let read = |path: PathBuf| {
        let body = std::fs::read_to_string(&path).expect("text");
        let golden = std::fs::read_to_string(path.with_extension("json.golden")).unwrap_or_default();
        let name = format!("{}/{}", folder.file_name()?.to_str()?, path.file_stem()?.to_str()?);
        let value: Value = serde_json::from_str(&body).expect("JSON");
        let headers = event_header(forge, event(forge, path.file_stem()?.to_str()?, &value));
        Some(Fixture { forge, name, headers, body, golden: serde_json::from_str(&golden).ok() })
    };
    paths.into_iter().filter_map(read).collect()
}

/// What the header says of a payload, which itself does not.
fn event<'v>(forge: Forge, name: &str, value: &'v Value) -> &'v str {
    let is = |part: &str| name.starts_with(part);
    match forge {
        Forge::GitLab => value["object_kind"].as_str().unwrap_or("none"),
        Forge::BitbucketServer => value["eventKey"].as_str().unwrap_or("none"),
        Forge::Bitbucket if is("push") => "repo:push",
        Forge::Bitbucket if is("pr_created") => "pullrequest:created",
        Forge::Bitbucket if is("pr_updated") => "pullrequest:updated",
        Forge::Bitbucket if is("pr_fulfilled") => "pullrequest:fulfilled",
        Forge::Bitbucket if is("pr_declined") => "pullrequest:rejected",
        Forge::Bitbucket => "other",
        _ if is("push") => "push",
        _ if is("pr_review") || name.contains("comment") => "issue_comment",
        _ if is("pr_") || is("pull_request") => "pull_request",
        _ if is("merge_group") => "merge_group",
        _ if is("branch_create") || is("tag_create") => "create",
        _ if is("branch_delete") || is("tag_delete") => "delete",
        _ => "other",
    }
}

#[test]
fn what_real_payloads_say_is_what_go_scm_makes_of_them() {
    let fixtures = fixtures();
    let mut compared = 0;
    for Fixture { forge, name, headers, body, golden } in &fixtures {
        let heard = read(*forge, headers, body.as_bytes());
        let heard = heard.unwrap_or_else(|error| panic!("{forge}: {name}: {error}"));
        let (Some(golden), Heard::Changes(changes)) = (golden, &heard) else { continue };
        let [change] = &changes[..] else { panic!("{name} is of one change: {heard:?}") };
        compared += 1;
        compare(name, change, golden);
    }
    assert!(fixtures.is_empty() || compared >= 50, "{compared} of {}", fixtures.len());
}

fn compare(name: &str, change: &Change, golden: &Value) {
    let text = |pointer: &str| golden.pointer(pointer).and_then(Value::as_str).filter(|text| !text.is_empty());
    let id = |pointer: &str| text(pointer).filter(|id| id.bytes().any(|byte| byte != b'0'));
    let agree = |ours: Option<&str>, theirs: Option<&str>| {
        if let (Some(ours), Some(theirs)) = (ours, theirs) {
            assert_eq!(ours, theirs, "{name}");
        }
    };
    agree(change.repository.id.as_deref(), text("/Repo/ID"));
    agree(change.repository.clone_url.as_deref(), text("/Repo/Clone"));
    // The full ref of a push, or the short one of what was made or is gone.
    let names = |folder: &str, ours: &str| match text("/Ref") {
        Some(full) => assert_eq!(full, format!("refs/{folder}/{ours}"), "{name}"),
        None => agree(Some(ours), text("/Ref/Name")),
    };
    match &change.kind {
        Kind::Push { branch, before, after, created, .. } => {
            names("heads", branch);
            agree(before.as_deref(), id("/Before"));
            assert_eq!(before.is_some(), id("/Before").is_some(), "{name}");
            assert_eq!(*created, before.is_none(), "{name}");
            let expected = id("/After").or(text("/Commit/Sha")).or(text("/Ref/Sha")).or(text("/Sha"));
            assert_eq!(Some(&**after), expected, "{name}");
            agree(change.commit.message.as_deref(), text("/Commit/Message"));
            agree(change.commit.author.as_deref(), text("/Commit/Author/Name"));
        }
        Kind::Tag { name: tag, after, .. } => {
            names("tags", tag);
            assert_eq!(Some(&**after), id("/After").or(text("/Ref/Sha")), "{name}");
        }
        Kind::Deleted { reference, before } => {
            let (_, folder_and_name) = reference.split_once('/').expect("a full ref");
            let (folder, short) = folder_and_name.split_once('/').expect("a full ref");
            names(folder, short);
            agree(before.as_deref(), id("/Before").or(text("/Ref/Sha")).or(text("/Sha")));
        }
        Kind::Closed { number, merged, .. } => {
            assert_eq!(Some(*number), golden["PullRequest"]["Number"].as_u64(), "{name}");
            assert!(["closed", "merged"].contains(&text("/Action").expect("an action")), "{name}");
            assert_eq!(Some(*merged), golden["PullRequest"]["Merged"].as_bool(), "{name}");
        }
        Kind::PullRequest(request) => {
            assert_eq!(Some(request.number), golden["PullRequest"]["Number"].as_u64(), "{name}");
            assert_eq!(Some(&*request.head), text("/PullRequest/Sha"), "{name}");
            assert_eq!(Some(&*request.source_branch), text("/PullRequest/Source"), "{name}");
            assert_eq!(Some(&*request.target_branch), text("/PullRequest/Target"), "{name}");
            assert_eq!(request.title.as_deref(), text("/PullRequest/Title"), "{name}");
            agree(request.author.as_deref(), text("/PullRequest/Author/Login"));
            let expected = match request.action {
                Action::Opened => "opened",
                Action::Reopened => "reopened",
                Action::Ready => "review_ready",
                Action::Pushed | Action::Retargeted => "synchronized",
            };
            assert_eq!(text("/Action"), Some(expected), "{name}");
            let git = change.trigger().expect("it is built").git.expect("a commit");
            if change.forge != Forge::Bitbucket {
                assert_eq!(git.reference.as_deref(), text("/PullRequest/Ref"), "{name}");
            }
            let (from, to) = (text("/PullRequest/Fork"), change.repository.name.as_deref());
            // Of GitLab's groups it names the last one only, or its title.
            let project = |path: Option<&str>| path.and_then(|path| path.rsplit('/').next()).map(str::to_owned);
            let is_same = from == to || change.forge == Forge::GitLab && project(from) == project(to);
            assert_eq!(request.fork, !is_same, "{name}: {from:?} {to:?}");
        }
    }
}
