use serde_json::json;

use super::house::House;

/// Case K1: the bytes of the database, its log and every answer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_goes_in_and_never_comes_out_nor_lies_in_the_database() {
    let mut house = House::with_script("[]").await;
    let param = "/v1/orgs/acme/repos/web/params/TOKEN";
    let secret = "hunter22-and-much-more";
    let made = house.put(param, json!({ "value": secret, "secret": true })).await.must(201).json();
    assert_eq!((made["version"].as_u64(), made.get("value")), (Some(1), None));
    let print = made["fingerprint"].as_str().expect("a fingerprint").to_owned();

    let same = house.put(param, json!({ "value": secret, "secret": true })).await.must(200).json();
    assert_eq!((same["version"].as_u64(), same["fingerprint"].as_str()), (Some(2), Some(print.as_str())));
    let kept = house.put(param, json!({ "secret": true, "description": "of the shop" })).await.must(200).json();
    assert_eq!((kept["version"].as_u64(), kept["fingerprint"].as_str()), (Some(2), Some(print.as_str())));
    house.put(param, json!({ "secret": false })).await.must(422);
    house.put("/v1/orgs/acme/params/NEW", json!({ "secret": true })).await.must(422);

    for path in [param, "/v1/orgs/acme/repos/web/params", "/v1/orgs/acme/audit"] {
        assert!(!house.get(path).await.must(200).text.contains(secret), "{path}");
    }
    house.again().await;
    assert_eq!(house.get(param).await.must(200).json()["fingerprint"], print);
    for entry in std::fs::read_dir(house.dir.path().join("state")).expect("a folder").flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_file()) {
            let bytes = std::fs::read(entry.path()).expect("reads");
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "{}", entry.path().display());
        }
    }
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &std::fs::metadata(house.dir.path().join("state/master.key")).expect("a key").permissions(),
    );
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_knows_the_secrets_that_it_asks_for_and_its_log_does_not_show_them() {
    let house = House::with_script(
        "- {id: login, params: [TOKEN], script: ['echo $TOKEN', 'test \"$TOKEN\" = hunter22-and-much-more']}",
    )
    .await;
    let secret = json!({ "value": "hunter22-and-much-more", "secret": true });
    house.put("/v1/orgs/acme/params/TOKEN", json!({ "value": "another-one-of-all", "secret": true })).await.must(201);
    house.put("/v1/orgs/acme/repos/web/params/TOKEN", secret).await.must(201);
    house.post("/v1/orgs/acme/repos/web/builds", json!({})).await.must(201);
    let ended = house.ended(1).await;
    assert_eq!(ended["status"], "success", "{ended}");
    assert!(!ended.to_string().contains("hunter22"), "{ended}");
    let builds = "/v1/orgs/acme/repos/web/builds/1";
    for path in ["jobs/login/attempts/1/log", "events"] {
        let shown = house.get(&format!("{builds}/{path}")).await.must(200).text;
        assert!(!shown.contains("hunter22"), "{shown}");
    }
    house.delete("/v1/orgs/acme/repos/web/params/TOKEN").await.must(204);
    house.post(&format!("{builds}/retry"), json!({})).await.must(201);
    let again = house.ended(2).await;
    assert_eq!(again["status"], "error", "{again}");
    assert!(again["message"].as_str().is_some_and(|message| message.contains("acme/web/TOKEN")), "{again}");
}
