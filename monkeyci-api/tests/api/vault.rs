//! Secrets that somebody with the database moves, spoils or swaps do not open.

use monkeyci_core::store::{Sql, StoreError};
use monkeyci_core::values;
use serde_json::json;

use super::house::House;

const PARAM: &str = "/v1/orgs/acme/repos/web/params/TOKEN";
const SECRET: &str = "hunter22-and-much-more";
const OTHER: &str = "swordfish-and-much-more";

/// What somebody does to the database.
type Change = fn(&mut dyn Sql) -> Result<(), StoreError>;

fn set(sql: &mut dyn Sql, seal: &[u8]) -> Result<(), StoreError> {
    sql.execute("UPDATE param SET sealed = $1 WHERE org = 'acme' AND name = 'TOKEN'", values![seal]).map(drop)
}

fn seal(sql: &mut dyn Sql, org: &str, name: &str) -> Result<Vec<u8>, StoreError> {
    let rows = sql.query("SELECT sealed FROM param WHERE org = $1 AND name = $2", values![org, name])?;
    rows.first().expect("a param").bytes(0).map(<[u8]>::to_vec)
}

fn flip(sql: &mut dyn Sql, at: usize) -> Result<(), StoreError> {
    let mut sealed = seal(sql, "acme", "TOKEN")?;
    let at = at.min(sealed.len() - 1);
    sealed[at] ^= 1;
    set(sql, &sealed)
}

const CHANGES: &[(&str, Change)] = &[
    ("K2 the seal of another param", |sql| {
        let other = seal(sql, "acme", "OTHER")?;
        set(sql, &other)
    }),
    ("K3 the seal of the same param of another organisation", |sql| {
        let other = seal(sql, "evil", "TOKEN")?;
        set(sql, &other)
    }),
    ("K4 the key of another organisation, with its seal", |sql| {
        let other = seal(sql, "evil", "TOKEN")?;
        sql.execute(
            "UPDATE org_key SET sealed = (SELECT sealed FROM org_key WHERE org = 'evil') WHERE org = 'acme'",
            values![],
        )?;
        set(sql, &other)
    }),
    ("K5 the seal of an older version", |sql| {
        sql.execute("UPDATE param SET version = version + 1 WHERE org = 'acme' AND name = 'TOKEN'", values![]).map(drop)
    }),
    ("K6 the mark of another kind of seal", |sql| flip(sql, 0)),
    ("K7 one bit of its nonce", |sql| flip(sql, 5)),
    ("K8 one bit of its key", |sql| flip(sql, 20)),
    ("K9 one bit of its last byte", |sql| flip(sql, usize::MAX)),
    ("K10 a seal that is cut", |sql| {
        let sealed = seal(sql, "acme", "TOKEN")?;
        set(sql, &sealed[..sealed.len() - 20])
    }),
    ("K11 an empty seal", |sql| set(sql, &[])),
    ("K12 a secret in clear text", |sql| set(sql, SECRET.as_bytes())),
];

async fn house() -> House {
    let house = House::with_script("- {id: login, params: [TOKEN], script: ['test -n \"$TOKEN\"']}").await;
    let secret = |value: &str| json!({ "value": value, "secret": true });
    house.put("/v1/orgs/evil", json!({})).await.must(201);
    house.put("/v1/orgs/evil/repos/web", json!({ "url": "https://example.com/evil/web.git" })).await.must(201);
    house.put("/v1/orgs/evil/repos/web/params/TOKEN", secret(OTHER)).await.must(201);
    house.put("/v1/orgs/acme/repos/web/params/OTHER", secret(OTHER)).await.must(201);
    house.put(PARAM, secret(SECRET)).await.must(201);
    house
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_seal_opens_in_its_own_place_or_nowhere() {
    let house = house().await;
    let builds = "/v1/orgs/acme/repos/web/builds";
    house.post(builds, json!({})).await.must(201);
    assert_eq!(house.ended(1).await["status"], "success");
    for (number, (case, change)) in (2..).zip(CHANGES) {
        let state = house.state();
        let key = state.tables.read(|sql| {
            let rows = sql.query("SELECT sealed FROM org_key WHERE org = 'acme'", values![])?;
            rows.first().expect("a key").bytes(0).map(<[u8]>::to_vec)
        });
        let key = key.await.expect("reads");
        state.tables.write(|sql| change(sql)).await.expect("writes");
        house.post(builds, json!({})).await.must(201);
        let build = house.ended(number).await;
        assert_eq!(build["status"], "error", "{case}: {build}");
        for path in [PARAM.to_owned(), format!("{builds}/{number}"), format!("{builds}/{number}/events")] {
            let text = house.get(&path).await.must(200).text;
            assert!(!text.contains("hunter22") && !text.contains("swordfish"), "{case}: {text}");
        }
        let mend = state.tables.write(move |sql| {
            sql.execute("UPDATE org_key SET sealed = $1 WHERE org = 'acme'", values![&key[..]]).map(drop)
        });
        mend.await.expect("writes");
        house.put(PARAM, json!({ "value": SECRET, "secret": true })).await.must(200);
    }
    house.post(builds, json!({})).await.must(201);
    let number = 2 + CHANGES.len() as u64;
    assert_eq!(house.ended(number).await["status"], "success", "what is set anew opens again");
}

/// Case K13: the database with another master key.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_without_its_master_key_tells_nothing() {
    let mut house = house().await;
    let file = house.dir.path().join("state/master.key");
    let mut key = std::fs::read(&file).expect("a key");
    key[3] = if key[3] == b'A' { b'B' } else { b'A' };
    std::fs::write(&file, key).expect("writes");
    house.again().await;
    house.post("/v1/orgs/acme/repos/web/builds", json!({})).await.must(201);
    let build = house.ended(1).await;
    assert_eq!(build["status"], "error", "{build}");
    assert!(build["message"].as_str().is_some_and(|told| told.contains("master key")), "{build}");
    assert!(!build.to_string().contains("hunter22"), "{build}");
    // Nothing is sealed by a key that is not the one of the rest.
    house.put(PARAM, json!({ "value": "new", "secret": true })).await.must(503);
}

/// Case K14: a file of the master key that holds none.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_master_key_that_is_none_is_refused_and_not_replaced() {
    for text in ["", "hunter22", "AAAA", &"A".repeat(10_000), "\u{0}"] {
        let dir = tempfile::tempdir().expect("a folder");
        let file = dir.path().join("master.key");
        std::fs::write(&file, text).expect("writes");
        let error = monkeyci_api::vault::Vault::at(&file).err().expect("no key").to_string();
        assert!(error.contains("32 bytes") && !error.contains("hunter22"), "{error}");
        assert_eq!(std::fs::read_to_string(&file).expect("reads"), text);
    }
}
