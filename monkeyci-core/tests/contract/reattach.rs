//! What becomes of jobs whose engine died: plain processes.

use std::sync::Arc;

use monkeyci_core::executor::{ExecutorError, Process};
use monkeyci_core::job_dir::Program;
use monkeyci_core::job_dir::outcome::Reason;
use monkeyci_core::model::Job;

use crate::fixture::{Fixture, alive};

fn outliving() -> Fixture {
    Fixture::new(None, |state| Process::new(state).outliving())
}

/// The same machine after a restart: another executor over the same state.
fn restarted(mut fixture: Fixture) -> Fixture {
    fixture.executor = Arc::new(Process::new(fixture.home.path().join("state")).outliving());
    fixture
}

const LINE: &str = "echo run >> runs; echo ready; until [ -e go ]; do sleep 0.01; done; echo done";

#[tokio::test]
async fn a_job_that_outlived_its_engine_is_taken_up_again() {
    let fixture = outliving();
    let order = || fixture.order(fixture.job("long", [LINE]), Program::default());
    let (first, mut second) = (order(), order());
    (second.attempt, second.dir) = (first.attempt.clone(), first.dir.clone());
    let mut running = fixture.start(first);
    running.said("ready").await;
    running.task.abort();
    let fixture = restarted(fixture);
    let mut again = fixture.start(second);
    again.said("ready").await;
    std::fs::write(again.dir.work().join("go"), "").expect("a file");
    let ran = again.end().await;
    assert_eq!((ran.outcome().reason, ran.outcome().code), (Reason::Exited, Some(0)));
    assert_eq!((ran.output().as_str(), ran.started.len()), ("ready\ndone\n", 1));
    assert_eq!(std::fs::read_to_string(ran.dir.work().join("runs")).expect("it ran"), "run\n");
}

#[tokio::test]
async fn what_is_not_wanted_is_swept_and_the_rest_goes_on() {
    let fixture = outliving();
    let orders = [(); 2].map(|()| fixture.order(fixture.job("long", [LINE]), Program::default()));
    let [kept, swept] = orders.each_ref().map(|order| order.attempt.clone());
    let mut running = Vec::new();
    for order in orders {
        let mut job = fixture.start(order);
        job.said("ready").await;
        job.task.abort();
        running.push(job);
    }
    let fixture = restarted(fixture);
    let sweep = async |instance: &str, wanted: &[u64]| fixture.executor.sweep(instance, wanted).await.expect("swept");
    assert_eq!(sweep("other", &[]).await, Vec::<String>::new());
    assert_eq!(sweep("contract", &[kept.fence]).await, [swept.name()]);
    assert!(alive(&running[1].dir).is_empty() && !alive(&running[0].dir).is_empty());
    assert_eq!(sweep("contract", &[]).await, [kept.name()]);
    assert!(alive(&running[0].dir).is_empty());
}

#[tokio::test]
async fn a_job_ends_with_its_engine_unless_told_otherwise() {
    let fixture = crate::adapters::process().await.expect("everywhere");
    let mut running = fixture.start(fixture.order(fixture.job("long", [LINE]), Program::default()));
    running.said("ready").await;
    // As when the engine dies: what it held is closed.
    running.task.abort();
    while !alive(&running.dir).is_empty() {
        tokio::time::sleep(std::time::Duration::from_millis(2)).await; // poll
    }
}

#[tokio::test]
async fn a_job_with_an_image_is_refused_with_a_way_out() {
    let fixture = crate::adapters::process().await.expect("everywhere");
    let job = Job { image: Some("docker.io/library/busybox".into()), ..fixture.job("boxed", ["true"]) };
    let ran = fixture.run(job).await;
    let Err(ExecutorError::Unsupported(message)) = ran.exit else { panic!("{:?}", ran.exit) };
    assert!(message.contains("`boxed`") && message.contains("`docker`"), "{message}");
}
