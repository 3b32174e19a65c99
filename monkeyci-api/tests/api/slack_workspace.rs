//! Workspaces of Slack, of which integrations tell the server.

use http::Method;
use serde_json::json;

use super::house::House;

const ONE: &str = "/v1/orgs/acme/slack-workspaces/T0123ABCD";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_integration_tells_of_its_workspace_and_nobody_else_does() {
    let house = House::with_script("[]").await;
    let account = "/v1/orgs/acme/service-accounts/slack";
    house.put(account, json!({ "role": "viewer", "integration": true })).await.must(201);
    let token = house.post(&format!("{account}/tokens"), json!({ "description": "app" })).await.must(201).json();
    let app = token["secret"].as_str().expect("a secret");
    let builds = json!({ "id": "C0123ABCD", "name": "builds" });
    let ops = json!({ "id": "G0123ABCD", "name": "ops", "private": true });
    let body = json!({ "name": "Acme", "bot": "U0123ABCD", "channels": [ops, builds] });
    let put = |path: &str, body: serde_json::Value| {
        let (house, path) = (&house, path.to_owned());
        async move { house.ask(Some(app), Method::PUT, &path, Some(body)).await }
    };
    let made = put(ONE, body.clone()).await.must(201).json();
    assert_eq!(made["channels"], json!([builds, ops]), "by name");
    assert_eq!(put(ONE, body.clone()).await.must(200).json(), made, "nothing new");
    let shown = house.get(ONE).await.must(200).json();
    assert_eq!((&shown["integration"], &shown["name"]), (&json!("slack"), &json!("Acme")));
    let listed = house.get("/v1/orgs/acme/slack-workspaces").await.must(200).json();
    assert_eq!(listed["items"], json!([shown]));

    house.put(ONE, body.clone()).await.must(403);
    let developer = house.token_of("developer").await;
    house.ask(Some(&developer), Method::GET, ONE, None).await.must(403);
    house.put("/v1/orgs/acme/service-accounts/other", json!({ "role": "owner" })).await.must(201);
    let other = json!({ "description": "no integration" });
    let other = house.post("/v1/orgs/acme/service-accounts/other/tokens", other).await.must(201).json();
    house.ask(other["secret"].as_str(), Method::PUT, ONE, Some(body.clone())).await.must(403);
    house.ask(other["secret"].as_str(), Method::DELETE, ONE, None).await.must(403);

    for (field, wrong, pointer) in [
        ("name", json!(""), "/name"),
        ("bot", json!("../x"), "/bot"),
        ("channels", json!([builds, { "id": "?", "name": "x" }]), "/channels/1"),
        ("channels", json!(vec![builds.clone(); 2001]), "/channels"),
    ] {
        let mut body = body.clone();
        body[field] = wrong;
        let refused = put(ONE, body).await.must(422).json();
        assert_eq!(refused["errors"][0]["pointer"], pointer, "{refused}");
    }
    put("/v1/orgs/acme/slack-workspaces/a%20b", body).await.must(400);
    house.ask(Some(app), Method::DELETE, ONE, None).await.must(204);
    house.ask(Some(app), Method::DELETE, ONE, None).await.must(404);
    put(ONE, json!({ "name": "Acme", "bot": "U0123ABCD" })).await.must(201);
    house.delete(account).await.must(204);
    house.get(ONE).await.must(404);
}
