use std::time::Duration;

use monkeyci_model::{BuildStatus, EventKind};

use super::*;
use crate::store::Tables;
use crate::store::postgres_server::{PostgresDatabase, PostgresServer};
use crate::values;

fn open(database: &PostgresDatabase<'_>) -> Result<Postgres, StoreError> {
    Postgres::open(&database.url().parse().expect("an address"))
}

fn commit(number: u64, after: u64, message: &str) -> Commit {
    let build = BuildId::new("acme".parse().expect("an id"), "web".parse().expect("an id"), number);
    let status = BuildStatus::Running;
    let message = Some(message.to_owned());
    let row = BuildRow {
        build,
        status,
        message: message.clone(),
        request: None,
        trigger: None,
        created: None,
        ended: None,
        events: 0,
    };
    Commit { after, facts: vec![EventKind::BuildEnd { status, message }], time: 0, build: row, jobs: Vec::new() }
}

#[tokio::test]
async fn a_second_server_is_refused_until_the_first_is_gone() {
    let Some(server) = PostgresServer::shared() else { return };
    let database = server.database();
    let first = open(&database).expect("opens");
    let error = open(&database).err().expect("it is in use");
    assert!(matches!(error, StoreError::InUse { .. }), "{error}");
    drop(first);
    open(&database).expect("opens");
}

#[tokio::test]
async fn what_is_no_database_for_it_is_refused_and_left_alone() {
    let Some(server) = PostgresServer::shared() else { return };
    let other = server.database();
    other.sql("CREATE TABLE pet (name TEXT)");
    let refusal = |database: &PostgresDatabase<'_>| open(database).err().expect("it is refused").to_string();
    assert!(refusal(&other).contains("database of another program"), "{}", refusal(&other));
    assert_eq!(other.sql("SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'"), "1");

    let newer = server.database();
    drop(open(&newer).expect("opens"));
    newer.sql("UPDATE migration SET version = 99");
    assert!(refusal(&newer).contains("a newer MonkeyCI wrote it (`store` 99"), "{}", refusal(&newer));

    let url = newer.url().replace("/test_", "/none_");
    let error = Postgres::open(&url.parse().expect("an address")).err().expect("there is none");
    assert!(matches!(&error, StoreError::Unreachable { reason, .. } if reason.contains("does not exist")), "{error}");
}

#[tokio::test]
async fn commits_are_durable_where_the_database_would_rather_be_quick() {
    let Some(server) = PostgresServer::shared() else { return };
    let database = server.database();
    let name = database.sql("SELECT current_database()");
    database.sql(&format!("ALTER DATABASE {name} SET synchronous_commit = off"));
    let store = Arc::new(open(&database).expect("opens"));
    let tables = Tables::open(store, "none", &[]).await.expect("opens");
    let shown = tables.write(|sql| sql.query("SELECT current_setting('synchronous_commit')", &[])).await;
    assert_eq!(shown.expect("asks")[0].text(0).expect("a text"), "on");
}

#[tokio::test]
async fn what_no_column_could_hold_loses_no_build() {
    let Some(server) = PostgresServer::shared() else { return };
    let database = server.database();
    let store = open(&database).expect("opens");
    let long = "x".repeat(100_000);
    let git =
        |reference: &str| monkeyci_model::trigger::Git { reference: Some(reference.to_owned()), ..Default::default() };
    for (number, reference) in [(1, "refs/heads/a\0b"), (2, &*long)] {
        let mut commit = commit(number, 0, "a\0message");
        commit.build.trigger =
            Some(Box::new(monkeyci_model::Trigger { git: Some(git(reference)), ..Default::default() }));
        let build = commit.build.build.clone();
        store.commit(vec![commit]).await.expect("commits");
        let row = store.build(&build).await.expect("reads").expect("it is there");
        assert_eq!(row.message.as_deref(), Some("a\0message"));
        let trigger = row.trigger.expect("a trigger").git.expect("of git");
        assert_eq!(trigger.reference.as_deref(), Some(reference));
    }
}

#[tokio::test]
async fn a_task_that_overlooks_a_refusal_has_failed_and_spoils_no_other() {
    let Some(server) = PostgresServer::shared() else { return };
    let database = server.database();
    let store = Arc::new(open(&database).expect("opens"));
    let tables = Tables::open(store, "pets", &["CREATE TABLE pet (name TEXT PRIMARY KEY)"]).await.expect("opens");
    let careless = tables.write(|sql| {
        sql.execute("INSERT INTO pet (name) VALUES ($1)", values!["cat"])?;
        let _overlooked = sql.execute("INSERT INTO pet (name) VALUES ($1)", values!["cat"]);
        Ok(())
    });
    let careful = tables.write(|sql| sql.execute("INSERT INTO pet (name) VALUES ($1)", values!["dog"]));
    let (careless, careful) = tokio::join!(careless, careful);
    assert!(careless.expect_err("it failed").to_string().contains("duplicate key"));
    careful.expect("it works");
    assert_eq!(database.sql("SELECT name FROM pet"), "dog");
}

/// Commits one fact after another until it is told to stop; returns how many were acknowledged.
async fn write_on(store: Arc<Postgres>, number: u64, stop: tokio_util::sync::CancellationToken) -> u64 {
    let mut written = 0;
    while !stop.is_cancelled() {
        store.commit(vec![commit(number, written, "on and on")]).await.expect("facts wait for the database");
        written += 1;
    }
    written
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_crashes_loses_nothing_and_writes_nothing_twice() {
    let Some(mut server) = PostgresServer::start(&[]) else { return };
    let url = server.database().url();
    // The database stays while the server comes and goes.
    server.ask("createdb", &["crashing"]);
    let url = format!("{}/crashing", url.rsplit_once('/').expect("a path").0);
    let store = Arc::new(Postgres::open(&url.parse().expect("an address")).expect("opens"));
    let stop = tokio_util::sync::CancellationToken::new();
    let writers: Vec<_> =
        (1..=4).map(|number| tokio::spawn(write_on(Arc::clone(&store), number, stop.clone()))).collect();
    let long = std::env::var("MONKEYCI_TEST_LONG").is_ok_and(|value| !value.is_empty());
    for _ in 0..if long { 30 } else { 3 } {
        let seen = store.feed(0, usize::MAX).await.expect("reads").len();
        // In the middle of commits, and not twice in the same one.
        while store.feed(0, usize::MAX).await.expect("reads").len() < seen + 20 {
            tokio::task::yield_now().await;
        }
        server = tokio::task::spawn_blocking(move || {
            server.crash();
            server
        })
        .await
        .expect("it starts again");
    }
    stop.cancel();
    let mut acknowledged = 0;
    for writer in writers {
        acknowledged += writer.await.expect("no commit was refused");
    }
    let events = store.feed(0, usize::MAX).await.expect("reads");
    assert_eq!(events.len() as u64, acknowledged);
    assert!((1..).zip(&events).all(|(position, event)| event.position == position));
    for number in 1..=4 {
        let build = commit(number, 0, "").build.build;
        let seqs: Vec<_> = events.iter().filter(|event| event.subject == build).map(|event| event.seq).collect();
        assert_eq!(seqs, (1..=seqs.len() as u64).collect::<Vec<_>>());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_it_is_away_requests_are_refused_and_facts_wait() {
    let Some(mut server) = PostgresServer::start(&["fsync=off"]) else { return };
    server.ask("createdb", &["away"]);
    let url = format!("{}/away", server.database().url().rsplit_once('/').expect("a path").0);
    let store = Arc::new(Postgres::open(&url.parse().expect("an address")).expect("opens"));
    let tables = Tables::open(Arc::clone(&store) as Arc<dyn Database>, "none", &[]).await.expect("opens");
    server.kill();
    let facts = tokio::spawn({
        let store = Arc::clone(&store);
        async move { store.commit(vec![commit(1, 0, "it waits")]).await }
    });
    let read = tables.read(|sql| sql.query("SELECT 1", &[])).await.expect_err("there is nobody");
    assert!(matches!(read, StoreError::Unreachable { .. }), "{read}");
    let written = tables.write(|sql| sql.query("SELECT 1", &[])).await.expect_err("there is nobody");
    assert!(matches!(written, StoreError::Unreachable { .. }), "{written}");
    assert!(!facts.is_finished(), "facts wait");
    let server = tokio::task::spawn_blocking(move || {
        server.start_again();
        server
    });
    let _server = server.await.expect("it starts again");
    let events = tokio::time::timeout(Duration::from_secs(60), facts).await.expect("it comes back");
    assert_eq!(events.expect("no panic").expect("commits")[0].position, 1);
    tables.read(|sql| sql.query("SELECT 1", &[])).await.expect("reads again");
}

#[tokio::test]
async fn a_server_that_was_taken_over_writes_and_reads_nothing_more() {
    let Some(server) = PostgresServer::shared() else { return };
    let database = server.database();
    let store = open(&database).expect("opens");
    store.commit(vec![commit(1, 0, "before")]).await.expect("commits");
    // As another server does that had the lock while this one had lost its connection.
    database.sql("UPDATE writer SET epoch = epoch + 1");
    let written = store.commit(vec![commit(1, 1, "after")]).await.expect_err("it was taken over");
    assert!(matches!(written, StoreError::InUse { .. }), "{written}");
    let read = store.feed(0, 9).await.expect_err("it was taken over");
    assert!(matches!(read, StoreError::InUse { .. }), "{read}");
    assert_eq!(database.sql("SELECT count(*) FROM event"), "1");
}
