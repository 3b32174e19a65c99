//! Roles in some repositories of an organisation.

use http::Method;
use serde_json::{Value, json};

use super::house::House;

const ONE: &str = "/v1/orgs/acme/role-bindings/shop";
const WEB: &str = "/v1/orgs/acme/repos/web";

/// What somebody may do in a repository: each as the server answers.
async fn may(house: &House, token: &str, repo: &str) -> Vec<u16> {
    let wanted = [
        (Method::POST, "builds", json!({})),
        (Method::PUT, "schedules/nightly", json!({ "cron": "0 3 * * *" })),
        (Method::PUT, "params/A", json!({ "value": "x" })),
        (Method::PUT, "environments/live", json!({})),
        (Method::PUT, "environments/live/params/A", json!({ "value": "x" })),
        (Method::POST, "hooks", json!({ "forge": "github" })),
        (Method::PUT, "triggers/after", json!({ "repo": "tool" })),
        (Method::DELETE, "schedules/nightly", Value::Null),
        (Method::DELETE, "triggers/after", Value::Null),
        (Method::DELETE, "params/A", Value::Null),
        (Method::DELETE, "hooks/github", Value::Null),
        (Method::DELETE, "environments/live", Value::Null),
    ];
    let mut all = Vec::new();
    for (method, path, body) in wanted {
        let path = format!("/v1/orgs/acme/repos/{repo}/{path}");
        let body = (!body.is_null()).then_some(body);
        all.push(house.ask(Some(token), method, &path, body).await.status.as_u16());
    }
    all
}

const ALL: [u16; 12] = [201, 201, 201, 201, 201, 201, 201, 204, 204, 204, 204, 204];
const NOTHING: [u16; 12] = [403; 12];

/// A server with some repositories, of which `web` is the shop's, and somebody who may look.
async fn shop() -> (House, String) {
    let house = House::with_script("- {id: unit, script: [echo one]}").await;
    for name in ["lib", "tool"] {
        let url = format!("https://git.example.com/{name}.git");
        house.put(&format!("/v1/orgs/acme/repos/{name}"), json!({ "url": url })).await.must(201);
    }
    let web = house.get(WEB).await.must(200).json();
    house.put(WEB, json!({ "url": web["url"], "labels": { "team": "shop" } })).await.must(200);
    house.knows("bob", "bob@example.com", Some("viewer")).await;
    let bob = house.token_of_person("bob").await;
    (house, bob)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_looks_after_some_repositories_does_so_there_and_nowhere_else() {
    let (house, bob) = shop().await;
    let ask = async |method: Method, path: &str, body: Value| {
        house.ask(Some(&bob), method, path, Some(body)).await.status.as_u16()
    };
    assert_eq!(may(&house, &bob, "web").await, NOTHING);
    let body = |role: &str| json!({ "members": ["bob"], "role": role, "repos": ["web", "lib"] });
    house.put(ONE, body("developer")).await.must(201);
    let mut runs = NOTHING;
    runs[0] = 201;
    assert_eq!(may(&house, &bob, "web").await, runs);
    house.put(ONE, body("maintainer")).await.must(200);
    let me = house.ask(Some(&bob), Method::GET, "/v1/me", None).await.must(200).json();
    assert_eq!(me["orgs"], json!({ "acme": "viewer" }));
    assert_eq!(me["repos"], json!({ "acme": { "lib": "maintainer", "web": "maintainer" } }));
    assert_eq!(may(&house, &bob, "web").await, ALL);
    assert_eq!(may(&house, &bob, "tool").await, NOTHING);
    assert_eq!(ask(Method::POST, "/v1/orgs/acme/repos/gone/builds", json!({})).await, 404);
    // What reaches beyond them is for those of the organisation: labels let builds have secrets of others.
    let web = house.get(WEB).await.must(200).json();
    let other = json!({ "url": web["url"], "labels": { "team": "bank" } });
    assert_eq!(ask(Method::PUT, WEB, other).await, 403);
    assert_eq!(ask(Method::DELETE, WEB, json!({})).await, 403);
    assert_eq!(ask(Method::PUT, "/v1/orgs/acme/params/A", json!({ "value": "x" })).await, 403);
    assert_eq!(ask(Method::PUT, ONE, body("maintainer")).await, 403);
    assert_eq!(ask(Method::DELETE, ONE, json!({})).await, 403);

    // Which of them is told by name or by label, and changes with the labels.
    let labelled = json!({ "members": ["bob"], "role": "maintainer", "labelFilters": [{ "team": "shop" }] });
    house.put(ONE, labelled).await.must(200);
    assert_eq!(may(&house, &bob, "web").await, ALL);
    assert_eq!(may(&house, &bob, "lib").await, NOTHING);
    house.put(WEB, json!({ "url": web["url"] })).await.must(200);
    assert_eq!(may(&house, &bob, "web").await, NOTHING);

    // What was made by that name before is not what is made now.
    house.put(ONE, json!({ "members": ["bob"], "role": "maintainer", "repos": ["lib"] })).await.must(200);
    house.delete("/v1/orgs/acme/repos/lib").await.must(204);
    assert_eq!(house.get(ONE).await.must(200).json()["repos"], Value::Null);
    house.put("/v1/orgs/acme/repos/lib", json!({ "url": "https://git.example.com/lib.git" })).await.must(201);
    assert_eq!((may(&house, &bob, "lib").await, may(&house, &bob, "web").await), (NOTHING.to_vec(), NOTHING.to_vec()));

    let export = house.get("/v1/orgs/acme/export").await.must(200).json();
    assert_eq!(export["roleBindings"][0]["role"], "maintainer", "{export}");
    house.put(ONE, body("maintainer")).await.must(200);
    house.delete(ONE).await.must(204);
    assert_eq!(may(&house, &bob, "web").await, NOTHING);

    // Who leaves the organisation leaves its repositories, and comes back with nothing.
    house.put(ONE, body("maintainer")).await.must(201);
    house.delete("/v1/orgs/acme/members/bob").await.must(204);
    house.put("/v1/orgs/acme/members/bob", json!({ "role": "viewer" })).await.must(200);
    assert_eq!(house.get(ONE).await.must(200).json()["members"], json!([]));
    assert_eq!(may(&house, &bob, "web").await, NOTHING);
    let audit = house.get("/v1/orgs/acme/audit").await.must(200).json();
    let rows = audit["items"].as_array().expect("rows").iter();
    let about = rows.filter(|row| row["action"].as_str().is_some_and(|action| action.starts_with("role-binding/")));
    let about: Vec<_> = about.collect();
    assert_eq!(about.len(), 7, "{audit}");
    assert_eq!(about[0]["details"], json!({ "role": "maintainer", "members": "bob" }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_does_no_more_there_than_it_says() {
    let (house, bob) = shop().await;
    let body = json!({ "members": ["bob"], "role": "maintainer", "repos": ["web"] });
    house.put(ONE, body).await.must(201);
    let make = async |token: &str, role: &str| {
        let scope = json!({ "description": "x", "scope": { "org": "acme", "role": role } });
        house.ask(Some(token), Method::POST, "/v1/tokens", Some(scope)).await
    };
    let secret = |made: Value| made["secret"].as_str().expect("a secret").to_owned();
    let looks = secret(make(&bob, "viewer").await.must(201).json());
    assert_eq!(may(&house, &looks, "web").await, NOTHING);
    make(&looks, "maintainer").await.must(403);
    // One that says so may there, and is a viewer elsewhere.
    let looks_after = secret(make(&bob, "maintainer").await.must(201).json());
    assert_eq!(may(&house, &looks_after, "web").await, ALL);
    assert_eq!(may(&house, &looks_after, "tool").await, NOTHING);
    make(&bob, "owner").await.must(403);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_account_may_be_in_it_and_what_is_wrong_is_told() {
    let (house, _) = shop().await;
    let account = "/v1/orgs/acme/service-accounts/deployer";
    house.put(account, json!({ "role": "viewer" })).await.must(201);
    let token = async || {
        let made = house.post(&format!("{account}/tokens"), json!({ "description": "x" })).await.must(201).json();
        made["secret"].as_str().expect("a secret").to_owned()
    };
    let before = token().await;
    let body = json!({ "members": ["acme/deployer"], "role": "developer", "repos": ["web"] });
    house.put(ONE, body.clone()).await.must(201);
    let after = token().await;
    let run = async |token: &str| {
        house.ask(Some(token), Method::POST, &format!("{WEB}/builds"), Some(json!({}))).await.status.as_u16()
    };
    assert_eq!((run(&before).await, run(&after).await), (403, 201), "a token says what it may do when it is made");
    // One that is less than the account makes no ID token by which it would be all of it.
    let wanted = json!({ "audience": ["vault"] });
    let path = format!("{account}/id-tokens");
    house.ask(Some(&before), Method::POST, &path, Some(wanted.clone())).await.must(403);
    house.ask(Some(&after), Method::POST, &path, Some(wanted)).await.must(201);

    let headers = [("if-match", "\"1\""), ("content-type", "application/json")];
    let other = json!({ "members": ["acme/deployer"], "role": "maintainer", "repos": ["web"] });
    house.send_as(&house.token, Method::PUT, ONE, &headers, other.to_string()).await.must(412);
    for (field, wrong, pointer) in [
        ("role", json!("viewer"), "/role"),
        ("role", json!("owner"), "/role"),
        ("role", Value::Null, ""),
        ("more", json!(1), "/more"),
        ("members", json!([]), "/members"),
        ("repos", json!([]), "/repos"),
        ("labelFilters", json!([{ "team": "shop" }]), "/labelFilters"),
    ] {
        let mut body = body.clone();
        body[field] = wrong;
        let refused = house.put(ONE, body.clone()).await.must(422).json();
        assert_eq!(refused["errors"][0]["pointer"], pointer, "{refused}");
        house.post("/v1/validate/role-binding?name=shop", body).await.must(422);
    }
    house.post("/v1/validate/role-binding?name=shop", body.clone()).await.must(204);
    for (field, wrong) in
        [("members", json!(["eve"])), ("members", json!(["other/deployer"])), ("repos", json!(["gone"]))]
    {
        let mut body = body.clone();
        body[field] = wrong;
        let refused = house.put(ONE, body).await.must(422).json();
        assert_eq!(refused["errors"][0]["pointer"], format!("/{field}"), "{refused}");
    }
    house.put("/v1/orgs/gone/role-bindings/shop", body).await.must(404);
    house.delete(account).await.must(204);
    assert_eq!(house.get(ONE).await.must(200).json()["members"], json!([]));
}
