use super::*;

#[tokio::test]
async fn a_build_is_told_from_its_first_event_to_its_last() {
    let heard = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&heard);
    let reporter = move |_: &_| {
        count.fetch_add(1, Ordering::Relaxed);
    };
    let engine = Engine::local()
        .without_worker()
        .reporter(|_| panic!("a bad reporter"))
        .reporter(reporter)
        .open()
        .await
        .expect("opens");
    worker(&engine, 4, well);
    let mut build = engine.build(jobs(&["b: a", "a"])).await.expect("begins");
    assert_eq!(
        story(&mut build).await,
        [
            "build/triggered",
            "build/initializing",
            "build/start",
            "script/initializing",
            "script/start",
            "a queued",
            "a initializing",
            "a start",
            "a executed",
            "a success",
            "b queued",
            "b initializing",
            "b start",
            "b executed",
            "b success",
            "script/end",
            "build success"
        ]
    );
    assert_eq!(build.wait().await.expect("it has ended"), BuildStatus::Success);
    assert_eq!(heard.load(Ordering::Relaxed), 17);
    let snapshot = build.snapshot().await.expect("reads");
    assert!(snapshot.jobs().iter().all(|job| job.status() == JobStatus::Success && job.result().is_some()));

    // An ended build is told again, to whoever asks later.
    let mut again = engine.handle(build.id()).await.expect("it is known");
    assert_eq!((again.status(), story(&mut again).await.len()), (BuildStatus::Success, 17));
}

#[tokio::test]
async fn builds_run_side_by_side_and_numbers_rise() {
    let engine = Engine::local().without_worker().jobs(2).open().await.expect("opens");
    worker(&engine, 8, |lease| match (lease.attempt.build.number, lease.attempt.job.as_str()) {
        (2, "b") => JobResult::failed(Cause::Failure, "exit 1"),
        _ => JobResult::default(),
    });
    let mut builds = Vec::new();
    for _ in 0..3 {
        builds.push(engine.build(jobs(&["a", "b: a", "c: b"])).await.expect("begins"));
    }
    let ends = [BuildStatus::Success, BuildStatus::Failure, BuildStatus::Success];
    for (build, end) in builds.iter_mut().zip(ends) {
        assert_eq!(build.wait().await.expect("it ends"), end, "{}", build.id());
    }
    assert_eq!(builds[2].id().number, 3);
}

#[tokio::test]
async fn a_filter_takes_the_jobs_before_along_and_names_what_there_is() {
    let engine = Engine::local().without_worker().open().await.expect("opens");
    worker(&engine, 4, well);
    let request = jobs(&["a", "b: a", "c: b", "d"]).filter(["b*"]).expect("a glob");
    let build = engine.build(request).await.expect("begins");
    let mut build = build;
    build.wait().await.expect("it ends");
    let snapshot = build.snapshot().await.expect("reads");
    assert_eq!(snapshot.jobs().iter().map(|job| job.job().id.as_str()).collect::<Vec<_>>(), ["a", "b"]);

    let mut build = engine.build(jobs(&["a", "b"]).filter(["x"]).expect("a glob")).await.expect("begins");
    let end = story(&mut build).await.pop().expect("an end");
    assert_eq!(end, "build failure: there is no job `x`; the script has `a`, `b`");

    let mut build = engine.build(jobs(&["a", "b"]).filter(["x", "a"]).expect("globs")).await.expect("begins");
    let begun = loop {
        let event = build.try_next().await.expect("its events can be told").expect("it has not ended");
        if let EventKind::ScriptStart { jobs, warnings, .. } = &event.kind {
            break (jobs.len(), warnings.concat());
        }
    };
    assert_eq!(begun, (1, "there is no job `x`".into()));
}

#[tokio::test]
async fn blocked_jobs_wait_for_a_person_unless_they_were_approved_beforehand() {
    let blocked = |id| Job { blocked: true, ..job(id) };
    let request = BuildRequest::jobs(vec![blocked("docs"), blocked("deploy"), job("last: deploy")]);
    let engine = Engine::local().without_worker().open().await.expect("opens");
    worker(&engine, 4, well);
    let mut build = engine.build(request.approve(["docs"]).expect("a glob")).await.expect("begins");
    until(&mut build, |event| matches!(event, EventKind::JobEnd { .. })).await;
    assert_eq!(build.status(), BuildStatus::Blocked);
    assert_eq!(build.waiting(&id("deploy")).await.expect("answers").as_deref(), Some("waits for approval"));
    assert_eq!(build.waiting(&id("last")).await.expect("answers").as_deref(), Some("waits for `deploy`"));
    build.approve(&id("deploy"), Some("ann".into())).await.expect("it is blocked");
    let again = build.approve(&id("deploy"), Some("ann".into())).await;
    assert!(matches!(again, Err(EngineError::Illegal { .. } | EngineError::NotOpen { .. })), "{again:?}");
    assert_eq!(build.wait().await.expect("it ends"), BuildStatus::Success);
}

#[tokio::test]
async fn cancel_reaches_the_worker_and_is_the_last_word() {
    let engine = Engine::local().without_worker().jobs(1).open().await.expect("opens");
    let mut build = engine.build(jobs(&["a", "b"])).await.expect("begins");
    let leases = engine.leases();
    let lease = leases.lease(Ask::new("test", 9)).await.remove(0);
    assert_eq!(build.waiting(&id("b")).await.expect("answers").as_deref(), Some("waits for a free worker; it is next"));
    assert_eq!(leases.started(&lease.attempt, Started::default()).await, Claim::Holds);
    assert_eq!(leases.renew(std::slice::from_ref(&lease.attempt)).await, [Claim::Holds]);

    build.cancel("enough").await.expect("it runs");
    assert_eq!(leases.revoked(&lease.attempt).await, Claim::Canceled);
    let result = JobResult::failed(Cause::Canceled, "stopped");
    assert_eq!(leases.result(&lease.attempt, result.clone()).await, Claim::Holds);
    assert_eq!(leases.result(&lease.attempt, result).await, Claim::Stale);
    assert_eq!(leases.revoked(&lease.attempt).await, Claim::Stale);
    let story = story(&mut build).await;
    assert_eq!(story[story.len() - 3..], ["a canceled", "script/end", "build canceled: enough"]);
    assert!(matches!(build.cancel("again").await, Err(EngineError::NotOpen { .. })));
}

#[tokio::test]
async fn one_job_of_a_concurrency_group_runs_at_a_time_across_builds() {
    let engine = Engine::local().without_worker().open().await.expect("opens");
    let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (now, peak) = (Arc::clone(&running), Arc::clone(&most));
    worker(&engine, 8, move |_| {
        peak.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        now.fetch_sub(1, Ordering::SeqCst);
        JobResult::default()
    });
    let deploy = |id: &str| Job { concurrency_group: Some("production".into()), ..job(id) };
    let mut builds = Vec::new();
    for _ in 0..4 {
        builds.push(engine.build(BuildRequest::jobs(vec![deploy("a"), deploy("b")])).await.expect("begins"));
    }
    for build in &mut builds {
        assert_eq!(build.wait().await.expect("it ends"), BuildStatus::Success);
    }
    assert_eq!(most.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_folder_with_a_script_is_a_request() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |path: &str, text: &str| std::fs::write(folder.path().join(path), text).expect("writes");
    std::fs::create_dir(folder.path().join(".monkeyci")).expect("makes a folder");
    write("hello.txt", "hello");
    write(".monkeyci/build.yaml", "- id: test\n  script: [\"curl -u hunter22-hunter22 example.com\"]\n");

    let mut secrets = crate::secret::Secrets::new();
    secrets.insert(monkeyci_model::SecretRef { name: "TOKEN".into(), version: 1 }, "hunter22-hunter22".into());
    let engine = Engine::local().without_worker().secrets(secrets).open().await.expect("opens");
    let mut build = engine.build(folder.path()).await.expect("begins");
    let leases = engine.leases();
    let lease = leases.lease(Ask::new("test", 1)).await.remove(0);
    assert_eq!(std::fs::read_to_string(lease.checkout.join("hello.txt")).expect("reads"), "hello");
    assert_eq!(lease.job.script[0].to_string(), "curl -u «TOKEN@1» example.com");
    let _claim = leases.result(&lease.attempt, JobResult::default()).await;
    assert_eq!(build.wait().await.expect("it ends"), BuildStatus::Success);
    let events = engine.shared.store.events(build.id(), 0, 100).await.expect("reads");
    assert!(events.iter().all(|event| !serde_json::to_string(&**event).expect("serializes").contains("hunter22")));

    write(".monkeyci/build.yaml", "- id: test\n  scirpt: [ls]\n");
    let mut build = engine.build(folder.path()).await.expect("begins");
    let end = story(&mut build).await.pop().expect("an end");
    assert!(end.starts_with("build failure: ") && end.contains("scirpt"), "{end}");
}

#[tokio::test]
async fn an_engine_runs_its_jobs_where_it_is_told() {
    let fake = crate::executor::Fake::default().exit("lint", 1).output("lint", "a tab\n");
    let engine = Engine::local().executor(fake).jobs(4).open().await.expect("opens");
    let lines = |id: &str| Job { script: vec!["make".into()], ..job(id) };
    let plan = vec![lines("test"), lines("lint"), lines("deploy: test lint")];
    let mut build = engine.build(BuildRequest::jobs(plan)).await.expect("begins");
    assert_eq!(build.wait().await.expect("it ends"), BuildStatus::Failure);
    let snapshot = build.snapshot().await.expect("reads");
    let ends: Vec<_> = snapshot.jobs().iter().map(|job| (job.job().id.as_str(), job.status())).collect();
    assert_eq!(ends, [("test", JobStatus::Success), ("lint", JobStatus::Failure), ("deploy", JobStatus::Skipped)]);
    let log = build.log(&id("lint"), 1, 0).await.expect("a log").next().await.expect("reads").expect("it has a log");
    assert_eq!(log, "a tab\n");
    engine.close().await;
}
