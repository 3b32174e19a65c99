use serde_json::json;

use super::house::House;

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
