use std::time::Duration;

use proptest::prelude::*;

use super::*;

/// How a worker deals with a job.
#[derive(Debug, Clone, Copy)]
enum Manner {
    Answers,
    Fails,
    AnswersTwice,
    StartsTwice,
    /// Is never heard of again.
    Vanishes,
    /// Answers once its lease is lost.
    AnswersLate,
}

fn manner() -> impl Strategy<Value = Manner> {
    use Manner::{Answers, AnswersLate, AnswersTwice, Fails, StartsTwice, Vanishes};
    prop::sample::select(vec![Answers, Answers, Fails, AnswersTwice, StartsTwice, Vanishes, AnswersLate])
}

/// A worker that deals with the jobs it gets in these manners, one after the other.
fn moody_worker(engine: &Engine, manners: Vec<Manner>) -> JoinHandle<()> {
    let leases = engine.remote_leases();
    tokio::spawn(async move {
        let (mut manners, mut holds) = (manners.into_iter().cycle(), Vec::new());
        loop {
            let taken = leases.lease(Ask::new("moody", 3).holding(holds.clone())).await;
            holds.extend(taken.iter().map(|lease| lease.attempt.fence));
            if taken.is_empty() {
                return;
            }
            for (lease, manner) in taken.into_iter().zip(manners.by_ref()) {
                let leases = Arc::clone(&leases);
                tokio::spawn(async move {
                    let _claim = leases.started(&lease.attempt, Started::default()).await;
                    let result = match manner {
                        Manner::Fails => JobResult::failed(Cause::Failure, "exit 1"),
                        _ => JobResult::default(),
                    };
                    match manner {
                        Manner::Vanishes => return,
                        Manner::AnswersLate => {
                            let claim = leases.revoked(&lease.attempt).await;
                            assert_ne!(claim, Claim::Holds);
                        }
                        Manner::StartsTwice => drop(leases.started(&lease.attempt, Started::default()).await as u8),
                        Manner::Answers | Manner::Fails | Manner::AnswersTwice => {}
                    }
                    let _claim = leases.result(&lease.attempt, result.clone()).await;
                    if let Manner::AnswersTwice = manner {
                        assert_eq!(leases.result(&lease.attempt, result).await, Claim::Stale);
                    }
                });
            }
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn every_build_ends_however_workers_behave(
        manners in prop::collection::vec(manner(), 1..12),
        dependencies in prop::collection::vec(prop::collection::vec(0_usize..8, 0..3), 1..8),
        cancel in any::<bool>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let jobs = dependencies.iter().enumerate().map(|(place, before)| {
                let mut before: Vec<JobId> = before.iter().filter(|b| **b < place).map(|b| id(&format!("j{b}"))).collect();
                before.sort();
                before.dedup();
                Job { dependencies: before, ..job(&format!("j{place}")) }
            });
            let engine = Engine::local().without_worker().lease(Duration::from_millis(8)).open().await.expect("opens");
            moody_worker(&engine, manners);
            let mut build = engine.build(BuildRequest::jobs(jobs.collect())).await.expect("begins");
            if cancel {
                until(&mut build, |event| matches!(event, EventKind::JobInitializing { .. })).await;
                drop(build.cancel("enough").await);
            }
            let end = tokio::time::timeout(Duration::from_secs(60), build.wait()).await;
            let end = end.expect("it ends").expect("the engine lives");
            assert!(end.is_terminal());
            let snapshot = build.snapshot().await.expect("replays");
            assert_eq!(snapshot.status(), end);
            assert!(snapshot.jobs().iter().all(|job| job.status().is_terminal()));
        });
    }
}
