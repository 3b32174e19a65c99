use serde_json::json;

use super::house::House;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_export_has_everything_that_is_set_up_in_one_order_and_no_secret() {
    let mut house = House::with_script("[]").await;
    let (org, secret) = ("/v1/orgs/acme", "hunter22-and-much-more");
    house.put(&format!("{org}/param-sets/shop"), json!({ "labelFilters": [{ "team": "shop" }] })).await.must(201);
    house.put(&format!("{org}/repos/web/environments/live"), json!({ "refs": ["main"] })).await.must(201);
    for owner in ["", "/param-sets/shop", "/repos/web", "/repos/web/environments/live"] {
        for name in ["ZONE", "TOKEN"] {
            let body = json!({ "value": secret, "secret": true });
            house.put(&format!("{org}{owner}/params/{name}"), body).await.must(201);
        }
    }
    house.put(&format!("{org}/ssh-keys/deploy"), json!({})).await.must(201);
    house.put(&format!("{org}/pipelines/main"), json!({ "script": [{ "id": "a", "script": ["ls"] }] })).await.must(201);
    house.put(&format!("{org}/repos/web/schedules/nightly"), json!({ "cron": "0 0 29 2 *" })).await.must(201);
    let hook = json!({ "forge": "github", "secret": "a-secret-of-the-forge" });
    house.post(&format!("{org}/repos/web/hooks"), hook).await.must(201);
    house.put(&format!("{org}/repos/api"), json!({ "url": "https://example.com/api.git" })).await.must(201);
    house.put(&format!("{org}/members/zoe"), json!({ "role": "viewer" })).await.must(200);
    let account = json!({ "role": "developer", "integration": true });
    house.put(&format!("{org}/service-accounts/slack"), account).await.must(201);
    let linked = json!({ "person": "zoe" });
    house.put(&format!("{org}/chat-identities/slack/T1%2FU1"), linked).await.must(201);

    let text = house.get(&format!("{org}/export")).await.must(200).text;
    assert!(!text.contains(secret) && !text.contains("a-secret-of-the-forge") && !text.contains("PRIVATE"), "{text}");
    let shown: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(shown["org"]["id"], "acme");
    assert_eq!(shown["members"].as_array().map(Vec::len), Some(2), "{shown}");
    assert_eq!(shown["serviceAccounts"][0]["name"], "slack");
    assert_eq!(shown["chatIdentities"][0]["subject"], "T1/U1");
    let web = &shown["repos"][1];
    assert_eq!((&shown["repos"][0]["id"], &web["id"]), (&json!("api"), &json!("web")));
    for params in
        [&shown["params"], &shown["paramSets"][0]["params"], &web["params"], &web["environments"][0]["params"]]
    {
        assert_eq!((&params[0]["name"], &params[1]["name"]), (&json!("TOKEN"), &json!("ZONE")), "{params}");
        assert!(params[0]["fingerprint"].is_string() && params[0]["version"] == 1, "{params}");
    }
    assert_eq!(web["environments"][0]["refs"], json!(["main"]));
    assert_eq!(shown["sshKeys"][0]["name"], "deploy");
    assert_eq!(shown["pipelines"][0]["script"][0]["id"], "a");
    assert_eq!((&web["schedules"][0]["name"], &web["hooks"][0]["forge"]), (&json!("nightly"), &json!("github")));
    house.again().await;
    assert_eq!(house.get(&format!("{org}/export")).await.must(200).text, text, "it is the same after a restart");
}
