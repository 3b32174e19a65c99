//! What only this store does.

use std::sync::Arc;

use monkeyci_model::{BuildStatus, EventKind};
use object_store::memory::InMemory;

use super::*;

fn build() -> BuildId {
    "acme/web/build-1".parse().expect("an id")
}

fn commit(after: u64, facts: usize, status: BuildStatus) -> Commit {
    let build = build();
    Commit {
        after,
        facts: vec![EventKind::BuildInitializing {}; facts],
        time: 7,
        build: BuildRow {
            build,
            status,
            message: None,
            request: None,
            trigger: None,
            created: None,
            ended: None,
            events: 0,
        },
        jobs: Vec::new(),
    }
}

#[tokio::test]
async fn who_remembers_an_older_end_finds_the_key_taken() {
    let objects: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let (one, other) = (Objects::new(Arc::clone(&objects)), Objects::new(objects));
    one.commit(vec![commit(0, 2, BuildStatus::Running)]).await.expect("commits");
    other.commit(vec![commit(2, 3, BuildStatus::Running)]).await.expect("commits");
    for after in [0, 1, 2, 3, 4, 6] {
        let refused = one.commit(vec![commit(after, 1, BuildStatus::Running)]).await.expect_err("there are five");
        assert!(matches!(refused, StoreError::Conflict { .. }), "{after}: {refused}");
    }
    one.commit(vec![commit(5, 1, BuildStatus::Running)]).await.expect("after what is there");
    let seqs: Vec<_> = other.events(&build(), 3, 2).await.expect("reads").iter().map(|event| event.seq).collect();
    assert_eq!(seqs, [4, 5]);
}

#[tokio::test]
async fn a_mark_that_outlived_its_build_is_taken_away_and_one_without_a_build_is_none() {
    let store = Objects::new(Arc::new(InMemory::new()));
    store.commit(vec![commit(0, 1, BuildStatus::Running)]).await.expect("commits");
    assert_eq!(store.open_builds().await.expect("reads").len(), 1);
    store.commit(vec![commit(1, 1, BuildStatus::Success)]).await.expect("commits");
    // As somebody leaves it who dies after the last facts, or before the first.
    store.bucket.put("open/acme/web/1", Vec::new()).await.expect("writes");
    store.bucket.put("open/acme/web/2", Vec::new()).await.expect("writes");
    assert!(store.open_builds().await.expect("reads").is_empty());
    assert_eq!(store.bucket.list("open").await.expect("lists"), ["open/acme/web/2"]);
}

#[tokio::test]
async fn many_who_ask_at_once_get_numbers_of_their_own_and_one_for_one_key() {
    let objects: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let (org, repo): (OrgId, RepoId) = ("acme".parse().expect("an id"), "web".parse().expect("an id"));
    let ask = |n: usize| {
        let (store, org, repo) = (Objects::new(Arc::clone(&objects)), org.clone(), repo.clone());
        async move {
            let number = store.reserve(Sequence::Build(org.clone(), repo.clone()), 1).await.expect("reserves");
            (number, store.claim(&format!("push/{}", n % 2), &org, &repo).await.expect("claims"))
        }
    };
    let had = futures::future::join_all((0..20).map(ask)).await;
    let mut numbers: Vec<_> = had.iter().map(|(number, _)| *number).collect();
    numbers.extend(had[..2].iter().map(|(_, claim)| *claim));
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), 22);
    assert!(had.iter().enumerate().all(|(n, (_, claim))| *claim == had[n % 2].1));
    // A hint that is lost or wrong costs time and no number.
    let last = *numbers.last().expect("some");
    Bucket::new(Arc::clone(&objects)).put("last/builds/acme/web", "x").await.expect("writes");
    let next = Objects::new(objects).reserve(Sequence::Build(org, repo), 1).await.expect("reserves");
    assert!(next > last, "{next}");
}

#[tokio::test]
async fn what_is_damaged_is_named() {
    let store = Objects::new(Arc::new(InMemory::new()));
    store.bucket.put("builds/acme/web/1/events/00000000000000000001", "{}").await.expect("writes");
    let error = store.build(&build()).await.expect_err("it is no batch").to_string();
    assert!(error.contains("builds/acme/web/1/events/00000000000000000001"), "{error}");
}
