//! What every interface of leases holds, for workers elsewhere: that of the engine itself, and the same over HTTP.

use std::sync::Arc;

use bytes::Bytes;
use monkeyci_api::{Config, Server};
use monkeyci_client::Client;
use monkeyci_client::rest::lease::{Hello, PROTOCOL};
use monkeyci_client::rest::{NewWorker, WorkerFacts};
use monkeyci_core::attempt::Attempt;
use monkeyci_core::engine::{BuildHandle, BuildRequest, Engine};
use monkeyci_core::lease::{Ask, Claim, Leases, Started};
use monkeyci_core::log::{Chunk, Mark, MarkKind};
use monkeyci_core::model::{BuildStatus, Job, JobResult};

use super::link::Link;

/// The name of the worker.
const NAME: &str = "far";

async fn build(engine: &Engine, job: &str) -> BuildHandle {
    let job = Job { script: vec!["true".into()], ..Job::new(job.parse().expect("an id")) };
    engine.build(BuildRequest::jobs(vec![job])).await.expect("begins")
}

async fn ask(leases: &dyn Leases, room: usize, holds: &[&Attempt]) -> Vec<Attempt> {
    let ask = Ask::new(NAME, room).holding(holds.iter().map(|attempt| attempt.fence));
    leases.lease(ask).await.into_iter().map(|lease| lease.attempt).collect()
}

async fn contract(engine: &Engine, leases: Arc<dyn Leases>) {
    let leases = &*leases;
    let begins = || leases.lease(Ask { begins: true, ..Ask::new(NAME, 1) });
    assert!(begins().await.is_empty(), "who begins is not kept waiting");
    // What did not arrive comes again; what did, does not.
    let mut first = build(engine, "first").await;
    let a = ask(leases, 1, &[]).await.remove(0);
    assert_eq!(ask(leases, 1, &[]).await.pop().as_ref(), Some(&a), "the answer was lost");
    assert_eq!(
        begins().await.pop().map(|lease| lease.attempt).as_ref(),
        Some(&a),
        "what was begun is there to be taken up"
    );
    let mut second = build(engine, "second").await;
    let b = ask(leases, 1, &[&a]).await.remove(0);
    assert_eq!((a.job.as_str(), b.job.as_str()), ("first", "second"));
    assert!(b.fence > a.fence);

    // Whatever is said twice is said once.
    let unknown = Attempt { fence: b.fence + 1000, ..b.clone() };
    let claims = leases.renew(&[a.clone(), unknown.clone(), b.clone()]).await;
    assert_eq!(claims, [Claim::Holds, Claim::Stale, Claim::Holds]);
    let marks = vec![Mark { offset: 0, millis: 1, kind: MarkKind::LineStart(0) }];
    let chunk = Chunk { offset: 0, bytes: Bytes::from_static(b"hello\n"), marks };
    for _ in 0..2 {
        assert_eq!(leases.started(&a, Started::default()).await, Claim::Holds);
        assert_eq!(leases.log(&a, chunk.clone()).await.expect("is kept"), Claim::Holds);
    }
    let gap = Chunk { offset: 100, ..chunk.clone() };
    leases.log(&a, Chunk { marks: Vec::new(), ..gap }).await.expect_err("it leaves a gap");
    assert_eq!(leases.log(&unknown, chunk).await.expect("is told"), Claim::Stale);
    let jobs = leases.jobs(&a, None).await.expect("its build's");
    assert_eq!((jobs.len(), jobs[0].job.id.as_str(), jobs[0].attempt), (1, "first", 1));
    assert!(leases.jobs(&unknown, None).await.is_none());
    let read = leases.read_log(&a, &a.job, 2, 3).await.expect("reads").expect("there is one");
    assert_eq!(read, "llo");
    let nobody = "nobody".parse().expect("an id");
    assert!(leases.read_log(&a, &nobody, 0, 3).await.expect("reads").is_none());
    assert_eq!(leases.result(&a, JobResult::default()).await, Claim::Holds);
    assert_eq!(leases.result(&a, JobResult::default()).await, Claim::Stale);
    assert_eq!(leases.revoked(&a).await, Claim::Stale);
    assert_eq!(first.wait().await.expect("it ends"), BuildStatus::Success);
    let marks = first.marks(&a.job, 1, 0, 10).await.expect("reads");
    assert_eq!(marks.len(), 1, "the piece was kept once");

    // Who waits hears of a cancellation at once.
    let (claim, canceled) = tokio::join!(leases.revoked(&b), second.cancel("enough"));
    canceled.expect("it can be");
    assert_eq!(claim, Claim::Canceled);
    let _claim = leases.result(&b, JobResult::default()).await;
    assert_eq!(second.wait().await.expect("it ends"), BuildStatus::Canceled);

    // A worker that leaves gives back what it does not have.
    let mut third = build(engine, "third").await;
    let c = ask(leases, 1, &[]).await.remove(0);
    assert!(ask(leases, 0, &[]).await.is_empty());
    let again = ask(leases, 1, &[]).await.remove(0);
    assert_eq!((c.number, again.number), (1, 2));
    assert_eq!(leases.result(&c, JobResult::default()).await, Claim::Stale, "an old fence changes nothing");
    assert_eq!(leases.result(&again, JobResult::default()).await, Claim::Holds);
    assert_eq!(third.wait().await.expect("it ends"), BuildStatus::Success);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn leases_of_the_engine_itself() {
    let engine = Engine::local().without_worker().open().await.expect("opens");
    contract(&engine, engine.remote_leases()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn leases_over_http() {
    let dir = tempfile::tempdir().expect("a folder");
    let listen = "127.0.0.1:0".parse().expect("an address");
    let config = Config { listen, jobs: Some(0), state: dir.path().join("state"), ..Config::default() };
    let server = Server::open(&config).await.expect("opens");
    let (state, stop, url) = (server.state().clone(), server.stop(), server.url().to_owned());
    let admin = Client::new(&url, server.first_token()).expect("a client");
    let served = tokio::spawn(server.serve());
    let made = admin.make_worker(&NewWorker { name: NAME.into(), org: None }).await.expect("is made");
    let duty = Client::new(&url, Some(&made.secret)).expect("a client").duty("home");
    let facts = WorkerFacts { processes: true, ..WorkerFacts::default() };
    let welcome = duty.hello(&Hello { protocol: PROTOCOL, facts }).await.expect("begins");
    assert_eq!(welcome.name, NAME);
    contract(&state.engine, Arc::new(Link::new(duty, "here", dir.path().join("checkouts")))).await;
    stop.cancel();
    served.await.expect("no panic").expect("it ends well");
}
