//! What becomes of jobs whose engine died: plain processes.

use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use monkeyci_core::executor::{ExecutorError, Order, Process};
use monkeyci_core::job_dir::Program;
use monkeyci_core::job_dir::outcome::Reason;
use monkeyci_core::job_dir::program::supervisor_path;
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
    let sweep = async |instance: &str, wanted: &[u64]| {
        fixture.executor.sweep(instance, &|fence| wanted.contains(&fence)).await.expect("swept")
    };
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

/// Has a supervisor wait for the start of an order's job, as an engine does that dies before it says so.
fn waiting(fixture: &Fixture, order: &Order) -> Child {
    let program = supervisor_path(&fixture.home.path().join("state/bin")).expect("a program");
    let mut command = Command::new(program);
    command.args(["run", "--process"]).arg(order.dir.root()).stdin(Stdio::null()).stdout(Stdio::null());
    let child = loop {
        match command.spawn() {
            // Another test that begins a program just now holds for a moment what was being written.
            Err(error) if error.kind() == std::io::ErrorKind::ExecutableFileBusy => std::thread::yield_now(),
            begun => break begun.expect("a supervisor"),
        }
    };
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", child.id())).expect("it runs");
    let began = stat.rsplit(") ").next().and_then(|rest| rest.split(' ').nth(19)).expect("proc_pid_stat(5)");
    let record = fixture.home.path().join("state").join(order.attempt.name());
    std::fs::write(record, format!("{} {began}", child.id())).expect("a record");
    child
}

#[tokio::test]
async fn a_job_whose_engine_died_before_it_said_start_is_started() {
    let fixture = outliving();
    let order = fixture.order(fixture.job("waits", ["echo begun"]), Program::default());
    let mut supervisor = waiting(&fixture, &order);
    // Reaped as soon as it ends, as process 1 does when its parent is dead.
    let reaped = tokio::task::spawn_blocking(move || supervisor.wait());
    let ran = fixture.start(order).end().await;
    assert_eq!((ran.outcome().code, ran.output().as_str()), (Some(0), "begun\n"));
    assert!(reaped.await.expect("no panic").expect("it ended").success());
}

#[tokio::test]
async fn nothing_is_started_beside_a_supervisor_that_nobody_knows() {
    let fixture = outliving();
    let order = fixture.order(fixture.job("unknown", ["echo never"]), Program::default());
    let dir = order.dir.clone();
    let mut supervisor = waiting(&fixture, &order);
    std::fs::write(fixture.home.path().join("state").join(order.attempt.name()), "").expect("a record");
    let ran = fixture.start(order).end().await;
    assert!(ran.exit.is_ok() && ran.outcome.expect("a report").is_none());
    assert!(!dir.control().join("start").exists() && ran.frames.is_empty());
    supervisor.kill().expect("killed");
    supervisor.wait().expect("it ended");
}
