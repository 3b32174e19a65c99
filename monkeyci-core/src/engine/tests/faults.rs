use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use monkeyci_model::{Event, OrgId, RepoId};

use super::*;
use crate::build::JobState;
use crate::source::{Checkout, Source, SourceError};
use crate::store::{BuildRow, Commit, Feed, JobRow, Memory, Store, StoreError};

fn request(load: fn() -> Result<Loaded, LoadError>) -> BuildRequest {
    BuildRequest::jobs(vec![]).load(move |_, _, _| load())
}

/// A source that does not work.
struct BadSource(fn() -> SourceError);

#[async_trait]
impl Source for BadSource {
    async fn fetch(&self, _: &Path, _: CancellationToken) -> Result<Checkout, SourceError> {
        Err(self.0())
    }
}

async fn end_of(request: BuildRequest) -> String {
    let engine = Engine::local().without_worker().open().await.expect("opens");
    let mut build = engine.build(request).await.expect("begins");
    story(&mut build).await.pop().expect("an end")
}

#[tokio::test]
async fn what_breaks_before_the_first_job_ends_the_build_with_its_reason() {
    let bad = || SourceError::Program("git is not there".into());
    assert_eq!(end_of(BuildRequest::new(BadSource(bad))).await, "build error: git is not there");
    let panics = BuildRequest::new(BadSource(|| panic!("at the source")));
    assert_eq!(end_of(panics).await, "build error: fetching the source broke: at the source");
    let nowhere = end_of("/nowhere/at/all".into()).await;
    assert!(nowhere.starts_with("build error: ") && nowhere.contains("/nowhere/at/all"), "{nowhere}");

    let wrong = || Err(LoadError { status: BuildStatus::Failure, message: "line 3: `imgae`".into() });
    assert_eq!(end_of(request(wrong)).await, "build failure: line 3: `imgae`");
    assert_eq!(
        end_of(request(|| panic!("in the script"))).await,
        "build error: loading the script broke: in the script"
    );
    let cycle = || Ok(Loaded { jobs: vec![job("a: b"), job("b: a")], ..Loaded::default() });
    let end = end_of(request(cycle)).await;
    assert!(end.starts_with("build failure: ") && end.contains("`a`"), "{end}");
}

#[tokio::test]
async fn an_answer_with_an_old_fence_changes_nothing() {
    let engine = Engine::local().without_worker().lease(Duration::from_secs(5)).open().await.expect("opens");
    let mut build = engine.build(jobs(&["a"])).await.expect("begins");
    let leases = engine.remote_leases();
    let first = leases.lease(Ask::new("silent", 1)).await.remove(0);
    let second = leases.lease(Ask::new("other", 1)).await.remove(0);
    assert!(second.attempt.fence > first.attempt.fence);
    assert_eq!((first.attempt.number, second.attempt.number), (1, 2));
    let late = JobResult::failed(Cause::Failure, "too late");
    assert_eq!(leases.result(&first.attempt, late).await, Claim::Stale);
    assert_eq!(leases.started(&first.attempt, Started::default()).await, Claim::Stale);
    assert_eq!(leases.renew(std::slice::from_ref(&first.attempt)).await, [Claim::Stale]);
    assert_eq!(leases.result(&second.attempt, JobResult::default()).await, Claim::Holds);
    assert_eq!(build.wait().await.expect("it ends"), BuildStatus::Success);
}

/// A store that is full once it holds so many events, but for the ends of builds.
struct Full(Memory, u64);

#[async_trait]
impl Store for Full {
    async fn commit(&self, batch: Vec<Commit>) -> Result<Vec<Arc<Event>>, StoreError> {
        let is_end = batch.iter().all(|commit| commit.build.status.is_terminal());
        if !is_end && !self.0.feed(self.1, 1).await?.is_empty() {
            return Err(StoreError::Full { path: "test".into() });
        }
        self.0.commit(batch).await
    }
    async fn reserve(&self, sequence: Sequence, count: u64) -> Result<u64, StoreError> {
        self.0.reserve(sequence, count).await
    }
    async fn claim(&self, key: &str, org: &OrgId, repo: &RepoId) -> Result<u64, StoreError> {
        self.0.claim(key, org, repo).await
    }
    async fn events(&self, build: &BuildId, after: u64, limit: usize) -> Result<Vec<Arc<Event>>, StoreError> {
        self.0.events(build, after, limit).await
    }
    async fn open_builds(&self) -> Result<Vec<BuildRow>, StoreError> {
        self.0.open_builds().await
    }
    async fn builds(&self, limit: usize) -> Result<Vec<BuildRow>, StoreError> {
        self.0.builds(limit).await
    }
    async fn build(&self, build: &BuildId) -> Result<Option<BuildRow>, StoreError> {
        self.0.build(build).await
    }
    async fn jobs(&self, build: &BuildId) -> Result<Vec<JobRow>, StoreError> {
        self.0.jobs(build).await
    }
}

/// Case D2: a disk that gets full while builds run.
#[tokio::test]
async fn a_full_disk_ends_the_builds_as_errors_and_refuses_new_ones() {
    for room in 2..7 {
        let memory = Memory::default();
        let engine = Engine::local().without_worker().store(Full(memory.clone(), room)).open().await.expect("opens");
        worker(&engine, 4, well);
        let mut build = engine.build(jobs(&["a", "b: a"])).await.expect("begins");
        assert_eq!(build.wait().await.expect("it ends"), BuildStatus::Error, "room for {room}");
        let end = story(&mut build).await.pop().expect("an end");
        assert_eq!(end, "build error: the disk of `test` is full: free some room", "room for {room}");
        let refused = engine.build(jobs(&["a"])).await.err().expect("it is full");
        assert!(matches!(refused, EngineError::Store(StoreError::Full { .. })), "{refused}");
        assert!(memory.open_builds().await.expect("reads").is_empty(), "room for {room}");
    }
}

#[tokio::test]
async fn a_lease_of_no_time_at_all_is_short_and_breaks_nothing() {
    let engine = Engine::local().without_worker().lease(Duration::ZERO).open().await.expect("opens");
    worker(&engine, 4, well);
    let mut build = engine.build(jobs(&["a"])).await.expect("begins");
    assert_eq!(build.wait().await.expect("it ends"), BuildStatus::Success);
}

#[tokio::test]
async fn a_job_that_its_worker_never_took_is_leased_to_another() {
    let engine = Engine::local().without_worker().open().await.expect("opens");
    let leases = engine.leases();
    let mut asks = leases.lease(Ask::new("gone", 1));
    assert!(futures::poll!(&mut asks).is_pending());
    let mut build = engine.build(jobs(&["a"])).await.expect("begins");
    until(&mut build, |event| matches!(event, EventKind::JobInitializing { .. })).await;
    // It was handed over, and nobody took it.
    drop(asks);
    worker(&engine, 1, well);
    assert_eq!(build.wait().await.expect("it ends"), BuildStatus::Success);
    let job = build.snapshot().await.expect("reads").job("a").map(JobState::attempt);
    assert_eq!(job, Some(2));
}

#[tokio::test]
async fn what_is_wrong_with_a_script_is_told_without_its_secrets() {
    let mut secrets = crate::secret::Secrets::new();
    secrets.insert(monkeyci_model::SecretRef { name: "TOKEN".into(), version: 1 }, "hunter22-hunter22".into());
    let memory = Memory::default();
    let engine = Engine::local().without_worker().store(memory.clone()).secrets(secrets).open().await.expect("opens");
    let picture =
        || Err(LoadError { status: BuildStatus::Failure, message: "`scirpt: [login hunter22-hunter22]`".into() });
    let warned =
        || Ok(Loaded { jobs: vec![], warnings: vec!["hunter22-hunter22 is no key".into()], ..Loaded::default() });
    let bad = BadSource(|| SourceError::Program("cannot fetch https://hunter22-hunter22@example.com".into()));
    let panics = || panic!("at hunter22-hunter22");
    let end = "build failure: `scirpt: [login ***]`";
    for (request, wanted) in [
        (request(picture), end),
        (request(warned), "build success"),
        (BuildRequest::new(bad), "build error: cannot fetch https://***@example.com"),
        (request(panics), "build error: loading the script broke: at ***"),
    ] {
        let mut build = engine.build(request).await.expect("begins");
        assert_eq!(story(&mut build).await.pop().as_deref(), Some(wanted));
    }
    let events = memory.feed(0, 1000).await.expect("reads");
    assert!(events.iter().all(|event| !serde_json::to_string(&**event).expect("serializes").contains("hunter22")));
}
