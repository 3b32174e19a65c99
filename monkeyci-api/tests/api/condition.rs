use http::{HeaderName, Method, Request, header};
use serde_json::{Value, json};

use super::house::{Answer, House};

/// What is declared: where it is, how it is made and changed, and a body that no longer says the same.
fn declared() -> Vec<(&'static str, Value, Value)> {
    let script = |line: &str| json!([{ "id": "a", "script": [line] }]);
    vec![
        ("/v1/orgs/other", json!({ "name": "Other" }), json!({ "name": "Others" })),
        (
            "/v1/orgs/acme/repos/lib",
            json!({ "url": "https://git.example.com/lib.git" }),
            json!({ "url": "https://git.example.com/lib.git", "labels": { "team": "shop" } }),
        ),
        ("/v1/orgs/acme/params/PLAIN", json!({ "value": "a" }), json!({ "value": "b" })),
        ("/v1/orgs/acme/params/TOLD", json!({ "value": "a" }), json!({ "value": "a", "description": "what it is" })),
        (
            "/v1/orgs/acme/repos/web/params/SECRET",
            json!({ "value": "hunter22-and-more", "secret": true }),
            json!({ "value": "hunter23-and-more", "secret": true }),
        ),
        ("/v1/orgs/acme/param-sets/shop", json!({}), json!({ "description": "of the shop" })),
        ("/v1/orgs/acme/ssh-keys/deploy", json!({}), json!({ "description": "to deploy" })),
        (
            "/v1/orgs/acme/registry-credentials/ghcr",
            json!({ "host": "ghcr.io", "username": "ci", "password": "hunter22-and-more" }),
            json!({ "host": "ghcr.io", "username": "ci", "password": "hunter23-and-more" }),
        ),
        ("/v1/orgs/acme/pipelines/main", json!({ "script": script("true") }), json!({ "script": script("false") })),
        ("/v1/orgs/acme/service-accounts/ci", json!({ "role": "viewer" }), json!({ "role": "developer" })),
        (
            "/v1/orgs/acme/subscriptions/all",
            json!({ "to": { "chat": { "integration": "slack", "place": "T1/C1" } } }),
            json!({ "to": { "chat": { "integration": "slack", "place": "T1/C2" } } }),
        ),
        ("/v1/orgs/acme/repos/web/environments/prod", json!({}), json!({ "exclusive": false })),
        (
            "/v1/orgs/acme/repos/web/schedules/nightly",
            json!({ "cron": "0 3 * * *" }),
            json!({ "cron": "0 4 * * *", "enabled": false }),
        ),
        (
            "/v1/orgs/acme/repos/web/triggers/after",
            json!({ "repo": "lib" }),
            json!({ "repo": "lib", "enabled": false }),
        ),
    ]
}

async fn ask(house: &House, method: Method, path: &str, condition: (HeaderName, &str), body: &Value) -> Answer {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::AUTHORIZATION, format!("Bearer {}", house.token))
        .header(header::CONTENT_TYPE, "application/json")
        .header(condition.0, condition.1);
    house.send(request.body(axum::body::Body::from(body.to_string())).expect("a request")).await
}

fn tag(answer: &Answer) -> String {
    answer.headers[header::ETAG].to_str().expect("a tag").to_owned()
}

/// Whoever hears no answer may ask again, with the condition that they asked with: what they wanted is there, and that is
/// all that they wanted. Whoever wants something else is told that they have not seen what is there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_declared_on_a_condition_may_be_asked_for_twice_and_overwrites_nobody() {
    let house = House::with_script("[]").await;
    let none = || (header::IF_NONE_MATCH, "*");
    for (path, first, second) in declared() {
        let made = ask(&house, Method::PUT, path, none(), &first).await;
        assert!([200, 201].contains(&made.status.as_u16()), "{path}: {}", made.text);
        let old = tag(&made);
        assert_eq!(tag(&house.get(path).await.must(200)), old, "{path}");
        let again = ask(&house, Method::PUT, path, none(), &first).await.must(200);
        assert_eq!(tag(&again), old, "{path}: it is the same one");
        ask(&house, Method::PUT, path, none(), &second).await.must(412);
        assert_eq!(tag(&house.get(path).await.must(200)), old, "{path}");

        let changed = ask(&house, Method::PUT, path, (header::IF_MATCH, &old), &second).await.must(200);
        let new = tag(&changed);
        assert_ne!(new, old, "{path}");
        assert_eq!(changed.json()["revision"].to_string(), new.trim_matches('"'), "{path}");
        let again = ask(&house, Method::PUT, path, (header::IF_MATCH, &old), &second).await.must(200);
        assert_eq!(tag(&again), new, "{path}: nothing is changed once more");
        ask(&house, Method::PUT, path, (header::IF_MATCH, &old), &first).await.must(412);
        ask(&house, Method::DELETE, path, (header::IF_MATCH, &old), &Value::Null).await.must(412);
        assert_eq!(tag(&house.get(path).await.must(200)), new, "{path}");
    }
    for (path, first, _) in declared().into_iter().rev() {
        let there = tag(&house.get(path).await.must(200));
        ask(&house, Method::DELETE, path, (header::IF_MATCH, &there), &Value::Null).await.must(204);
        ask(&house, Method::PUT, path, (header::IF_MATCH, &there), &first).await.must(412);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_of_the_same_secret_may_be_asked_for_twice_and_another_may_not() {
    let house = House::with_script("[]").await;
    let hooks = "/v1/orgs/acme/repos/web/hooks";
    let wanted = json!({ "forge": "github", "secret": "0123456789abcdef" });
    let made = house.post(hooks, wanted.clone()).await.must(201).json();
    assert_eq!(house.post(hooks, wanted.clone()).await.must(200).json()["url"], made["url"]);
    for other in [
        json!({ "forge": "github", "secret": "fedcba9876543210" }),
        json!({ "forge": "gitea", "name": "github", "secret": "0123456789abcdef" }),
        json!({ "forge": "github" }),
    ] {
        house.post(hooks, other).await.must(409);
    }
}
