use serde_json::json;

use super::house::House;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dry_run_refuses_what_the_write_would_refuse_and_changes_nothing() {
    let house = House::with_script("[]").await;
    let before = house.get("/v1/orgs/acme/export").await.must(200).text;
    for (kind, written, body, pointer) in [
        ("repo", "repos/api", json!({ "url": "ftp://x" }), "/url"),
        ("repo", "repos/api", json!({ "url": "https://example.com/x.git", "defaultBranch": "a..b" }), "/defaultBranch"),
        ("param", "params/A", json!({ "value": "x".repeat(70_000) }), "/value"),
        ("param", "params/A", json!({ "valeu": "x" }), "/valeu"),
        ("param-set", "param-sets/shop", json!({ "labelFilters": [{}] }), "/labelFilters/0"),
        ("ssh-key", "ssh-keys/deploy", json!({ "privateKey": "none" }), "/privateKey"),
        ("pipeline", "pipelines/main", json!({ "script": [{ "id": "a", "imgae": "x" }] }), "/script/0/imgae"),
        ("schedule", "repos/web/schedules/nightly", json!({ "cron": "61 * * * *" }), "/cron"),
        ("schedule", "repos/web/schedules/nightly", json!({ "cron": "1 * * * *", "timezone": "Moon" }), "/timezone"),
    ] {
        let dry = house.post(&format!("/v1/validate/{kind}"), body.clone()).await.must(422).json();
        assert_eq!(dry["errors"][0]["pointer"], pointer, "{kind}: {dry}");
        let real = house.put(&format!("/v1/orgs/acme/{written}"), body).await.must(422).json();
        assert_eq!(dry["errors"][0]["pointer"], real["errors"][0]["pointer"], "{kind}");
    }
    for (kind, body, pointer) in [
        ("job", json!({ "id": "a", "script": ["ls"], "timeout": "soon" }), "/timeout"),
        ("cron", json!({ "cron": "* * *" }), "/cron"),
        ("ref", json!({ "ref": "main" }), "/ref"),
        ("subscription", json!({ "to": { "webhook": { "url": "x" } } }), "/to/webhook/url"),
        ("build", json!({ "branch": "main", "tag": "v1" }), "/tag"),
        ("org", json!({ "name": "" }), "/name"),
    ] {
        let dry = house.post(&format!("/v1/validate/{kind}"), body).await.must(422).json();
        assert_eq!(dry["errors"][0]["pointer"], pointer, "{kind}: {dry}");
    }
    for (kind, body) in [
        ("job?name=test", json!({ "id": "a", "script": ["ls"], "params": ["TOKEN"] })),
        ("cron", json!({ "cron": "0 3 * * *", "timezone": "Europe/Brussels" })),
        ("ref", json!({ "ref": "refs/heads/main" })),
        ("param?name=TOKEN", json!({ "value": "hunter22", "secret": true })),
        ("ssh-key", json!({})),
    ] {
        house.post(&format!("/v1/validate/{kind}"), body).await.must(204);
    }
    house.post("/v1/validate/param?name=1A", json!({})).await.must(400);
    house.post("/v1/validate/nothing", json!({})).await.must(400);
    assert_eq!(house.get("/v1/orgs/acme/export").await.must(200).text, before);
}
