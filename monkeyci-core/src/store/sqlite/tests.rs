use std::path::Path;

use monkeyci_model::{BuildStatus, EventKind};

use super::*;

fn commit(number: u64, after: u64, status: BuildStatus, message: String) -> Commit {
    let build = BuildId::new("acme".parse().expect("an id"), "web".parse().expect("an id"), number);
    let row =
        BuildRow { build, status, message: None, request: None, trigger: None, created: None, ended: None, events: 0 };
    let fact = EventKind::BuildEnd { status, message: Some(message) };
    Commit { after, facts: vec![fact], time: 0, build: row, jobs: Vec::new() }
}

#[test]
fn a_second_process_is_refused_until_the_first_is_gone() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("store.db");
    let first = Sqlite::open(&path).expect("opens");
    let error = Sqlite::open(&path).err().expect("it is in use");
    assert!(error.to_string().contains("in use by another process: end it"), "{error}");
    drop(first);
    Sqlite::open(&path).expect("opens");
}

#[test]
fn what_is_no_store_is_refused_and_left_alone() {
    let dir = tempfile::tempdir().expect("a folder");
    let refusal = |path: &Path| Sqlite::open(path).err().expect("no store").to_string();

    let text = dir.path().join("text.db");
    std::fs::write(&text, "this is no database, it is a text of some length").expect("writes");
    assert!(refusal(&text).contains("restore it from a backup"), "{}", refusal(&text));
    assert!(std::fs::read_to_string(&text).expect("reads").starts_with("this is"));

    let other = dir.path().join("other.db");
    Connection::open(&other).and_then(|db| db.execute_batch("CREATE TABLE t (x)")).expect("writes");
    assert!(refusal(&other).contains("database of another program"), "{}", refusal(&other));

    let newer = dir.path().join("newer.db");
    drop(Sqlite::open(&newer).expect("opens"));
    Connection::open(&newer).and_then(|db| db.pragma_update(None, "user_version", 99)).expect("writes");
    assert!(refusal(&newer).contains("a newer MonkeyCI wrote it (version 99"), "{}", refusal(&newer));
}

#[tokio::test]
async fn damage_is_found_at_the_start_after_a_crash() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("store.db");
    let store = Sqlite::open(&path).expect("opens");
    for number in 1..200 {
        store.commit(vec![commit(number, 0, BuildStatus::Running, "x".repeat(500))]).await.expect("commits");
    }
    drop(store);
    let mut bytes = std::fs::read(&path).expect("reads");
    for page in bytes.chunks_mut(4096).skip(5).step_by(3) {
        page[..64].fill(0x5A);
    }
    std::fs::write(&path, bytes).expect("writes");
    // As a process that was killed leaves it.
    std::fs::write(dir.path().join("store.db.lock"), "open\n").expect("writes");
    let error = Sqlite::open(&path).err().expect("it is damaged");
    assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
}

/// A file system of 16 MB that disappears with the test, where this user may make one.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn mount() -> Option<Self> {
        let dir = tempfile::tempdir().expect("a folder");
        let mut mount = std::process::Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=16m", "tmpfs"]).arg(dir.path());
        let mounted = cfg!(target_os = "linux") && mount.output().is_ok_and(|output| output.status.success());
        mounted.then_some(Self(dir))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let unmounted = std::process::Command::new("umount").arg("-l").arg(self.0.path()).status();
        assert!(unmounted.is_ok_and(|status| status.success()), "the small disk is unmounted");
    }
}

/// Case D1: a database whose disk is full.
#[expect(clippy::print_stdout, reason = "what is skipped is said")]
#[tokio::test]
async fn a_full_disk_still_takes_the_ends_of_builds_and_loses_nothing() {
    let Some(disk) = SmallDisk::mount() else {
        let required = std::env::var("MONKEYCI_TEST_REQUIRE").unwrap_or_default();
        assert!(!required.split(',').any(|name| name == "tmpfs"), "required: tmpfs");
        println!("skipped: tmpfs: this user may not mount one");
        return;
    };
    let path = disk.0.path().join("store.db");
    let store = Sqlite::open(&path).expect("opens");
    let mut written = 0;
    let error = loop {
        match store.commit(vec![commit(1, written, BuildStatus::Running, "x".repeat(100_000))]).await {
            Ok(_) => written += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(error, StoreError::Full { .. }), "{error}");
    assert!(written > 10, "{written} events");

    // The end is taken; what is not an end is not, for as long as the disk is full.
    store.commit(vec![commit(1, written, BuildStatus::Error, "the disk is full".into())]).await.expect("ends");
    let more = store.commit(vec![commit(2, 0, BuildStatus::Running, "x".repeat(100_000))]).await;
    assert!(matches!(more, Err(StoreError::Full { .. })), "{more:?}");
    drop(store);

    let store = Sqlite::open(&path).expect("opens a full disk");
    let row = store.builds(1).await.expect("reads").remove(0);
    assert_eq!((row.status, row.events), (BuildStatus::Error, written + 1));
}

#[tokio::test]
async fn room_for_a_full_disk_is_held_back_only_where_a_build_may_still_have_to_end() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (path, room) = (folder.path().join("builds.db"), folder.path().join("builds.db.ballast"));
    let store = Sqlite::open(&path).expect("opens");
    store.commit(vec![commit(1, 0, BuildStatus::Running, "begins".into())]).await.expect("commits");
    drop(store);
    assert!(room.exists(), "its end is still to be written");
    let store = Sqlite::open(&path).expect("opens");
    store.commit(vec![commit(1, 1, BuildStatus::Success, "ends".into())]).await.expect("commits");
    drop(store);
    assert!(!room.exists(), "nothing is open");
}
