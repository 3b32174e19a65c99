//! What every store must do, run on each of them.

use monkeyci_model::{BuildStatus, JobStatus, Trigger};
use tokio::task::JoinSet;

use super::*;
use crate::values;

fn build(repo: &str, number: u64) -> BuildId {
    BuildId::new("acme".parse().expect("an id"), repo.parse().expect("an id"), number)
}

fn row(build: BuildId, status: BuildStatus) -> BuildRow {
    BuildRow { build, status, message: None, request: None, trigger: None, created: None, ended: None, events: 0 }
}

fn job(id: &str, status: JobStatus, fence: u64) -> JobRow {
    JobRow { job: id.parse().expect("an id"), status, attempt: 1, fence, started: None, ended: None }
}

fn commit(build: BuildId, after: u64, facts: usize) -> Commit {
    Commit {
        after,
        facts: vec![EventKind::BuildInitializing {}; facts],
        time: 7,
        build: row(build, BuildStatus::Running),
        jobs: Vec::new(),
    }
}

fn places(events: &[Arc<Event>]) -> Vec<(u64, u64)> {
    events.iter().map(|event| (event.position, event.seq)).collect()
}

fn seqs(events: &[Arc<Event>]) -> Vec<u64> {
    events.iter().map(|event| event.seq).collect()
}

/// Commits in as few batches as the store takes.
async fn commit_all(store: &impl Store, commits: Vec<Commit>) -> Vec<Arc<Event>> {
    let mut written = Vec::new();
    for batch in commits.chunks(store.most_builds()) {
        written.extend(store.commit(batch.to_vec()).await.expect("commits"));
    }
    written
}

/// Runs the whole suite. `open` opens the same store again each time, once the one before is dropped.
async fn holds<S: Store + 'static>(open: impl Fn() -> S) {
    numbers_rise_and_never_repeat(&open).await;
    who_asks_twice_with_one_key_gets_one_number(&open).await;
    facts_stand_in_order_without_gaps(&open).await;
    a_conflict_writes_nothing_of_the_batch(&open).await;
    rows_keep_what_a_commit_does_not_say(&open).await;
    no_number_is_too_large_to_ask_for(&open).await;
    of_writers_that_collide_one_wins(&open).await;
}

/// The same, and that of stores with one order of all events.
async fn feeds<S: Feed + 'static>(open: impl Fn() -> S) {
    positions_count_the_events_of_all_builds(&open).await;
    holds(&open).await;
    who_reads_while_others_write_misses_nothing(&open).await;
}

async fn numbers_rise_and_never_repeat<S: Store>(open: impl Fn() -> S) {
    let builds = || Sequence::Build("acme".parse().expect("an id"), "web".parse().expect("an id"));
    for round in 0..2 {
        let store = open();
        assert_eq!(store.reserve(Sequence::Fence, 100).await.expect("reserves"), 1 + round * 100);
        assert_eq!(store.reserve(builds(), 1).await.expect("reserves"), 1 + round);
    }
}

async fn who_asks_twice_with_one_key_gets_one_number<S: Store>(open: impl Fn() -> S) {
    let (org, repo) = ("acme".parse().expect("an id"), "claimed".parse().expect("an id"));
    for _ in 0..2 {
        let store = open();
        assert_eq!(store.claim("push/1", &org, &repo).await.expect("claims"), 1);
        assert_eq!(store.claim("push/2", &org, &repo).await.expect("claims"), 2);
        assert_eq!(store.claim("push/1", &org, &repo).await.expect("claims"), 1);
    }
    assert_eq!(open().reserve(Sequence::Build(org, repo), 1).await.expect("reserves"), 3);
}

async fn facts_stand_in_order_without_gaps<S: Store>(open: impl Fn() -> S) {
    let (web, api) = (build("site", 1), build("api", 1));
    {
        let store = open();
        let written = commit_all(&store, vec![commit(web.clone(), 0, 2), commit(api.clone(), 0, 1)]).await;
        assert_eq!(seqs(&written), [1, 2, 1]);
    }
    let store = open();
    store.commit(vec![commit(web.clone(), 2, 1)]).await.expect("commits");
    assert_eq!(seqs(&store.events(&web, 0, 9).await.expect("reads")), [1, 2, 3]);
    assert_eq!(seqs(&store.events(&web, 1, 1).await.expect("reads")), [2]);
    assert_eq!(seqs(&store.events(&web, 1, 9).await.expect("reads")), [2, 3]);
    assert_eq!(store.events(&api, 0, 1).await.expect("reads")[0].subject, api);
    assert!(store.events(&web, 3, 9).await.expect("reads").is_empty());
    assert!(store.events(&build("site", 99), 0, 9).await.expect("reads").is_empty());
    // Positions are in the order of a build's events, whatever they count.
    let positions: Vec<_> = store.events(&web, 0, 9).await.expect("reads").iter().map(|event| event.position).collect();
    assert!(positions.is_sorted() && positions[0] > 0, "{positions:?}");
}

async fn a_conflict_writes_nothing_of_the_batch<S: Store>(open: impl Fn() -> S) {
    let store = open();
    let (new, site) = (build("new", 1), build("site", 1));
    let batch = vec![commit(new.clone(), 0, 1), commit(site.clone(), 2, 1)];
    let error = store.commit(batch).await.expect_err("the build has three events");
    let is_conflict = matches!(&error, StoreError::Conflict { build } if build.repo.as_str() == "site");
    assert!(is_conflict || store.most_builds() == 1, "{error}");
    assert_eq!(store.build(&new).await.expect("reads"), None);
    for after in [0, 1, 2, 4] {
        let error = store.commit(vec![commit(site.clone(), after, 1)]).await.expect_err("the build has three events");
        assert!(matches!(error, StoreError::Conflict { .. }), "{error}");
    }
    assert_eq!(store.build(&site).await.expect("reads").expect("it is there").events, 3);
    store.commit(vec![commit(new, 0, 1)]).await.expect("commits");
}

async fn positions_count_the_events_of_all_builds<S: Feed>(open: impl Fn() -> S) {
    let (web, api) = (build("web", 1), build("api", 2));
    {
        let store = open();
        let batch = vec![commit(web.clone(), 0, 2), commit(api.clone(), 0, 1)];
        assert_eq!(places(&store.commit(batch).await.expect("commits")), [(1, 1), (2, 2), (3, 1)]);
    }
    let store = open();
    store.commit(vec![commit(web.clone(), 2, 1)]).await.expect("commits");
    assert_eq!(places(&store.events(&web, 0, 9).await.expect("reads")), [(1, 1), (2, 2), (4, 3)]);
    assert_eq!(places(&store.events(&web, 1, 1).await.expect("reads")), [(2, 2)]);
    assert_eq!(places(&store.feed(1, 2).await.expect("reads")), [(2, 2), (3, 1)]);
    assert_eq!(store.feed(2, 1).await.expect("reads")[0].subject, api);
    assert!(store.feed(4, 9).await.expect("reads").is_empty());
    assert!(store.feed(u64::MAX, usize::MAX).await.expect("reads").is_empty());
    let batch = vec![commit(build("other", 1), 0, 1), commit(web, 2, 1)];
    store.commit(batch).await.expect_err("the build has three events");
    assert_eq!(store.feed(0, usize::MAX).await.expect("reads").len(), 4);
}

async fn rows_keep_what_a_commit_does_not_say<S: Store>(open: impl Fn() -> S) {
    let id = build("rows", 1);
    let trigger = Some(Box::new(Trigger { actor: Some("ann".into()), ..Trigger::default() }));
    let first = Commit {
        build: BuildRow {
            created: Some(8),
            request: Some("{}".into()),
            trigger: trigger.clone(),
            ..row(id.clone(), BuildStatus::Running)
        },
        jobs: vec![JobRow { started: Some(5), ..job("b", JobStatus::Running, 3) }, job("a", JobStatus::Queued, 0)],
        ..commit(id.clone(), 0, 1)
    };
    let second = Commit {
        build: BuildRow { ended: Some(9), message: Some("broke".into()), ..row(id.clone(), BuildStatus::Error) },
        jobs: vec![JobRow { ended: Some(9), ..job("b", JobStatus::Success, 3) }],
        ..commit(id.clone(), 1, 1)
    };
    let open_builds = |store: Vec<BuildRow>| store.iter().any(|row| row.build == id);
    {
        let store = open();
        store.commit(vec![first]).await.expect("commits");
        assert!(open_builds(store.open_builds().await.expect("reads")));
        store.commit(vec![second]).await.expect("commits");
    }
    let store = open();
    let found = store.build(&id).await.expect("reads").expect("it is there");
    let (message, request) = (Some("broke".to_owned()), Some("{}".to_owned()));
    let (created, ended) = (Some(8), Some(9));
    assert_eq!(
        found,
        BuildRow {
            build: id.clone(),
            status: BuildStatus::Error,
            message,
            request,
            trigger,
            created,
            ended,
            events: 2
        }
    );
    assert!(!open_builds(store.open_builds().await.expect("reads")));
    assert_eq!(store.builds(1).await.expect("reads"), [found]);
    let jobs = store.jobs(&id).await.expect("reads");
    let done = JobRow { started: Some(5), ended: Some(9), ..job("b", JobStatus::Success, 3) };
    assert_eq!(jobs, [done, job("a", JobStatus::Queued, 0)]);
}

async fn no_number_is_too_large_to_ask_for<S: Store>(open: impl Fn() -> S) {
    let store = open();
    assert!(!store.builds(usize::MAX).await.expect("reads").is_empty());
    assert_eq!(store.events(&build("site", 1), 0, usize::MAX).await.expect("reads").len(), 3);
    assert!(store.events(&build("site", 1), u64::MAX, usize::MAX).await.expect("reads").is_empty());
    let beyond = build("site", u64::MAX);
    assert!(store.events(&beyond, 0, 9).await.expect("reads").is_empty());
    assert_eq!(store.build(&beyond).await.expect("reads"), None);
    assert!(store.jobs(&beyond).await.expect("reads").is_empty());
}

const WRITERS: u64 = 16;
const EACH: u64 = 8;

/// Each writer writes to a build of its own, and all of them to one; returns how often one of them got through there.
fn write<S: Store + 'static>(store: &Arc<S>, repo: &'static str) -> JoinSet<u64> {
    let mut tasks = JoinSet::new();
    for number in 1..=WRITERS {
        let store = Arc::clone(store);
        tasks.spawn(async move {
            for after in 0..EACH {
                store.commit(vec![commit(build(repo, number), after, 1)]).await.expect("nobody else writes to it");
            }
            let contested = build(repo, WRITERS + 1);
            let (mut after, mut wins) = (0, 0);
            while after < EACH {
                match store.commit(vec![commit(contested.clone(), after, 1)]).await {
                    Ok(_) => wins += 1,
                    Err(StoreError::Conflict { build }) => assert_eq!(build, contested),
                    Err(error) => panic!("{error}"),
                }
                after = store.events(&contested, 0, usize::MAX).await.expect("reads").len() as u64;
            }
            wins
        });
    }
    tasks
}

async fn of_writers_that_collide_one_wins<S: Store + 'static>(open: impl Fn() -> S) {
    let store = Arc::new(open());
    let wins: u64 = write(&store, "contested").join_all().await.into_iter().sum();
    assert_eq!(wins, EACH);
    for number in [1, WRITERS, WRITERS + 1] {
        let events = store.events(&build("contested", number), 0, 99).await.expect("reads");
        assert_eq!(seqs(&events), (1..=EACH).collect::<Vec<u64>>());
    }
}

async fn who_reads_while_others_write_misses_nothing<S: Feed + 'static>(open: impl Fn() -> S) {
    let store = Arc::new(open());
    let mut seen = store.feed(0, usize::MAX).await.expect("reads").len() as u64;
    let last = seen + (WRITERS + 1) * EACH;
    let writing = write(&store, "read");
    while seen < last {
        for event in store.feed(seen, 5).await.expect("reads") {
            assert_eq!(event.position, seen + 1);
            seen = event.position;
        }
        tokio::task::yield_now().await;
    }
    writing.join_all().await;
    assert!(store.feed(last, 1).await.expect("reads").is_empty());
}

const TABLES: &[&str] =
    &["CREATE TABLE pet (name TEXT PRIMARY KEY, legs {int} NOT NULL, photo {bytes});\nCREATE INDEX legs ON pet (legs)"];

/// Runs the suite of databases that have room for other tables.
async fn has_room<D: Database + 'static>(open: impl Fn() -> D) {
    for round in 0..2 {
        let tables = Tables::open(Arc::new(open()), "pets", TABLES).await.expect("each migration runs once");
        let add = |name: &'static str, legs: u64| {
            move |sql: &mut dyn Sql| {
                let photo: Option<&[u8]> = (legs > 2).then_some(&[0, 255]);
                // Parameters are numbered, in whatever order they occur.
                sql.execute("INSERT INTO pet (legs, name, photo) VALUES ($2, $1, $3)", values![name, legs, photo])
            }
        };
        if round == 0 {
            assert_eq!(tables.write(add("cat", 4)).await.expect("writes"), 1);
            tables.write(add("cat", 4)).await.expect_err("there is one of that name");
            tables.write(add("bird", 2)).await.expect("one that failed keeps no other from being written");
            let half = |sql: &mut dyn Sql| {
                sql.execute("DELETE FROM pet", &[])?;
                sql.execute("INSERT INTO nothing VALUES ($1)", values![1_i64])
            };
            tables.write(half).await.expect_err("there is no such table");
        }
        let read = |sql: &mut dyn Sql| sql.query("SELECT name, legs, photo FROM pet ORDER BY name", &[]);
        let rows = tables.read(read).await.expect("reads");
        let pet =
            |row: &Row| Ok((row.text(0)?.to_owned(), row.count(1)?, row.maybe(2, Row::bytes)?.map(<[u8]>::to_vec)));
        let pets: Result<Vec<_>, StoreError> = rows.iter().map(pet).collect();
        assert_eq!(pets.expect("reads"), [("bird".into(), 2, None), ("cat".into(), 4, Some(vec![0, 255]))]);
        let wrong = rows[0].integer(0).expect_err("it is a text");
        assert!(wrong.to_string().contains("column 0: a number is expected and a text found"), "{wrong}");
        tables.read(add("dog", 4)).await.expect_err("who reads changes nothing");
        agree(&tables).await;
    }
    let newer = Tables::open(Arc::new(open()), "pets", &[]).await.err().expect("they are newer");
    assert!(newer.to_string().contains("a newer MonkeyCI wrote it"), "{newer}");
}

/// What the rules of statements promise.
async fn agree(tables: &Tables) {
    let asked = tables.read(|sql| {
        let wanted = "SELECT name FROM pet WHERE ($1 IS NULL OR name = $1) AND legs > $2 ORDER BY name";
        let none: Option<&str> = None;
        let all = sql.query(wanted, values![none, 0_u64])?.len();
        let one = sql.query(wanted, values!["cat", 0_u64])?.len();
        let text = "a\0b\u{FDD0}0 €";
        let select =
            "SELECT EXISTS (SELECT 1 FROM pet WHERE name = $1), CAST(sum(legs) AS BIGINT), count(*), (SELECT photo FROM pet WHERE legs = 4),
                      CAST($2 AS TEXT), CAST($1 AS TEXT), $3 IS NULL, min($4) FROM pet";
        Ok((all, one, sql.query(select, values![text, none, none, u64::MAX])?, text))
    });
    let (all, one, rows, text) = asked.await.expect("reads");
    assert_eq!((all, one), (2, 1));
    let bytes = Value::Bytes(vec![0, 255]);
    let numbers = |number: i64| Value::Integer(number);
    let (most, text) = (numbers(i64::MAX), Value::from(text));
    assert_eq!(rows, [Row(vec![numbers(0), numbers(6), numbers(2), bytes, Value::Null, text, numbers(1), most])]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory() {
    let memory = Memory::default();
    feeds(|| memory.clone()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn objects_in_memory() {
    let objects: Arc<dyn object_store::ObjectStore> = Arc::new(object_store::memory::InMemory::new());
    holds(|| Objects::new(Arc::clone(&objects))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn objects_in_a_folder() {
    let dir = tempfile::tempdir().expect("a folder");
    let folder = || object_store::local::LocalFileSystem::new_with_prefix(dir.path()).expect("opens");
    holds(|| Objects::new(Arc::new(folder()))).await;
}

/// A bucket of the double of Oracle Cloud.
#[cfg(feature = "oci")]
async fn bucket(oracle: &oracle_emulator::Oracle, folder: &std::path::Path) -> Arc<dyn object_store::ObjectStore> {
    use oci_services::object_storage::{BucketStore, ObjectStorage};
    use oci_services::{Retry, Service};
    use oci_signer::{Client, ConfigFile, Principal, Signer};

    let config = oracle.user().write(folder).expect("written");
    let profile = ConfigFile::find(Some(&config)).and_then(|file| file.profile("DEFAULT")).expect("a profile");
    let client = Client::new(Signer::new(Principal::of_profile(profile).expect("a user"))).expect("a client");
    let retry = Retry { base: std::time::Duration::from_millis(5), ..Retry::default() };
    let service = Service::at(client, &oracle.url(), "").expect("an address").retrying(retry);
    oracle.state().bucket("builds");
    let storage = ObjectStorage::over(service);
    Arc::new(BucketStore::new(storage.bucket(storage.namespace().await.expect("a namespace"), "builds")))
}

#[cfg(feature = "oci")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn objects_in_a_bucket() {
    let (oracle, folder) = (oracle_emulator::Oracle::start().await, tempfile::tempdir().expect("a folder"));
    let bucket = bucket(&oracle, folder.path()).await;
    holds(|| Objects::new(Arc::clone(&bucket))).await;
}

/// What is written is written, though nobody hears of it; who writes it again finds their own.
#[cfg(feature = "oci")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn objects_in_a_bucket_whose_answers_get_lost() {
    use oracle_emulator::Fault;

    let (oracle, folder) = (oracle_emulator::Oracle::start().await, tempfile::tempdir().expect("a folder"));
    let bucket = bucket(&oracle, folder.path()).await;
    for object in ["events", "numbers", "claims"] {
        for after in [0, 1, 5] {
            oracle.state().faults.push_back(Fault::lost().on("PUT", object).times(2).after(after));
        }
    }
    oracle.state().faults.push_back(Fault::too_many(None).times(3).after(30));
    oracle.state().faults.push_back(Fault::from((503, "ServiceUnavailable")).on("GET", "events").times(3));
    holds(|| Objects::new(Arc::clone(&bucket))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite() {
    let dir = tempfile::tempdir().expect("a folder");
    feeds(|| Sqlite::open(dir.path().join("store.db")).expect("opens")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_has_room() {
    let dir = tempfile::tempdir().expect("a folder");
    has_room(|| Sqlite::open(dir.path().join("store.db")).expect("opens")).await;
}

#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres() {
    let Some(server) = postgres_server::PostgresServer::shared() else { return };
    let database = server.database();
    let address = database.url().parse().expect("an address");
    feeds(|| Postgres::open(&address).expect("opens")).await;
}

#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_has_room() {
    let Some(server) = postgres_server::PostgresServer::shared() else { return };
    let database = server.database();
    let address = database.url().parse().expect("an address");
    has_room(|| Postgres::open(&address).expect("opens")).await;
}
