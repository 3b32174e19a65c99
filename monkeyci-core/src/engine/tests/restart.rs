use super::*;
use crate::store::{BuildRow, Commit, Feed, Memory, Store};

fn never(id: &str) -> Job {
    Job { retry: Retry::never(), ..job(id) }
}

fn plan() -> BuildRequest {
    BuildRequest::jobs(vec![job("a"), never("b: a"), job("c: a"), job("d: b c")]).memo("the plan")
}

/// An engine that dies after the store has taken so many events more, wherever that is.
async fn dies_after(events: u64, store: &Memory, state: &std::path::Path, starts: &Arc<Starts>) {
    let stop = CancellationToken::new();
    let (dead, limit) = (stop.clone(), store.feed(0, 10_000).await.expect("reads").len() as u64 + events);
    let die = move |event: &monkeyci_model::Event| {
        if event.position >= limit {
            dead.cancel();
        }
    };
    let engine = Engine::local()
        .without_worker()
        .store(store.clone())
        .state(state)
        .reporter(die)
        .resume_all(|left| (left.memo.as_deref() == Some("the plan")).then(plan))
        .open()
        .await
        .expect("opens");
    let starts = Arc::clone(starts);
    let work = worker(&engine, 2, move |lease| starts.note(lease));
    if store.builds(1).await.expect("reads").is_empty() {
        engine.build(plan()).await.expect("begins");
    }
    let id = store.builds(1).await.expect("reads").remove(0).build;
    let mut build = engine.handle(&id).await.expect("it is there");
    tokio::select! {
        () = stop.cancelled() => {}
        _ = build.wait() => {}
    }
    engine.close().await;
    work.abort();
}

/// How often each job was run.
#[derive(Default)]
struct Starts(std::sync::Mutex<Vec<(String, u64)>>);

impl Starts {
    fn note(&self, lease: &Lease) -> JobResult {
        let mut starts = self.0.lock().expect("no panic");
        starts.push((lease.attempt.job.to_string(), lease.attempt.fence));
        JobResult::default()
    }

    fn of(&self, job: &str) -> usize {
        self.0.lock().expect("no panic").iter().filter(|(name, _)| name == job).count()
    }
}

#[tokio::test]
async fn a_build_survives_the_death_of_its_engine_at_every_commit() {
    for step in 1..24 {
        let (store, state) = (Memory::default(), tempfile::tempdir().expect("a folder"));
        let starts = Arc::new(Starts::default());
        for _ in 0..40 {
            dies_after(step, &store, state.path(), &starts).await;
            if store.open_builds().await.expect("reads").is_empty() {
                break;
            }
        }
        let row = store.builds(1).await.expect("reads").remove(0);
        assert!(row.status.is_terminal(), "step {step}: {row:?}");
        assert!(starts.of("b") <= 1, "step {step}: a job that is never retried ran {} times", starts.of("b"));

        let (build, _) = super::super::restart::replay(&store, &row.build).await.expect("replays");
        assert_eq!(build.status(), row.status, "step {step}");
        let rows = store.jobs(&row.build).await.expect("reads");
        for (job, row) in build.jobs().iter().zip(&rows) {
            assert_eq!((job.status(), job.attempt(), job.fence()), (row.status, row.attempt, row.fence), "step {step}");
        }
        let events = store.feed(0, 10_000).await.expect("reads");
        let mut results: Vec<_> = events
            .iter()
            .filter_map(|event| match &event.kind {
                EventKind::JobExecuted { job_id, attempt, .. } => Some((job_id.clone(), *attempt)),
                _ => None,
            })
            .collect();
        let all = results.len();
        results.sort();
        results.dedup();
        assert_eq!(all, results.len(), "step {step}: a result was taken twice");
        assert!(std::fs::read_dir(state.path().join("builds/local/build")).is_ok_and(|left| left.count() <= 1));
    }
}

#[tokio::test]
async fn a_state_folder_keeps_everything_and_a_local_engine_offers_to_go_on() {
    let state = tempfile::tempdir().expect("a folder");
    let id = {
        let engine = Engine::local().without_worker().state(state.path()).open().await.expect("opens");
        let busy = Engine::local().without_worker().state(state.path()).open().await.err().expect("it is in use");
        assert!(busy.to_string().contains("in use by another process"), "{busy}");
        let build = engine.build(plan()).await.expect("begins");
        let lease = engine.leases().lease(Ask::new("dies", 1)).await.remove(0);
        assert_eq!(lease.attempt.number, 1);
        engine.close().await;
        build.id().clone()
    };
    let engine = Engine::local().without_worker().state(state.path()).open().await.expect("opens again");
    let left = engine.unfinished().await.expect("reads");
    assert_eq!((left.len(), left[0].memo.as_deref()), (1, Some("the plan")));
    let mut build = engine.resume(&id, Some(plan())).await.expect("goes on");
    assert!(matches!(engine.resume(&id, None).await, Err(EngineError::Running { .. })));
    worker(&engine, 4, well);
    assert!(engine.unfinished().await.expect("reads").is_empty());
    let story = story(&mut build).await;
    assert_eq!(story.last().map(String::as_str), Some("build success"));
    assert_eq!(story.iter().filter(|line| *line == "a initializing").count(), 2);
    assert!(matches!(engine.resume(&id, None).await, Err(EngineError::NotOpen { .. })));
}

#[tokio::test]
async fn a_handle_and_a_worker_are_told_when_the_engine_stops() {
    let engine = Engine::local().without_worker().open().await.expect("opens");
    let mut build = engine.build(jobs(&["a"])).await.expect("begins");
    let leases = engine.leases();
    let lease = leases.lease(Ask::new("test", 1)).await.remove(0);
    let waiting = tokio::spawn({
        let leases = engine.leases();
        async move { leases.lease(Ask::new("idle", 1)).await.len() }
    });
    engine.close().await;
    assert_eq!(leases.revoked(&lease.attempt).await, Claim::Stale);
    assert_eq!(waiting.await.expect("no panic"), 0);
    assert!(matches!(build.wait().await, Err(EngineError::Stopped)));
    assert!(matches!(engine.build(jobs(&["a"])).await, Err(EngineError::Stopped)));
}

/// A build as a store holds it, with these events.
async fn left(store: &Memory, number: u64, facts: Vec<EventKind>) -> BuildId {
    let build = BuildId::new("local".parse().expect("an id"), "build".parse().expect("an id"), number);
    let (status, message, request) = (BuildStatus::Running, None, Some("the plan".to_owned()));
    let row = BuildRow {
        build: build.clone(),
        status,
        message,
        request,
        trigger: None,
        created: None,
        ended: None,
        events: 0,
    };
    let commit = Commit { after: 0, facts, time: 0, build: row, jobs: Vec::new() };
    store.commit(vec![commit]).await.expect("commits");
    build
}

fn fetched() -> Vec<EventKind> {
    let trigger = Box::default();
    vec![
        EventKind::BuildTriggered { trigger },
        EventKind::BuildInitializing {},
        EventKind::BuildStart { trigger: None },
    ]
}

#[tokio::test]
async fn a_build_that_nobody_can_ask_for_again_ends_in_the_store_as_well() {
    let (store, state) = (Memory::default(), tempfile::tempdir().expect("a folder"));
    let id = left(&store, 1, fetched()).await;
    std::fs::create_dir_all(state.path().join("builds/local/build/1/checkout")).expect("makes a folder");
    let opens = Engine::local().without_worker().store(store.clone()).state(state.path()).open();
    let engine = opens.await.expect("opens");
    let mut build = engine.resume(&id, None).await.expect("goes on");
    let end = story(&mut build).await.pop();
    assert_eq!(end.as_deref(), Some("build error: its script is not known any more: build it anew"));
    assert!(store.open_builds().await.expect("reads").is_empty());
}

#[tokio::test]
async fn a_build_that_cannot_go_on_keeps_no_other_from_it() {
    let store = Memory::default();
    left(&store, 1, vec![EventKind::BuildInitializing {}]).await;
    let whole = left(&store, 2, fetched()[..2].to_vec()).await;
    let opens = Engine::local().without_worker().store(store).resume_all(|_| Some(plan())).open();
    let engine = opens.await.expect("opens");
    worker(&engine, 4, well);
    let mut build = engine.handle(&whole).await.expect("it is there");
    assert_eq!(build.wait().await.expect("it ends"), BuildStatus::Success);
}

#[tokio::test]
async fn whoever_goes_on_with_a_build_that_has_just_ended_learns_its_end() {
    let engine = Engine::local().without_worker().open().await.expect("opens");
    let mut build = engine.build(jobs(&["a"])).await.expect("begins");
    until(&mut build, |event| matches!(event, EventKind::JobQueued { .. })).await;
    // It was read before it ended, and is taken over afterwards.
    let (state, events) = super::super::restart::replay(&*engine.shared.store, build.id()).await.expect("replays");
    worker(&engine, 1, well);
    assert_eq!(build.wait().await.expect("it ends"), BuildStatus::Success);
    let id = build.id().clone();
    let adopt =
        |reply| Call::Adopt { build: id, state: Box::new(state), events, request: Some(Box::new(plan())), reply };
    engine.ask(adopt).await.expect("the engine lives").expect_err("it has other events");
    let mut again = engine.handle(build.id()).await.expect("it is known");
    assert_eq!(again.wait().await.expect("it has ended"), BuildStatus::Success);
    assert_eq!(story(&mut again).await.last().map(String::as_str), Some("build success"));
}

#[tokio::test]
async fn what_ran_as_an_engine_ended_is_taken_up_by_the_next_with_the_same_fence() {
    let (store, state) = (Memory::default(), tempfile::tempdir().expect("a folder"));
    let open = || {
        let engine = Engine::local().without_worker().store(store.clone()).state(state.path());
        engine.taking_up().resume_all(|_| Some(plan())).open()
    };
    let (id, inside, elsewhere) = {
        let engine = open().await.expect("opens");
        let build = engine.build(jobs(&["a", "b"]).memo("the plan")).await.expect("begins");
        let inside = engine.leases().lease(Ask::new("local", 1)).await.remove(0);
        let elsewhere = engine.remote_leases().lease(Ask::new("far away", 1)).await.remove(0);
        let _claim = engine.leases().started(&inside.attempt, Started::default()).await;
        engine.close().await;
        (build.id().clone(), inside.attempt, elsewhere.attempt)
    };
    let engine = open().await.expect("opens again");
    let leases = engine.leases();
    assert_eq!(leases.lease(Ask::new("local", 4)).await.remove(0).attempt, inside, "the worker inside gets it again");
    assert_eq!(
        engine.remote_leases().renew(std::slice::from_ref(&elsewhere)).await,
        [Claim::Holds],
        "the other never lost it"
    );
    for attempt in [inside, elsewhere] {
        assert_eq!(leases.result(&attempt, JobResult::default()).await, Claim::Holds);
    }
    let mut build = engine.handle(&id).await.expect("it is there");
    assert_eq!(build.wait().await.expect("it ends"), BuildStatus::Success);
}

#[tokio::test]
async fn a_job_that_was_to_stop_as_the_engine_ended_is_still_to_stop() {
    let (store, state) = (Memory::default(), tempfile::tempdir().expect("a folder"));
    let open = || {
        let engine = Engine::local().without_worker().store(store.clone()).state(state.path());
        engine.taking_up().resume_all(|_| Some(plan())).open()
    };
    let attempt = {
        let engine = open().await.expect("opens");
        let build = engine.build(jobs(&["a"]).memo("the plan")).await.expect("begins");
        let lease = engine.leases().lease(Ask::new("local", 1)).await.remove(0);
        build.cancel("enough").await.expect("cancels");
        engine.close().await;
        lease.attempt
    };
    let engine = open().await.expect("opens again");
    let lease = engine.leases().lease(Ask::new("local", 1)).await.remove(0);
    assert_eq!(lease.attempt, attempt);
    assert_eq!(engine.leases().revoked(&attempt).await, Claim::Canceled);
}

#[tokio::test]
async fn builds_that_are_begun_with_one_key_are_one_build() {
    let store = Memory::default();
    let engine = Engine::local().without_worker().store(store.clone()).open().await.expect("opens");
    let begin = || engine.build(jobs(&["a"]).key("push/1"));
    let (first, second) = tokio::join!(begin(), begin());
    let (first, second) = (first.expect("begins"), second.expect("is the same"));
    assert_eq!(first.id(), second.id());
    worker(&engine, 1, well);
    let mut first = first;
    assert_eq!(first.wait().await.expect("it ends"), BuildStatus::Success);
    let mut third = begin().await.expect("is the same");
    assert_eq!(third.id(), first.id());
    assert_eq!(third.wait().await.expect("it has ended"), BuildStatus::Success);
    assert_ne!(engine.build(jobs(&["a"]).key("push/2")).await.expect("begins").id(), first.id());
    assert_eq!(store.builds(9).await.expect("reads").len(), 2);
}
