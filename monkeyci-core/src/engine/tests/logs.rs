use bytes::Bytes;

use super::*;
use crate::log::{Chunk, LogError, Mark, MarkKind};

fn chunk(offset: u64, bytes: usize, marks: &[MarkKind]) -> Chunk {
    let marks = marks.iter().map(|kind| Mark { offset, millis: 0, kind: *kind }).collect();
    Chunk { offset, bytes: Bytes::from(vec![b'x'; bytes]), marks }
}

#[tokio::test]
async fn a_worker_elsewhere_cannot_fill_the_disk_with_the_log_of_a_job() {
    let engine = Engine::local().without_worker().log_limit(1000).open().await.expect("opens");
    let lines = Job { script: vec!["make".into(), "make test".into()], ..job("a") };
    let mut build = engine.build(BuildRequest::jobs(vec![lines])).await.expect("begins");
    let leases = engine.remote_leases();
    let attempt = leases.lease(Ask::new("hostile", 1)).await.remove(0).attempt;
    let log = async |chunk| leases.log(&attempt, chunk).await;

    assert_eq!(log(chunk(0, 600, &[MarkKind::LineStart(0), MarkKind::Stdout])).await.expect("it fits"), Claim::Holds);
    for too_much in [chunk(600, 401, &[]), chunk(u64::MAX, 1, &[]), chunk(600, 1, &[MarkKind::LineStart(2)])] {
        let error = log(too_much).await.expect_err("it does not fit");
        assert!(matches!(error, LogError::Excess { bytes: 1000, lines: 2 }), "{error}");
    }
    assert_eq!(
        log(chunk(600, 400, &[MarkKind::LineEnd(0, 0), MarkKind::LineStart(1)])).await.expect("fits"),
        Claim::Holds
    );
    // What came before is kept, and sending it again changes nothing.
    assert_eq!(log(chunk(0, 600, &[])).await.expect("it is known"), Claim::Holds);
    let log_id = crate::log::LogId::from(&attempt);
    assert_eq!(engine.shared.logs.len(&log_id).expect("reads"), 1000);
    assert_eq!(build.marks(&id("a"), 1, 1, 100).await.expect("reads").len(), 3);

    let _claim = leases.result(&attempt, JobResult::default()).await;
    assert_eq!(log(chunk(1000, 0, &[])).await.expect("nothing is written"), Claim::Stale);
    assert_eq!(build.wait().await.expect("it ends"), BuildStatus::Success);
}

#[tokio::test]
async fn whoever_follows_a_log_is_told_when_nothing_more_can_come() {
    let engine = Engine::local().without_worker().open().await.expect("opens");
    let build = engine.build(jobs(&["a", "b: a", "c"])).await.expect("begins");
    let leases = engine.leases();
    let attempt = leases.lease(Ask::new("test", 1)).await.remove(0).attempt;
    assert_eq!(leases.log(&attempt, chunk(0, 3, &[])).await.expect("it fits"), Claim::Holds);
    let mut never = build.log(&id("a"), 2, 0).await.expect("reads");
    assert_eq!(never.next().await.expect("reads"), None);
    let mut unknown = build.log(&id("x"), 1, 0).await.expect("reads");
    assert_eq!(unknown.next().await.expect("reads"), None);

    let mut running = build.log(&id("a"), 1, 0).await.expect("reads");
    assert_eq!(running.next().await.expect("reads").expect("it has begun"), "xxx");
    let waits = build.log(&id("b"), 1, 0).await.expect("reads");
    let mut waits = std::pin::pin!(async move { { waits }.next().await });
    assert!(futures::poll!(&mut waits).is_pending());
    build.reject(&id("b"), None, None).await.expect("it waits");
    assert_eq!(waits.await.expect("reads"), None);

    assert!(futures::poll!(std::pin::pin!(running.next())).is_pending());
    engine.close().await;
    assert_eq!(running.next().await.expect("reads"), None);
}
