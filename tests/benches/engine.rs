//! Jobs that do nothing, through the engine on SQLite: what durability costs.

use std::sync::Arc;
use std::time::Duration;

use monkeyci_core::engine::{BuildRequest, Engine};
use monkeyci_core::lease::{Ask, Leases, Started};
use monkeyci_core::model::{BuildStatus, Job, JobId, JobResult};
use rusqlite::{Connection, params};

use crate::measure::{Goal, Outcome, pairs, rounds, setting, timed};

/// Jobs that run at the same time, and that share a commit of the floor.
const AT_ONCE: usize = 64;
/// Events of a job that does nothing: queued, initializing, start, executed, end.
const EVENTS: i64 = 5;

pub fn run() -> Outcome {
    let count = setting("JOBS", 10_000);
    let within = Goal::Within(Duration::from_secs(2));
    pairs(&format!("{count} jobs"), rounds(5), &within, || bare(count), || through_the_engine(count))?;
    Ok(())
}

/// The same rows in SQLite, and nothing else.
fn bare(count: usize) -> Outcome<Duration> {
    let folder = tempfile::tempdir()?;
    let mut connection = Connection::open(folder.path().join("floor.db"))?;
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
         CREATE TABLE event (position INTEGER PRIMARY KEY, build INTEGER, seq INTEGER, time INTEGER, kind TEXT);
         CREATE TABLE job (build INTEGER, id TEXT, status TEXT, UNIQUE (build, id));",
    )?;
    let kind = r#"{"type":"job/initializing","jobId":"job-1234","attempt":1,"fence":1234,"worker":"bench"}"#;
    timed(|| {
        for batch in (0..count).step_by(AT_ONCE) {
            let transaction = connection.transaction()?;
            {
                let mut event = transaction.prepare_cached("INSERT INTO event VALUES (NULL, 1, ?, 1, ?)")?;
                let mut job = transaction.prepare_cached("INSERT INTO job VALUES (1, ?, 'pending')")?;
                let mut update = transaction.prepare_cached("UPDATE job SET status = ? WHERE build = 1 AND id = ?")?;
                for number in batch..count.min(batch + AT_ONCE) {
                    for step in 0..EVENTS {
                        event.execute(params![i64::try_from(number)? * EVENTS + step, kind])?;
                    }
                    let id = format!("job-{number}");
                    job.execute([&id])?;
                    update.execute(["success", &id])?;
                }
            }
            transaction.commit()?;
        }
        Ok(())
    })
}

fn through_the_engine(count: usize) -> Outcome<Duration> {
    let state = tempfile::tempdir()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let engine = Engine::local().state(state.path()).without_worker().open().await?;
        tokio::spawn(work(engine.leases()));
        let job = |number| Job::new(JobId::new(format!("job-{number}")).expect("a valid id"));
        let jobs = (0..count).map(job).collect();
        let begin = std::time::Instant::now();
        let mut build = engine.build(BuildRequest::jobs(jobs)).await?;
        let status = build.wait().await?;
        let took = begin.elapsed();
        engine.close().await;
        if status != BuildStatus::Success {
            return Err(format!("the build ended as {status}").into());
        }
        Ok(took)
    })
}

/// A worker whose jobs do nothing.
async fn work(leases: Arc<dyn Leases>) {
    let room = Arc::new(tokio::sync::Semaphore::new(AT_ONCE));
    while let Ok(first) = Arc::clone(&room).acquire_owned().await {
        let free = 1 + room.available_permits();
        let taken = leases.lease(Ask::new("bench", free)).await;
        if taken.is_empty() {
            return;
        }
        let mut first = Some(first);
        for lease in taken {
            let permit = first.take().or_else(|| Arc::clone(&room).try_acquire_owned().ok());
            let leases = Arc::clone(&leases);
            tokio::spawn(async move {
                // What the answers say is of no use to one that does nothing.
                let _claim = leases.started(&lease.attempt, Started::default()).await;
                let _claim = leases.result(&lease.attempt, JobResult::default()).await;
                drop(permit);
            });
        }
    }
}
