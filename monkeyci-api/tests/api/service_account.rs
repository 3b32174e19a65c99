use http::{Method, header};
use serde_json::json;

use super::house::House;

const ONE: &str = "/v1/orgs/acme/service-accounts/deployer";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_has_an_account_of_its_own_that_does_what_its_role_lets_it_and_is_told_in_the_audit() {
    let house = House::with_script("[{id: a, script: [echo a]}]").await;
    let made = house.put(ONE, json!({ "role": "developer", "description": "deploys" })).await.must(201);
    assert_eq!(made.headers[header::ETAG], "\"1\"");
    let wanted = json!({ "description": "of the cron job" });
    let token = house.post(&format!("{ONE}/tokens"), wanted).await.must(201).json();
    let secret = token["secret"].as_str().expect("a secret").to_owned();
    assert_eq!(token["scope"], json!({ "org": "acme", "role": "developer" }));
    assert!(token["expires"].as_i64().is_some_and(|expires| expires > 0), "every token ends");

    let me = house.ask(Some(&secret), Method::GET, "/v1/me", None).await.must(200).json();
    assert_eq!(me, json!({ "name": "acme/deployer", "admin": false, "orgs": { "acme": "developer" } }));
    let builds = "/v1/orgs/acme/repos/web/builds";
    let build = house.ask(Some(&secret), Method::POST, builds, Some(json!({}))).await.must(201).json();
    assert_eq!(build["trigger"]["actor"], "acme/deployer");
    house.ask(Some(&secret), Method::PUT, "/v1/orgs/acme/params/A", Some(json!({ "value": "x" }))).await.must(403);
    let audit = house.get("/v1/orgs/acme/audit").await.must(200).json();
    let row = &audit["items"][0];
    assert_eq!((&row["actor"], &row["action"]), (&json!("acme/deployer"), &json!("build/create")));
    assert_eq!(row["token"], token["id"]);

    // It is nobody who signs in, makes tokens for itself, or is a member that keeps an organisation alive.
    house.ask(None, Method::POST, "/v1/session", Some(json!({ "token": secret }))).await.must(422);
    let more = json!({ "description": "mine", "scope": { "org": "acme", "role": "viewer" } });
    house.ask(Some(&secret), Method::POST, "/v1/tokens", Some(more)).await.must(403);
    house.ask(Some(&secret), Method::POST, "/v1/me/grants", Some(json!({}))).await.must(403);
    house.put(ONE, json!({ "role": "owner" })).await.must(200);
    house.delete("/v1/orgs/acme/members/admin").await.must(409);
    let members = house.get("/v1/orgs/acme/members").await.must(200).json();
    assert_eq!(members["items"].as_array().map(Vec::len), Some(1), "{members}");
    house.delete("/v1/orgs/acme/members/acme%2Fdeployer").await.must(404);
    house.put("/v1/orgs/acme/members/acme%2Fdeployer", json!({ "role": "viewer" })).await.must(400);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn its_tokens_die_with_it_when_it_is_disabled_and_when_its_organisation_is_removed() {
    let house = House::with_script("[]").await;
    house.put(ONE, json!({ "role": "viewer" })).await.must(201);
    let make = || async {
        let token = house.post(&format!("{ONE}/tokens"), json!({ "description": "x" })).await.must(201).json();
        (token["id"].as_str().expect("an id").to_owned(), token["secret"].as_str().expect("a secret").to_owned())
    };
    let may = |secret: String| {
        let house = &house;
        async move { house.ask(Some(&secret), Method::GET, "/v1/orgs/acme", None).await.status.as_u16() }
    };
    let ((first, revoked), (_, kept)) = (make().await, make().await);
    let listed = house.get(&format!("{ONE}/tokens")).await.must(200).json();
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(2));
    assert!(listed["items"][0].get("secret").is_none(), "{listed}");
    house.delete(&format!("{ONE}/tokens/{first}")).await.must(204);
    assert_eq!((may(revoked).await, may(kept.clone()).await), (401, 200));

    house.put(ONE, json!({ "role": "viewer", "disabled": true })).await.must(200);
    assert_eq!(may(kept.clone()).await, 401);
    house.put(ONE, json!({ "role": "viewer" })).await.must(200);
    assert_eq!(may(kept.clone()).await, 200, "it is a switch");

    // Another of the same name is another.
    house.delete(ONE).await.must(204);
    house.put(ONE, json!({ "role": "viewer" })).await.must(201);
    assert_eq!(may(kept).await, 401);
    let (_, last) = make().await;
    house.delete("/v1/orgs/acme").await.must(204);
    house.put("/v1/orgs/acme", json!({})).await.must(201);
    house.get(ONE).await.must(404);
    house.put(ONE, json!({ "role": "viewer" })).await.must(201);
    assert_eq!(may(last).await, 401);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_changed_as_it_was_read_and_what_is_wrong_is_told() {
    let house = House::with_script("[]").await;
    house.put(ONE, json!({ "role": "viewer" })).await.must(201);
    let change = |tag: &'static str, role: &str| {
        let body = json!({ "role": role }).to_string();
        let headers = [("if-match", tag), ("content-type", "application/json")];
        let house = &house;
        async move { house.send_as(&house.token, Method::PUT, ONE, &headers, body).await.status.as_u16() }
    };
    assert_eq!(change("\"1\"", "developer").await, 200);
    assert_eq!(change("\"1\"", "owner").await, 412);
    let same = house.put(ONE, json!({ "role": "developer" })).await.must(200).json();
    assert_eq!(same["revision"], 2, "nothing was changed: {same}");
    for (body, pointer) in [
        (json!({}), "/role"),
        (json!({ "role": "king" }), ""),
        (json!({ "role": "viewer", "colour": "red" }), "/colour"),
        (json!({ "role": "viewer", "description": "x".repeat(201) }), "/description"),
    ] {
        let refused = house.put(ONE, body).await.must(422).json();
        assert_eq!(refused["errors"][0]["pointer"], pointer, "{refused}");
    }
    for name in ["a%2fb", "..", "-x", "a%20b", "%c3%a9"] {
        let path = format!("/v1/orgs/acme/service-accounts/{name}");
        let refused = house.put(&path, json!({ "role": "viewer" })).await;
        assert!(refused.status.is_client_error(), "{name}: {}", refused.text);
    }
    let elsewhere = json!({ "description": "x", "scope": { "org": "other", "role": "viewer" } });
    let refused = house.post(&format!("{ONE}/tokens"), elsewhere).await.must(422).json();
    assert_eq!(refused["errors"][0]["pointer"], "/scope/org");
    house.post(&format!("{ONE}/tokens"), json!({ "description": "" })).await.must(422);
    house.post("/v1/orgs/acme/service-accounts/none/tokens", json!({ "description": "x" })).await.must(404);
    house.post("/v1/validate/service-account", json!({ "role": "viewer" })).await.must(204);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_may_be_known_by_what_its_owner_has_drawn_by_lot_which_is_told_to_nobody() {
    let house = House::with_script("[]").await;
    let account = "/v1/orgs/acme/service-accounts/deployer";
    house.put(account, json!({ "role": "developer" })).await;
    let secret = "mci_k3mzr8wq5t7vhx2np9dc4jbf6gys3aeu8k2m7q";
    let wish = |secret: &str| json!({ "description": "deploys", "secret": secret });
    let tokens = format!("{account}/tokens");
    let made = house.post(&tokens, wish(secret)).await.must(201);
    assert!(!made.text.contains(secret), "{}", made.text);
    let seen = house.ask(Some(secret), Method::GET, "/v1/me", None).await.must(200).json();
    assert_eq!(seen["name"], "acme/deployer");
    for (wrong, to) in [(secret, &tokens[..]), ("mci_short", &tokens), ("mci_", "/v1/tokens"), (secret, "/v1/tokens")] {
        let refused = house.post(to, wish(wrong)).await.must(422);
        assert_eq!(refused.json()["errors"][0]["pointer"], "/secret", "{}", refused.text);
        assert!(!refused.text.contains(secret), "{}", refused.text);
    }
}
