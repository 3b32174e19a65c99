use std::sync::Arc;
use std::time::Duration;

use monkeyci_model::{BuildId, BuildStatus, Event, EventKind, JobResult};
use object_store::memory::InMemory;

use super::command::What;
use super::*;
use crate::log::{Chunk, LogId, LogStore, Mark, MarkKind};
use crate::store::object::{Bucket, Objects};
use crate::store::{BuildRow, Commit, Store as _, StoreError};

/// Short, and long beside what a machine that is busy needs between two beats.
const SILENCE: Duration = Duration::from_secs(3);

fn build() -> BuildId {
    "acme/web/build-1".parse().expect("an id")
}

fn objects() -> Objects {
    Objects::new(Arc::new(InMemory::new()))
}

fn commit(after: u64) -> Commit {
    let row = BuildRow {
        build: build(),
        status: BuildStatus::Running,
        message: None,
        request: None,
        trigger: None,
        created: None,
        ended: None,
        events: 0,
    };
    Commit { after, facts: vec![EventKind::BuildInitializing {}], time: 1, build: row, jobs: Vec::new() }
}

#[tokio::test]
async fn of_many_who_want_a_build_at_once_one_gets_it() {
    let objects = objects();
    let took =
        futures::future::join_all((0..8).map(|_| async { Lease::take(&objects, &build(), SILENCE).await })).await;
    let (held, others): (Vec<_>, Vec<_>) = took.into_iter().partition(Result::is_ok);
    assert_eq!(held.len(), 1);
    assert!(others.iter().all(|other| matches!(other, Err(NotHeld::Busy(_)))));
    // Whoever comes later takes it at once when it was let go, with nothing to clear up.
    let first = held.into_iter().next().expect("one").expect("held");
    first.release().await.expect("writes");
    let second = Lease::take(&objects, &build(), Duration::from_secs(3600)).await.expect("it was let go");
    assert_eq!((second.fence(), second.left()), (2, &[][..]));
}

#[tokio::test]
async fn who_is_silent_for_too_long_has_lost_it_and_what_they_left_is_known_until_it_is_cleared_up() {
    let objects = objects();
    drop(Lease::take(&objects, &build(), SILENCE).await.expect("nobody has it"));
    let second = Lease::take(&objects, &build(), SILENCE).await.expect("the first is dead");
    assert_eq!((second.fence(), second.left()), (2, &[1][..]));
    second.cleared(1).await.expect("writes");
    drop(second);
    let third = Lease::take(&objects, &build(), SILENCE).await.expect("the second is dead");
    assert_eq!((third.fence(), third.left()), (3, &[2][..]));
}

#[tokio::test]
async fn a_holder_that_was_taken_for_dead_writes_nothing_more() {
    let objects = objects();
    let lease = Lease::take(&objects, &build(), SILENCE).await.expect("nobody has it");
    let store = lease.guard(objects.clone());
    store.commit(vec![commit(0)]).await.expect("it is held");
    // Somebody else waited for a sign of life while this process stood still.
    let next = format!("{}/{:020}", Bucket::beneath(&build(), "lease"), 2);
    objects.bucket().create(&next, r#"{"holder":"other","beat":0}"#).await.expect("writes");
    lease.lost().cancelled().await;
    let refused = store.commit(vec![commit(1)]).await.expect_err("it is lost");
    assert!(matches!(refused, StoreError::Conflict { .. }), "{refused}");
    assert_eq!(objects.build(&build()).await.expect("reads").expect("it is there").events, 1);
    lease.release().await.expect("nothing to write");
    assert!(matches!(Lease::take(&objects, &build(), SILENCE).await, Ok(lease) if lease.fence() == 3));
}

#[tokio::test]
async fn who_finds_facts_of_another_has_lost_the_build() {
    let objects = objects();
    let lease = Lease::take(&objects, &build(), SILENCE).await.expect("nobody has it");
    let store = lease.guard(objects.clone());
    store.commit(vec![commit(0)]).await.expect("it is held");
    Objects::new(Arc::clone(objects.bucket().store())).commit(vec![commit(1)]).await.expect("commits");
    store.commit(vec![commit(1)]).await.expect_err("it is taken");
    assert!(lease.lost().is_cancelled());
}

#[tokio::test]
async fn commands_wait_until_they_are_done_and_what_is_none_is_put_aside() {
    let objects = objects();
    let bucket = objects.bucket();
    let approve = Command {
        actor: Some("ann".into()),
        reason: None,
        what: What::Approve { job: "deploy".parse().expect("an id") },
    };
    let cancel = Command { actor: None, reason: Some("enough".into()), what: What::Cancel };
    approve.send(bucket, &build()).await.expect("writes");
    bucket.put(&Bucket::beneath(&build(), "commands/0"), "what?").await.expect("writes");
    cancel.send(bucket, &build()).await.expect("writes");
    let waiting = Command::waiting(bucket, &build()).await.expect("reads");
    assert_eq!(waiting.len(), 2);
    for command in [&approve, &cancel] {
        assert!(waiting.iter().any(|waiting| waiting.command == *command), "{waiting:?}");
    }
    assert_eq!(serde_json::to_string(&approve).expect("writes"), r#"{"actor":"ann","do":"approve","job":"deploy"}"#);
    waiting[0].done(bucket).await.expect("takes away");
    assert_eq!(Command::waiting(bucket, &build()).await.expect("reads").len(), 1);
}

fn event(kind: EventKind) -> Event {
    Event { position: 1, subject: build(), seq: 1, time: 1, kind }
}

#[tokio::test]
async fn a_log_comes_whole_and_once_also_where_pieces_were_sent_twice() {
    let (objects, folder) = (objects(), tempfile::tempdir().expect("a folder"));
    let logs = LogStore::at(folder.path());
    let job: monkeyci_model::JobId = "unit".parse().expect("an id");
    let id = LogId { build: build(), job: job.clone(), attempt: 1 };
    let mark = |offset, kind| Mark { offset, millis: 0, kind };
    let append = |offset, bytes: &'static str, marks: Vec<Mark>| {
        logs.append(&id, &Chunk { offset, bytes: bytes.into(), marks }).expect("written");
    };
    let mut first = sender(&objects, &logs);
    first.hear(&event(EventKind::JobInitializing {
        job_id: job.clone(),
        attempt: 1,
        fence: 1,
        worker: "local".into(),
    }));
    let mut reader = log::Reader::new(objects.bucket().clone(), &id);
    first.send().await.expect("sends");
    assert_eq!(reader.next().await.expect("reads"), (Vec::new(), false));
    append(0, "one\n", vec![mark(0, MarkKind::LineStart(0)), mark(0, MarkKind::Stdout)]);
    first.send().await.expect("sends");
    let (begun, is_over) = reader.next().await.expect("reads");
    assert_eq!((begun[0].bytes.as_ref(), begun[0].marks.len(), is_over), (&b"one\n"[..], 2, false));
    append(4, "two\n", vec![mark(8, MarkKind::LineEnd(0, 0))]);

    // Another controller begins anew, with a piece that is longer.
    let mut other = sender(&objects, &logs);
    other.hear(&event(EventKind::JobInitializing {
        job_id: job.clone(),
        attempt: 1,
        fence: 2,
        worker: "local".into(),
    }));
    other.send().await.expect("sends");
    first.send().await.expect("sends");
    let result = Box::new(JobResult::default());
    first.hear(&event(EventKind::JobExecuted { job_id: job, attempt: 1, result }));
    first.send().await.expect("sends");
    let (rest, is_over) = reader.next().await.expect("reads");
    let text: Vec<u8> = rest.iter().flat_map(|chunk| chunk.bytes.to_vec()).collect();
    assert_eq!((text.as_slice(), rest[0].offset, is_over), (&b"two\n"[..], 4, true));
    let marks: usize = rest.iter().map(|chunk| chunk.marks.len()).sum();
    assert_eq!(marks, 1);
    let (whole, _) = log::Reader::new(objects.bucket().clone(), &id).next().await.expect("reads");
    let text: Vec<u8> = whole.iter().flat_map(|chunk| chunk.bytes.to_vec()).collect();
    assert_eq!(text, b"one\ntwo\n");
}

fn sender(objects: &Objects, logs: &LogStore) -> log::Sender {
    log::Sender::new(objects.bucket().clone(), logs.clone())
}
