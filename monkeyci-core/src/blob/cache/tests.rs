use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

use super::*;

struct Ground {
    dir: TempDir,
    caches: Caches,
}

impl Ground {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let caches = Caches::new(Blobs::on_disk(dir.path().join("blobs")).expect("opens"));
        Self { dir, caches }
    }

    fn work_dir(&self, content: &str) -> PathBuf {
        let dir = tempfile::tempdir_in(self.dir.path()).expect("a folder").keep();
        fs::create_dir(dir.join("deps")).expect("makes");
        fs::write(dir.join("deps/file"), content).expect("writes");
        dir
    }

    async fn save(&self, scope: Scope, cache: &Cache, key: Option<&str>, content: &str) -> Saved {
        let keys = Keys { key: key.map(Into::into), fallbacks: Vec::new() };
        self.caches.save(&place(scope), cache, &keys, &self.work_dir(content)).await.expect("saves")
    }

    async fn restore(&self, scope: Scope, cache: &Cache, key: Option<&str>, fallbacks: &[&str]) -> Option<String> {
        let keys = Keys { key: key.map(Into::into), fallbacks: fallbacks.iter().map(|f| (*f).into()).collect() };
        let dir = tempfile::tempdir_in(self.dir.path()).expect("a folder");
        match self.caches.restore(&place(scope), cache, &keys, dir.path()).await.expect("restores") {
            Restored::Nothing => None,
            _ => Some(fs::read_to_string(dir.path().join("deps/file")).expect("reads")),
        }
    }

    fn facts(&self, work_dir: PathBuf) -> Facts {
        Facts { branch: Some("main".into()), arch: "amd64".into(), image: Some("rust:1".into()), work_dir }
    }
}

fn place(scope: Scope) -> Place {
    Place { org: "acme".parse().expect("an id"), repo: "web".parse().expect("an id"), scope }
}

fn cache(id: &str) -> Cache {
    Cache { id: id.into(), path: "deps".into(), key: None, fallbacks: Vec::new(), save: Default::default() }
}

fn fork() -> Scope {
    Scope::Fork("mallory/web".into())
}

fn branch(name: &str) -> Scope {
    Scope::Branch(name.into())
}

#[tokio::test]
async fn without_a_key_the_newest_serves() {
    let ground = Ground::new();
    assert_eq!(ground.restore(Scope::Protected, &cache("deps"), None, &[]).await, None);
    for content in ["one", "two"] {
        assert_eq!(ground.save(Scope::Protected, &cache("deps"), None, content).await, Saved::Stored(vec![]));
        assert_eq!(ground.restore(Scope::Protected, &cache("deps"), None, &[]).await.as_deref(), Some(content));
    }
}

#[tokio::test]
async fn a_key_is_stored_once_and_fallbacks_serve_newest_first() {
    let ground = Ground::new();
    let deps = cache("deps");
    assert_eq!(ground.save(Scope::Protected, &deps, Some("cargo-1"), "one").await, Saved::Stored(vec![]));
    assert_eq!(ground.save(Scope::Protected, &deps, Some("cargo-1"), "other").await, Saved::Kept);
    assert_eq!(ground.save(branch("topic"), &deps, Some("cargo-1"), "other").await, Saved::Kept);
    // Times are kept in milliseconds: wait for another one.
    let begun = std::time::SystemTime::now();
    while begun.elapsed().expect("time goes on").as_millis() < 20 {
        tokio::task::yield_now().await;
    }
    ground.save(Scope::Protected, &deps, Some("cargo-2"), "two").await;
    let restored = ground.restore(Scope::Protected, &deps, Some("cargo-3"), &["none-", "cargo-"]).await;
    assert_eq!(restored.as_deref(), Some("two"));
    assert_eq!(ground.restore(Scope::Protected, &deps, Some("cargo-1"), &["cargo-"]).await.as_deref(), Some("one"));
    assert_eq!(ground.restore(Scope::Protected, &deps, Some("cargo-3"), &[]).await, None);
}

#[tokio::test]
async fn a_lower_scope_reads_from_a_higher_one() {
    let ground = Ground::new();
    ground.save(Scope::Protected, &cache("deps"), None, "base").await;
    assert_eq!(ground.restore(fork(), &cache("deps"), None, &[]).await.as_deref(), Some("base"));
    ground.save(branch("topic"), &cache("deps"), None, "topic").await;
    assert_eq!(ground.restore(branch("topic"), &cache("deps"), None, &[]).await.as_deref(), Some("topic"));
    assert_eq!(ground.restore(branch("other"), &cache("deps"), None, &[]).await.as_deref(), Some("base"));
}

#[tokio::test]
async fn a_cache_that_is_damaged_is_stored_anew_and_that_of_a_higher_scope_is_left_alone() {
    let ground = Ground::new();
    let deps = cache("deps");
    let keys = Keys { key: Some("k".into()), fallbacks: Vec::new() };
    ground.save(Scope::Protected, &deps, Some("k"), "one").await;
    let key = place(Scope::Protected).key(&Scope::Protected, "deps", Some("k"));
    let file = ground.dir.path().join("blobs").join(key.to_string());
    let mut bytes = fs::read(&file).expect("reads");
    bytes[30] ^= 4;
    fs::write(&file, bytes).expect("writes");
    let dir = ground.work_dir("mine");
    for (scope, stays) in [(branch("topic"), true), (fork(), true), (Scope::Protected, false)] {
        ground.caches.restore(&place(scope.clone()), &deps, &keys, &dir).await.expect_err("is damaged");
        assert_eq!(file.exists(), stays, "{scope:?}");
    }
    assert_eq!(ground.save(Scope::Protected, &deps, Some("k"), "two").await, Saved::Stored(vec![]));
    assert_eq!(ground.restore(branch("topic"), &deps, Some("k"), &[]).await.as_deref(), Some("two"));
}

#[tokio::test]
async fn ten_ways_to_poison_a_cache_change_nothing_for_others() {
    let ground = Ground::new();
    let deps = cache("deps");
    ground.save(Scope::Protected, &deps, None, "base").await;
    ground.save(Scope::Protected, &deps, Some("key-é-1"), "base").await;
    ground.save(branch("main"), &deps, Some("key-main"), "main").await;

    let attacks: [(Scope, &str, Option<&str>); 10] = [
        // Case P1: the key of the base, from a fork
        (fork(), "deps", None),
        // Case P2: a cache of the base with a key
        (fork(), "deps", Some("key-é-1")),
        // Case P3: a key that the base would fall back to
        (fork(), "deps", Some("key-é-2")),
        // Case P4: a key that is a path into the base
        (fork(), "deps", Some("../../../protected/deps/keyed/key-é-1")),
        // Case P5: an id that is a path into the base
        (fork(), "../../protected/deps", None),
        // Case P6: a key in capitals
        (fork(), "deps", Some("KEY-É-1")),
        // Case P7: a key in another form of Unicode
        (fork(), "deps", Some("key-e\u{301}-1")),
        // Case P8: a fork that is called like a path
        (Scope::Fork("../protected".into()), "deps", None),
        // Case P9: a fork that is called like a branch
        (Scope::Fork("x/../../branch:main".into()), "deps", Some("key-main")),
        // Case P10: a branch that is called like a scope
        (branch("protected"), "deps", None),
    ];
    for (scope, id, key) in attacks {
        ground.save(scope, &cache(id), key, "poison").await;
        for scope in [Scope::Protected, branch("main"), branch("new")] {
            assert_eq!(ground.restore(scope.clone(), &deps, None, &[]).await.as_deref(), Some("base"));
            let exact = ground.restore(scope.clone(), &deps, Some("key-é-1"), &[]).await;
            assert_eq!(exact.as_deref(), Some("base"));
            let fallback = ground.restore(scope, &deps, Some("none"), &["key-é"]).await;
            assert_eq!(fallback.as_deref(), Some("base"), "{id} {key:?}");
        }
        let main = ground.restore(branch("main"), &deps, Some("key-main"), &[]).await;
        assert_eq!(main.as_deref(), Some("main"));
    }
}

#[tokio::test]
async fn keys_are_made_from_files_and_facts() {
    let ground = Ground::new();
    let dir = ground.work_dir("x");
    fs::write(dir.join("Cargo.lock"), "lock").expect("writes");
    let keyed = |key: &str| Cache { key: Some(key.into()), ..cache("deps") };
    let make = async |key: &str| {
        let keys = ground.caches.keys(&keyed(key), ground.facts(dir.clone())).await;
        keys.map(|keys| keys.key.expect("a key")).map_err(|error| error.to_string())
    };
    assert_eq!(make("{{ arch }}-{{branch}}-{{ image }}").await, Ok("amd64-main-rust:1".into()));
    let one = make("{{ hash \"Cargo.lock\" }}").await.expect("a key");
    assert_eq!(one.len(), 64);
    assert_eq!(make("{{ hash \"*.lock\" }}").await.as_ref(), Ok(&one));
    assert_ne!(make("{{ hash \"Cargo.lock\" \"deps/**\" }}").await.as_ref(), Ok(&one));
    fs::write(dir.join("Cargo.lock"), "other").expect("writes");
    assert_ne!(make("{{ hash \"Cargo.lock\" }}").await.as_ref(), Ok(&one));

    for (key, says) in [
        ("{{ arch", "not closed"),
        ("{{ os }}", "`os` is not known"),
        ("{{ hash Cargo.lock }}", "is not known"),
        ("{{ hash \"no.lock\" }}", "no file matches `no.lock`"),
        ("{{ hash \"/etc/passwd\" }}", "absolute"),
        (&"é".repeat(100), "more than 220 bytes"),
    ] {
        let error = make(key).await.expect_err("a bad key");
        assert!(error.starts_with("cache `deps`: ") && error.contains(says), "{error}");
    }
}

#[tokio::test]
async fn pruning_removes_what_is_old_and_then_the_oldest() {
    let ground = Ground::new();
    for key in ["a", "b", "c"] {
        ground.save(Scope::Protected, &cache("deps"), Some(key), key).await;
    }
    let all = ground.caches.blobs.list(&Key::of(["caches"])).await.expect("lists");
    let (now, one) = (all.iter().map(|found| found.time).max().expect("three"), all[0].size);
    let prune = async |bytes, age, now| ground.caches.prune(Keep { bytes, age }, now).await.expect("prunes");
    assert_eq!(prune(u64::MAX, 60_000, now).await, 0);
    assert_eq!(prune(one * 5 / 2, 60_000, now).await, 1);
    assert_eq!(prune(u64::MAX, 60_000, now + 100_000).await, 2);
}
